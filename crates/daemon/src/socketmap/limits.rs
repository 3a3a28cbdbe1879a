//! How many may be connected, and how long each may take.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that the rest of the program needs: database, listeners, DNS and HTTPS under way.
const RESERVED_FILES: u64 = 256;

/// The limits of a socketmap server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Connections at once; the system's limit of open files may leave room for fewer. One more, and that which was
    /// without use for longest is closed.
    pub max_connections: usize,
    /// From the first byte of a request to its last.
    pub request: Duration,
    /// Between a reply and the next request. Postfix itself closes a connection after ten seconds without use.
    pub idle: Duration,
    /// Until a client has read what it asked for.
    pub unread: Duration,
    /// Until an answer is found out, then it is a temporary error. Postfix waits for 100 seconds.
    pub answer: Duration,
    /// For replies under way when the server stops.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 4096,
            request: Duration::from_secs(10),
            idle: Duration::from_hours(1),
            unread: Duration::from_secs(10),
            answer: Duration::from_secs(90),
            grace: Duration::from_secs(5),
        }
    }
}

impl Limits {
    /// How often deadlines are looked at: they are kept to within an eighth of the shortest, and a second.
    pub(super) fn sweep(&self) -> Duration {
        let shortest = self.request.min(self.idle).min(self.unread).min(self.grace);
        (shortest / 8).clamp(Duration::from_millis(10), Duration::from_secs(1))
    }

    /// How many connections there really may be: raises the soft limit of open files as far as it needs and may.
    pub(super) fn places(&self) -> usize {
        let wanted = u64::try_from(self.max_connections).unwrap_or(u64::MAX).saturating_add(RESERVED_FILES);
        let limit = getrlimit(Resource::Nofile);
        let soft = limit.current.unwrap_or(u64::MAX);
        let raised = wanted.min(limit.maximum.unwrap_or(u64::MAX));
        let files = if soft >= raised {
            soft
        } else {
            match setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum: limit.maximum }) {
                Ok(()) => raised,
                Err(_) => soft,
            }
        };
        places_within(files, self.max_connections)
    }
}

/// With few files, half of them are left to the rest of the program.
fn places_within(files: u64, max_connections: usize) -> usize {
    let places = files.saturating_sub(RESERVED_FILES).max(files / 2);
    usize::try_from(places).unwrap_or(usize::MAX).min(max_connections).max(1)
}

#[cfg(test)]
mod places {
    use super::*;

    #[test]
    fn are_what_the_setting_says_where_files_suffice() {
        assert_eq!(places_within(1_000_000, 4096), 4096);
    }

    #[test]
    fn leave_files_to_the_rest_of_the_program() {
        assert_eq!(places_within(1024, 4096), 768);
        assert_eq!(places_within(256, 4096), 128);
        assert_eq!(places_within(64, 4096), 32);
    }

    #[test]
    fn are_never_none() {
        assert_eq!(places_within(0, 0), 1);
    }

    #[test]
    fn deadlines_are_looked_at_often_enough_and_not_too_often() {
        assert_eq!(Limits::default().sweep(), Duration::from_millis(625));
        let quick = Limits { request: Duration::from_millis(160), ..Limits::default() };
        assert_eq!(quick.sweep(), Duration::from_millis(20));
        let mad = Limits { idle: Duration::ZERO, ..Limits::default() };
        assert_eq!(mad.sweep(), Duration::from_millis(10));
    }
}
