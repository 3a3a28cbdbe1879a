//! Requests as the handler sees them, and its answers.

use http_body_util::Full;
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};

/// A request whose body has come completely.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    /// Such as `GET`; methods are case-sensitive.
    pub method: String,
    /// As sent, encoded bytes and all; begins with `/` unless the client is odd.
    pub path: String,
    /// What follows `?`, if there is one.
    pub query: Option<String>,
    /// At most as long as the settings say.
    pub body: Vec<u8>,
}

/// What the client gets. A status or header that HTTP does not know becomes a plain 500.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Response {
    /// Such as 200.
    pub status: u16,
    /// The value of `Content-Type`.
    pub content_type: String,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// All of it.
    pub body: Vec<u8>,
}

impl Response {
    /// Plain text in UTF-8.
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body.into())
    }

    /// A body of any type.
    pub fn new(status: u16, content_type: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self { status, content_type: content_type.into(), headers: Vec::new(), body: body.into() }
    }

    /// With one more header.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(super) fn into_hyper(self) -> hyper::Response<Full<Bytes>> {
        self.build().unwrap_or_else(|| plain(StatusCode::INTERNAL_SERVER_ERROR))
    }

    fn build(self) -> Option<hyper::Response<Full<Bytes>>> {
        let mut response = hyper::Response::new(Full::new(Bytes::from(self.body)));
        // 1xx would leave the client waiting for the real answer.
        *response.status_mut() =
            StatusCode::from_u16(self.status).ok().filter(|status| status.as_u16() >= 200)?;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(&self.content_type).ok()?);
        for (name, value) in self.headers {
            headers
                .append(HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(&value).ok()?);
        }
        Some(response)
    }
}

/// A status that speaks for itself.
pub(super) fn plain(status: StatusCode) -> hyper::Response<Full<Bytes>> {
    let text = format!("{}\n", status.canonical_reason().unwrap_or("error").to_ascii_lowercase());
    let mut response = hyper::Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answer_that_http_does_not_know_becomes_an_error() {
        for response in [
            Response::text(99, ""),
            Response::text(101, ""),
            Response::text(1000, ""),
            Response::new(200, "text/plain\r\nX: y", ""),
            Response::text(200, "").with_header("X Y", "z"),
            Response::text(200, "").with_header("X", "y\r\nZ: z"),
        ] {
            assert_eq!(response.into_hyper().status(), 500);
        }
    }
}
