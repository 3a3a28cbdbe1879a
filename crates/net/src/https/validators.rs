//! What a server calls the version of a body that it serves, and the answer to "which part is this".
//!
//! Spec: RFC 9110 §8.8 (validators), §14.4 (`Content-Range`).

use std::fmt;
use std::str::FromStr;

use hyper::header::{CONTENT_RANGE, ETAG, HeaderMap, HeaderName, LAST_MODIFIED};

/// A longer one is not worth keeping.
const MAX_ETAG_BYTES: usize = 256;

/// An HTTP date has 29 bytes.
const MAX_DATE_BYTES: usize = 64;

/// An entity tag, quotes and all.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ETag(String);

/// Not an entity tag.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not an entity tag of at most {MAX_ETAG_BYTES} bytes (RFC 9110 §8.8.3)")]
pub struct ETagError;

/// What to send with the next request, so that the body comes only if it has changed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Validators {
    etag: Option<ETag>,
    last_modified: Option<String>,
}

/// The part of a body that a 206 response says to hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct ContentRange {
    /// The first byte, counted from 0.
    pub(super) first: u64,
    /// The last byte; never before the first.
    pub(super) last: u64,
    /// All bytes of the body; `last` is below it.
    pub(super) total: u64,
}

impl ETag {
    /// Tells whether equal tags promise equal bytes (RFC 9110 §8.8.1).
    pub fn is_strong(&self) -> bool {
        self.0.starts_with('"')
    }

    /// As sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Validators {
    /// From what was stored of an earlier response; what no server may have sent is left out.
    ///
    /// ```
    /// use starttls_net::https::Validators;
    ///
    /// let kept = Validators::new(Some("\"v7\""), Some("Sun, 22 Nov 2026 00:00:00 GMT"));
    /// assert_eq!(kept.etag().unwrap().as_str(), "\"v7\"");
    /// assert!(Validators::new(Some("no quotes"), Some("yesterday\r\nX: y")).is_empty());
    /// ```
    pub fn new(etag: Option<&str>, last_modified: Option<&str>) -> Self {
        let date = |text: &&str| {
            (1..=MAX_DATE_BYTES).contains(&text.len())
                && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        };
        Self {
            etag: etag.and_then(|text| text.parse().ok()),
            last_modified: last_modified.filter(date).map(str::to_owned),
        }
    }

    /// The entity tag, if there is one.
    pub fn etag(&self) -> Option<&ETag> {
        self.etag.as_ref()
    }

    /// The value of `Last-Modified`, if there is one.
    pub fn last_modified(&self) -> Option<&str> {
        self.last_modified.as_deref()
    }

    /// Tells whether there is nothing to ask with.
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }

    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self::new(text(headers, &ETAG), text(headers, &LAST_MODIFIED))
    }
}

impl ContentRange {
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        text(headers, &CONTENT_RANGE)?.parse().ok()
    }
}

impl FromStr for ETag {
    type Err = ETagError;

    fn from_str(text: &str) -> Result<Self, ETagError> {
        let opaque = text.strip_prefix("W/").unwrap_or(text);
        let inner = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or(ETagError)?;
        let allowed = inner.bytes().all(|byte| byte == b'!' || (b'#'..=b'~').contains(&byte));
        if allowed && text.len() <= MAX_ETAG_BYTES { Ok(Self(text.to_owned())) } else { Err(ETagError) }
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ContentRange {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (range, total) = text.strip_prefix("bytes ").and_then(|rest| rest.split_once('/')).ok_or(())?;
        let (first, last) = range.split_once('-').ok_or(())?;
        let range = Self { first: number(first)?, last: number(last)?, total: number(total)? };
        if range.first <= range.last && range.last < range.total { Ok(range) } else { Err(()) }
    }
}

/// Digits only: `str::parse` alone would let a leading `+` through.
fn number(text: &str) -> Result<u64, ()> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().map_err(|_| ()) } else { Err(()) }
}

/// The value of a header that comes once.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}

#[cfg(test)]
mod rfc9110_section_8_8_3 {
    use super::*;

    #[test]
    fn only_strong_tags_promise_equal_bytes() {
        assert!("\"a\"".parse::<ETag>().unwrap().is_strong());
        assert!(!"W/\"a\"".parse::<ETag>().unwrap().is_strong());
    }

    #[test]
    fn rejects_what_is_no_tag() {
        let long = format!("\"{}\"", "a".repeat(MAX_ETAG_BYTES));
        for text in ["", "\"", "a", "\"a", "w/\"a\"", "\"a\"b\"", "\"a b\"", "\"\n\"", "\"é\"", "*", &long] {
            assert_eq!(text.parse::<ETag>(), Err(ETagError), "{text}");
        }
    }
}

#[cfg(test)]
mod rfc9110_section_14_4 {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_a_range_with_its_total() {
        let range = "bytes 5-9/10".parse::<ContentRange>().unwrap();
        assert_eq!(range, ContentRange { first: 5, last: 9, total: 10 });
    }

    #[test]
    fn rejects_ranges_that_cannot_be() {
        for text in [
            "",
            "bytes",
            "bytes */10",
            "bytes 5-9/*",
            "bytes 9-5/10",
            "bytes 5-10/10",
            "bytes -5/10",
            "bytes 5-/10",
            "bytes +5-9/10",
            "items 5-9/10",
            "bytes 5-9/99999999999999999999",
            "bytes=5-9/10",
            "bytes 5-9/10 ",
        ] {
            assert_eq!(text.parse::<ContentRange>(), Err(()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_lies_inside(text in "bytes [0-9]{0,4}-[0-9]{0,4}/[0-9*]{0,4}") {
            if let Ok(range) = text.parse::<ContentRange>() {
                prop_assert!(range.first <= range.last && range.last < range.total);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            let _ = text.parse::<ContentRange>();
            let _ = text.parse::<ETag>();
        }
    }
}
