//! The program's only look at the clock.

use std::time::{SystemTime, UNIX_EPOCH};

use starttls_policy::Timestamp;

/// The present second.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_seconds(since.as_secs()).unwrap_or(Timestamp::MAX)
}
