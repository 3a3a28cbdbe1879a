//! Forgetting what has no more use: by itself, and a little at a time.

use std::time::Duration;

use starttls_policy::Timestamp;

use super::questions::PoliciesElsewhere;
use super::{Learned, questions};

/// How long a row stays that has ended. Nothing asks for it any more, but it may have ended by a wrong clock alone: what still holds
/// by the right one must be there when that is back.
const GRACE: Duration = Duration::from_hours(30 * 24);

/// Rows of each kind that one call removes: some milliseconds for which nothing else is written. With a call each minute these are
/// more in a day than two million policies end.
const AT_ONCE: usize = 500;

impl Learned {
    /// Forgets some of what ended a month ago or earlier: policies, the releases that they made void, DANE; and domains to be
    /// verified that nobody has asked about for as long. Tells how many rows; to be called every minute or so.
    ///
    /// Nothing before the clock has gone without a jump for [`SETTLED_AFTER`](super::SETTLED_AFTER): what has ended by a wrong clock
    /// has not ended.
    ///
    /// On this node alone, as [`purge`](Self::purge); the shared store makes room by itself when it is full.
    pub async fn forget_ended(&self, now: Timestamp) -> u64 {
        self.watch_clock(now);
        self.bound_what_is_ahead(now).await;
        if !self.clock.is_settled() {
            return 0;
        }
        let by = now.seconds().saturating_sub(GRACE.as_secs());
        let Ok(by) = Timestamp::from_seconds(by) else { return 0 };
        let Some(database) = self.own.database() else { return 0 };
        let ended = self
            .own
            .read(questions::forget_ended(&database, by, AT_ONCE, PoliciesElsewhere::Forgotten).await);
        let unasked = self.own.read(questions::forget_unasked(&database, by, AT_ONCE).await);
        // What was counted of the tables is not counted anew for it: fewer rows than counted do no harm.
        ended.unwrap_or(0) + unasked.unwrap_or(0)
    }
}
