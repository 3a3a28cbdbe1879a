//! The `protocols=` attribute: the oldest TLS version, in the two syntaxes that Postfix has had.
//!
//! Spec: postconf(5) `smtp_tls_mandatory_protocols` (`>=` from 3.6 on).

use alloc::vec::Vec;

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

/// The oldest version that an operator's `smtp_tls_mandatory_protocols` admits; `None` where it admits none that we
/// know, or has a word that we do not.
///
/// Names count in any case; a version may also be its number on the wire, in hexadecimal (RFC 8446 §4.1.2).
pub(super) fn lowest_admitted(value: &str) -> Option<TlsVersion> {
    let words = value.split([' ', '\t', '\r', '\n', ',', ':']).filter(|word| !word.is_empty());
    let words: Vec<Word> = words.map(Word::parse).collect::<Option<_>>()?;
    let names_some = words.iter().any(|word| matches!(word, Word::Named(_)));
    TlsVersion::ALL.into_iter().find(|&version| {
        let number = number(version);
        let is_named = words.contains(&Word::Named(number));
        let is_admitted = words.iter().all(|word| match *word {
            Word::AtLeast(bound) => number >= bound,
            Word::AtMost(bound) => number <= bound,
            Word::Excluded(excluded) => number != excluded,
            Word::Named(_) => true,
        });
        is_admitted && (is_named || !names_some)
    })
}

/// One word of an operator's value; versions by their number on the wire.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Word {
    AtLeast(u16),
    AtMost(u16),
    Excluded(u16),
    Named(u16),
}

impl Word {
    fn parse(text: &str) -> Option<Self> {
        if let Some(version) = text.strip_prefix(">=") {
            parse_version(version).map(Self::AtLeast)
        } else if let Some(version) = text.strip_prefix("<=") {
            parse_version(version).map(Self::AtMost)
        } else if let Some(version) = text.strip_prefix('!') {
            parse_version(version).map(Self::Excluded)
        } else {
            parse_version(text).map(Self::Named)
        }
    }
}

fn parse_version(text: &str) -> Option<u16> {
    let older = [("SSLv2", 0x0002), ("SSLv3", 0x0300)];
    let named = TlsVersion::ALL.into_iter().map(|version| (version.name(), number(version)));
    if let Some((_, number)) = older.into_iter().chain(named).find(|known| known.0.eq_ignore_ascii_case(text))
    {
        return Some(number);
    }
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
    u16::from_str_radix(digits, 16).ok().filter(|_| is_number)
}

const fn number(version: TlsVersion) -> u16 {
    match version {
        TlsVersion::Tls10 => 0x0301,
        TlsVersion::Tls11 => 0x0302,
        TlsVersion::Tls12 => 0x0303,
        TlsVersion::Tls13 => 0x0304,
    }
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
            (">=tlsv1.3", TlsVersion::Tls13),
            (">=0304", TlsVersion::Tls13),
            (">=0x0303 <=0304", TlsVersion::Tls12),
            (">=SSLv3", TlsVersion::Tls10),
            ("!sslv2 !sslv3 !tlsv1 !tlsv1.1", TlsVersion::Tls12),
            ("sslv3 tlsv1.1", TlsVersion::Tls11),
        ] {
            assert_eq!(lowest_admitted(value), Some(lowest), "{value:?}");
        }
    }

    #[test]
    fn of_an_operator_that_admit_nothing_we_know_have_none() {
        for value in [
            "!TLSv1 !TLSv1.1 !TLSv1.2 !TLSv1.3",
            ">=TLSv9",
            ">=0305",
            ">=",
            "$x",
            "SSLv3",
            ">=TLSv1.2 TLS",
            "+301",
        ] {
            assert_eq!(lowest_admitted(value), None, "{value:?}");
        }
    }
}
