//! What policies can ask and Postfix cannot express: the codes, and how often each was met.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use starttls_policy::Domain;

use crate::{Code, Shortfall};

/// How many domains are kept as examples of each shortfall.
pub const MAX_EXAMPLES: usize = 5;

/// One thing that Postfix cannot express; the position in [`SHORTFALLS`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Gap {
    AnchorsUnwritten,
    CannotDefer,
    LevelKept,
    LogOnlyUnchecked,
    MxFromDns,
    MxNameUnchecked,
    NamesNeedCertificate,
    OperatorIncomparable,
    OperatorStricter,
    PinAlone,
    PinExclusions,
    PinIgnored,
    PinNeedsCertificate,
    PinUnusable,
    ReportShortened,
    StricterKept,
    TooManyNames,
    TooManyPins,
    WiderMatch,
}

/// Every shortfall, by name.
pub const SHORTFALLS: &[Code] = &[
    Code::warning(
        "postfix.anchors-unwritten",
        "there is no directory for key files, so pinned trust anchors are not checked: the rest of the policy is enforced",
    ),
    Code::warning(
        "postfix.cannot-defer",
        "the mail ought to wait until more is known, and a table cannot say so: the server's own level applies",
    ),
    Code::warning(
        "postfix.level-kept",
        "any certificate will do, and a line that says so would end checks of the server's own level, which stays as \
         it is: it may admit cleartext",
    ),
    Code::info(
        "postfix.log-only-unchecked",
        "nothing is enforced in testing; Postfix's log shows whether TLS was used and the chain verified, not MX names",
    ),
    Code::info(
        "postfix.mx-from-dns",
        "no MX host is named, so the certificate is checked for the name that the DNS gives, which may be forged",
    ),
    Code::info(
        "postfix.mx-name-unchecked",
        "the MX host's name is not compared with the policy; its certificate must be valid for a listed name",
    ),
    Code::warning(
        "postfix.names-need-certificate",
        "MX names cannot be checked where any certificate will do: encryption alone is enforced",
    ),
    Code::info(
        "postfix.operator-incomparable",
        "an entry of your own tables for the domain or one above it cannot be compared with our line: the entry stands and \
         the line is left out; an override for the domain puts it back",
    ),
    Code::info(
        "postfix.operator-stricter",
        "an entry of your own tables for the domain or one above it demands more than our line: the entry stands and the \
         line is left out; an override for the domain puts it back",
    ),
    Code::info(
        "postfix.pin-alone",
        "the leaf pin is checked alone: chain, name and dates of the certificate are not",
    ),
    Code::warning(
        "postfix.pin-exclusions",
        "keys that must not appear cannot be named; the rest of the policy is enforced",
    ),
    Code::warning(
        "postfix.pin-ignored",
        "a leaf pin would replace the checks of chain, name and dates: these are enforced, the pin is not",
    ),
    Code::warning(
        "postfix.pin-needs-certificate",
        "trust anchors cannot be checked where any certificate will do: encryption alone is enforced",
    ),
    Code::warning(
        "postfix.pin-unusable",
        "some pins cannot be used (SHA-1, or the hash of a trust anchor's key): the others are enforced, if any",
    ),
    Code::info(
        "postfix.report-shortened",
        "the policy is longer than an answer may be: it is enforced, and TLS reports quote its version and mode alone",
    ),
    Code::info(
        "postfix.stricter-kept",
        "the server's own level is stricter than DANE where TLSA records are absent, and stays in force",
    ),
    Code::warning(
        "postfix.too-many-names",
        "the policy names more MX hosts than a table line should hold: encryption alone is enforced",
    ),
    Code::warning(
        "postfix.too-many-pins",
        "the policy has more pins than a table line should hold: the rest of it is enforced",
    ),
    Code::info(
        "postfix.wider-match",
        "`*.` stands for one label, Postfix accepts certificates for names of any depth below",
    ),
];

impl Gap {
    const fn bit(self) -> u32 {
        1 << self as u32
    }

    #[cfg(test)]
    pub(super) fn code(self) -> Code {
        SHORTFALLS[self as usize]
    }
}

/// The gaps of one policy.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Gaps(u32);

impl Gaps {
    pub(super) fn add(&mut self, gap: Gap) {
        self.0 |= gap.bit();
    }

    /// What they are called, by name.
    pub(super) fn codes(self) -> impl Iterator<Item = Code> {
        SHORTFALLS
            .iter()
            .enumerate()
            .filter(move |(index, _)| self.0 >> index & 1 == 1)
            .map(|(_, code)| *code)
    }
}

/// How often each gap was met, with a few examples.
#[derive(Debug, Default)]
pub(super) struct Tally {
    seen: [Seen; SHORTFALLS.len()],
}

#[derive(Debug, Default)]
struct Seen {
    count: u64,
    examples: Vec<Domain>,
}

impl Tally {
    pub(super) fn add(&mut self, gaps: Gaps, domain: &Domain) {
        if gaps == Gaps::default() {
            return;
        }
        for (index, seen) in self.seen.iter_mut().enumerate() {
            if gaps.0 >> index & 1 == 1 {
                seen.count += 1;
                if seen.examples.len() < MAX_EXAMPLES {
                    seen.examples.push(domain.clone());
                }
            }
        }
    }

    pub(super) fn into_shortfalls(self) -> BTreeMap<&'static str, Shortfall> {
        let met = SHORTFALLS.iter().zip(self.seen).filter(|(_, seen)| seen.count > 0);
        met.map(|(code, seen)| {
            let shortfall = Shortfall {
                severity: code.severity,
                message: code.meaning.into(),
                count: seen.count,
                examples: seen.examples,
            };
            (code.name, shortfall)
        })
        .collect()
    }
}

#[cfg(test)]
mod shortfalls {
    use super::*;

    #[test]
    fn stand_where_their_gap_points() {
        for (gap, name) in [
            (Gap::AnchorsUnwritten, "postfix.anchors-unwritten"),
            (Gap::CannotDefer, "postfix.cannot-defer"),
            (Gap::LevelKept, "postfix.level-kept"),
            (Gap::LogOnlyUnchecked, "postfix.log-only-unchecked"),
            (Gap::MxFromDns, "postfix.mx-from-dns"),
            (Gap::MxNameUnchecked, "postfix.mx-name-unchecked"),
            (Gap::NamesNeedCertificate, "postfix.names-need-certificate"),
            (Gap::OperatorIncomparable, "postfix.operator-incomparable"),
            (Gap::OperatorStricter, "postfix.operator-stricter"),
            (Gap::PinAlone, "postfix.pin-alone"),
            (Gap::PinExclusions, "postfix.pin-exclusions"),
            (Gap::PinIgnored, "postfix.pin-ignored"),
            (Gap::PinNeedsCertificate, "postfix.pin-needs-certificate"),
            (Gap::PinUnusable, "postfix.pin-unusable"),
            (Gap::ReportShortened, "postfix.report-shortened"),
            (Gap::StricterKept, "postfix.stricter-kept"),
            (Gap::TooManyNames, "postfix.too-many-names"),
            (Gap::TooManyPins, "postfix.too-many-pins"),
            (Gap::WiderMatch, "postfix.wider-match"),
        ] {
            assert_eq!(gap.code().name, name);
        }
        assert!(SHORTFALLS.is_sorted_by_key(|code| code.name));
        assert_eq!(SHORTFALLS.len(), Gap::WiderMatch as usize + 1);
    }
}
