//! Whether MX look-ups are answered: no mail goes out while none is, so that its beginning and its end are logged.
//!
//! One domain that cannot be looked up is that domain's own trouble. It is the resolver's when no server answers at all, or when
//! several domains in a row fail, for a while, and none is answered between them.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use starttls_discover::{Discovering, ResolverState};
use starttls_policy::Domain;
use tokio::time::Instant;

use super::{Inner, Known, Memory};

/// So many domains that fail in a row are a warning.
const SEVERAL: usize = 3;

/// So many are an error, if none is answered for [`LONG`].
const MANY: usize = 5;

/// How long no look-up is answered before failing domains count as a failing resolver.
const LONG: Duration = Duration::from_secs(30);

/// The error is logged again after that time.
const REPEAT: Duration = Duration::from_mins(10);

/// State of the look-ups.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum LookupState {
    /// Nothing was looked up yet.
    #[default]
    Unknown,
    /// They are answered.
    Working,
    /// Some server does not answer, or several domains failed in a row.
    Degraded,
    /// None is answered: mail to domains that are not cached waits.
    Failing,
}

impl LookupState {
    /// The word for metrics and status.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Working => "working",
            Self::Degraded => "degraded",
            Self::Failing => "failing",
        }
    }
}

/// State of the look-ups with its cause, and of each resolver.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LookupReport {
    /// Whether look-ups are answered.
    pub state: LookupState,
    /// The last failure, while there is one.
    pub failure: Option<String>,
    /// The resolvers that are asked.
    pub resolvers: Vec<ResolverState>,
}

/// What is to be logged.
#[derive(Debug, Eq, PartialEq)]
enum Event {
    Begun(String),
    Failing(String),
    Back,
}

/// What is known of the look-ups so far.
#[derive(Debug, Default)]
pub(crate) struct Lookups(Mutex<Tracked>);

#[derive(Debug, Default)]
struct Tracked {
    /// Look-ups that were answered.
    answers: u64,
    /// Domains that failed since the last answer, each once; no more than [`MANY`].
    failed: Vec<Domain>,
    /// When the first of them did.
    since: Option<Instant>,
    failure: Option<String>,
    state: LookupState,
    logged: Option<Instant>,
    /// The resolvers that did not answer when they were looked at last.
    dead: Vec<String>,
}

impl Tracked {
    fn answered(&mut self) {
        self.answers += 1;
        self.failed.clear();
        self.since = None;
        self.failure = None;
    }

    fn failed(&mut self, domain: &Domain, words: &str, now: Instant) {
        if self.failed.len() < MANY && !self.failed.contains(domain) {
            self.failed.push(domain.clone());
        }
        self.since.get_or_insert(now);
        self.failure = Some(words.to_owned());
    }

    fn state(&self, resolvers: &[ResolverState], now: Instant) -> LookupState {
        let dead = resolvers.iter().filter(|resolver| resolver.failure.is_some()).count();
        let is_long = self.since.is_some_and(|since| now.saturating_duration_since(since) >= LONG);
        if (dead > 0 && dead == resolvers.len()) || (self.failed.len() >= MANY && is_long) {
            LookupState::Failing
        } else if dead > 0 || self.failed.len() >= SEVERAL {
            LookupState::Degraded
        } else if self.answers > 0 {
            LookupState::Working
        } else {
            LookupState::Unknown
        }
    }

    /// Tells whether a resolver answers that did not before.
    fn has_returned(&mut self, resolvers: &[ResolverState]) -> bool {
        let is_dead = |resolver: &&ResolverState| resolver.failure.is_some();
        let dead: Vec<String> = resolvers.iter().filter(is_dead).map(|one| one.server.clone()).collect();
        let before = std::mem::replace(&mut self.dead, dead);
        resolvers.iter().any(|one| one.failure.is_none() && before.contains(&one.server))
    }

    fn cause(&self, resolvers: &[ResolverState]) -> Option<String> {
        let of_resolver = |resolver: &ResolverState| {
            Some(format!("the resolver {} does not answer: {}", resolver.server, resolver.failure.as_ref()?))
        };
        resolvers.iter().find_map(of_resolver).or_else(|| self.failure.clone())
    }

    /// Takes the state of this moment; returns what is to be logged of it.
    fn renew(&mut self, resolvers: &[ResolverState], now: Instant) -> Option<Event> {
        let after = self.state(resolvers, now);
        let before = std::mem::replace(&mut self.state, after);
        let words = || self.cause(resolvers).unwrap_or_default();
        match (before, self.state) {
            (_, LookupState::Failing) => {
                let is_due = before != LookupState::Failing
                    || self.logged.is_none_or(|logged| now.saturating_duration_since(logged) >= REPEAT);
                let event = is_due.then(|| Event::Failing(words()));
                if is_due {
                    self.logged = Some(now);
                }
                event
            }
            (LookupState::Failing | LookupState::Degraded, LookupState::Working | LookupState::Unknown) => {
                Some(Event::Back)
            }
            (LookupState::Working | LookupState::Unknown, LookupState::Degraded) => {
                Some(Event::Begun(words()))
            }
            _ => None,
        }
    }
}

impl Lookups {
    /// A look-up was answered. Most are, so nothing more is done where that is no news.
    fn is_news(&self) -> bool {
        let mut tracked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tracked.answered();
        tracked.state != LookupState::Working
    }
}

impl<D: Discovering, K: Known, M: Memory> Inner<D, K, M> {
    /// Counts an MX look-up that was answered.
    pub(crate) fn mx_answered(&self) {
        if self.lookups.is_news() {
            self.renew_lookups();
        }
    }

    /// Counts one that was not.
    pub(crate) fn mx_failed(&self, domain: &Domain, words: &str) {
        self.lookups.0.lock().unwrap_or_else(PoisonError::into_inner).failed(domain, words, Instant::now());
        self.renew_lookups();
    }

    /// Logs what has changed, and that nothing has while no look-up is answered.
    pub(crate) fn renew_lookups(&self) {
        let resolvers = self.discovering.resolvers();
        let mut tracked = self.lookups.0.lock().unwrap_or_else(PoisonError::into_inner);
        let event = tracked.renew(&resolvers, Instant::now());
        let has_returned = tracked.has_returned(&resolvers);
        drop(tracked);
        if has_returned {
            // It may validate no longer, or may not yet.
            self.validation.want_proof();
        }
        if has_returned || event == Some(Event::Back) {
            self.ask_failures_anew();
        }
        match event {
            Some(Event::Begun(words)) => tracing::warn!("MX look-ups begin to fail: {words}"),
            Some(Event::Failing(words)) => tracing::error!(
                "no MX look-up is answered, mail to domains that are not cached waits: {words}; see to the resolver, or set \
                 `resolver` to others"
            ),
            Some(Event::Back) => tracing::info!("MX look-ups are answered again"),
            None => {}
        }
    }

    /// Number of MX look-ups that were answered so far.
    pub(crate) fn answered(&self) -> u64 {
        self.lookups.0.lock().unwrap_or_else(PoisonError::into_inner).answers
    }

    /// State of the look-ups at this moment.
    pub(crate) fn lookup_report(&self) -> LookupReport {
        let resolvers = self.discovering.resolvers();
        let tracked = self.lookups.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = tracked.state(&resolvers, Instant::now());
        let failure = tracked.cause(&resolvers);
        LookupReport { state, failure, resolvers }
    }
}

#[cfg(test)]
mod tests;
