//! Names as a table writes them, read without copying: our own rule for what a name is, beside the one of
//! `starttls_policy` through which every name came.
//!
//! Spec: RFC 5890 §2.3.1 (letters, digits, hyphens).

use starttls_policy::{MAX_LABEL_CHARS, MAX_NAME_CHARS, Reach};

/// A name of `match=` or `mx_host_pattern=`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pattern<'a> {
    /// The name behind `*.` or `.`.
    pub name: &'a str,
    /// How far it reaches.
    pub reach: Reach,
}

impl<'a> Pattern<'a> {
    /// A value of `match=`: exact, or any depth below; no keyword, since a name has a dot.
    pub(super) fn in_certificate(text: &'a str) -> Option<Self> {
        Self::parse(text).filter(|pattern| pattern.reach != Reach::OneLabel)
    }

    /// A value of `mx_host_pattern=` beside this name in `match=`: the same name, or one label below.
    pub(super) fn of_host(text: &'a str, beside: Self) -> Option<Self> {
        let (name, reach) = match beside.reach {
            Reach::Exact => (text, Reach::Exact),
            Reach::OneLabel | Reach::AnyDepth => (text.strip_prefix("*.")?, Reach::OneLabel),
        };
        (name == beside.name).then_some(Self { name, reach })
    }

    /// A value of `mx_host_pattern=` on its own: exact, or one label below.
    pub(super) fn of_any_host(text: &'a str) -> Option<Self> {
        Self::parse(text).filter(|pattern| pattern.reach != Reach::AnyDepth)
    }

    fn parse(text: &'a str) -> Option<Self> {
        let (reach, name) = if let Some(name) = text.strip_prefix("*.") {
            (Reach::OneLabel, name)
        } else if let Some(name) = text.strip_prefix('.') {
            (Reach::AnyDepth, name)
        } else {
            (Reach::Exact, text)
        };
        (is_name(name) && !is_over_broad(reach, name)).then_some(Self { name, reach })
    }
}

/// A pattern over a public suffix would admit the certificates of strangers.
fn is_over_broad(reach: Reach, name: &str) -> bool {
    let is_suffix = |suffix: psl::Suffix<'_>| {
        suffix.as_bytes().len() == name.len() && suffix.typ() != Some(psl::Type::Private)
    };
    reach != Reach::Exact && psl::suffix(name.as_bytes()).is_some_and(is_suffix)
}

/// Two or more labels in lower case, the last one no number.
pub(super) fn is_name(text: &str) -> bool {
    if text.len() > MAX_NAME_CHARS {
        return false;
    }
    let (mut dots, mut length, mut previous, mut top) = (0_u32, 0, b'.', b'0');
    for byte in text.bytes() {
        match byte {
            b'.' if length == 0 || previous == b'-' => return false,
            b'.' => {
                dots += 1;
                length = 0;
            }
            b'-' if length == 0 => return false,
            b'a'..=b'z' | b'0'..=b'9' | b'-' => {
                if length == 0 {
                    top = byte;
                }
                length += 1;
            }
            _ => return false,
        }
        if length > MAX_LABEL_CHARS {
            return false;
        }
        previous = byte;
    }
    dots > 0 && length > 1 && previous != b'-' && top.is_ascii_lowercase()
}

#[cfg(test)]
mod names {
    use super::*;
    use proptest::prelude::*;
    use starttls_policy::Domain;

    proptest! {
        #[test]
        fn are_those_that_the_one_constructor_lets_through(text in "\\PC{0,12}|[a-zA-Z0-9.-]{1,40}|([a-z0-9-]{1,64}\\.){0,5}[a-z0-9]{1,4}") {
            let is_canonical = Domain::parse(&text).is_ok_and(|domain| domain.as_str() == text);
            // Only the constructor knows which A-labels are valid.
            if !text.contains("xn--") {
                prop_assert_eq!(is_name(&text), is_canonical);
            } else if is_canonical {
                prop_assert!(is_name(&text));
            }
        }
    }

    proptest! {
        #[test]
        fn reach_as_far_as_the_one_constructor_allows(
            front in "|\\*|a|b\\.a",
            back in "com|co\\.uk|kawasaki\\.jp|city\\.kawasaki\\.jp|pvt\\.k12\\.ma\\.us|github\\.io|example|ck|www\\.ck",
        ) {
            let text = format!("{front}.{back}");
            prop_assert_eq!(Pattern::parse(&text).is_some(), starttls_policy::MxPattern::parse(&text).is_ok());
        }
    }

    #[test]
    fn have_limits() {
        let label = "a".repeat(63);
        assert!(is_name(&format!("{label}.org")));
        assert!(!is_name(&format!("{label}a.org")));
        assert!(!is_name(&format!("{}org", "abcdefg.".repeat(32))));
        for text in
            ["", "a", "hostname", "nexthop", ".", "a.", ".a.org", "a..org", "192.0.2.1", "a.o", "A.org"]
        {
            assert!(!is_name(text), "{text}");
        }
    }

    #[test]
    fn never_reach_over_a_public_suffix() {
        for text in [".com", "*.com", ".co.uk", "*.co.uk"] {
            assert_eq!(Pattern::parse(text), None, "{text}");
        }
        assert!(Pattern::parse(".example.co.uk").is_some());
    }
}
