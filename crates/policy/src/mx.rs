//! MX hosts and the patterns that name them.
//!
//! The rule, once for every dialect, is written down in docs/matching.md with public vectors in
//! `examples/matching-vectors.json`.
//!
//! Spec: RFC 8461 §4.1 (`*.` is one label); EFF's policy list 0.1 (a leading dot is any depth).

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use crate::name::{Name, NameError};

/// A host that receives mail for a domain.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MxHost(Name);

/// A set of MX hosts, as a policy names it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MxPattern {
    name: Name,
    reach: Reach,
}

/// How far a pattern reaches.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Reach {
    /// `mx.example.org`: that host alone.
    Exact,
    /// `*.example.org`: one label in front.
    OneLabel,
    /// `.example.org`: one label or more in front, never `example.org` itself.
    AnyDepth,
}

/// Why a text is no MX pattern.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MxPatternError {
    /// What stands behind `*.` or `.` (or the whole) is no host name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The pattern would admit every host of a public suffix.
    #[error("`{suffix}` is a public suffix: the pattern would admit hosts of strangers")]
    PublicSuffix {
        /// The suffix.
        suffix: String,
    },
    /// A `*` somewhere else than as the whole first label.
    #[error("`*` may only be the whole first label, as in `*.example.org`")]
    Star,
}

impl MxHost {
    /// Reads a host name: A-labels or U-labels, any case, no trailing dot.
    ///
    /// # Errors
    /// [`NameError`] says which rule of host names the text breaks.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        Name::parse(text).map(Self)
    }

    /// Takes a host from an MX record, with every name that Postfix delivers to: letters, digits, hyphens and underscores, also a
    /// single label or an IPv4 address. Such a name is looked up and compared, and never stands in a policy.
    ///
    /// # Errors
    /// [`NameError`] says why no mail server goes there.
    pub fn from_dns(text: &str) -> Result<Self, NameError> {
        Name::from_dns(text).map(Self)
    }

    /// Tells whether it is an address instead of a name; nothing can be published in the DNS about it.
    pub fn is_address(&self) -> bool {
        self.as_str().parse::<core::net::Ipv4Addr>().is_ok()
    }

    /// The host in lower case.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl MxPattern {
    /// Reads `mx.example.org`, `*.example.org` or `.example.org`.
    ///
    /// # Errors
    /// [`MxPatternError`] when the name is none, or the pattern reaches over a public suffix.
    pub fn parse(text: &str) -> Result<Self, MxPatternError> {
        let (reach, name) = if let Some(rest) = text.strip_prefix("*.") {
            (Reach::OneLabel, rest)
        } else if let Some(rest) = text.strip_prefix('.') {
            (Reach::AnyDepth, rest)
        } else {
            (Reach::Exact, text)
        };
        if name.contains('*') {
            return Err(MxPatternError::Star);
        }
        Self::new(reach, name)
    }

    /// Reads the name and gives it a reach.
    ///
    /// # Errors
    /// As [`MxPattern::parse`].
    pub fn new(reach: Reach, name: &str) -> Result<Self, MxPatternError> {
        let name = match Name::parse(name) {
            // Every top-level domain is a public suffix, so say what is wrong rather than "single label".
            Err(NameError::SingleLabel) if reach != Reach::Exact => {
                return Err(MxPatternError::PublicSuffix { suffix: name.into() });
            }
            other => other?,
        };
        if reach != Reach::Exact && is_public_suffix(name.as_str()) {
            return Err(MxPatternError::PublicSuffix { suffix: name.as_str().into() });
        }
        Ok(Self { name, reach })
    }

    /// Tells whether the policy admits this host.
    pub fn covers(&self, host: &MxHost) -> bool {
        match self.reach {
            Reach::Exact => host.0 == self.name,
            Reach::OneLabel => host.0.is_child_of(&self.name),
            Reach::AnyDepth => host.0.is_below(&self.name),
        }
    }

    /// Tells whether every host that `other` admits is admitted here too.
    pub fn includes(&self, other: &Self) -> bool {
        match (self.reach, other.reach) {
            (_, Reach::Exact) => self.covers(&MxHost(other.name.clone())),
            (Reach::Exact, _) | (Reach::OneLabel, Reach::AnyDepth) => false,
            (Reach::OneLabel, Reach::OneLabel) => self.name == other.name,
            (Reach::AnyDepth, _) => self.name == other.name || other.name.is_below(&self.name),
        }
    }

    /// How far the pattern reaches.
    pub fn reach(&self) -> Reach {
        self.reach
    }

    /// The name without `*.` or `.`.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }
}

/// Only the ICANN part of the public suffix list: below a private one (`github.io`) one operator answers for all.
fn is_public_suffix(name: &str) -> bool {
    psl::suffix(name.as_bytes()).is_some_and(|suffix| {
        suffix.as_bytes() == name.as_bytes() && suffix.typ() != Some(psl::Type::Private)
    })
}

impl fmt::Display for MxHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for MxPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = match self.reach {
            Reach::Exact => "",
            Reach::OneLabel => "*.",
            Reach::AnyDepth => ".",
        };
        write!(f, "{prefix}{}", self.name)
    }
}

impl FromStr for MxHost {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl FromStr for MxPattern {
    type Err = MxPatternError;

    fn from_str(text: &str) -> Result<Self, MxPatternError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod patterns {
    use super::*;
    use alloc::string::ToString;

    fn pattern(text: &str) -> MxPattern {
        MxPattern::parse(text).unwrap()
    }

    #[test]
    fn are_shown_as_they_are_read() {
        for text in ["mx.example.org", "*.example.org", ".example.org"] {
            assert_eq!(pattern(text).to_string(), text);
        }
    }

    #[test]
    fn over_a_public_suffix_are_refused() {
        for text in [".com", "*.com", ".co.uk", "*.co.uk", ".COM", "*.xn--p1ai", ".рф"] {
            assert!(matches!(MxPattern::parse(text), Err(MxPatternError::PublicSuffix { .. })), "{text}");
        }
        assert!(MxPattern::parse(".github.io").is_ok());
        assert!(MxPattern::parse("co.uk").is_ok(), "an exact name reaches over nobody");
    }

    #[test]
    fn with_a_star_elsewhere_are_refused() {
        for text in
            ["*", "mx.*.example.org", "mx*.example.org", "*.*.example.org", ".*.example.org", "*example.org"]
        {
            assert_eq!(MxPattern::parse(text), Err(MxPatternError::Star), "{text}");
        }
    }

    #[test]
    fn include_what_reaches_no_further() {
        for (wide, narrow) in [
            (".example.org", "mx.example.org"),
            (".example.org", "a.b.example.org"),
            (".example.org", "*.example.org"),
            (".example.org", ".mx.example.org"),
            (".example.org", "*.mx.example.org"),
            (".example.org", ".example.org"),
            ("*.example.org", "*.example.org"),
            ("*.example.org", "mx.example.org"),
            ("mx.example.org", "mx.example.org"),
        ] {
            assert!(pattern(wide).includes(&pattern(narrow)), "{wide} ⊇ {narrow}");
        }
        for (one, other) in [
            ("*.example.org", ".example.org"),
            ("mx.example.org", "*.example.org"),
            (".example.org", "example.org"),
            ("*.example.org", "a.b.example.org"),
            (".mx.example.org", ".example.org"),
            (".example.org", ".badexample.org"),
        ] {
            assert!(!pattern(one).includes(&pattern(other)), "{one} ⊉ {other}");
        }
    }
}
