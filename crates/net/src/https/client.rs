//! The client for those who have a runtime.

use std::time::Duration;

use hyper::header::{HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use tokio::time::Instant;

use super::connector::Connector;
use super::exchange;
use super::limits::Limits;
use super::{Body, ClientError, ClientSettings, FetchError, FetchFailure, Request, Response, Validators};

/// Fetches over HTTPS; the calls are futures for a tokio runtime with I/O and time.
#[derive(Clone)]
pub struct AsyncClient {
    pub(super) http: Connector,
    settings: ClientSettings,
}

impl AsyncClient {
    /// Reads the roots and, if the settings say so, the environment's proxy.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn new(settings: &ClientSettings) -> Result<Self, ClientError> {
        let http = Connector::new(settings)?;
        Ok(Self { http, settings: settings.clone() })
    }

    /// Fetches a body into memory.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn fetch(&self, request: &Request) -> Result<Response, FetchError> {
        self.fetch_within(request, self.settings.deadline).await
    }

    pub(super) async fn fetch_within(
        &self,
        request: &Request,
        patience: Duration,
    ) -> Result<Response, FetchError> {
        let limits = self.limits(patience);
        self.fetch_bounded(request, limits).await.map_err(|cause| cause.of(&request.url))
    }

    async fn fetch_bounded(&self, request: &Request, limits: Limits) -> Result<Response, FetchFailure> {
        let headers = conditions(&request.validators);
        let mut answer = exchange::ask(&self.http, &request.url, headers, &limits).await?;
        match answer.status {
            304 if !request.validators.is_empty() => return Ok(Response::NotModified),
            200 => {}
            status => return Err(FetchFailure::Status { status }),
        }
        let validators = Validators::of(&answer.headers);
        let redirects = std::mem::take(&mut answer.redirects);
        let bytes = answer.into_body(limits, request.max_bytes)?.read_all().await?;
        Ok(Response::Body(Body { bytes, validators, redirects }))
    }

    /// The limits of a fetch that begins now and may take this long, but no longer than the settings allow.
    pub(super) fn limits(&self, patience: Duration) -> Limits {
        let deadline = patience.min(self.settings.deadline);
        Limits {
            connect_timeout: self.settings.connect_timeout,
            stall_timeout: self.settings.stall_timeout,
            deadline,
            until: Instant::now() + deadline,
            redirects: self.settings.redirects,
        }
    }

    pub(super) fn deadline(&self) -> Duration {
        self.settings.deadline
    }
}

impl std::fmt::Debug for AsyncClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The connector holds the password of the proxy.
        f.debug_struct("AsyncClient").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// `If-None-Match` wins over `If-Modified-Since` at every server (RFC 9110 §13.2.2); both are sent for those who know one.
pub(super) fn conditions(validators: &Validators) -> HeaderMap {
    let mut headers = HeaderMap::new();
    set(&mut headers, IF_NONE_MATCH, validators.etag().map(super::ETag::as_str));
    set(&mut headers, IF_MODIFIED_SINCE, validators.last_modified());
    headers
}

pub(super) fn set(headers: &mut HeaderMap, name: HeaderName, value: Option<&str>) {
    if let Some(value) = value.and_then(|text| HeaderValue::from_str(text).ok()) {
        headers.insert(name, value);
    }
}
