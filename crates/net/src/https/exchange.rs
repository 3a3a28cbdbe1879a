//! One request, the redirects that follow it, and the head of the answer.

use std::error::Error;
use std::io;

use hyper::Method;
use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, HeaderValue, LOCATION, TRANSFER_ENCODING};
use tokio::time::timeout_at;

use super::body::BodyReader;
use super::connector::{Connector, Exchange, ExchangeError};
use super::limits::Limits;
use super::{FetchFailure, HttpsUrl, MAX_HEADER_BYTES, MAX_REDIRECTS, Redirects};

/// The head of an answer that is no redirect; the body is still to come.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) redirects: Vec<HttpsUrl>,
    response: Exchange,
}

impl Answer {
    /// What the server says the length of the body is.
    pub(super) fn announced(&self) -> Option<u64> {
        self.response.announced()
    }

    /// The body, which must not be longer than `max_bytes`.
    pub(super) fn into_body(self, limits: Limits, max_bytes: u64) -> Result<BodyReader, FetchFailure> {
        BodyReader::new(self.response, limits, max_bytes)
    }
}

/// Asks for `url` and goes where the server sends us.
pub(super) async fn ask(
    http: &Connector,
    url: &HttpsUrl,
    headers: HeaderMap,
    limits: &Limits,
) -> Result<Answer, FetchFailure> {
    let mut redirects = Vec::new();
    loop {
        let here = redirects.last().unwrap_or(url);
        let response = send(http, here, headers.clone(), limits).await?;
        check_head(&response.head.headers)?;
        let status = response.head.status.as_u16();
        if !matches!(status, 301 | 302 | 303 | 307 | 308) {
            return Ok(Answer { status, headers: response.head.headers.clone(), redirects, response });
        }
        let next = target(here, &response)?;
        if limits.redirects == Redirects::SameHost && !next.has_origin_of(url) {
            return Err(FetchFailure::RedirectToOtherHost { to: next });
        }
        redirects.push(next);
        if redirects.len() > MAX_REDIRECTS {
            return Err(FetchFailure::RedirectLoop);
        }
    }
}

async fn send(
    http: &Connector,
    url: &HttpsUrl,
    mut headers: HeaderMap,
    limits: &Limits,
) -> Result<Exchange, FetchFailure> {
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    // The connector itself gives up after the first part.
    let patience = limits.connect_timeout + limits.stall_timeout;
    let sent = http.send(Method::GET, url.as_url(), headers, Vec::new());
    match timeout_at(limits.moment(patience), sent).await {
        Ok(sent) => sent.map_err(|error| classify(error, url, limits)),
        Err(_) => Err(limits.failure(patience, 0)),
    }
}

fn target(here: &HttpsUrl, response: &Exchange) -> Result<HttpsUrl, FetchFailure> {
    let status = response.head.status.as_u16();
    let location = response.head.headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let location = location.ok_or(FetchFailure::RedirectWithoutTarget { status })?;
    here.follow(location).map_err(|source| FetchFailure::RedirectRefused { source })
}

fn check_head(headers: &HeaderMap) -> Result<(), FetchFailure> {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if bytes > MAX_HEADER_BYTES {
        return Err(FetchFailure::HeadersTooLarge);
    }
    let coded = |value: &HeaderValue| FetchFailure::Coded {
        coding: String::from_utf8_lossy(value.as_bytes()).into_owned(),
    };
    let is = |value: &HeaderValue, word: &str| value.as_bytes().eq_ignore_ascii_case(word.as_bytes());
    if let Some(value) = headers.get_all(CONTENT_ENCODING).iter().find(|value| !is(value, "identity")) {
        return Err(coded(value));
    }
    match headers.get_all(TRANSFER_ENCODING).iter().find(|value| !is(value, "chunked")) {
        Some(value) => Err(coded(value)),
        None => Ok(()),
    }
}

/// The meaning of an error for the caller.
fn classify(error: ExchangeError, url: &HttpsUrl, limits: &Limits) -> FetchFailure {
    let host = url.authority();
    let of_tls = match &error {
        ExchangeError::Connect(error) => find::<rustls::Error>(&**error),
        ExchangeError::Http(error) => find::<rustls::Error>(error),
        ExchangeError::ConnectTimedOut => None,
    };
    match (of_tls.cloned(), error) {
        (Some(source @ rustls::Error::InvalidCertificate(_)), _) => {
            FetchFailure::Certificate { host, source }
        }
        (Some(source), _) => FetchFailure::Tls { host, source },
        (None, ExchangeError::ConnectTimedOut) => {
            FetchFailure::ConnectTimedOut { host, waited: limits.connect_timeout }
        }
        (None, ExchangeError::Connect(source)) => FetchFailure::Connect { host, source },
        (None, ExchangeError::Http(error)) if error.is_parse_too_large() => FetchFailure::HeadersTooLarge,
        (None, ExchangeError::Http(error))
            if error.is_incomplete_message() || error.is_closed() || is_cut(&error) =>
        {
            FetchFailure::Closed { host }
        }
        (None, ExchangeError::Http(source)) => FetchFailure::Protocol { host, source },
    }
}

fn is_cut(error: &hyper::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let kind = find::<io::Error>(error).map(io::Error::kind);
    matches!(kind, Some(BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof))
}

/// The first error of this type among the causes; one inside an I/O error counts.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match inner {
            // `source` of an I/O error skips the error that it holds.
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        };
    }
    None
}
