//! What ended long ago is forgotten while the daemon runs, a little every minute.

use std::time::Duration;

use starttls_daemon::learned::Learned;
use tokio::time::sleep;

use crate::clock;

/// Each time some hundred rows go.
const EVERY: Duration = Duration::from_mins(1);

/// Forgets, for ever. Not at the start: there is more urgent work then, and a clock may not be right yet.
pub(super) async fn forget_ended(learned: Learned) {
    // A clock that is behind what was learnt is told of at once.
    learned.watch_clock(clock::now());
    loop {
        sleep(EVERY).await;
        learned.forget_ended(clock::now()).await;
    }
}
