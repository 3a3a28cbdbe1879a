//! The ways out of this machine, as the settings say.

use std::path::Path;

use starttls_net::https::{Client, ClientError, ClientSettings};
use starttls_net::roots::{Roots, RootsError};
use starttls_sources::fetch::{Answer, Fetch, FetchError, Https, Version};
use starttls_sources::settings::HttpsUrl;
use starttls_sources::{Git, Outside, random_order};
use starttls_trust::Digest;

use crate::settings::Settings;

/// HTTPS and git.
pub(super) struct Ways {
    https: Way,
    git: Git,
}

impl Ways {
    /// What the settings allow; the proxy comes from the environment.
    pub(super) fn of(settings: &Settings) -> anyhow::Result<Self> {
        let roots = match &settings.update.ca_file.value {
            Some(file) => Roots::SystemAnd(vec![file.clone()]),
            None => Roots::System,
        };
        let https = match Client::new(&ClientSettings { roots, ..ClientSettings::default() }) {
            Ok(client) => Way::Open(Box::new(Https::new(client))),
            // Lists that come from files need nobody's certificates.
            Err(ClientError::Roots(error @ RootsError::NoneOnSystem)) => {
                Way::Closed { why: error.to_string() }
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Self { https, git: Git::system() })
    }

    /// As a run for one source takes them.
    pub(super) fn outside(&self) -> Outside<'_> {
        Outside { fetch: &self.https, git: &self.git, order: &random_order }
    }
}

/// HTTPS, or why there is none.
enum Way {
    Open(Box<Https>),
    Closed { why: String },
}

impl Way {
    fn open(&self) -> Result<&Https, FetchError> {
        match self {
            Self::Open(https) => Ok(https),
            Self::Closed { why } => Err(FetchError::Failed { reason: why.clone() }),
        }
    }
}

impl Fetch for Way {
    fn get(&self, url: &HttpsUrl, seen: &Version, max_bytes: u64) -> Result<Answer, FetchError> {
        self.open()?.get(url, seen, max_bytes)
    }

    fn download(&self, url: &HttpsUrl, to: &Path, size: u64, sha256: &Digest) -> Result<(), FetchError> {
        self.open()?.download(url, to, size, sha256)
    }
}
