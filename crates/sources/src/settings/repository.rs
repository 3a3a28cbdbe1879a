//! A git repository, a tag in it and a path in the tagged tree: what is handed to `git` as arguments.
//!
//! Strict on purpose: no text here can be read as an option, a helper's name or a pattern by `git`.
//!
//! Spec: git-check-ref-format(1) (tag names), gitremote-helpers(7) (`transport::address`).

use std::fmt;

use super::url::{HttpsUrl, UrlError};

/// Longest name of a tag and longest path in a tree.
pub const MAX_REF_CHARS: usize = 200;

/// Where a repository is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Repository {
    /// Over HTTPS.
    Https(HttpsUrl),
    /// Over SSH, `ssh://…`, with the operator's own keys.
    Ssh(Box<str>),
    /// A directory on this machine; absolute.
    Directory(std::path::PathBuf),
}

/// Which tag the list is taken from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TagChoice {
    /// This one.
    Named(TagName),
    /// The newest of those whose name begins so.
    NewestWithPrefix(TagName),
}

/// The name of a tag, or its beginning: of `A-Z a-z 0-9 . _ / + -` as far as git allows them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TagName(Box<str>);

/// A path inside a tree: relative, `/` between its parts, no `.` or `..` among them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InnerPath(Box<str>);

/// Why a text is no repository.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RepositoryError {
    /// An `https:` or `http:` address that is none.
    #[error("{0}")]
    Url(UrlError),
    /// `ssh://` with something odd behind it.
    #[error("want `ssh://` with a host and a path, of plain characters and without a password")]
    Ssh,
    /// Another form.
    #[error("want `https://…`, `ssh://…` or the absolute path of a directory")]
    UnknownForm,
}

/// The text is no tag's name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "a tag's name here is 1 to {MAX_REF_CHARS} characters of `A-Z a-z 0-9 . _ / + -`, begins with a letter or digit, \
     and has no `..`, `//`, `/.` or `.lock`"
)]
pub struct TagNameError;

/// The text is no path inside a tree.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("want a path inside the repository, as in `lists/policy.json`: relative, without `.` and `..`")]
pub struct PathError;

impl Repository {
    /// Reads `https://…`, `ssh://…` or an absolute path.
    ///
    /// # Errors
    /// [`RepositoryError`].
    pub fn parse(text: &str) -> Result<Self, RepositoryError> {
        if text.starts_with('/') && !text.contains(|c: char| c.is_control()) {
            return Ok(Self::Directory(text.into()));
        }
        if let Some(rest) = text.strip_prefix("ssh://") {
            let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/@[]+%".contains(&b);
            // A host that begins with `-` would be an option to ssh(1).
            let is_good = rest.len() <= super::MAX_URL_CHARS
                && rest.bytes().all(is_plain)
                && !rest.starts_with(['-', '/', '@', ':'])
                && !rest.contains("@-")
                && !rest.split_once('@').is_some_and(|(user, _)| user.contains(':'))
                && rest.split_once('/').is_some_and(|(_, path)| !path.is_empty());
            return if is_good { Ok(Self::Ssh(text.into())) } else { Err(RepositoryError::Ssh) };
        }
        match HttpsUrl::parse(text) {
            Ok(url) => Ok(Self::Https(url)),
            Err(UrlError::NotHttps) => Err(RepositoryError::UnknownForm),
            Err(error) => Err(RepositoryError::Url(error)),
        }
    }
}

impl TagName {
    /// Reads a tag's name, without `refs/tags/`, or the beginning of one.
    ///
    /// # Errors
    /// [`TagNameError`].
    pub fn parse(text: &str) -> Result<Self, TagNameError> {
        let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"._/+-".contains(&b);
        let good = (1..=MAX_REF_CHARS).contains(&text.len())
            && text.bytes().all(is_allowed)
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && !["..", "//", "/."].iter().any(|bad| text.contains(bad))
            && !text.to_ascii_lowercase().split('/').any(|part| part.strip_suffix(".lock").is_some());
        if good { Ok(Self(text.into())) } else { Err(TagNameError) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl InnerPath {
    /// Reads a path.
    ///
    /// # Errors
    /// [`PathError`].
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"._/+- ".contains(&b);
        let is_part = |part: &str| !part.is_empty() && part != "." && part != "..";
        let good = (1..=MAX_REF_CHARS).contains(&text.len())
            && text.bytes().all(is_plain)
            && !text.starts_with('-')
            && text.split('/').all(is_part);
        if good { Ok(Self(text.into())) } else { Err(PathError) }
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Https(url) => url.fmt(f),
            Self::Ssh(text) => f.pad(text),
            Self::Directory(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod repositories {
    use super::*;

    #[test]
    fn are_encrypted_or_local() {
        for good in ["https://git.example/list.git", "ssh://git@git.example:22/list.git", "/srv/git/list.git"]
        {
            assert_eq!(Repository::parse(good).unwrap().to_string(), good);
        }
    }

    #[test]
    fn cannot_be_read_otherwise_by_git() {
        for bad in [
            "",
            "--upload-pack=touch /tmp/x",
            "-o/x",
            "ext::sh -c whoami",
            "fd::3",
            "git://git.example/list.git",
            "git@git.example:list.git",
            "list.git",
            "../list.git",
            "file:///srv/list.git",
            "ssh://-oProxyCommand=x/list.git",
            "ssh://git@-oProxyCommand/list.git",
            "ssh://me:pw@git.example/list.git",
            "ssh:///list.git",
            "ssh://git.example",
            "ssh://git.example/$(x)",
            "/srv/a\nb",
        ] {
            assert!(Repository::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(
            Repository::parse("http://git.example/list.git"),
            Err(RepositoryError::Url(UrlError::Cleartext))
        );
    }
}

#[cfg(test)]
mod tags_and_paths {
    use super::*;

    #[test]
    fn are_plain_words() {
        for good in ["list-", "v1.0", "lists/2026-11-22", "a+b"] {
            assert!(TagName::parse(good).is_ok(), "{good}");
        }
        for good in ["policy.json", "lists/policy list.json"] {
            assert!(InnerPath::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn cannot_be_options_patterns_or_ways_out() {
        for bad in
            ["", "-d", "a b", "a*", "a?", "a~1", "a^{}", "a:b", "a..b", "a//b", "a/.b", "x.lock", ".a", "/a"]
        {
            assert_eq!(TagName::parse(bad), Err(TagNameError), "{bad:?}");
        }
        for bad in
            ["", "-a", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a", "a:b", "a\0b", "a\nb", "*"]
        {
            assert_eq!(InnerPath::parse(bad), Err(PathError), "{bad:?}");
        }
        let long = "a".repeat(MAX_REF_CHARS + 1);
        assert!(TagName::parse(&long).is_err() && InnerPath::parse(&long).is_err());
    }
}
