//! ASCII armour, strictly: one block, nothing but white space around it, no header that could carry a message.
//!
//! The checksum line is read over, as the standard wants it; the signature inside is what counts.
//!
//! Spec: RFC 9580 §6.2.

use base64ct::{Base64, Encoding as _};
use starttls_policy::printable;

/// Headers that programs do write. Their text reaches nobody.
const KNOWN_HEADERS: [&str; 4] = ["Version", "Comment", "Charset", "MessageID"];

/// Characters of a line that an error repeats.
const SHOWN: usize = 40;

/// What the block holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Certificate,
    Signature,
}

/// Why a text is no armoured block of the kind that was wanted.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ArmorError {
    /// It does not begin with the line that opens such a block.
    #[error("want `{want}` on the first line, found `{found}`")]
    NoBegin {
        /// The line that opens a block of that kind.
        want: &'static str,
        /// The line found, cut short.
        found: String,
    },
    /// A header nobody knows.
    #[error(
        "line {line}: unknown armor header; only `Version`, `Comment`, `Charset` and `MessageID` are read over"
    )]
    UnknownHeader {
        /// Counted from 1.
        line: usize,
    },
    /// A line that is not base64.
    #[error("line {line} is not base64")]
    NotBase64 {
        /// Counted from 1.
        line: usize,
    },
    /// All lines together are not base64.
    #[error("the lines together are not base64 with its padding; something is missing or too much")]
    BrokenBase64,
    /// The closing line is missing.
    #[error("the closing line `{want}` is missing: the file is cut off")]
    NoEnd {
        /// The closing line.
        want: &'static str,
    },
    /// There is something after the closing line.
    #[error("line {line}: there is text after the closing line; want one block alone")]
    TextAfter {
        /// Counted from 1.
        line: usize,
    },
}

impl Kind {
    pub(crate) const fn begin(self) -> &'static str {
        match self {
            Self::Certificate => "-----BEGIN PGP PUBLIC KEY BLOCK-----",
            Self::Signature => "-----BEGIN PGP SIGNATURE-----",
        }
    }

    pub(crate) const fn end(self) -> &'static str {
        match self {
            Self::Certificate => "-----END PGP PUBLIC KEY BLOCK-----",
            Self::Signature => "-----END PGP SIGNATURE-----",
        }
    }
}

/// Tells whether the bytes are packets as they are: the first bit of every packet is set, that of no ASCII text.
///
/// Spec: RFC 9580 §4.2.
pub(crate) fn is_binary(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| first & 0x80 != 0)
}

/// The bytes inside the armour. Blanks at line ends, CR before LF, and white space around the block are read over.
///
/// # Errors
/// [`ArmorError`] for anything else around, between or after.
pub(crate) fn decode(text: &[u8], kind: Kind) -> Result<Vec<u8>, ArmorError> {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).zip(1..);
    let mut lines = lines.by_ref().skip_while(|(line, _)| line.is_empty());
    let (first, _) = lines.next().unwrap_or_default();
    if first != kind.begin().as_bytes() {
        return Err(ArmorError::NoBegin { want: kind.begin(), found: shown(first) });
    }
    for (line, number) in lines.by_ref() {
        if line.is_empty() {
            break;
        }
        if !is_known_header(line) {
            return Err(ArmorError::UnknownHeader { line: number });
        }
    }
    let mut base64 = Vec::with_capacity(text.len());
    let mut closed = false;
    for (line, number) in lines.by_ref() {
        if line == kind.end().as_bytes() {
            closed = true;
            break;
        }
        if !line.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte)) {
            return Err(ArmorError::NotBase64 { line: number });
        }
        // RFC 9580 §6.1: the checksum may be there and may be wrong, neither matters.
        if !line.starts_with(b"=") || line.len() != 5 {
            base64.extend_from_slice(line);
        }
    }
    if !closed {
        return Err(ArmorError::NoEnd { want: kind.end() });
    }
    if let Some((_, line)) = lines.find(|(line, _)| !line.is_empty()) {
        return Err(ArmorError::TextAfter { line });
    }
    let base64 = str::from_utf8(&base64).map_err(|_| ArmorError::BrokenBase64)?;
    Base64::decode_vec(base64).map_err(|_| ArmorError::BrokenBase64)
}

fn is_known_header(line: &[u8]) -> bool {
    let Some(colon) = line.iter().position(|byte| *byte == b':') else { return false };
    line.get(..colon).is_some_and(|name| KNOWN_HEADERS.iter().any(|known| known.as_bytes() == name))
}

/// A line, cut short and fit for a terminal.
fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line.get(..SHOWN).unwrap_or(line));
    printable(&text)
}

#[cfg(test)]
mod tests;
