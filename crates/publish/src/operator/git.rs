//! A signed git tag on a list, made with the operator's `git`.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use starttls_policy::Timestamp;
use starttls_trust::GitTag;

use super::{Gpg, OperatorError, tool};
use crate::file;

/// A tag that is on the list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tagged {
    /// `list-` and the serial.
    pub name: String,
    /// The commit that it is on.
    pub commit: String,
}

/// Commits `list.json` in a repository and tags it; a tag that is there already is verified alone. Pushing is the operator's.
///
/// # Errors
/// [`OperatorError`]; run again, it goes on where it stopped.
pub fn tag(
    repository: &Path,
    serial: u64,
    list: &[u8],
    gpg: &Gpg,
    now: Timestamp,
) -> Result<Tagged, OperatorError> {
    let name = format!("list-{serial}");
    let git = |arguments: &[&str]| tool::run(Path::new("git"), &within(repository, arguments).each());
    let reference = format!("refs/tags/{name}");
    let exists = ["rev-parse", "--quiet", "--verify", &reference];
    if !tool::try_run(Path::new("git"), &within(repository, &exists).each())?.status.success() {
        file::replace(&repository.join("list.json"), list)?;
        git(&["add", "--", "list.json"])?;
        let staged = ["diff", "--cached", "--quiet", "--", "list.json"];
        if !tool::try_run(Path::new("git"), &within(repository, &staged).each())?.status.success() {
            git(&["commit", "--quiet", "--message", &format!("List {serial}"), "--", "list.json"])?;
        }
        let program = format!("gpg.program={}", gpg.program.display());
        let message = format!("Policy list, serial {serial}");
        let signed = ["-c", "gpg.format=openpgp", "-c", &program, "tag", "--sign"];
        git(&[&signed[..], &["--local-user", &gpg.key, "--message", &message, &name]].concat())?;
    }
    verify(repository, &name, list, gpg, now)
}

/// As clients do: the raw tag, its inner name, its signature; then that its list is this one.
fn verify(
    repository: &Path,
    name: &str,
    list: &[u8],
    gpg: &Gpg,
    now: Timestamp,
) -> Result<Tagged, OperatorError> {
    let git = |arguments: &[&str]| tool::run(Path::new("git"), &within(repository, arguments).each());
    let raw = git(&["cat-file", "tag", &format!("refs/tags/{name}")])?;
    let tag = GitTag::parse(&raw, name)?;
    let failed = |source| OperatorError::Signature { what: "the tag's signature", source };
    gpg.certificate()?.verify_detached(tag.payload, tag.signature, now).map_err(failed)?;
    let commit = tag.commit.to_string();
    // A list may be far larger than what is listened to, so git compares.
    let directory = tempfile::tempdir()
        .map_err(|source| file::FileError::Write { path: std::env::temp_dir(), source })?;
    let copy = directory.path().join("list.json");
    file::replace(&copy, list)?;
    let tagged = git(&["rev-parse", &format!("{commit}:list.json")])?;
    let copy = copy.to_string_lossy();
    let own = git(&["hash-object", "--no-filters", "--", &copy])?;
    if tagged == own {
        Ok(Tagged { name: name.into(), commit })
    } else {
        Err(OperatorError::OtherTag { name: name.into() })
    }
}

/// Arguments within a repository.
struct Within(Vec<OsString>);

impl Within {
    fn each(&self) -> Vec<&OsStr> {
        self.0.iter().map(OsString::as_os_str).collect()
    }
}

fn within(repository: &Path, arguments: &[&str]) -> Within {
    let mut all: Vec<OsString> = vec!["-C".into(), repository.into()];
    all.extend(arguments.iter().map(OsString::from));
    Within(all)
}
