//! Pauses between tries that grow.

use std::time::Duration;

/// Pauses between tries to open a connection or to write: the first, and the longest. Half of each is random, so that nodes do
/// not come together.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));

/// Pauses that grow.
#[derive(Debug)]
pub(super) struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(PAUSES.0)
    }
}

impl Pause {
    /// Waits for the next pause to pass.
    pub(super) async fn wait(&mut self) {
        tokio::time::sleep(self.next()).await;
    }

    /// The next pause.
    pub(super) fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 2).min(PAUSES.1);
        pause.mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}
