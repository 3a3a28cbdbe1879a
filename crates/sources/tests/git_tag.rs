//! Lists from tags of a real git, signed by a real GnuPG.
#![expect(clippy::unwrap_used, reason = "a test")]

mod bench;
#[allow(dead_code, reason = "not every test needs all of it")]
#[path = "../../openpgp/tests/gnupg/home.rs"]
mod home;
#[path = "../../trust/tests/world/mod.rs"]
mod world;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bench::Bench;
use home::{Home, SIGNED};
use starttls_sources::Outcome;
use starttls_sources::settings::{GitTag, InnerPath, Repository, TagChoice, TagName, Trust};
use starttls_trust::ladder::{Notice, State};

const NOW: &str = "2026-11-22T00:00:00Z";

/// A repository whose tags the key of `home` signs.
struct Origin {
    path: PathBuf,
}

impl Origin {
    fn new(home: &Home, path: PathBuf) -> Self {
        fs::create_dir_all(path.join("lists")).unwrap();
        let origin = Self { path };
        origin.git(&["init", "--quiet"]);
        let gpg = home.signing_program();
        for (name, value) in [
            ("user.name", "Test Foundation"),
            ("user.email", "list@example.org"),
            ("gpg.program", gpg.to_str().unwrap()),
        ] {
            origin.git(&["config", name, value]);
        }
        origin
    }

    fn git(&self, args: &[&str]) {
        let output = Command::new("git")
            .arg("-C")
            .arg(&self.path)
            .args(args)
            .env("HOME", &self.path)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env_remove("GIT_DIR")
            .envs(["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"].map(|date| (date, SIGNED)))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn commit(&self, serial: u64, mx: &str) {
        let text =
            world::list_text(serial, &format!("2026-11-{serial:02}T00:00:00Z"), "2026-12-31T00:00:00Z", "");
        fs::write(self.path.join("lists/policy.json"), text.replace("mx.a.example", mx)).unwrap();
        self.git(&["add", "."]);
        self.git(&["commit", "--quiet", "--message", "A list"]);
    }

    fn sign(&self, tag: &str) {
        self.git(&["tag", "--sign", "--force", "--message", "A list", tag]);
    }
}

/// A source of the newest tag `list-…`.
fn prepared() -> Option<(Home, Origin, Bench)> {
    if Command::new("git").arg("--version").output().is_err() {
        println!("skipped: there is no git");
        return None;
    }
    let home = Home::with_key()?;
    let bench = Bench::new(None, |directory| source(directory, &home));
    let origin = Origin::new(&home, bench.holder.path().join("a origin%20"));
    Some((home, origin, bench))
}

fn source(directory: &Path, home: &Home) -> Trust {
    let certificate = directory.join("signer.asc");
    fs::write(&certificate, home.certificate()).unwrap();
    Trust::GitTag(GitTag {
        certificate,
        repository: Repository::parse(directory.join("a origin%20").to_str().unwrap()).unwrap(),
        tag: TagChoice::NewestWithPrefix(TagName::parse("list-").unwrap()),
        path: InnerPath::parse("lists/policy.json").unwrap(),
    })
}

#[test]
fn the_newest_signed_tag_counts_and_others_change_nothing() {
    let Some((_home, origin, bench)) = prepared() else { return };
    origin.commit(9, "mx.a.example");
    origin.sign("list-9");
    origin.commit(10, "mx.a.example");
    origin.sign("list-10");
    let refreshed = bench.refresh(NOW);
    assert_eq!(refreshed.outcome, Outcome::Accepted, "{refreshed:?}");
    assert_eq!(bench.in_force(NOW), Some(10));
    assert_eq!(bench.refresh(NOW).outcome, Outcome::Confirmed);

    origin.commit(12, "mx.a.example");
    origin.git(&["tag", "list-12"]);
    origin.git(&["tag", "--annotate", "--message", "no signature", "list-13"]);
    assert_eq!(bench.refresh(NOW).outcome, Outcome::Confirmed);
    origin.sign("list-14");
    assert_eq!(bench.refresh(NOW).outcome, Outcome::Accepted);
    assert_eq!(bench.in_force(NOW), Some(12));
}

#[test]
fn renamed_rolled_back_and_rewritten_tags_leave_the_last_good_list() {
    let Some((_home, origin, bench)) = prepared() else { return };
    origin.commit(9, "mx.a.example");
    origin.sign("list-9");
    origin.commit(10, "mx.a.example");
    origin.sign("list-10");
    bench.refresh(NOW);
    // An old tag under a new name: git itself would call it good.
    origin.git(&["update-ref", "refs/tags/list-99", "refs/tags/list-9"]);
    origin.git(&["tag", "--delete", "list-10", "list-9"]);
    let refreshed = bench.refresh(NOW);
    assert!(matches!(&refreshed.outcome, Outcome::Failed { why } if why.contains("somebody renamed it")));
    assert_eq!((refreshed.state, refreshed.action.notice), (State::Fresh, Notice::AlertWithEvidence));
    assert_eq!(bench.in_force(NOW), Some(10));

    origin.git(&["tag", "--delete", "list-99"]);
    origin.commit(9, "mx.a.example");
    origin.sign("list-9");
    let refreshed = bench.refresh(NOW);
    assert!(
        matches!(&refreshed.outcome, Outcome::Failed { why } if why.contains("rolled back")),
        "{refreshed:?}"
    );

    origin.commit(10, "mx.evil.example");
    origin.sign("list-10");
    let refreshed = bench.refresh(NOW);
    assert_eq!(refreshed.state, State::Suspicious);
    assert_eq!(bench.in_force(NOW), Some(10));

    fs::remove_dir_all(&origin.path).unwrap();
    let refreshed = bench.refresh(NOW);
    assert!(
        matches!(&refreshed.outcome, Outcome::Failed { why } if why.contains("git fetch")),
        "{refreshed:?}"
    );
    assert_eq!(bench.in_force(NOW), Some(10));
}

#[test]
fn links_and_missing_files_in_the_tree_are_no_lists() {
    let Some((_home, origin, bench)) = prepared() else { return };
    std::os::unix::fs::symlink("/etc/hostname", origin.path.join("lists/policy.json")).unwrap();
    origin.git(&["add", "."]);
    origin.git(&["commit", "--quiet", "--message", "A link"]);
    origin.sign("list-1");
    let refreshed = bench.refresh(NOW);
    assert!(
        matches!(&refreshed.outcome, Outcome::Failed { why } if why.contains("no plain file")),
        "{refreshed:?}"
    );
}

#[test]
fn neither_hooks_nor_settings_of_anybody_are_obeyed() {
    let Some((_home, origin, bench)) = prepared() else { return };
    origin.commit(10, "mx.a.example");
    origin.sign("list-10");
    bench.refresh(NOW);
    let ours = bench.holder.path().join("state/sources/main/git");
    let trap = bench.holder.path().join("trap");
    let hooks = ours.join("hooks");
    fs::create_dir_all(&hooks).unwrap();
    for hook in ["reference-transaction", "post-checkout", "post-merge"] {
        let path = hooks.join(hook);
        fs::write(&path, format!("#!/bin/sh\ntouch '{}'\n", trap.display())).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    origin.commit(12, "mx.a.example");
    origin.sign("list-12");
    assert_eq!(bench.refresh(NOW).outcome, Outcome::Accepted);
    assert!(!trap.exists());
}
