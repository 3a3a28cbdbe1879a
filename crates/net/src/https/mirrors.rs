//! Several mirrors of the same thing: tried in random order until what one of them serves is accepted.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use starttls_policy::with_causes;
use tokio::time::{Instant, sleep};

use super::chance::order;
use super::{AsyncClient, Chance, Download, Downloaded, FetchError, HttpsUrl, Request, Response};

/// Before a mirror is tried once more, at least; a server that restarts is back by then as often as not.
const BACK_OFF: Duration = Duration::from_millis(200);

/// By how much more it may be, in milliseconds, so that not everybody comes back at once.
const BACK_OFF_JITTER_MILLIS: u32 = 800;

/// How often one mirror is tried when the connection fails.
const TRIES: usize = 2;

/// No mirror served anything that was accepted.
#[derive(Debug)]
pub struct MirrorFailures<E> {
    /// One for each mirror, in the order in which they were tried.
    pub failures: Vec<MirrorFailure<E>>,
}

/// What was wrong with one mirror.
#[derive(Debug)]
pub struct MirrorFailure<E> {
    /// Which one.
    pub url: HttpsUrl,
    /// What was wrong.
    pub problem: MirrorProblem<E>,
}

/// What was wrong with a mirror, or with what it served.
#[derive(Debug)]
#[non_exhaustive]
pub enum MirrorProblem<E> {
    /// Nothing came.
    Fetch(FetchError),
    /// It was not tried, since the time for all mirrors was over.
    NoTimeLeft,
    /// The caller did not accept what came.
    Rejected(E),
}

impl AsyncClient {
    /// Fetches from the first mirror whose answer `accept` takes. They are tried in random order; one whose connection
    /// fails is tried once more. Each has the deadline of the settings, all together have `total`.
    ///
    /// # Errors
    /// When no mirror's answer was accepted, with the reason for each.
    pub async fn fetch_any<T, E: Error>(
        &self,
        mirrors: &[Request],
        chance: &mut dyn Chance,
        total: Duration,
        mut accept: impl FnMut(&Request, Response) -> Result<T, E>,
    ) -> Result<T, MirrorFailures<E>> {
        let fetch = async |mirror: &Request, patience| self.fetch_within(mirror, patience).await;
        self.try_each(mirrors, |mirror| &mirror.url, chance, total, fetch, &mut accept).await
    }

    /// As [`AsyncClient::fetch_any`], into a file. A partial file is taken up only at the mirror that it came from.
    ///
    /// # Errors
    /// When no mirror's answer was accepted, with the reason for each.
    pub async fn download_any<T, E: Error>(
        &self,
        mirrors: &[Download],
        chance: &mut dyn Chance,
        total: Duration,
        mut accept: impl FnMut(&Download, Downloaded) -> Result<T, E>,
    ) -> Result<T, MirrorFailures<E>> {
        let fetch = async |mirror: &Download, patience| self.download_within(mirror, patience).await;
        self.try_each(mirrors, |mirror| &mirror.request.url, chance, total, fetch, &mut accept).await
    }

    async fn try_each<M, R, T, E>(
        &self,
        mirrors: &[M],
        url: impl Fn(&M) -> &HttpsUrl,
        chance: &mut dyn Chance,
        total: Duration,
        fetch: impl AsyncFn(&M, Duration) -> Result<R, FetchError>,
        accept: &mut dyn FnMut(&M, R) -> Result<T, E>,
    ) -> Result<T, MirrorFailures<E>> {
        let until = Instant::now() + total;
        let mut failures = Vec::new();
        for mirror in order(mirrors.len(), chance).into_iter().filter_map(|index| mirrors.get(index)) {
            let problem = match self.try_one(mirror, chance, until, &fetch).await {
                Some(Ok(answer)) => match accept(mirror, answer) {
                    Ok(accepted) => return Ok(accepted),
                    Err(rejected) => MirrorProblem::Rejected(rejected),
                },
                Some(Err(error)) => MirrorProblem::Fetch(error),
                None => MirrorProblem::NoTimeLeft,
            };
            failures.push(MirrorFailure { url: url(mirror).clone(), problem });
        }
        Err(MirrorFailures { failures })
    }

    /// `None` when there was no time for it.
    async fn try_one<M, R>(
        &self,
        mirror: &M,
        chance: &mut dyn Chance,
        until: Instant,
        fetch: &impl AsyncFn(&M, Duration) -> Result<R, FetchError>,
    ) -> Option<Result<R, FetchError>> {
        let give_up_at = until.min(Instant::now() + self.deadline());
        let mut last = None;
        for _ in 0..TRIES {
            let left = give_up_at.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            match fetch(mirror, left).await {
                Err(error) if error.cause.is_connection_level() => last = Some(Err(error)),
                done => return Some(done),
            }
            let jitter = chance.below(BACK_OFF_JITTER_MILLIS).min(BACK_OFF_JITTER_MILLIS);
            let back_off = BACK_OFF + Duration::from_millis(jitter.into());
            if give_up_at.saturating_duration_since(Instant::now()) <= back_off {
                break;
            }
            sleep(back_off).await;
        }
        last
    }
}

impl<E: Error> fmt::Display for MirrorFailures<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.failures.len() {
            0 => return f.write_str("there is no mirror to ask; name at least one"),
            1 => f.write_str("the only mirror did not help")?,
            count => write!(f, "none of {count} mirrors helped")?,
        }
        self.failures.iter().try_for_each(|failure| write!(f, "; `{}`: {}", failure.url, failure.problem))
    }
}

impl<E: Error> Error for MirrorFailures<E> {}

impl<E: Error> fmt::Display for MirrorProblem<E> {
    /// With all causes, since these failures are listed rather than chained.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The address stands before it.
            Self::Fetch(error) => f.write_str(&with_causes(error.cause.as_ref())),
            Self::NoTimeLeft => f.write_str("not asked, the time for all mirrors was over"),
            Self::Rejected(error) => {
                write!(f, "{error}")?;
                error.source().map_or(Ok(()), |source| write!(f, ": {}", with_causes(source)))
            }
        }
    }
}
