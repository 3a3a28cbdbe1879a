//! The values of `match=` and `mx_host_pattern=`: MX patterns and digests as Postfix writes them.
//!
//! Each name stands once, in the policy's order. Reading back is `pattern`.

use alloc::collections::BTreeSet;
use alloc::string::String;

use starttls_policy::{MxPattern, Reach};

use super::line_error::MAX_NAMES;

/// More than [`MAX_NAMES`] different names.
pub(super) struct TooMany;

/// Adds names of certificates, colons between them. `*.example.org` becomes `.example.org`, any depth below: a `*`
/// is no wildcard here, it would match a certificate for just that name.
pub(super) fn push_certificate_names(patterns: &[MxPattern], text: &mut String) -> Result<(), TooMany> {
    let depth = |pattern: &MxPattern| if pattern.reach() == Reach::Exact { "" } else { "." };
    let mut names = Names::default();
    for pattern in patterns {
        match names.add((pattern.name(), depth(pattern))) {
            Added::Known => continue,
            Added::New if names.0.len() > 1 => text.push(':'),
            Added::New => {}
            Added::TooMany => return Err(TooMany),
        }
        text.push_str(depth(pattern));
        text.push_str(pattern.name());
    }
    Ok(())
}

/// Adds each MX pattern, as MTA-STS writes it, between two texts; none of them is of any depth.
pub(super) fn push_mx_patterns(
    patterns: &[MxPattern],
    (before, behind): (&str, &str),
    text: &mut String,
) -> Result<(), TooMany> {
    let mut names = Names::default();
    for pattern in patterns {
        let star = if pattern.reach() == Reach::OneLabel { "*." } else { "" };
        match names.add((pattern.name(), star)) {
            Added::Known => {}
            Added::New => [before, star, pattern.name(), behind].iter().for_each(|part| text.push_str(part)),
            Added::TooMany => return Err(TooMany),
        }
    }
    Ok(())
}

/// Adds a digest in upper-case hexadecimal, colons between the bytes.
pub(super) fn push_digest(digest: &[u8], text: &mut String) {
    let digit = |value: u8| char::from(if value < 10 { b'0' + value } else { b'A' + value - 10 });
    for (index, byte) in digest.iter().enumerate() {
        if index > 0 {
            text.push(':');
        }
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
}

/// The names that stand in the text already, each with what stands before it; ordered, since an entry may
/// have hundreds of names that differ in their last letters.
#[derive(Default)]
struct Names<'a>(BTreeSet<(&'a str, &'static str)>);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Added {
    Known,
    New,
    TooMany,
}

impl<'a> Names<'a> {
    fn add(&mut self, name: (&'a str, &'static str)) -> Added {
        if self.0.len() == MAX_NAMES {
            return if self.0.contains(&name) { Added::Known } else { Added::TooMany };
        }
        if self.0.insert(name) { Added::New } else { Added::Known }
    }
}
