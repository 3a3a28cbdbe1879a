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
    /// [`NEVER`] where DANE has ended.
    pub(super) dane_until: Option<Timestamp>,
    pub(super) to_verify: Option<(ToVerify, Timestamp)>,
    /// Whether it may move an end to an earlier time.
    pub(super) ends: Ends,
}

/// Whether a change may move an end that is stored to an earlier time.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Ends {
    /// It may not: the clock may be behind.
    #[default]
    Stay,
    /// It may: the clock has proven to be right for long.
    Move,
}

/// The end of DANE that a proven absence ended: before all times, by whatever clock that was.
pub(super) const NEVER: Timestamp = Timestamp::EPOCH;

impl Change {
    /// Takes a later change in.
    pub(super) fn then(&mut self, later: Self) {
        let is_weaker = matches!(
            (&self.policy, &later.policy),
            (Some(mine), Some(other))
                if mine.origin == Learnt::Here && other.origin == Learnt::Elsewhere
        );
        if let Some(policy) = later.policy.filter(|_| !is_weaker) {
            self.policy = Some(later.ends.policy(self.policy.as_ref(), policy));
        }
        self.release = later.release.or(self.release);
        if let Some(until) = later.dane_until {
            self.dane_until = Some(later.ends.dane(self.dane_until, until));
        }
        self.to_verify = later.to_verify.or(self.to_verify);
        self.ends = later.ends;
    }

    /// What a domain's memory will be once this is written.
    pub(super) fn apply_to(&self, remembered: &mut Remembered) {
        let mine = remembered.policy.as_ref();
        if let Some(kept) = self.policy.as_ref().filter(|kept| !stands_against(mine, kept)) {
            remembered.policy = Some(self.ends.policy(mine, kept.clone()));
        }
        remembered.release = self.release.or(remembered.release);
        if let Some(until) = self.dane_until {
            remembered.dane_until = Some(self.ends.dane(remembered.dane_until, until));
        }
    }

    /// Tells whether it changes what is remembered of a domain.
    pub(super) fn is_remembered(&self) -> bool {
        self.policy.is_some() || self.release.is_some() || self.dane_until.is_some()
    }

    /// Tells whether losing it would lose protection.
    pub(super) fn protects(&self) -> bool {
        self.policy.as_ref().is_some_and(enforces)
    }

    /// What of it other nodes should know: what was learnt here.
    pub(super) fn for_others(&self) -> Option<Self> {
        let policy = self.policy.clone().filter(|kept| kept.origin == Learnt::Here);
        let dane_until = self.dane_until.filter(|until| *until != NEVER);
        let (release, ends) = (self.release, self.ends);
        let is_any = policy.is_some() || release.is_some() || dane_until.is_some();
        is_any.then_some(Self { policy, release, dane_until, to_verify: None, ends })
    }

    /// Memory that it takes, roughly, in bytes.
    pub(super) fn weight(&self) -> usize {
        let patterns = self.policy.as_ref().map_or(0, |kept| kept.policy.mx.len());
        // A pattern is 32 bytes, and its name as much again if it is long.
        256 + patterns * 64
    }
}

impl Ends {
    /// The policy that stands after one was learnt over another; the statement that writes it does the same.
    fn policy(self, before: Option<&KeptPolicy>, mut learnt: KeptPolicy) -> KeptPolicy {
        if let Some(before) = before.filter(|before| self == Self::Stay && before.origin == learnt.origin) {
            learnt.policy.fetched = learnt.policy.fetched.max(before.policy.fetched);
        }
        learnt
    }

    /// The end of DANE likewise.
    fn dane(self, before: Option<Timestamp>, until: Timestamp) -> Timestamp {
        if until == NEVER || self == Self::Move {
            until
        } else {
            before.map_or(until, |before| before.max(until))
        }
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
