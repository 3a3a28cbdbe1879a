//! Whether the resolver validates DNSSEC: proven at start, proven again and again, and loud when it stops.
//!
//! Spec: RFC 7672 §2.1.1 (only validated answers count), RFC 4035 §4.9.3 (the AD bit of a trusted resolver).

use std::sync::atomic::{AtomicU8, Ordering};

use starttls_discover::Validation;

/// What is known of the resolver.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// Nobody could ask yet: answers are taken as they come.
    Unknown,
    /// It validates.
    Proven,
    /// It never did: DANE is not available.
    Refuted,
    /// It did and stopped: domains last answered by DANE wait.
    Lost,
}

impl Standing {
    /// The word for metrics and status.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Proven => "proven",
            Self::Refuted => "refuted",
            Self::Lost => "lost",
        }
    }

    /// What a proof, or its failure, makes of it. No answer says nothing about validation.
    pub(crate) const fn after(self, proof: &Validation) -> Self {
        match (self, proof) {
            (_, Validation::Proven) => Self::Proven,
            (Self::Proven | Self::Lost, Validation::Refuted { .. }) => Self::Lost,
            (Self::Unknown | Self::Refuted, Validation::Refuted { .. }) => Self::Refuted,
            (before, Validation::Unknown(_)) => before,
        }
    }
}

const ALL: [Standing; 4] = [Standing::Unknown, Standing::Proven, Standing::Refuted, Standing::Lost];

/// The standing, where every thread sees it.
pub(crate) struct Shared(AtomicU8);

impl Shared {
    pub(crate) const fn new() -> Self {
        Self(AtomicU8::new(Standing::Unknown as u8))
    }

    pub(crate) fn get(&self) -> Standing {
        ALL.get(usize::from(self.0.load(Ordering::Acquire))).copied().unwrap_or(Standing::Unknown)
    }

    /// Takes a proof in; tells what it was and is, if that changed.
    pub(crate) fn take(&self, proof: &Validation) -> Option<(Standing, Standing)> {
        let before = self.get();
        let after = before.after(proof);
        self.0.store(after as u8, Ordering::Release);
        (before != after).then_some((before, after))
    }
}

#[cfg(test)]
mod resolver {
    use super::*;

    const REFUTED: Validation = Validation::Refuted { words: String::new() };

    #[test]
    fn that_never_validated_makes_dane_unavailable() {
        assert_eq!(Standing::Unknown.after(&REFUTED), Standing::Refuted);
        assert_eq!(Standing::Refuted.after(&REFUTED), Standing::Refuted);
    }

    #[test]
    fn that_stops_validating_is_not_taken_for_one_that_never_did() {
        assert_eq!(Standing::Proven.after(&REFUTED), Standing::Lost);
        assert_eq!(Standing::Lost.after(&REFUTED), Standing::Lost);
        assert_eq!(Standing::Lost.after(&Validation::Proven), Standing::Proven);
    }
}
