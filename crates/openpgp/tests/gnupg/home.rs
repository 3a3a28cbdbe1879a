//! A GnuPG home of its own, with one key; its agent ends with it.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// When everything is signed.
pub(crate) const SIGNED: &str = "2026-11-01T00:00:00Z";

pub(crate) struct Home {
    folder: TempDir,
}

impl Home {
    /// A home with a key made in 2026; `None`, and a note, where there is no `gpg`.
    pub(crate) fn with_key() -> Option<Self> {
        if Command::new("gpg").arg("--version").output().is_err() {
            println!("skipped: there is no gpg");
            return None;
        }
        let home = Self { folder: TempDir::new().unwrap() };
        // GnuPG wants a home that nobody else can read.
        std::fs::set_permissions(home.path(), Permissions::from_mode(0o700)).unwrap();
        let user = "Test Foundation <list@example.org>";
        home.gpg("20260101T000000!", &["--quick-gen-key", user, "ed25519", "sign", "5y"]);
        Some(home)
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs gpg at a fixed time; what it prints.
    pub(crate) fn gpg(&self, time: &str, args: &[&str]) -> Vec<u8> {
        let output = self
            .command("gpg")
            .args(["--batch", "--quiet", "--no-tty", "--yes", "--pinentry-mode", "loopback"])
            .args(["--passphrase", "", "--trust-model", "always", "--faked-system-time", time])
            .args(args)
            .output()
            .unwrap();
        done(output)
    }

    pub(crate) fn certificate(&self) -> Vec<u8> {
        self.gpg("20261101T000000!", &["--armor", "--export"])
    }

    /// What gpg makes of a text: `--clearsign` or `--detach-sign`.
    #[allow(dead_code, reason = "not every test has texts signed")]
    pub(crate) fn sign(&self, how: &str, text: &[u8]) -> Vec<u8> {
        let file = self.path().join("text");
        std::fs::write(&file, text).unwrap();
        self.gpg("20261101T000000!", &["--output", "-", how, file.to_str().unwrap()])
    }

    /// A program that git may call to sign, at the same fixed time as everything.
    #[allow(dead_code, reason = "not every test has git sign")]
    pub(crate) fn signing_program(&self) -> PathBuf {
        let file = self.path().join("sign");
        let gpg =
            "gpg --quiet --pinentry-mode loopback --passphrase '' --faked-system-time '20261101T000000!'";
        let text = format!("#!/bin/sh\nGNUPGHOME='{}' exec {gpg} \"$@\"\n", self.path().display());
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o700)).unwrap();
        file
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("GNUPGHOME", self.path());
        command
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // Its agent would live on otherwise. A gpg without gpgconf ends its agent when the folder is gone.
        let _ = self.command("gpgconf").args(["--kill", "all"]).output();
    }
}

fn done(output: Output) -> Vec<u8> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
