//! Policies that are to be checked again before they end.

use std::sync::{Mutex, PoisonError};

use starttls_policy::{Domain, Mode, Timestamp};

use super::questions::{self, Place};
use super::standing::add;
use super::{Learned, record};

/// Where each of the orders stands, so that every policy has its turn, however many before it cannot be fetched.
#[derive(Debug, Default)]
pub(super) struct Turns {
    ending: [Mutex<Place>; MODES.len()],
    unconfirmed: Mutex<Place>,
}

/// Modes whose policies are renewed before they end, by what it would cost to lose them.
const MODES: [Mode; 3] = [Mode::Enforce, Mode::Testing, Mode::None];

impl Learned {
    /// Policies to check again, soonest end first: those that end before a time, and those whose `id` was last seen before
    /// another. One that had ended at `confirmed_before` is left alone.
    ///
    /// Where there are more than `limit`, the next call goes on behind them, and begins anew at the end: policies that cannot
    /// be fetched keep no others waiting.
    pub async fn due(
        &self,
        confirmed_before: Timestamp,
        ends_before: Timestamp,
        limit: usize,
    ) -> Vec<Domain> {
        let mut due: Vec<(i64, String)> = Vec::new();
        // Ends first, but not alone: a third is for policies whose `id` has not been seen for long.
        let reserved = limit / 3;
        for (mode, turn) in MODES.iter().zip(&self.turns.ending) {
            let room = limit.saturating_sub(reserved).saturating_sub(due.len());
            due.extend(self.ending(*mode, confirmed_before, ends_before, turn, room).await);
        }
        // What a clock that was ahead confirmed has to be verified by the right one.
        let room = limit.saturating_sub(due.len());
        due.extend(self.ahead(ends_before, room).await);
        let room = limit.saturating_sub(due.len());
        due.extend(self.unconfirmed(confirmed_before, room).await);
        due.sort();
        due.dedup();
        let domains: Vec<Domain> = due.iter().filter_map(|(_, name)| record::domain(name).ok()).collect();
        add(&self.own.tally.unreadable, (due.len() - domains.len()) as u64);
        domains
    }

    async fn ending(
        &self,
        mode: Mode,
        ended_before: Timestamp,
        ends_before: Timestamp,
        turn: &Mutex<Place>,
        room: usize,
    ) -> Vec<(i64, String)> {
        let start = Place::behind(ended_before);
        let behind = place(turn).max(start.clone());
        let mut found = self.ending_behind(mode, ends_before, &behind, room).await;
        let mut is_more = found.len() == room;
        if !is_more && behind != start {
            // The end of the order: the rest comes from its beginning.
            let first = self.ending_behind(mode, ends_before, &start, room - found.len()).await;
            is_more = found.len() + first.len() == room;
            found.extend(first);
        }
        let last = found.last().filter(|_| is_more);
        if room > 0 {
            set(turn, last.map(|(time, domain)| Place { time: *time, domain: domain.clone() }));
        }
        found
    }

    async fn ending_behind(
        &self,
        mode: Mode,
        ends_before: Timestamp,
        behind: &Place,
        room: usize,
    ) -> Vec<(i64, String)> {
        if room == 0 {
            return Vec::new();
        }
        let Some(database) = self.own.database() else { return Vec::new() };
        let asked = questions::ending(&database, mode.name(), ends_before, behind, room).await;
        self.own.read(asked).unwrap_or_default()
    }

    async fn ahead(&self, confirmed_after: Timestamp, room: usize) -> Vec<(i64, String)> {
        let Some(database) = self.own.database().filter(|_| room > 0) else { return Vec::new() };
        self.own.read(questions::ahead(&database, confirmed_after, room).await).unwrap_or_default()
    }

    async fn unconfirmed(&self, confirmed_before: Timestamp, room: usize) -> Vec<(i64, String)> {
        let turn = &self.turns.unconfirmed;
        let (behind, start) = (place(turn), Place::default());
        let mut found = self.unconfirmed_behind(confirmed_before, &behind, room).await;
        let mut is_more = found.len() == room;
        if !is_more && behind != start {
            let first = self.unconfirmed_behind(confirmed_before, &start, room - found.len()).await;
            is_more = found.len() + first.len() == room;
            found.extend(first);
        }
        let last = found.last().filter(|_| is_more);
        if room > 0 {
            set(turn, last.map(|(_, domain, confirmed)| Place { time: *confirmed, domain: domain.clone() }));
        }
        found.into_iter().map(|(ends, domain, _)| (ends, domain)).collect()
    }

    async fn unconfirmed_behind(
        &self,
        confirmed_before: Timestamp,
        behind: &Place,
        room: usize,
    ) -> Vec<(i64, String, i64)> {
        if room == 0 {
            return Vec::new();
        }
        let Some(database) = self.own.database() else { return Vec::new() };
        let asked = questions::unconfirmed(&database, confirmed_before, behind, room).await;
        self.own.read(asked).unwrap_or_default()
    }
}

fn place(turn: &Mutex<Place>) -> Place {
    turn.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn set(turn: &Mutex<Place>, place: Option<Place>) {
    *turn.lock().unwrap_or_else(PoisonError::into_inner) = place.unwrap_or_default();
}
