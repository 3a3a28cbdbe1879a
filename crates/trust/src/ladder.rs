//! The staleness ladder: what becomes of a source as it is fetched, fails, is contradicted and grows old.
//!
//! One table over every state and every event; docs/staleness.md is held to it. Who fetches, keeps files and writes to the
//! operator is `starttls-sources` and the program.
//!
//! Spec: docs/list-distribution.md, "Freshness and end"; docs/staleness.md.

use core::fmt;

use serde::{Deserialize, Serialize};
use starttls_policy::Timestamp;

use crate::term::Term;

/// Where a source stands.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing of it was ever accepted.
    #[default]
    Absent,
    /// Its list is in force.
    Fresh,
    /// Its list is in force, and nobody has vouched for it for a while.
    Ageing,
    /// Its list is in force, and something validly signed contradicts it.
    Suspicious,
    /// Its list has ended and was withdrawn.
    Ended,
}

/// What happens to it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Event {
    /// A list was accepted, and is fresh.
    AcceptedFresh,
    /// A list was accepted, and is ageing already.
    AcceptedAgeing,
    /// No mirror gave anything that could be accepted.
    Failed,
    /// Something validly signed contradicts what is known.
    Contradicted,
    /// The list in force begins to age.
    PassedSoftLimit,
    /// The list in force has ended, and no newer one was accepted.
    PassedEnd,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Action {
    /// To what is in force.
    pub deed: Deed,
    /// To whom it matters.
    pub notice: Notice,
}

/// What is to be done to what is in force.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Deed {
    /// Leave it as it is.
    Keep,
    /// Put the accepted list in its place.
    Install,
    /// Put the accepted list in force again, after a withdrawal.
    Restore,
    /// Remove what came from this source, and nothing else; once more does no harm.
    Withdraw,
}

/// How loudly to speak; ordered from quiet to loud.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Notice {
    /// Not at all.
    Quiet,
    /// That all is well again.
    Tell,
    /// What is wrong, and how long the list still holds.
    Warn,
    /// That mail is no longer protected, or that somebody may be attacking.
    Alert,
    /// The same, and what contradicts is saved as evidence.
    AlertWithEvidence,
}

/// Moves a source along the ladder.
#[expect(clippy::match_same_arms, reason = "a table by event: each row stands for itself")]
pub const fn step(state: State, event: Event) -> (State, Action) {
    use Deed::{Install, Keep, Restore, Withdraw};
    use Event::{AcceptedAgeing, AcceptedFresh, Contradicted, Failed, PassedEnd, PassedSoftLimit};
    use Notice::{Alert, AlertWithEvidence, Quiet, Tell, Warn};
    use State::{Absent, Ageing, Ended, Fresh, Suspicious};

    let (next, deed, notice) = match (state, event) {
        (Absent | Fresh, AcceptedFresh) => (Fresh, Install, Quiet),
        (Ageing | Suspicious, AcceptedFresh) => (Fresh, Install, Tell),
        (Ended, AcceptedFresh) => (Fresh, Restore, Tell),

        (Absent | Fresh | Ageing | Suspicious, AcceptedAgeing) => (Ageing, Install, Warn),
        (Ended, AcceptedAgeing) => (Ageing, Restore, Warn),

        (Absent, Failed) => (Absent, Keep, Warn),
        (Fresh, Failed) => (Fresh, Keep, Quiet),
        (Ageing, Failed) => (Ageing, Keep, Warn),
        (Suspicious, Failed) => (Suspicious, Keep, Alert),
        (Ended, Failed) => (Ended, Withdraw, Alert),

        (Absent, Contradicted) => (Absent, Keep, AlertWithEvidence),
        (Fresh | Ageing | Suspicious, Contradicted) => (Suspicious, Keep, AlertWithEvidence),
        (Ended, Contradicted) => (Ended, Withdraw, AlertWithEvidence),

        (Absent, PassedSoftLimit) => (Absent, Keep, Quiet),
        (Fresh | Ageing, PassedSoftLimit) => (Ageing, Keep, Warn),
        (Suspicious, PassedSoftLimit) => (Suspicious, Keep, Alert),
        (Ended, PassedSoftLimit) => (Ended, Withdraw, Alert),

        (Absent, PassedEnd) => (Absent, Keep, Quiet),
        (Fresh | Ageing | Suspicious | Ended, PassedEnd) => (Ended, Withdraw, Alert),
    };
    (next, Action { deed, notice })
}

/// The time by which lists end: the local clock, or what witnesses vouched for when that is later.
///
/// A clock that was set back brings nothing that has ended back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Clock(Timestamp);

impl Clock {
    /// From the local clock and the newest quorum time that was accepted.
    pub fn new(local: Timestamp, quorum: Option<Timestamp>) -> Self {
        Self(quorum.map_or(local, |quorum| quorum.max(local)))
    }

    /// The time.
    pub const fn now(self) -> Timestamp {
        self.0
    }

    /// What time alone does to a list in force.
    pub fn event(self, term: Term) -> Option<Event> {
        if term.has_ended(self.0) {
            Some(Event::PassedEnd)
        } else {
            term.is_ageing(self.0).then_some(Event::PassedSoftLimit)
        }
    }

    /// What accepting a list of this term means; nothing that has ended is ever accepted.
    pub fn accepted(self, term: Term) -> Event {
        if term.is_ageing(self.0) { Event::AcceptedAgeing } else { Event::AcceptedFresh }
    }
}

impl Event {
    /// All.
    pub const ALL: [Self; 6] = [
        Self::AcceptedFresh,
        Self::AcceptedAgeing,
        Self::Failed,
        Self::Contradicted,
        Self::PassedSoftLimit,
        Self::PassedEnd,
    ];
}

impl State {
    /// All, in the order of life.
    pub const ALL: [Self; 5] = [Self::Absent, Self::Fresh, Self::Ageing, Self::Suspicious, Self::Ended];

    /// The word used in output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Fresh => "fresh",
            Self::Ageing => "ageing",
            Self::Suspicious => "suspicious",
            Self::Ended => "ended",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::AcceptedFresh => "accepted, fresh",
            Self::AcceptedAgeing => "accepted, ageing already",
            Self::Failed => "every mirror failed",
            Self::Contradicted => "contradicted by something validly signed",
            Self::PassedSoftLimit => "the list begins to age",
            Self::PassedEnd => "the list has ended",
        })
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.deed {
            Deed::Keep => "leave what is in force",
            Deed::Install => "install the list",
            Deed::Restore => "put the source back in force",
            Deed::Withdraw => "withdraw what came from this source",
        })?;
        f.write_str(match self.notice {
            Notice::Quiet => "",
            Notice::Tell => "; tell that it is well again",
            Notice::Warn => "; warn, with the time that is left",
            Notice::Alert => "; alert",
            Notice::AlertWithEvidence => "; alert, and save the evidence",
        })
    }
}

#[cfg(test)]
mod tests;
