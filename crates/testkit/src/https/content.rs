//! Content that is served properly: whole, in part, or not at all since the client has it.
//!
//! Spec: RFC 9110 §13.1 (`If-None-Match`, `If-Modified-Since`, `If-Range`), §14 (`Range`).

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::Seen;

/// A body with its validators.
#[derive(Clone, Debug)]
pub struct Content {
    bytes: Vec<u8>,
    etag: Option<String>,
    last_modified: Option<String>,
}

impl Content {
    /// A body without validators.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), etag: None, last_modified: None }
    }

    /// A body whose `ETag` is its digest.
    pub fn with_digest(bytes: impl Into<Vec<u8>>) -> Self {
        let content = Self::new(bytes);
        let digest = base16ct::lower::encode_string(&Sha256::digest(&content.bytes)[..8]);
        content.with_etag(&format!("\"{digest}\""))
    }

    /// With this `ETag`, quotes and all.
    #[must_use]
    pub fn with_etag(mut self, etag: &str) -> Self {
        self.etag = Some(etag.to_owned());
        self
    }

    /// With this `Last-Modified`.
    #[must_use]
    pub fn with_last_modified(mut self, date: &str) -> Self {
        self.last_modified = Some(date.to_owned());
        self
    }

    /// The whole response.
    pub(super) fn answer(&self, seen: &Seen) -> Vec<u8> {
        if self.client_has_it(seen) {
            return self.response("304 Not Modified", "", &[]);
        }
        let length = self.bytes.len();
        match self.wanted_start(seen) {
            Some(start) if start < length => {
                let range = format!("Content-Range: bytes {start}-{}/{length}\r\n", length - 1);
                self.response("206 Partial Content", &range, self.bytes.get(start..).unwrap_or_default())
            }
            Some(_) => {
                let range = format!("Content-Range: bytes */{length}\r\n");
                self.response("416 Range Not Satisfiable", &range, &[])
            }
            None => self.response("200 OK", "", &self.bytes),
        }
    }

    fn client_has_it(&self, seen: &Seen) -> bool {
        match seen.header("if-none-match") {
            // Weak comparison (RFC 9110 §13.1.2).
            Some(asked) => self.etag.as_ref().is_some_and(|own| bare(own) == bare(asked)),
            None => {
                self.last_modified.is_some()
                    && seen.header("if-modified-since") == self.last_modified.as_deref()
            }
        }
    }

    /// The first byte that is asked for; `None` when all of it is.
    fn wanted_start(&self, seen: &Seen) -> Option<usize> {
        let unchanged = match seen.header("if-range") {
            // Strong comparison (RFC 9110 §13.1.5).
            Some(asked) => !asked.starts_with("W/") && self.etag.as_deref() == Some(asked),
            None => true,
        };
        let start = seen.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()?;
        unchanged.then_some(start)
    }

    fn response(&self, status: &str, more: &str, body: &[u8]) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nAccept-Ranges: bytes\r\n{more}");
        if let Some(etag) = &self.etag {
            let _ = write!(head, "ETag: {etag}\r\n");
        }
        if let Some(date) = &self.last_modified {
            let _ = write!(head, "Last-Modified: {date}\r\n");
        }
        if !status.starts_with("304") {
            let _ = write!(head, "Content-Length: {}\r\n", body.len());
        }
        let mut response = (head + "\r\n").into_bytes();
        response.extend_from_slice(body);
        response
    }
}

fn bare(etag: &str) -> &str {
    etag.strip_prefix("W/").unwrap_or(etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(content: &Content, headers: &[(&str, &str)]) -> String {
        let headers = headers.iter().map(|&(name, value)| (name.into(), value.into())).collect();
        let seen = Seen { method: "GET".into(), path: "/".into(), headers };
        String::from_utf8(content.answer(&seen)).unwrap()
    }

    #[test]
    fn range_is_honoured_only_for_the_same_strong_etag() {
        let content = Content::new("0123456789").with_etag("\"one\"");
        let part = answer(&content, &[("range", "bytes=7-"), ("if-range", "\"one\"")]);
        assert!(part.starts_with("HTTP/1.1 206 "), "{part}");
        assert!(part.contains("Content-Range: bytes 7-9/10\r\n") && part.ends_with("\r\n\r\n789"), "{part}");
        let whole = answer(&content, &[("range", "bytes=7-"), ("if-range", "\"two\"")]);
        assert!(whole.starts_with("HTTP/1.1 200 ") && whole.ends_with("\r\n\r\n0123456789"), "{whole}");
        let beyond = answer(&content, &[("range", "bytes=10-")]);
        assert!(beyond.starts_with("HTTP/1.1 416 "), "{beyond}");
    }

    #[test]
    fn what_the_client_has_is_not_sent_again() {
        let content = Content::with_digest("abc").with_last_modified("Sun, 22 Nov 2026 00:00:00 GMT");
        let etag = content.etag.clone().unwrap();
        assert!(answer(&content, &[("if-none-match", &etag)]).starts_with("HTTP/1.1 304 "));
        assert!(answer(&content, &[("if-none-match", "\"other\"")]).starts_with("HTTP/1.1 200 "));
        let since = ("if-modified-since", "Sun, 22 Nov 2026 00:00:00 GMT");
        assert!(answer(&content, &[since]).starts_with("HTTP/1.1 304 "));
    }
}
