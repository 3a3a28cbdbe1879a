//! A policy: what must hold for delivery to one domain.
//!
//! Spec: RFC 8461 §3.2 for modes and MX; docs/list-format.md for the rest.

use alloc::boxed::Box;
use alloc::sync::Arc;

use crate::mode::{Mode, Requirement, TlsVersion};
use crate::mx::{MxHost, MxPattern};
use crate::pin::Pinset;
use crate::report_to::ReportTo;

/// What a list says of one domain, or of all domains of one MX operator.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    /// How binding it is.
    pub mode: Mode,
    /// What a session must show.
    pub requirement: Requirement,
    /// The oldest TLS version allowed; `None` leaves it to the operator.
    pub min_tls: Option<TlsVersion>,
    /// The hosts that may receive; empty only if the mode is [`Mode::None`].
    pub mx: Box<[MxPattern]>,
    /// Keys that certificates are bound to.
    pub pinset: Option<Arc<Pinset>>,
    /// Where the domain wants to hear of failures.
    pub report_to: Box<[ReportTo]>,
}

/// How one policy stands to another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Strictness {
    /// Both admit the same sessions.
    Same,
    /// The newer one admits fewer.
    Tighter,
    /// The newer one admits more.
    Looser,
    /// Each admits some that the other refuses.
    Incomparable,
}

impl Policy {
    /// A policy that asks for valid certificates and nothing more.
    pub fn new(mode: Mode, mx: impl Into<Box<[MxPattern]>>) -> Self {
        Self {
            mode,
            requirement: Requirement::Certificate,
            min_tls: None,
            mx: mx.into(),
            pinset: None,
            report_to: Box::default(),
        }
    }

    /// Tells whether mail for the domain may go to this host.
    pub fn covers(&self, host: &MxHost) -> bool {
        self.mx.iter().any(|pattern| pattern.covers(host))
    }

    /// Compares this policy, the newer, with an older one of the same domain.
    ///
    /// Tighter means: mode, requirement and TLS version at least as high, no MX host that was not admitted
    /// before, and the same pins or pins where there were none. A policy without a version leaves it to the operator, whose
    /// own minimum is taken to be TLS 1.2 (RFC 9325 §3.1.1): to name that or a later one is tighter, to name an older one is
    /// neither. Report addresses do not count.
    pub fn compared_with(&self, older: &Self) -> Strictness {
        match (self.is_at_least(older), older.is_at_least(self)) {
            (true, true) => Strictness::Same,
            (true, false) => Strictness::Tighter,
            (false, true) => Strictness::Looser,
            (false, false) => Strictness::Incomparable,
        }
    }

    fn is_at_least(&self, other: &Self) -> bool {
        self.mode >= other.mode
            && self.requirement >= other.requirement
            && version_is_at_least(self.min_tls, other.min_tls)
            && mx_within(&self.mx, &other.mx, other.mode)
            && (other.pinset.is_none() || same_pins(self.pinset.as_deref(), other.pinset.as_deref()))
    }
}

/// `None` is the operator's own minimum, which an older version than TLS 1.2 may undercut and never raise.
fn version_is_at_least(version: Option<TlsVersion>, other: Option<TlsVersion>) -> bool {
    match (version, other) {
        (Some(version), None) => version >= TlsVersion::Tls12,
        (version, other) => version >= other,
    }
}

/// A pinset's name is the list's business: another name binds no certificate otherwise.
fn same_pins(one: Option<&Pinset>, other: Option<&Pinset>) -> bool {
    let pins = |pinset: &'_ Pinset| (pinset.kind, pinset.pins.clone(), pinset.bad.clone());
    one.map(pins) == other.map(pins)
}

fn mx_within(narrow: &[MxPattern], wide: &[MxPattern], wide_mode: Mode) -> bool {
    // An entry of mode `none` restricts no host, whatever it names.
    wide_mode == Mode::None || narrow.iter().all(|pattern| wide.iter().any(|other| other.includes(pattern)))
}

#[cfg(test)]
mod strictness {
    use super::*;
    use alloc::vec::Vec;

    fn policy(mode: Mode, mx: &[&str]) -> Policy {
        Policy::new(mode, mx.iter().map(|text| MxPattern::parse(text).unwrap()).collect::<Vec<_>>())
    }

    #[test]
    fn grows_with_mode_requirement_version_and_pins() {
        let base = policy(Mode::Testing, &[".example.org"]);
        let enforce = Policy { mode: Mode::Enforce, ..base.clone() };
        let narrower = policy(Mode::Testing, &["mx.example.org"]);
        let newer = Policy { min_tls: Some(TlsVersion::Tls13), ..base.clone() };
        for tighter in [&enforce, &narrower, &newer] {
            assert_eq!(tighter.compared_with(&base), Strictness::Tighter);
            assert_eq!(base.compared_with(tighter), Strictness::Looser);
        }
        let weaker = Policy { requirement: Requirement::Tls, ..base.clone() };
        assert_eq!(weaker.compared_with(&base), Strictness::Looser);
        assert_eq!(base.compared_with(&base), Strictness::Same);
    }

    #[test]
    fn cannot_be_told_when_one_gains_what_the_other_loses() {
        let one = policy(Mode::Enforce, &["mx1.example.org"]);
        assert_eq!(one.compared_with(&policy(Mode::Enforce, &["mx2.example.org"])), Strictness::Incomparable);
        assert_eq!(one.compared_with(&policy(Mode::Testing, &["mx2.example.org"])), Strictness::Incomparable);
    }

    #[test]
    fn of_versions_takes_an_unsaid_one_for_the_operators() {
        let unsaid = policy(Mode::Enforce, &["mx.example.org"]);
        let with = |version| Policy { min_tls: Some(version), ..unsaid.clone() };
        for version in [TlsVersion::Tls10, TlsVersion::Tls11] {
            assert_eq!(with(version).compared_with(&unsaid), Strictness::Incomparable);
            assert_eq!(unsaid.compared_with(&with(version)), Strictness::Incomparable);
        }
        for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
            assert_eq!(with(version).compared_with(&unsaid), Strictness::Tighter);
            assert_eq!(unsaid.compared_with(&with(version)), Strictness::Looser);
        }
        assert_eq!(with(TlsVersion::Tls11).compared_with(&with(TlsVersion::Tls10)), Strictness::Tighter);
    }

    #[test]
    fn of_anything_is_above_mode_none() {
        let none = policy(Mode::None, &[]);
        assert_eq!(policy(Mode::Testing, &["mx.example.org"]).compared_with(&none), Strictness::Tighter);
        assert_eq!(none.compared_with(&policy(Mode::Enforce, &["mx.example.org"])), Strictness::Looser);
    }
}
