//! The `protocols=` attribute: the oldest TLS version, in the two syntaxes that Postfix has had.
//!
//! Spec: postconf(5) `smtp_tls_mandatory_protocols` (`>=` from 3.6 on).

use starttls_policy::TlsVersion;

/// How a lowest version is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Syntax {
    /// `!SSLv2:!SSLv3:!TLSv1`: what is too old is left out, one by one.
    Exclusions,
    /// `>=TLSv1.2`.
    Range,
}

impl Syntax {
    /// The value that admits `lowest` and whatever is newer.
    pub const fn at_least(self, lowest: TlsVersion) -> &'static str {
        match (self, lowest) {
            (Self::Range, TlsVersion::Tls10) => ">=TLSv1",
            (Self::Range, TlsVersion::Tls11) => ">=TLSv1.1",
            (Self::Range, TlsVersion::Tls12) => ">=TLSv1.2",
            (Self::Range, TlsVersion::Tls13) => ">=TLSv1.3",
            (Self::Exclusions, TlsVersion::Tls10) => "!SSLv2:!SSLv3",
            (Self::Exclusions, TlsVersion::Tls11) => "!SSLv2:!SSLv3:!TLSv1",
            (Self::Exclusions, TlsVersion::Tls12) => "!SSLv2:!SSLv3:!TLSv1:!TLSv1.1",
            (Self::Exclusions, TlsVersion::Tls13) => "!SSLv2:!SSLv3:!TLSv1:!TLSv1.1:!TLSv1.2",
        }
    }

    /// Reads back a value that [`Syntax::at_least`] has written.
    pub fn parse(value: &str) -> Option<(Self, TlsVersion)> {
        [Self::Range, Self::Exclusions].into_iter().find_map(|syntax| {
            let found = TlsVersion::ALL.into_iter().find(|&version| syntax.at_least(version) == value);
            found.map(|version| (syntax, version))
        })
    }
}

/// The oldest version that an operator's `smtp_tls_mandatory_protocols` admits; `None` where it names none.
pub(super) fn lowest_admitted(value: &str) -> Option<TlsVersion> {
    let words = || value.split([' ', '\t', '\r', '\n', ',', ':']).filter(|word| !word.is_empty());
    let is_known = |word: &&str| TlsVersion::from_name(word).is_some();
    let names_some = words().any(|word| is_known(&word));
    TlsVersion::ALL.into_iter().find(|&version| {
        let is_excluded = words().any(|word| word.strip_prefix('!') == Some(version.name()));
        let is_below = words()
            .filter_map(|word| word.strip_prefix(">=").and_then(TlsVersion::from_name))
            .any(|bound| version < bound);
        let is_named = words().any(|word| word == version.name());
        !is_excluded && !is_below && (is_named || !names_some)
    })
}

#[cfg(test)]
mod values {
    use super::*;

    #[test]
    fn read_back_as_written() {
        for syntax in [Syntax::Range, Syntax::Exclusions] {
            for version in TlsVersion::ALL {
                assert_eq!(Syntax::parse(syntax.at_least(version)), Some((syntax, version)));
            }
        }
        for value in ["", ">=TLSv1.4", "<=TLSv1.2", "TLSv1.2", "!SSLv2", ">=TLSv1.2 "] {
            assert_eq!(Syntax::parse(value), None, "{value:?}");
        }
    }

    #[test]
    fn of_an_operator_have_a_lowest_version_in_either_syntax() {
        for (value, lowest) in [
            (">=TLSv1", TlsVersion::Tls10),
            (">=TLSv1.3", TlsVersion::Tls13),
            (">=TLSv1.2, <=TLSv1.2", TlsVersion::Tls12),
            ("!SSLv2, !SSLv3", TlsVersion::Tls10),
            ("!SSLv2 !SSLv3 !TLSv1 !TLSv1.1", TlsVersion::Tls12),
            ("!SSLv2:!SSLv3:!TLSv1:!TLSv1.1:!TLSv1.2", TlsVersion::Tls13),
            ("TLSv1.2", TlsVersion::Tls12),
            ("TLSv1.2:TLSv1.3", TlsVersion::Tls12),
            ("", TlsVersion::Tls10),
        ] {
            assert_eq!(lowest_admitted(value), Some(lowest), "{value:?}");
        }
        assert_eq!(lowest_admitted("!TLSv1 !TLSv1.1 !TLSv1.2 !TLSv1.3"), None);
    }
}
