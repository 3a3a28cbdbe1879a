//! Reading policy lists: three dialects in, one [`List`] out.
//!
//! ```text
//! bytes ─► comments blanked ─► dialect told by its first members ─► one pass with serde_json ─► Builder ─► List
//!                                                                        └─ on a fault: path, then its place in the text
//! ```
//!
//! One file per dialect: [`one`] (version 1), [`eff`] (0.1), [`original`] (2014). To add one: a file here and a
//! line in [`list`](list()). [`stream`] hands on entries of version 1 instead of keeping them.
//!
//! Spec: docs/list-format.md; RFC 8259 for JSON, of which duplicate members and trailing commas are refused.

mod build;
mod comments;
mod complaint;
mod dialect;
mod eff;
mod error;
mod json;
mod locate;
mod one;
mod original;
mod stream;
mod value;

use alloc::borrow::Cow;
use core::ops::ControlFlow;

pub(crate) use build::MAX_AUTHOR_CHARS;
pub use error::{Excerpt, Fault, Path, ReadError, Step};
pub use stream::Streamed;

use crate::list::{Dialect, List, Listed};
use error::Failure;

/// Most bytes that a list may have: 100,000,000 domains with shared policies fit.
pub const MAX_LIST_BYTES: u64 = 8 << 30;

/// Most MX patterns in one policy; the longest real one has fewer than twenty.
pub const MAX_MX_PATTERNS: usize = 256;

/// Most pins in one pinset, and as many in its bad ones; each is compared with all before it.
pub const MAX_PINS: usize = 64;

/// Most addresses that a policy may ask reports to.
pub const MAX_REPORT_TO: usize = 8;

/// Reads a list in any dialect.
///
/// # Errors
/// [`ReadError`] with line, column, JSON path and the offending line.
#[expect(clippy::result_large_err, reason = "made once per list")]
pub fn list(bytes: &[u8]) -> Result<List, ReadError> {
    with_text(bytes, |text| match dialect::of(text)? {
        Dialect::One => one::read(text),
        Dialect::Eff => eff::read(text),
        Dialect::Original => original::read(text),
    })
}

/// Hands the entries of a list to `take`, one after another, and keeps none of them.
///
/// That can be done with a list of version 1 whose parts stand in canonical order: pinsets, then providers, then policies
/// sorted by domain. It is not known before the end whether the whole list can be read; what was taken is to be dropped
/// if it cannot.
///
/// # Errors
/// As [`list()`].
#[expect(clippy::result_large_err, reason = "made once per list")]
pub fn each(
    bytes: &[u8],
    take: &mut dyn FnMut(&Listed<'_>) -> ControlFlow<()>,
) -> Result<Streamed, ReadError> {
    with_text(bytes, |text| match dialect::of(text)? {
        Dialect::One => stream::read(text, take),
        Dialect::Eff | Dialect::Original => Ok(Streamed::NotInOrder),
    })
}

#[expect(clippy::result_large_err, reason = "made once per list")]
fn with_text<T>(bytes: &[u8], read: impl FnOnce(&str) -> Read<T>) -> Result<T, ReadError> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(ReadError::at_offset(bytes, 0, Fault::Utf16));
    }
    let blanked =
        comments::blank(bytes).map_err(|offset| ReadError::at_offset(bytes, offset, Fault::OpenComment))?;
    let text = core::str::from_utf8(&blanked)
        .map_err(|error| ReadError::at_offset(bytes, error.valid_up_to(), Fault::NotUtf8))?;
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    if text.trim_ascii().is_empty() {
        // Only comments are blanked, so whatever differs is one.
        let fault = if *blanked == *bytes { Fault::Empty } else { Fault::NoDialect };
        return Err(ReadError::at_offset(bytes, 0, fault));
    }
    read(text).map_err(|failure| failure.locate(bytes, &blanked))
}

/// RFC 8259 §8.1 lets a parser ignore the mark; it is no character of the first line, and counts in no column.
const BYTE_ORDER_MARK: &str = "\u{feff}";

type Read<T> = Result<T, Failure>;

/// Text that is borrowed from the list where it has no escapes.
type Text<'de> = Cow<'de, str>;

#[cfg(test)]
mod tests;
