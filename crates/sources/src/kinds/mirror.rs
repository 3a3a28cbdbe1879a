//! One published directory: at a mirror, or on this machine where another system filled it.

use std::path::Path;

use starttls_policy::with_causes;
use starttls_trust::Digest;
use starttls_trust::log::{MAX_ENTRIES_BYTES, MAX_TILE_BYTES, ReadTiles};

use crate::fetch::{Answer, Fetch, FetchError, Version};
use crate::settings::{HttpsUrl, Place};
use crate::state::{Incoming, StateError};

/// One published directory.
pub(super) enum Mirror<'a> {
    /// Its address, with a `/` at the end.
    Url(&'a HttpsUrl, &'a dyn Fetch),
    /// Its path.
    Directory(&'a Path),
}

impl<'a> Mirror<'a> {
    pub(super) fn all(place: &'a Place, fetch: &'a dyn Fetch) -> Vec<Self> {
        match place {
            Place::Urls(urls) => urls.iter().map(|url| Self::Url(url, fetch)).collect(),
            Place::Directory(path) => vec![Self::Directory(path)],
        }
    }

    /// For messages, and to remember what it served.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Url(url, _) => url.to_string(),
            Self::Directory(path) => path.display().to_string(),
        }
    }

    /// Fetches one file, unless it is still the version that was seen last.
    pub(super) fn get(&self, path: &str, seen: &Version, max_bytes: u64) -> Result<Answer, FetchError> {
        match self {
            Self::Url(base, fetch) => fetch.get(&below(base, path)?, seen, max_bytes),
            Self::Directory(directory) => {
                let bytes = starttls_host::read(&directory.join(path), max_bytes)
                    .map_err(|error| FetchError::Failed { reason: with_causes(&error) })?;
                Ok(Answer::Body { bytes, version: Version::default() })
            }
        }
    }

    /// Fetches a file of known size and hash.
    pub(super) fn download(
        &self,
        path: &str,
        to: &Incoming,
        size: u64,
        sha256: &Digest,
    ) -> Result<Result<(), FetchError>, StateError> {
        match self {
            Self::Url(base, fetch) => {
                let url = match below(base, path) {
                    Ok(url) => url,
                    Err(error) => return Ok(Err(error)),
                };
                to.act(|| Ok(fetch.download(&url, &to.path(), size, sha256)))
            }
            Self::Directory(_) => match self.get(path, &Version::default(), size) {
                Ok(Answer::Body { bytes, .. }) => to.write(&bytes).map(Ok),
                Ok(Answer::Unchanged) => Ok(Ok(())),
                Err(error) => Ok(Err(error)),
            },
        }
    }
}

/// The tiles of the log, in the same directory.
impl ReadTiles for Mirror<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let max_bytes = MAX_TILE_BYTES.max(MAX_ENTRIES_BYTES);
        match self.get(path, &Version::default(), max_bytes) {
            Ok(Answer::Body { bytes, .. }) => Ok(bytes),
            Ok(Answer::Unchanged) => Err("the server sent no body".into()),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn below(base: &HttpsUrl, path: &str) -> Result<HttpsUrl, FetchError> {
    HttpsUrl::parse(&format!("{base}{path}"))
        .map_err(|error| FetchError::Failed { reason: format!("`{base}{path}`: {error}") })
}
