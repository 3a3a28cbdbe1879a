//! A wall clock that is behind what is stored: noticed, said once, and shown for as long as it lasts.
//!
//! One of two clocks is wrong then: this one, or the one by which the later times were stored. Nothing tells them apart at once, so
//! that stored ends stay as they are, and what is learnt meanwhile is dated by this clock, which makes it end early and never late.

use std::sync::atomic::{AtomicBool, Ordering};

use starttls_policy::Timestamp;

use super::{Learned, questions};

/// Whether the log has told of it.
#[derive(Debug, Default)]
pub(super) struct Complaint(AtomicBool);

impl Learned {
    /// The trouble with the wall clock, if it is behind times that are stored; a sentence with the cure.
    pub fn clock_trouble(&self, now: Timestamp) -> Option<String> {
        self.clock.note(now);
        let newest = self.clock.behind(now)?;
        Some(format!(
            "the clock of this machine shows {now}, and what was learnt is from as late as {newest}: set the clock right (see \
             `timedatectl`); until then stored policies and DANE stay as they are, and certificates may seem not to be valid yet; \
             if the clock is right, the one before was ahead, and this ends by itself after a week"
        ))
    }

    /// Logs the trouble with the wall clock when it begins and when it ends.
    pub fn watch_clock(&self, now: Timestamp) {
        let trouble = self.clock_trouble(now);
        let was_told = self.complaint.0.swap(trouble.is_some(), Ordering::Relaxed);
        match (trouble, was_told) {
            (Some(words), false) => tracing::error!("{words}"),
            (None, true) => tracing::info!("the clock of this machine is no longer behind what was learnt"),
            _ => {}
        }
    }

    /// Gives an end to what was stored ahead of a clock that is believed.
    pub(super) async fn bound_what_is_ahead(&self, now: Timestamp) {
        if !self.clock.is_believed() || self.clock.is_ahead_of(now).is_none() {
            return;
        }
        let Some(database) = self.own.database() else { return };
        self.flush().await;
        if let Some(rows) = self.own.read(questions::bound_ahead(&database, now).await) {
            self.clock.forget_ahead(now);
            tracing::warn!(
                rows,
                "the clock has gone for a week without a jump, and is believed: what was stored at later times counts from now"
            );
        }
    }
}
