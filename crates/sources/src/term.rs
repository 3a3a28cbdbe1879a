//! How long what is held counts: the rules of `starttls-trust` and the operator's word together.

use starttls_policy::{Head, Timestamp};
use starttls_trust::Term;
use starttls_trust::ladder::{Clock, Event, State, step};

use crate::settings::{Ended, SourceSettings};
use crate::state::{Memory, Record};

/// When a list begins to age and when it ends, and by which clock.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Standing {
    /// None when the operator uses the list beyond its end.
    term: Option<Term>,
    /// The newest quorum time that is known.
    quorum: Option<Timestamp>,
}

impl Standing {
    /// Of what is held; without a list it has ended.
    pub(crate) fn of_record(settings: &SourceSettings, record: &Record) -> Self {
        match (&record.memory, &record.list) {
            (Some(memory), Some(list)) => Self::new(settings, memory, list.timestamp, list.expires),
            _ => Self { term: Some(ended()), quorum: None },
        }
    }

    /// Of a list with this head.
    pub(crate) fn of(settings: &SourceSettings, memory: &Memory, head: &Head) -> Self {
        Self::new(settings, memory, head.timestamp, head.expires)
    }

    fn new(
        settings: &SourceSettings,
        memory: &Memory,
        timestamp: Option<Timestamp>,
        expires: Option<Timestamp>,
    ) -> Self {
        let notice = settings.warn_before.duration().as_secs();
        match memory {
            Memory::Witnessed(memory) => {
                let Term { ageing_from, end } = memory.term;
                let ageing_from = ageing_from.min(earlier(end, notice));
                Self { term: Some(Term { ageing_from, end }), quorum: Some(memory.log.quorum_time) }
            }
            Memory::Plain(_) if settings.ended == Ended::Accepted => Self { term: None, quorum: None },
            // By what the list says, since the operator may have taken his word back.
            Memory::Plain(_) => {
                let end = expires.filter(|_| timestamp.is_some());
                let term = end.map_or_else(ended, |end| Term { ageing_from: earlier(end, notice), end });
                Self { term: Some(term), quorum: None }
            }
        }
    }

    /// The time by which it ends.
    pub(crate) fn clock(self, now: Timestamp) -> Clock {
        Clock::new(now, self.quorum)
    }

    /// What time alone does to it.
    pub(crate) fn event(self, now: Timestamp) -> Option<Event> {
        self.clock(now).event(self.term?)
    }

    /// What accepting it means.
    pub(crate) fn accepted(self, now: Timestamp) -> Event {
        self.term.map_or(Event::AcceptedFresh, |term| self.clock(now).accepted(term))
    }

    /// The state to which time alone brings a source that was in a state at its last run.
    pub(crate) fn state_after(self, last: State, now: Timestamp) -> State {
        match (self.event(now), last) {
            (_, State::Absent) => last,
            (event, State::Ended) if event != Some(Event::PassedEnd) => step(last, self.accepted(now)).0,
            (Some(event), _) => step(last, event).0,
            (None, _) => last,
        }
    }

    /// Tells whether it ended by a clock that was wrong, or by other settings, and counts again.
    pub(crate) fn is_back(self, last: State, now: Timestamp) -> bool {
        last == State::Ended && !self.has_ended(now)
    }

    /// Tells whether it neither ages nor has ended.
    pub(crate) fn is_fresh(self, now: Timestamp) -> bool {
        self.event(now).is_none()
    }

    /// Tells whether it has ended.
    pub(crate) fn has_ended(self, now: Timestamp) -> bool {
        self.event(now) == Some(Event::PassedEnd)
    }

    /// When it ends; never, in effect, when the operator uses it beyond its end.
    pub(crate) fn end(self) -> Timestamp {
        self.term.map_or(Timestamp::MAX, |term| term.end)
    }

    /// When it begins to age and when it ends, if it does.
    pub(crate) const fn term(self) -> Option<Term> {
        self.term
    }
}

/// Of a list without an end, which counts as ended.
fn ended() -> Term {
    let start = Timestamp::from_seconds(0).unwrap_or(Timestamp::MAX);
    Term { ageing_from: start, end: start }
}

fn earlier(time: Timestamp, seconds: u64) -> Timestamp {
    Timestamp::from_seconds(time.seconds().saturating_sub(seconds)).unwrap_or(time)
}
