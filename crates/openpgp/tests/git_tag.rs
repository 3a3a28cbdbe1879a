//! Tags of a real git, signed by a real GnuPG: read by `starttls_trust`, judged by the certificate.
#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "gnupg/home.rs"]
mod home;

use std::path::Path;
use std::process::Command;

use home::{Home, SIGNED};
use starttls_openpgp::{Certificate, VerifyError};
use starttls_policy::Timestamp;
use starttls_trust::{GitTag, GitTagError, ObjectFormat, ObjectId, ObjectKind};
use tempfile::TempDir;

fn now() -> Timestamp {
    Timestamp::parse("2026-11-22T00:00:00Z").unwrap()
}

/// A repository with one commit, whose tags the key of `home` signs.
struct Repository {
    folder: TempDir,
}

impl Repository {
    fn new(home: &Home, format: &str) -> Self {
        let repository = Self { folder: TempDir::new().unwrap() };
        let gpg = home.signing_program();
        repository.git(&["init", "--quiet", "--object-format", format]);
        for (name, value) in [
            ("user.name", "Test Foundation"),
            ("user.email", "list@example.org"),
            ("gpg.program", gpg.to_str().unwrap()),
        ] {
            repository.git(&["config", name, value]);
        }
        repository.git(&["commit", "--quiet", "--allow-empty", "--message", "List 42"]);
        repository
    }

    fn git(&self, args: &[&str]) -> Vec<u8> {
        let output = Command::new("git")
            .arg("-C")
            .arg(self.path())
            .args(args)
            .env("HOME", self.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env_remove("GIT_DIR")
            .envs(["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"].map(|date| (date, SIGNED)))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn id(&self, name: &str) -> ObjectId {
        ObjectId::parse(self.git(&["rev-parse", name]).trim_ascii()).unwrap()
    }
}

fn has_git() -> bool {
    let has = Command::new("git").arg("--version").output().is_ok();
    if !has {
        println!("skipped: there is no git");
    }
    has
}

#[test]
fn signed_tags_are_verified_and_others_refused() {
    let Some(home) = Home::with_key().filter(|_| has_git()) else { return };
    let certificate = Certificate::parse(&home.certificate()).unwrap();
    for format in ["sha1", "sha256"] {
        let repository = Repository::new(&home, format);
        repository.git(&["tag", "--sign", "--message", "List 42", "v1"]);
        repository.git(&["tag", "--annotate", "--message", "List 42", "unsigned"]);
        repository.git(&["tag", "light"]);
        let id = repository.id("refs/tags/v1").to_string();
        repository.git(&["update-ref", "refs/tags/other", &id]);

        let raw = repository.git(&["cat-file", "tag", "v1"]);
        let id = repository.id("refs/tags/v1");
        assert_eq!(id.format() == ObjectFormat::Sha256, format == "sha256");
        assert_eq!(ObjectId::of(ObjectKind::Tag, id.format(), &raw), Ok(id));
        let tag = GitTag::parse(&raw, "v1").unwrap();
        assert_eq!(tag.commit, repository.id("HEAD"));
        let verified = certificate.verify_detached(tag.payload, tag.signature, now()).unwrap();
        assert_eq!(verified.signed_at.to_string(), SIGNED);
        assert_eq!(tag.tagged_at, Some(verified.signed_at));

        let renamed = repository.git(&["cat-file", "tag", "other"]);
        assert!(matches!(GitTag::parse(&renamed, "other"), Err(GitTagError::Renamed { .. })));
        let unsigned = repository.git(&["cat-file", "tag", "unsigned"]);
        assert_eq!(GitTag::parse(&unsigned, "unsigned"), Err(GitTagError::Unsigned));
        let light = repository.git(&["cat-file", "commit", "light"]);
        assert_eq!(GitTag::parse(&light, "light"), Err(GitTagError::Lightweight));

        // A name changed inside as well is no longer what was signed.
        let forged = String::from_utf8(renamed).unwrap().replace("tag v1", "tag other");
        let tag = GitTag::parse(forged.as_bytes(), "other").unwrap();
        let error = certificate.verify_detached(tag.payload, tag.signature, now()).unwrap_err();
        assert!(matches!(error, VerifyError::Tampered { .. }), "{error}");
    }
}

#[test]
fn the_tag_that_is_kept_is_good() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../trust/tests/data/git_tag");
    let read = |name: &str| std::fs::read(data.join(name)).unwrap();
    let certificate = Certificate::parse(&read("certificate")).unwrap();
    for name in ["good", "good-sha256"] {
        let raw = read(name);
        let tag = GitTag::parse(&raw, "v42").unwrap();
        let verified = certificate.verify_detached(tag.payload, tag.signature, now()).unwrap();
        assert_eq!(verified.certificate, certificate.fingerprint());
        let error = certificate.verify_detached(&raw, tag.signature, now()).unwrap_err();
        assert!(matches!(error, VerifyError::Tampered { .. }), "{error}");
    }
}
