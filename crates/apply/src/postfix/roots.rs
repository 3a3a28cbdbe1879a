//! Whether CA roots load where smtp(8) runs; Postfix trusts nobody by default.
//!
//! Spec: postconf(5) `smtp_tls_CAfile` (read before the chroot), `smtp_tls_CApath` (read within it),
//! `tls_append_default_CA`.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use starttls_policy::Finding;

use super::{Where, codes};

/// The bundle of public roots has 250 kB.
const MAX_BUNDLE_BYTES: u64 = 64 * 1024 * 1024;
/// Where Debian and many others keep them.
const CURE: &str = "set `smtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt` (package `ca-certificates`)";

/// Where OpenSSL builds look for their default roots, which are read before the chroot.
const DEFAULT_BUNDLES: [&str; 3] = ["/usr/lib/ssl/cert.pem", "/etc/ssl/cert.pem", "/etc/pki/tls/cert.pem"];

/// What a delivering service is told of roots.
#[derive(Clone, Copy, Debug)]
pub(super) struct Roots<'a> {
    pub(super) ca_file: &'a str,
    pub(super) ca_path: &'a str,
    pub(super) appends_default: bool,
    pub(super) runs: Where,
    pub(super) queue_directory: &'a Path,
}

impl Roots<'_> {
    /// Looks whether at least one root loads.
    pub(super) fn check(self) -> Option<Finding> {
        if self.ca_file.is_empty() && self.ca_path.is_empty() {
            // Postfix adds the default ones to what the two name, not in place of them.
            let why = if self.appends_default { "; `tls_append_default_CA` alone loads none" } else { "" };
            let message = format!("neither `smtp_tls_CAfile` nor `smtp_tls_CApath` is set{why}");
            return Some(codes::ROOTS.finding("smtp_tls_CAfile", message).with_cure(CURE));
        }
        if !self.ca_file.is_empty() {
            // A file that does not load switches TLS off, whatever the directory holds.
            return check_bundle(Path::new(self.ca_file))
                .err()
                .map(|message| codes::ROOTS.finding("smtp_tls_CAfile", message).with_cure(CURE));
        }
        if self.appends_default && DEFAULT_BUNDLES.iter().any(|path| check_bundle(Path::new(path)).is_ok()) {
            return None;
        }
        let directory = seen_from(self.runs, self.queue_directory, Path::new(self.ca_path));
        check_directory(&directory).err().map(|reason| {
            let message = match self.runs {
                Where::Chrooted => format!("smtp(8) is chrooted, and {reason}"),
                Where::Unconfined => reason,
            };
            codes::ROOTS.finding("smtp_tls_CApath", message).with_cure(CURE)
        })
    }
}

/// Where a path leads for a service.
pub(super) fn seen_from(runs: Where, queue_directory: &Path, path: &Path) -> PathBuf {
    match runs {
        Where::Unconfined => path.to_owned(),
        Where::Chrooted => queue_directory.join(path.strip_prefix("/").unwrap_or(path)),
    }
}

/// Looks for a certificate in PEM form.
fn check_bundle(path: &Path) -> Result<(), String> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| format!("`{shown}` cannot be read: {error}"))?;
    let mut reader = BufReader::new(file.take(MAX_BUNDLE_BYTES));
    let mut body: Option<Vec<u8>> = None;
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = reader
            .read_until(b'\n', &mut line)
            .map_err(|error| format!("`{shown}` cannot be read: {error}"))?;
        if length == 0 {
            return Err(format!("`{shown}` holds no certificate in PEM form"));
        }
        let text = line.trim_ascii_end();
        match (&mut body, text) {
            (_, b"-----BEGIN CERTIFICATE-----" | b"-----BEGIN TRUSTED CERTIFICATE-----") => {
                body = Some(Vec::new());
            }
            (Some(gathered), text) if text.starts_with(b"-----END ") => {
                if is_certificate(gathered) {
                    return Ok(());
                }
                return Err(format!("`{shown}` holds a certificate that is damaged"));
            }
            (Some(gathered), text) => gathered.extend_from_slice(text),
            (None, _) => {}
        }
    }
}

/// Base64 of something that begins like a DER SEQUENCE of two length bytes, as every certificate does.
fn is_certificate(base64: &[u8]) -> bool {
    let known = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    base64.starts_with(b"MI") && base64.len().is_multiple_of(4) && base64.iter().all(known)
}

/// Looks for a link as `openssl rehash` makes them, that everybody may read.
fn check_directory(path: &Path) -> Result<(), String> {
    let shown = path.display();
    let entries = fs::read_dir(path).map_err(|error| format!("`{shown}` cannot be read there: {error}"))?;
    let readable =
        |path: &Path| fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0);
    let found = entries.flatten().any(|entry| {
        let hashed = entry.file_name().to_str().is_some_and(is_hashed_name);
        hashed && readable(&entry.path())
    });
    if found {
        Ok(())
    } else {
        Err(format!("`{shown}` holds no root under its hash; run `openssl rehash {shown}`"))
    }
}

fn is_hashed_name(name: &str) -> bool {
    name.split_once('.').is_some_and(|(hash, number)| {
        hash.len() == 8
            && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod ca_roots {
    use super::*;

    const PEM: &str = "junk\n-----BEGIN CERTIFICATE-----\nMIIB\nAAAA\n-----END CERTIFICATE-----\n";

    fn roots<'a>(ca_file: &'a str, ca_path: &'a str, runs: Where, queue: &'a Path) -> Roots<'a> {
        Roots { ca_file, ca_path, appends_default: false, runs, queue_directory: queue }
    }

    /// Writes certificates that everybody may read, whatever the umask.
    fn write_for_all(path: &Path) {
        fs::write(path, PEM).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    }

    #[test]
    fn that_are_not_set_are_refused_even_with_the_default_ones_appended() {
        let queue = Path::new("/nonexistent");
        let finding = roots("", "", Where::Chrooted, queue).check().unwrap();
        assert!(finding.cure.contains("smtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt"));
        let with_default = Roots { appends_default: true, ..roots("", "", Where::Unconfined, queue) };
        assert!(with_default.check().unwrap().message.contains("tls_append_default_CA"));
    }

    #[test]
    fn in_a_file_must_be_certificates() {
        let holder = starttls_testkit::world::directory().unwrap();
        let path = holder.path().join("ca.pem");
        let name = path.to_str().unwrap();
        for (text, good) in [
            (PEM, true),
            ("", false),
            ("-----BEGIN CERTIFICATE-----\nMIIB", false),
            ("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", false),
            ("-----BEGIN CERTIFICATE-----\nMI!B\n-----END CERTIFICATE-----\n", false),
            ("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n", false),
        ] {
            fs::write(&path, text).unwrap();
            // Read before the chroot, so the queue directory plays no part.
            let finding = roots(name, "", Where::Chrooted, holder.path()).check();
            assert_eq!(finding.is_none(), good, "{text:?} {finding:?}");
        }
        assert!(roots("/nonexistent", "/etc", Where::Unconfined, holder.path()).check().is_some());
    }

    #[test]
    fn in_a_directory_must_be_there_where_smtp_looks() {
        let holder = starttls_testkit::world::directory().unwrap();
        let outside = holder.path().join("certs");
        fs::create_dir(&outside).unwrap();
        write_for_all(&outside.join("0a1b2c3d.0"));
        let name = outside.to_str().unwrap();
        let queue = holder.path().join("queue");
        assert_eq!(roots("", name, Where::Unconfined, &queue).check(), None);
        let finding = roots("", name, Where::Chrooted, &queue).check().unwrap();
        assert!(finding.message.starts_with("smtp(8) is chrooted, and `"), "{}", finding.message);
        let inside = seen_from(Where::Chrooted, &queue, &outside);
        fs::create_dir_all(&inside).unwrap();
        assert!(roots("", name, Where::Chrooted, &queue).check().is_some());
        write_for_all(&inside.join("0a1b2c3d.0"));
        assert_eq!(roots("", name, Where::Chrooted, &queue).check(), None);
    }
}
