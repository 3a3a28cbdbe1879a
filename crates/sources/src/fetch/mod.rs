//! Fetching over HTTPS, as the kinds of source ask for it; every answer has a byte limit and every wait a deadline.
//!
//! A trait, so that the rules of each kind are tested without a network.

use std::fs::File;

use serde::{Deserialize, Serialize};
use starttls_trust::Digest;

use crate::settings::HttpsUrl;

/// Whoever can fetch.
pub trait Fetch {
    /// Fetches a body, unless the server still has the version that was seen last.
    ///
    /// # Errors
    /// [`FetchError`].
    fn get(&self, url: &HttpsUrl, seen: &Version, max_bytes: u64) -> Result<Answer, FetchError>;

    /// Fetches a body of known size and hash into a file, going on behind what is there already. The file holds just that
    /// body afterwards.
    ///
    /// # Errors
    /// [`FetchError`]; what came so far stays, unless it was wrong.
    fn download(&self, url: &HttpsUrl, into: &mut File, size: u64, sha256: &Digest)
    -> Result<(), FetchError>;
}

/// What a server calls a version of a body.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Version {
    /// `ETag`, as sent.
    pub etag: Option<String>,
    /// `Last-Modified`, as sent.
    pub last_modified: Option<String>,
}

/// What a server answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// It still has the version that was seen last.
    Unchanged,
    /// It has this one.
    Body {
        /// All of it.
        bytes: Vec<u8>,
        /// What the server calls it.
        version: Version,
    },
}

/// Why nothing was fetched.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The server has no such thing.
    #[error("`{url}` does not exist there")]
    Missing {
        /// What was asked for.
        url: String,
    },
    /// The server could not be reached or talked with.
    #[error("`{url}`: {reason}")]
    Failed {
        /// What was asked for.
        url: String,
        /// What happened, in words.
        reason: String,
    },
    /// What came is not what was to come.
    #[error("`{url}` has other bytes than the signed statement says")]
    OtherBytes {
        /// What was asked for.
        url: String,
    },
    /// Our own disk.
    #[error("cannot write what `{url}` sends: {reason}")]
    Disk {
        /// What was asked for.
        url: String,
        /// What the system answered.
        reason: String,
    },
}
