//! How a question is answered.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How long an answer is held back at most; a test that waits as long has failed anyway.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a question is answered.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// From the zone, as a good resolver does.
    Well,
    /// With this response code and nothing else (2 is SERVFAIL, 5 REFUSED).
    Rcode(u8),
    /// SERVFAIL with this extended error (RFC 8914); 6 to 12 say that signatures do not hold.
    Extended(u16),
    /// Not at all.
    Silence,
    /// Truncated over UDP, so that it is asked again over TCP, where the zone answers.
    Truncated,
    /// Truncated over UDP; over TCP the connection is closed without a word.
    TruncatedThenClosed,
    /// Messages of strangers first (another id, another question, no DNS at all), then from the zone.
    StrangersFirst,
    /// Under another id alone.
    WrongId,
    /// About another question alone.
    WrongQuestion,
    /// Header and question as they should be, then these bytes.
    Garbage(Vec<u8>),
    /// With the alias alone: neither what is behind it nor a denial.
    AliasAlone,
    /// A denial without a SOA record.
    DenialWithoutSoa,
    /// From the zone, with records of other names in front that nobody asked for.
    Stuffed,
    /// From the zone, once the gate is opened.
    Held(Gate),
}

/// Holds an answer back until the test opens it.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Behaviour {
    pub(super) fn gate(&self) -> Option<&Gate> {
        if let Self::Held(gate) = self { Some(gate) } else { None }
    }
}

impl Gate {
    /// Lets every answer through, now and later.
    pub fn open(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }

    pub(super) fn wait(&self) {
        let open = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = self.0.1.wait_timeout_while(open, PATIENCE, |open| !*open);
    }
}
