//! Host names: the one constructor through which every name from outside passes.
//!
//! Two or more labels of `a-z`, `0-9` and `-`, lower case, no trailing dot, top label not numeric (so no
//! IP address). Nothing else can be held by a [`Name`], so whatever is built from names needs no quoting. The one exception are
//! the names of MX hosts in the DNS ([`Name::from_dns`]), which may have what Postfix takes; they never stand in a policy.
//!
//! Spec: RFC 5321 §2.3.5, RFC 5890 §2.3.1 (LDH and A-labels); UTS #46, non-transitional, for U-labels.

use alloc::string::String;
use core::fmt;

use smol_str::SmolStr;

/// Longest name in characters, without a trailing dot (RFC 1035 §2.3.4 leaves 253 of 255 octets).
pub const MAX_NAME_CHARS: usize = 253;

/// Longest label in characters (RFC 1035 §2.3.4).
pub const MAX_LABEL_CHARS: usize = 63;

/// A host name of A-labels, valid by construction.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Name(SmolStr);

/// Why a text is no host name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// The text is empty.
    #[error("the name is empty")]
    Empty,
    /// The name has more than [`MAX_NAME_CHARS`] characters.
    #[error("the name has {chars} characters; at most {MAX_NAME_CHARS} fit in the DNS")]
    TooLong {
        /// Characters found.
        chars: usize,
    },
    /// A label is empty: a leading dot or two dots in a row.
    #[error("a label is empty")]
    EmptyLabel,
    /// The name ends in a dot.
    #[error("the name ends in a dot; leave it out")]
    TrailingDot,
    /// A label has more than [`MAX_LABEL_CHARS`] characters.
    #[error("a label has {chars} characters; at most {MAX_LABEL_CHARS} are allowed")]
    LabelTooLong {
        /// Characters found.
        chars: usize,
    },
    /// A label starts or ends with a hyphen.
    #[error("a label starts or ends with `-`")]
    Hyphen,
    /// A character that no host name has.
    #[error("{found:?} cannot stand in a host name")]
    Character {
        /// The first such character.
        found: char,
    },
    /// One label only.
    #[error("a single label is no mail domain or mail host; want at least two, as in `example.org`")]
    SingleLabel,
    /// The last label is numeric or one character long: an IP address, or no name of the public DNS.
    #[error("the last label is no top-level domain (IP addresses are not accepted)")]
    TopLabel,
    /// An internationalised name that UTS #46 refuses.
    #[error("the internationalised name is not valid under UTS #46")]
    Idna,
}

impl Name {
    /// Reads a name; U-labels become A-labels, upper case becomes lower case.
    pub(crate) fn parse(text: &str) -> Result<Self, NameError> {
        match scan(text)? {
            Shape::Canonical => Ok(Self(SmolStr::new(text))),
            Shape::Mixed => Self::parse_folded(&text.to_ascii_lowercase()),
            Shape::International => Self::parse_international(text),
        }
    }

    fn parse_folded(lower: &str) -> Result<Self, NameError> {
        match scan(lower)? {
            Shape::International => Self::parse_international(lower),
            Shape::Canonical | Shape::Mixed => Ok(Self(SmolStr::new(lower))),
        }
    }

    fn parse_international(text: &str) -> Result<Self, NameError> {
        let ascii = idna::domain_to_ascii_strict(text).map_err(|_| NameError::Idna)?;
        // Only now is it known which characters are dots.
        let Some((_, top)) = ascii.rsplit_once('.') else { return Err(NameError::SingleLabel) };
        if !top.is_empty() && !is_top_label(top) {
            return Err(NameError::TopLabel);
        }
        match scan(&ascii)? {
            Shape::Canonical | Shape::International if ascii.is_ascii() => Ok(Self(SmolStr::new(&ascii))),
            _ => Err(NameError::Idna),
        }
    }

    /// Reads the name of a host as it stands in the DNS, with what Postfix takes for one: also underscores, a single label, a
    /// numeric top label, A-labels that UTS #46 refuses, and an IPv4 address. Upper case becomes lower case.
    pub(crate) fn from_dns(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > MAX_NAME_CHARS {
            return Err(NameError::TooLong { chars: text.len() });
        }
        let mut is_numeric = true;
        for label in text.split('.') {
            let bytes = label.as_bytes();
            let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
                return Err(NameError::EmptyLabel);
            };
            if bytes.len() > MAX_LABEL_CHARS {
                return Err(NameError::LabelTooLong { chars: bytes.len() });
            }
            if *first == b'-' || *last == b'-' {
                return Err(NameError::Hyphen);
            }
            let stranger = |c: &char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_');
            if let Some(found) = label.chars().find(stranger) {
                return Err(NameError::Character { found });
            }
            is_numeric &= bytes.iter().all(u8::is_ascii_digit);
        }
        if is_numeric && text.parse::<core::net::Ipv4Addr>().is_err() {
            return Err(NameError::TopLabel);
        }
        Ok(Self(SmolStr::new(text.to_ascii_lowercase())))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether this name lies below `parent`, at any depth; no name lies below itself.
    pub(crate) fn is_below(&self, parent: &Self) -> bool {
        self.0.strip_suffix(parent.as_str()).is_some_and(|rest| rest.ends_with('.'))
    }

    /// Tells whether this name is `parent` with exactly one label in front.
    pub(crate) fn is_child_of(&self, parent: &Self) -> bool {
        self.0.split_once('.').is_some_and(|(_, rest)| rest == parent.as_str())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What [`scan`] found, when it found no fault.
enum Shape {
    /// Already as it should be.
    Canonical,
    /// Has upper-case letters.
    Mixed,
    /// Has characters outside ASCII, or labels that claim to be A-labels.
    International,
}

/// Walks the bytes once: the fast path of every list with a million names.
fn scan(text: &str) -> Result<Shape, NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > MAX_NAME_CHARS && text.is_ascii() {
        return Err(NameError::TooLong { chars: text.len() });
    }
    let (mut mixed, mut international, mut labels) = (false, false, 0_usize);
    let mut rest = text;
    loop {
        let (label, tail) = match rest.split_once('.') {
            Some((label, tail)) => (label, Some(tail)),
            None => (rest, None),
        };
        labels += 1;
        match label_shape(label, tail.is_none() && labels > 1)? {
            Shape::Canonical => {}
            Shape::Mixed => mixed = true,
            Shape::International => international = true,
        }
        match tail {
            None if labels == 1 && !international => return Err(NameError::SingleLabel),
            None => {
                let top_is_bad = !international && !is_top_label(label);
                return match (top_is_bad, international, mixed) {
                    (true, ..) => Err(NameError::TopLabel),
                    (_, true, _) => Ok(Shape::International),
                    (_, _, true) => Ok(Shape::Mixed),
                    _ => Ok(Shape::Canonical),
                };
            }
            Some(tail) => rest = tail,
        }
    }
}

fn label_shape(label: &str, is_last: bool) -> Result<Shape, NameError> {
    let bytes = label.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        return Err(if is_last { NameError::TrailingDot } else { NameError::EmptyLabel });
    };
    if label.is_ascii() {
        if bytes.len() > MAX_LABEL_CHARS {
            return Err(NameError::LabelTooLong { chars: bytes.len() });
        }
        if *first == b'-' || *last == b'-' {
            return Err(NameError::Hyphen);
        }
    }
    let mut mixed = false;
    let mut international = false;
    for &byte in bytes {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' => {}
            b'A'..=b'Z' => mixed = true,
            0x80.. => international = true,
            _ => return Err(NameError::Character { found: char::from(byte) }),
        }
    }
    let claims_a_label = bytes.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case(b"xn--"));
    Ok(match (international || claims_a_label, mixed) {
        (true, _) => Shape::International,
        (_, true) => Shape::Mixed,
        _ => Shape::Canonical,
    })
}

/// A letter first and two characters at least: what keeps IPv4 addresses out.
fn is_top_label(label: &str) -> bool {
    label.len() >= 2 && label.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
}

/// Shows text of a stranger so that it can neither steer a terminal nor look like other text: control characters,
/// invisible ones and those that change the direction of writing are escaped.
pub fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| if is_printable(c) { Escaped::No(Some(c)) } else { Escaped::Yes(c.escape_default()) })
        .collect()
}

/// Tells whether a reader sees the character where it stands: no control character, no line or paragraph separator, and none
/// of the format characters (Unicode category Cf) that are invisible or turn the direction of writing.
pub(crate) fn is_printable(c: char) -> bool {
    let is_hidden = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}');
    !c.is_control() && !is_hidden
}

enum Escaped {
    Yes(core::char::EscapeDefault),
    No(Option<char>),
}

impl Iterator for Escaped {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match self {
            Self::Yes(escape) => escape.next(),
            Self::No(one) => one.take(),
        }
    }
}

#[cfg(test)]
mod tests;
