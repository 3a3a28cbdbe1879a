//! Fetching through `starttls-net`.

use std::path::Path;

use starttls_net::https::{
    Client, Download, Expected, FetchError as NetError, FetchFailure, HttpsUrl as NetUrl, Request, Response,
    Validators,
};
use starttls_policy::with_causes;
use starttls_trust::Digest;

use super::{Answer, Fetch, FetchError, Version};
use crate::settings::HttpsUrl;

/// The network itself.
#[derive(Debug)]
pub struct Https {
    client: Client,
}

impl Https {
    /// Fetches with this client, whose limits in time hold for every single fetch.
    pub const fn new(client: Client) -> Self {
        Self { client }
    }
}

impl Fetch for Https {
    fn get(&self, url: &HttpsUrl, seen: &Version, max_bytes: u64) -> Result<Answer, FetchError> {
        let known = Validators::new(seen.etag.as_deref(), seen.last_modified.as_deref());
        let request = Request::new(address(url)?, max_bytes).if_changed(known);
        Ok(match self.client.fetch(&request).map_err(|error| failed(&error))? {
            Response::NotModified => Answer::Unchanged,
            Response::Body(body) => Answer::Body { version: version(&body.validators), bytes: body.bytes },
        })
    }

    fn download(&self, url: &HttpsUrl, to: &Path, size: u64, sha256: &Digest) -> Result<(), FetchError> {
        let expected = Expected { sha256: *sha256.as_bytes(), bytes: Some(size) };
        let request = Request::new(address(url)?, size);
        let download = Download { request, path: to.to_owned(), expected: Some(expected) };
        self.client.download(&download).map(drop).map_err(|error| failed(&error))
    }
}

/// The two differ in how strictly a text is read, not in what it means.
fn address(url: &HttpsUrl) -> Result<NetUrl, FetchError> {
    url.as_str().parse().map_err(|error| FetchError::Failed { reason: format!("`{url}`: {error}") })
}

fn version(validators: &Validators) -> Version {
    Version {
        etag: validators.etag().map(ToString::to_string),
        last_modified: validators.last_modified().map(str::to_owned),
    }
}

fn failed(error: &NetError) -> FetchError {
    match &*error.cause {
        FetchFailure::Status { status: 404 | 410 } => FetchError::Missing { url: error.url.to_string() },
        FetchFailure::File { source, .. } => {
            FetchError::Disk { reason: with_causes(error), kind: source.kind() }
        }
        _ => FetchError::Failed { reason: with_causes(error) },
    }
}
