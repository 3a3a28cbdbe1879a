//! The operator's own `gpg` and `git`, with a key and a repository made for the test.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use starttls_policy::Timestamp;
use starttls_publish::operator::{self, Gpg, OperatorError};

const LIST: &[u8] = b"{\n  \"version\": \"1\",\n  \"policies\": {\n  }\n}\n";

struct Operator {
    disk: tempfile::TempDir,
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Operator {
    /// A `gpg` with its own home, so that nobody's environment is touched; the path stays short for the agent's socket.
    fn new() -> Self {
        let disk = tempfile::Builder::new().prefix("op").tempdir_in("/tmp").unwrap();
        let this = Self { disk };
        let home = this.path("home");
        fs::create_dir(&home).unwrap();
        fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
        let wrapper = format!("#!/bin/sh\nexec gpg --batch --homedir '{}' \"$@\"\n", home.display());
        fs::write(this.path("gpg"), wrapper).unwrap();
        fs::set_permissions(this.path("gpg"), fs::Permissions::from_mode(0o700)).unwrap();
        let make = [
            "--passphrase",
            "",
            "--quick-generate-key",
            "Lists <lists@example.org>",
            "ed25519",
            "sign",
            "1y",
        ];
        run(this.path("gpg").to_str().unwrap(), &make);
        this
    }

    fn path(&self, name: &str) -> PathBuf {
        self.disk.path().join(name)
    }

    fn gpg(&self) -> Gpg {
        Gpg { program: self.path("gpg"), key: "lists@example.org".into() }
    }

    fn repository(&self) -> PathBuf {
        let path = self.path("repository");
        run("git", &["init", "--quiet", path.to_str().unwrap()]);
        for (name, value) in [("user.name", "Lists"), ("user.email", "lists@example.org")] {
            git(&path, &["config", name, value]);
        }
        path
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        let home = self.path("home");
        let _ = Command::new("gpgconf").arg("--homedir").arg(home).args(["--kill", "all"]).output();
    }
}

fn git(repository: &Path, arguments: &[&str]) {
    run("git", &[&["-C", repository.to_str().unwrap()], arguments].concat());
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_seconds(since.as_secs()).unwrap()
}

#[test]
fn gpg_makes_forms_that_clients_and_gpg_verify() {
    let operator = Operator::new();
    let forms = operator.gpg().sign(LIST, now()).unwrap();
    let certificate = operator.gpg().certificate().unwrap();
    forms.verify(&certificate, LIST, now()).unwrap();
    let other = [LIST, b"\n"].concat();
    assert!(forms.verify(&certificate, &other, now()).is_err());
    fs::write(operator.path("list.json"), LIST).unwrap();
    fs::write(operator.path("list.json.asc"), &forms.detached).unwrap();
    let (signature, list) = (operator.path("list.json.asc"), operator.path("list.json"));
    run(
        operator.path("gpg").to_str().unwrap(),
        &["--verify", signature.to_str().unwrap(), list.to_str().unwrap()],
    );
}

#[test]
fn gpg_that_has_no_such_key_or_is_not_there_is_named() {
    let operator = Operator::new();
    let stranger = Gpg { key: "nobody@example.org".into(), ..operator.gpg() };
    let error = stranger.sign(LIST, now()).unwrap_err();
    assert!(matches!(error, OperatorError::Certificate { .. }), "{error}");
    let missing = Gpg { program: operator.path("missing"), ..operator.gpg() };
    let error = missing.sign(LIST, now()).unwrap_err();
    assert!(matches!(error, OperatorError::Run { .. }), "{error}");
}

#[test]
fn what_gpg_makes_of_another_text_is_not_taken() {
    let operator = Operator::new();
    // A `gpg` that signs something else, as one with a broken filter would.
    let real = operator.path("gpg");
    let wrapper = format!(
        "#!/bin/sh\nfor last; do :; done\ncase \"$*\" in *sign*) printf 'other\\n' > \"$last\";; esac\nexec '{}' \"$@\"\n",
        real.display()
    );
    fs::write(operator.path("bad"), wrapper).unwrap();
    fs::set_permissions(operator.path("bad"), fs::Permissions::from_mode(0o700)).unwrap();
    let error = Gpg { program: operator.path("bad"), ..operator.gpg() }.sign(LIST, now()).unwrap_err();
    assert!(matches!(error, OperatorError::Signature { .. }), "{error}");
}

#[test]
fn git_tags_once_and_never_moves_a_tag() {
    let operator = Operator::new();
    let repository = operator.repository();
    let tagged = operator::tag(&repository, 43, LIST, &operator.gpg(), now()).unwrap();
    assert_eq!(tagged.name, "list-43");
    assert_eq!(operator::tag(&repository, 43, LIST, &operator.gpg(), now()).unwrap(), tagged);
    let other = [LIST, b"\n"].concat();
    let error = operator::tag(&repository, 43, &other, &operator.gpg(), now()).unwrap_err();
    assert!(matches!(error, OperatorError::OtherTag { .. }), "{error}");
    assert_ne!(operator::tag(&repository, 44, &other, &operator.gpg(), now()).unwrap().commit, tagged.commit);
    // The same list under a new serial needs no commit.
    operator::tag(&repository, 45, &other, &operator.gpg(), now()).unwrap();
}

#[test]
fn git_tag_that_is_not_signed_is_refused() {
    let operator = Operator::new();
    let repository = operator.repository();
    fs::write(repository.join("list.json"), LIST).unwrap();
    git(&repository, &["add", "list.json"]);
    git(&repository, &["commit", "--quiet", "--message", "List"]);
    git(&repository, &["-c", "tag.gpgSign=false", "tag", "--annotate", "--message", "List", "list-1"]);
    let error = operator::tag(&repository, 1, LIST, &operator.gpg(), now()).unwrap_err();
    assert!(matches!(error, OperatorError::Tag(_)), "{error}");
}
