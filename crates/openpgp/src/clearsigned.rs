//! The frame of clearsigned messages, strictly: one message, nothing but white space around it, no unsigned text within.
//!
//! What comes out is exactly what the signature covers, as lines that each end with LF: dash escapes undone, blanks (spaces and
//! tabs) at line ends gone, CRLF as LF. The last line has its LF too, although the signature does not cover that one: it
//! belongs to the frame, whatever was signed. So two messages that differ in what is signed give two texts, and a text whose
//! lines end with LF alone and have no blanks before it comes out byte for byte as it went in. Canonical lists of version 1 are
//! such texts.
//!
//! Spec: RFC 9580 §7.

use starttls_policy::printable;

const BEGIN: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &[u8] = b"-----BEGIN PGP SIGNATURE-----";
const END: &[u8] = b"-----END PGP SIGNATURE-----";

/// Names that a `Hash` header may hold. The signature itself says which one it used; this only keeps other text out.
const HASHES: [&str; 9] =
    ["MD5", "RIPEMD160", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "SHA3-256", "SHA3-512"];

/// Characters of a line that an error repeats.
const SHOWN: usize = 40;

/// A message taken apart; nothing is verified.
#[derive(Debug)]
pub(crate) struct Clearsigned<'a> {
    /// Lines, each ended by LF.
    pub(crate) text: Vec<u8>,
    /// The armoured signatures.
    pub(crate) signature: &'a [u8],
}

/// Why bytes are no clearsigned message, or one that holds more than what is signed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ClearsignedError {
    /// The first line is another one.
    #[error(
        "line {line}: want `-----BEGIN PGP SIGNED MESSAGE-----`, found `{found}`, which would not be signed"
    )]
    TextBefore {
        /// Counted from 1.
        line: usize,
        /// The line found, cut short.
        found: String,
    },
    /// There is nothing at all.
    #[error("the message is empty")]
    Empty,
    /// A header that is no `Hash`, or one whose value is more than names of hashes.
    #[error(
        "line {line}: only `Hash` headers that name hashes may stand above the text; others would not be signed"
    )]
    Header {
        /// Counted from 1.
        line: usize,
    },
    /// A byte that shows nothing and hides something: NUL, or CR inside a line.
    #[error("line {line} has a NUL or a carriage return inside")]
    ControlByte {
        /// Counted from 1.
        line: usize,
    },
    /// A line of the text that begins with `-` and is not escaped.
    #[error(
        "line {line} begins with `-` and is not escaped as `- -`, so that where the text ends is unclear"
    )]
    NotEscaped {
        /// Counted from 1.
        line: usize,
    },
    /// No signature, or one without its end.
    #[error("the message is cut off: `{missing}` is missing")]
    CutOff {
        /// The line that never came.
        missing: &'static str,
    },
    /// There is not one line between header and signature.
    #[error("the message has no text")]
    NoText,
    /// A second message after the first.
    #[error("line {line}: another message begins; want one alone")]
    Several {
        /// Counted from 1.
        line: usize,
    },
    /// Text after the signature.
    #[error("line {line}: there is text after the signature, which is not signed")]
    TextAfter {
        /// Counted from 1.
        line: usize,
    },
}

/// Lines with their number and where they begin; CR before LF is no part of them.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    number: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let line = rest.split(|byte| *byte == b'\n').next()?;
        self.at = self.at.saturating_add(line.len() + 1);
        self.number += 1;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

/// Takes a message apart.
///
/// # Errors
/// [`ClearsignedError`] for whatever a reader might take for signed while it is not.
pub(crate) fn read(message: &[u8]) -> Result<Clearsigned<'_>, ClearsignedError> {
    let mut lines = Lines { bytes: message, at: 0, number: 0 };
    read_head(&mut lines)?;
    let (text, begin) = read_text(&mut lines)?;
    let end = read_signature(&mut lines)?;
    Ok(Clearsigned { text, signature: message.get(begin..end).unwrap_or_default() })
}

fn read_head(lines: &mut Lines<'_>) -> Result<(), ClearsignedError> {
    let first = lines.by_ref().find(|line| !line.trim_ascii().is_empty()).ok_or(ClearsignedError::Empty)?;
    if first != BEGIN {
        let found = String::from_utf8_lossy(first.get(..SHOWN).unwrap_or(first));
        return Err(ClearsignedError::TextBefore { line: lines.number, found: printable(&found) });
    }
    // The empty line is empty: one of blanks has been taken for text by some and for the end of the headers by others.
    while let Some(line) = lines.next() {
        if line.is_empty() {
            return Ok(());
        }
        if !is_hash_header(line) {
            return Err(ClearsignedError::Header { line: lines.number });
        }
    }
    Err(ClearsignedError::CutOff { missing: "-----BEGIN PGP SIGNATURE-----" })
}

fn is_hash_header(line: &[u8]) -> bool {
    let Some(value) = str::from_utf8(line).ok().and_then(|line| line.strip_prefix("Hash: ")) else {
        return false;
    };
    value.split(',').all(|name| HASHES.contains(&name.trim_matches(' ')))
}

/// The text, and where the signature begins behind it.
fn read_text(lines: &mut Lines<'_>) -> Result<(Vec<u8>, usize), ClearsignedError> {
    let mut text = Vec::with_capacity(lines.bytes.len().saturating_sub(lines.at));
    let mut begin = lines.at;
    while let Some(line) = lines.next() {
        if line == SIGNATURE {
            return if text.is_empty() { Err(ClearsignedError::NoText) } else { Ok((text, begin)) };
        }
        begin = lines.at;
        if line.contains(&0) || line.contains(&b'\r') {
            return Err(ClearsignedError::ControlByte { line: lines.number });
        }
        let line = match line.strip_prefix(b"- ") {
            Some(line) => line,
            None if line.starts_with(b"-") => {
                return Err(ClearsignedError::NotEscaped { line: lines.number });
            }
            None => line,
        };
        text.extend_from_slice(without_blanks(line));
        text.push(b'\n');
    }
    Err(ClearsignedError::CutOff { missing: "-----BEGIN PGP SIGNATURE-----" })
}

/// RFC 9580 §7.2: spaces and tabs at the end of a line are not signed.
fn without_blanks(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| !matches!(byte, b' ' | b'\t'));
    end.and_then(|end| line.get(..=end)).unwrap_or_default()
}

/// Where the signature ends, with nothing behind it.
fn read_signature(lines: &mut Lines<'_>) -> Result<usize, ClearsignedError> {
    if !lines.any(|line| line == END) {
        return Err(ClearsignedError::CutOff { missing: "-----END PGP SIGNATURE-----" });
    }
    let end = lines.at.min(lines.bytes.len());
    while let Some(line) = lines.next() {
        if line == BEGIN {
            return Err(ClearsignedError::Several { line: lines.number });
        }
        if !line.trim_ascii().is_empty() {
            return Err(ClearsignedError::TextAfter { line: lines.number });
        }
    }
    Ok(end)
}

#[cfg(test)]
mod tests;
