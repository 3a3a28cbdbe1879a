//! What is to be written of one domain.

use starttls_policy::decide::evidence::StsRelease;
use starttls_policy::{Mode, Timestamp};

use super::remembered::{KeptPolicy, Learnt, Remembered};
use super::standing::ToVerify;

/// What is to be written of one domain; later words replace earlier ones.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Change {
    pub(super) policy: Option<KeptPolicy>,
    pub(super) release: Option<StsRelease>,
    pub(super) dane_until: Option<Timestamp>,
    pub(super) to_verify: Option<(ToVerify, Timestamp)>,
}

impl Change {
    /// Takes a later change in.
    pub(super) fn then(&mut self, later: Self) {
        let is_weaker = matches!(
            (&self.policy, &later.policy),
            (Some(mine), Some(other))
                if mine.origin == Learnt::Here && other.origin == Learnt::Elsewhere
        );
        if later.policy.is_some() && !is_weaker {
            self.policy = later.policy;
        }
        self.release = later.release.or(self.release);
        self.dane_until = later.dane_until.or(self.dane_until);
        self.to_verify = later.to_verify.or(self.to_verify);
    }

    /// What a domain's memory will be once this is written.
    pub(super) fn apply_to(&self, remembered: &mut Remembered) {
        let mine = remembered.policy.as_ref();
        if let Some(kept) = self.policy.as_ref().filter(|kept| !stands_against(mine, kept)) {
            remembered.policy = Some(kept.clone());
        }
        remembered.release = self.release.or(remembered.release);
        remembered.dane_until = self.dane_until.or(remembered.dane_until);
    }

    /// Tells whether losing it would lose protection.
    pub(super) fn protects(&self) -> bool {
        self.policy.as_ref().is_some_and(enforces)
    }

    /// What of it other nodes should know: what was learnt here.
    pub(super) fn for_others(&self) -> Option<Self> {
        let policy = self.policy.clone().filter(|kept| kept.origin == Learnt::Here);
        let shared = Self { policy, release: self.release, dane_until: self.dane_until, to_verify: None };
        (shared != Self::default()).then_some(shared)
    }

    /// Memory that it takes, roughly, in bytes.
    pub(super) fn weight(&self) -> usize {
        let patterns = self.policy.as_ref().map_or(0, |kept| kept.policy.mx.len());
        // A pattern is 32 bytes, and its name as much again if it is long.
        256 + patterns * 64
    }
}

/// Tells whether what this node saw enforced stands against what another node says; the statement that writes it asks the same.
fn stands_against(mine: Option<&KeptPolicy>, other: &KeptPolicy) -> bool {
    other.origin == Learnt::Elsewhere
        && mine.is_some_and(|mine| {
            mine.origin == Learnt::Here && enforces(mine) && mine.policy.ends() > other.confirmed
        })
}

fn enforces(kept: &KeptPolicy) -> bool {
    kept.policy.mode == Mode::Enforce
}
