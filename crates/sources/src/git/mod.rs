//! The operator's `git`, run so that neither its settings nor a repository's can make it do anything else.
//!
//! No settings of user or system, no hooks, no prompts, no submodules, three protocols, objects checked as they come, one
//! commit deep. What a tag says and who signed it is judged by `starttls-trust` and `starttls-openpgp`.
//!
//! Spec: git(1), git-config(1), git-fetch(1), git-cat-file(1).

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use starttls_host::program::{self, Bounds, Call, Environment, Group, Input, Messages, Output, SearchPath};
use starttls_policy::printable;
use starttls_trust::ObjectKind;

use crate::settings::Repository;

/// Where `git` is looked for.
#[derive(Clone, Debug, Default)]
pub struct Git {
    search: SearchPath,
}

/// A bare repository of ours.
#[derive(Debug)]
pub(crate) struct Bare<'a> {
    git: &'a Git,
    path: &'a Path,
    limits: Limits,
}

/// What runs may use up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// For one fetch.
    pub(crate) fetch: Duration,
    /// Bytes of the repository on disk.
    pub(crate) max_repository_bytes: u64,
    /// Bytes of the list in it.
    pub(crate) max_list_bytes: usize,
}

/// Why `git` gave nothing.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GitError {
    /// It is not installed, or elsewhere.
    #[error("no `git` in {searched}; install it")]
    NotFound {
        /// Where it was looked for.
        searched: String,
    },
    /// It did not end well.
    #[error("`git {command}`: {reason}")]
    Failed {
        /// What it was to do.
        command: &'static str,
        /// What it said, or why it was killed.
        reason: String,
    },
}

/// Looked through after `PATH`, which is often short under cron.
const SYSTEM_DIRECTORIES: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];

/// Handed on: the way out of this machine, as other programs use it.
const PROXY_VARIABLES: [&str; 6] =
    ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"];

/// For all that does not leave this machine.
const LOCAL_DEADLINE: Duration = Duration::from_mins(1);

/// Names of tags, and a tag: a list of names has some hundred bytes for each release.
const MAX_SMALL_BYTES: usize = 4 << 20;

/// What it may say on standard error before it counts as gone mad.
const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// What it said, cut to this.
const SHOWN_CHARS: usize = 400;

/// Settings that win over all others.
const SETTINGS: [&str; 17] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.sshCommand=ssh -oBatchMode=yes",
    "credential.helper=",
    "fetch.fsckObjects=true",
    "transfer.fsckObjects=true",
    "fetch.recurseSubmodules=false",
    "submodule.recurse=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "http.followRedirects=false",
    "http.sslVerify=true",
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=60",
    "protocol.allow=never",
    "advice.defaultBranchName=false",
    "init.defaultBranch=main",
];

impl Default for Limits {
    fn default() -> Self {
        Self { fetch: Duration::from_mins(10), max_repository_bytes: 4 << 30, max_list_bytes: 1 << 30 }
    }
}

impl Git {
    /// Along a search path as in `PATH`, then in the system's directories.
    pub fn along(path: Option<&OsStr>) -> Self {
        Self { search: SearchPath::along(path, &SYSTEM_DIRECTORIES) }
    }

    /// That of this machine, along its `PATH`.
    pub fn system() -> Self {
        Self::along(std::env::var_os("PATH").as_deref())
    }

    fn find(&self) -> Result<PathBuf, GitError> {
        self.search.find("git").ok_or_else(|| {
            let searched: Vec<_> = self.search.directories().map(|path| path.display().to_string()).collect();
            GitError::NotFound { searched: searched.join(", ") }
        })
    }
}

impl<'a> Bare<'a> {
    /// Our repository at `path`, which is made if it is missing.
    ///
    /// # Errors
    /// [`GitError`].
    pub(crate) fn open(git: &'a Git, path: &'a Path, limits: Limits) -> Result<Self, GitError> {
        let bare = Self { git, path, limits };
        // Making it again does no harm, and mends what a run that died left.
        bare.run("init", &["--quiet", "--bare", "--template="].map(OsString::from), &[path.into()])?;
        Ok(bare)
    }

    /// Fetches the tags whose name begins so; those that are there are moved if they moved there.
    ///
    /// # Errors
    /// [`GitError`].
    pub(crate) fn fetch(&self, from: &Repository, pattern: &str) -> Result<(), GitError> {
        let options = ["--quiet", "--no-tags", "--depth=1", "--prune", "--force", "--no-write-fetch-head"];
        let tags = format!("refs/tags/{pattern}:refs/tags/{pattern}");
        let (arguments, operands) =
            (options.map(OsString::from), [OsString::from("--"), address(from), tags.into()]);
        let watch = || {
            let bytes = size_of(self.path);
            (bytes > self.limits.max_repository_bytes).then(|| {
                format!(
                    "what comes has more than {} bytes; the run was killed",
                    self.limits.max_repository_bytes
                )
            })
        };
        let bounds =
            Bounds { deadline: self.limits.fetch, watch: Some(&watch), ..local_bounds(MAX_SMALL_BYTES) };
        self.run_within("fetch", &arguments, &operands, &bounds).map(drop)
    }

    /// Names of the tags that begin so, without `refs/tags/`, newest version first.
    ///
    /// # Errors
    /// [`GitError`].
    pub(crate) fn tags(&self, pattern: &str) -> Result<Vec<String>, GitError> {
        let options = ["--sort=-version:refname", "--format=%(refname:lstrip=2)"].map(OsString::from);
        let output = self.run("for-each-ref", &options, &[format!("refs/tags/{pattern}").into()])?;
        Ok(String::from_utf8_lossy(&output).lines().map(str::to_owned).collect())
    }

    /// The raw bytes of an annotated tag.
    ///
    /// # Errors
    /// [`GitError`], also for a tag that is none but the name of a commit.
    pub(crate) fn tag(&self, name: &str) -> Result<Vec<u8>, GitError> {
        self.run("cat-file", &["tag".into()], &[format!("refs/tags/{name}").into()])
    }

    /// The raw bytes of an object.
    ///
    /// # Errors
    /// [`GitError`], also when it is larger than a list may be.
    pub(crate) fn object(&self, kind: ObjectKind, id: &str) -> Result<Vec<u8>, GitError> {
        let max_bytes = match kind {
            ObjectKind::Blob => self.limits.max_list_bytes,
            _ => MAX_SMALL_BYTES,
        };
        self.run_within("cat-file", &[kind.name().into()], &[id.into()], &local_bounds(max_bytes))
    }

    fn run(
        &self,
        command: &'static str,
        options: &[OsString],
        operands: &[OsString],
    ) -> Result<Vec<u8>, GitError> {
        self.run_within(command, options, operands, &local_bounds(MAX_SMALL_BYTES))
    }

    fn run_within(
        &self,
        command: &'static str,
        options: &[OsString],
        operands: &[OsString],
        bounds: &Bounds<'_>,
    ) -> Result<Vec<u8>, GitError> {
        let mut arguments: Vec<OsString> = vec!["--git-dir".into(), self.path.into()];
        for setting in SETTINGS {
            arguments.extend(["-c".into(), setting.into()]);
        }
        for protocol in ["https", "file", "ssh"] {
            arguments.extend(["-c".into(), format!("protocol.{protocol}.allow=always").into()]);
        }
        arguments.push(command.into());
        arguments.extend(options.iter().chain(operands).cloned());
        let failed = |reason: String| GitError::Failed { command, reason };
        let call = Call {
            program: &self.git.find()?,
            arguments: &arguments,
            environment: Environment::Only(&self.environment()),
            directory: Path::new("/"),
            input: Input::Nothing,
            output: Output::Read,
            messages: Messages::Pipe,
            group: Group::Own,
        };
        let ended = program::run(call, bounds).map_err(|stopped| failed(stopped.to_string()))?;
        if ended.status.success() {
            return Ok(ended.output);
        }
        let said = printable(String::from_utf8_lossy(&ended.messages).trim());
        let said: String = said.chars().take(SHOWN_CHARS).collect();
        Err(failed(if said.is_empty() { format!("it ended with {}", ended.status) } else { said }))
    }

    fn environment(&self) -> Vec<(&'static str, OsString)> {
        let mut environment: Vec<(&'static str, OsString)> = vec![
            ("PATH", self.git.search.variable(&SYSTEM_DIRECTORIES)),
            ("LC_ALL", "C".into()),
            // Its own directory has no settings of a user.
            ("HOME", self.path.into()),
            ("XDG_CONFIG_HOME", self.path.into()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("GIT_CONFIG_GLOBAL", "/dev/null".into()),
            ("GIT_ATTR_NOSYSTEM", "1".into()),
            ("GIT_TERMINAL_PROMPT", "0".into()),
            ("GIT_ASKPASS", "/bin/false".into()),
            ("GIT_ALLOW_PROTOCOL", "https:file:ssh".into()),
            ("GIT_NO_LAZY_FETCH", "1".into()),
            ("GIT_NO_REPLACE_OBJECTS", "1".into()),
        ];
        let proxies = PROXY_VARIABLES.iter().filter_map(|name| Some((*name, std::env::var_os(name)?)));
        environment.extend(proxies);
        environment
    }
}

/// For all that does not leave this machine.
fn local_bounds<'a>(max_output_bytes: usize) -> Bounds<'a> {
    Bounds { deadline: LOCAL_DEADLINE, max_output_bytes, max_message_bytes: MAX_MESSAGE_BYTES, watch: None }
}

/// As `git` takes it; a directory as an address, since only so it is fetched one commit deep.
fn address(repository: &Repository) -> OsString {
    let Repository::Directory(path) = repository else { return repository.to_string().into() };
    let mut address = String::from("file://");
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(byte) {
            address.push(char::from(*byte));
        } else {
            let _ = write!(address, "%{byte:02X}");
        }
    }
    address.into()
}

/// Bytes of all files below, as far as they can be seen; it is a bound, and need not be exact.
fn size_of(directory: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(directory) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size_of(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_addresses_that_git_reads_back() {
        let directory = |path: &str| address(&Repository::Directory(path.into()));
        assert_eq!(directory("/srv/a b/%41.git"), "file:///srv/a%20b/%2541.git");
        assert_eq!(directory("/srv/ä"), "file:///srv/%C3%A4");
        let url = Repository::parse("https://git.example/list.git").unwrap();
        assert_eq!(address(&url), "https://git.example/list.git");
    }

    #[test]
    fn a_repository_that_grows_too_large_is_given_up() {
        let holder = starttls_testkit::world::directory().unwrap();
        let origin = Repository::Directory(holder.path().join("origin"));
        let git = Git::system();
        if git.find().is_err() {
            println!("skipped: there is no git");
            return;
        }
        let path = holder.path().join("ours");
        let limits = Limits { max_repository_bytes: 0, ..Limits::default() };
        let bare = Bare::open(&git, &path, limits).unwrap();
        let error = bare.fetch(&origin, "*").unwrap_err().to_string();
        assert!(error.contains("what comes has more than 0 bytes"), "{error}");
    }

    #[test]
    fn a_missing_git_is_said() {
        let git = Git { search: SearchPath::of("/nowhere") };
        let error = Bare::open(&git, Path::new("/nowhere"), Limits::default()).unwrap_err();
        assert_eq!(error.to_string(), "no `git` in /nowhere; install it");
    }
}
