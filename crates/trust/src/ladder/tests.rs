//! The whole table, and what must hold of it.
use std::fmt::Write;

use super::*;
use crate::term::DAY_SECONDS;

const PAGE: &str = include_str!("../../../../docs/staleness.md");

fn table() -> String {
    let mut text = String::from("| state | event | next state | what is done |\n|---|---|---|---|\n");
    for state in State::ALL {
        for event in Event::ALL {
            let (next, action) = step(state, event);
            writeln!(text, "| {state} | {event} | {next} | {action} |").unwrap();
        }
    }
    text
}

#[test]
fn documentation_has_every_state_and_every_event() {
    assert!(PAGE.contains(&table()), "docs/staleness.md wants this table:\n{}", table());
}

#[test]
fn nothing_is_withdrawn_before_its_end() {
    for state in [State::Absent, State::Fresh, State::Ageing, State::Suspicious] {
        for event in Event::ALL {
            let (next, action) = step(state, event);
            let ends = event == Event::PassedEnd && state != State::Absent;
            assert_eq!(action.deed == Deed::Withdraw, ends, "{state}: {event}");
            assert_eq!(next == State::Ended, ends, "{state}: {event}");
        }
    }
}

#[test]
fn everything_accepted_comes_into_force_from_every_state() {
    for state in State::ALL {
        for (event, want) in [(Event::AcceptedFresh, State::Fresh), (Event::AcceptedAgeing, State::Ageing)] {
            let (next, action) = step(state, event);
            let deed = if state == State::Ended { Deed::Restore } else { Deed::Install };
            assert_eq!((next, action.deed), (want, deed), "{state}: {event}");
        }
    }
}

#[test]
fn what_ended_stays_withdrawn_until_something_is_accepted() {
    for event in [Event::Failed, Event::Contradicted, Event::PassedSoftLimit, Event::PassedEnd] {
        let (next, action) = step(State::Ended, event);
        assert_eq!((next, action.deed), (State::Ended, Deed::Withdraw), "{event}");
        assert!(action.notice >= Notice::Alert, "{event}");
    }
}

#[test]
fn contradictions_are_always_alerted_with_evidence() {
    for state in State::ALL {
        assert_eq!(step(state, Event::Contradicted).1.notice, Notice::AlertWithEvidence, "{state}");
    }
}

#[test]
fn where_nothing_was_ever_accepted_nothing_is_done() {
    for event in [Event::Failed, Event::Contradicted, Event::PassedSoftLimit, Event::PassedEnd] {
        let (next, action) = step(State::Absent, event);
        assert_eq!((next, action.deed), (State::Absent, Deed::Keep), "{event}");
    }
}

mod clock {
    use super::*;

    fn day(day: u64) -> Timestamp {
        Timestamp::from_seconds(day * DAY_SECONDS).unwrap()
    }

    #[test]
    fn set_back_brings_nothing_back() {
        let term = Term { ageing_from: day(10), end: day(20) };
        assert_eq!(Clock::new(day(1), None).event(term), None);
        assert_eq!(Clock::new(day(1), Some(day(10))).event(term), Some(Event::PassedSoftLimit));
        assert_eq!(Clock::new(day(1), Some(day(20))).event(term), Some(Event::PassedEnd));
        assert_eq!(Clock::new(day(20), Some(day(1))).event(term), Some(Event::PassedEnd));
    }
}
