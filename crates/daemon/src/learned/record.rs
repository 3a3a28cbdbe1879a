//! Rows and what they mean. Whatever stands in a row passes the constructors of its types again; a row that does not parse is
//! treated as not there.

use std::time::Duration;

use starttls_policy::decide::evidence::{ReleasingMode, StsPolicy, StsRelease};
use starttls_policy::{Domain, Mode, MxPattern, Timestamp};
use starttls_proto::mta_sts::MAX_PATTERNS;
use starttls_store::{Row, StoreError};

use super::change::NEVER;
use super::remembered::{KeptPolicy, Learnt, Remembered};

/// Longest text of MX patterns that is read: a policy file has 64 KiB at most (RFC 8461 §3.3), and so have its patterns. What is
/// longer is cut by the question, and then refused: nobody's row fills the memory.
const MAX_MX_CHARS: usize = 65_536;

/// Longest `id` that is read, cut likewise (RFC 8461 §3.1).
const MAX_ID_CHARS: usize = 32;

/// Longest `max_age` in seconds (RFC 8461 §3.2).
const MAX_AGE: u64 = 31_557_600;

/// The node's name of what another node learnt, in the own store, where it does not matter which one it was.
pub(super) const ELSEWHERE: &str = "elsewhere";

/// What rows say of one domain, and how much of it could not be read.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    pub(super) remembered: Remembered,
    /// Parts that are passed over.
    pub(super) passed_over: Vec<PassedOver>,
}

/// A row that is passed over.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct PassedOver {
    /// The table.
    pub(super) table: &'static str,
    /// The cause; it names nothing that stands in the row.
    pub(super) cause: &'static str,
}

/// The table of policies.
pub(super) const POLICIES: &str = "learned_policies";

/// The table of releases.
pub(super) const RELEASES: &str = "learned_releases";

/// The table of domains that were answered by DANE.
pub(super) const DANE: &str = "learned_dane";

impl Record {
    /// Reads what a question brings of one domain, which begins at a column: policy, release, DANE.
    pub(super) fn read(row: &Row, first: usize) -> Self {
        let mut record = Self::default();
        record.remembered.policy = record.part(POLICIES, policy(row, first));
        record.remembered.release = record.part(RELEASES, release(row, first + 7));
        record.remembered.dane_until = record.part(DANE, dane(row, first + 9));
        record
    }

    fn part<T>(&mut self, table: &'static str, part: Result<Option<T>, Unreadable>) -> Option<T> {
        part.unwrap_or_else(|Unreadable(cause)| {
            self.pass_over(table, cause);
            None
        })
    }

    /// Notes that a part is passed over.
    pub(super) fn pass_over(&mut self, table: &'static str, cause: &'static str) {
        self.passed_over.push(PassedOver { table, cause });
    }

    /// Number of parts that are passed over.
    pub(super) fn unreadable(&self) -> u64 {
        self.passed_over.len() as u64
    }
}

/// A row holds what no node writes; says what of it.
#[derive(Debug)]
pub(super) struct Unreadable(&'static str);

impl From<StoreError> for Unreadable {
    fn from(_: StoreError) -> Self {
        Self("a column is missing or of another type")
    }
}

fn policy(row: &Row, first: usize) -> Result<Option<KeptPolicy>, Unreadable> {
    let Some(mode) = row.optional_text(first)? else { return Ok(None) };
    let mode = Mode::from_name(mode).ok_or(Unreadable("a policy's mode is unknown"))?;
    let mx = patterns(row.text(first + 1)?)?;
    let id = row.text(first + 2)?;
    let max_age = u64::try_from(row.integer(first + 4)?).ok().filter(|max_age| *max_age <= MAX_AGE);
    let max_age = max_age.ok_or(Unreadable("a policy's `max_age` is negative or above a year"))?;
    // A policy without patterns would hold up all mail (RFC 8461 §3.2: at least one, unless the mode is `none`).
    if mode != Mode::None && mx.is_empty() {
        return Err(Unreadable("a policy has no MX pattern"));
    }
    if mx.len() > MAX_PATTERNS {
        return Err(Unreadable("a policy has more MX patterns than a policy file may have"));
    }
    if id.len() > MAX_ID_CHARS || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Unreadable("a policy's `id` is none"));
    }
    let policy = StsPolicy {
        mode,
        mx,
        id: id.to_owned(),
        fetched: time(row.integer(first + 3)?)?,
        max_age: Duration::from_secs(max_age),
    };
    let origin = if row.text(first + 6)?.is_empty() { Learnt::Here } else { Learnt::Elsewhere };
    Ok(Some(KeptPolicy { policy, confirmed: time(row.integer(first + 5)?)?, origin }))
}

fn release(row: &Row, first: usize) -> Result<Option<StsRelease>, Unreadable> {
    let Some(mode) = row.optional_text(first)? else { return Ok(None) };
    let mode = match Mode::from_name(mode) {
        Some(Mode::None) => ReleasingMode::None,
        Some(Mode::Testing) => ReleasingMode::Testing,
        Some(Mode::Enforce) | None => return Err(Unreadable("a release's mode is none that releases")),
    };
    Ok(Some(StsRelease { mode, at: time(row.integer(first + 1)?)? }))
}

fn dane(row: &Row, column: usize) -> Result<Option<Timestamp>, Unreadable> {
    let until = row.optional_integer(column)?.map(time).transpose()?;
    Ok(until.filter(|until| *until != NEVER))
}

/// A time in a row.
pub(super) fn time(seconds: i64) -> Result<Timestamp, Unreadable> {
    let no_time = || Unreadable("a time is before 1970 or after 9999");
    let seconds = u64::try_from(seconds).map_err(|_| no_time())?;
    Timestamp::from_seconds(seconds).map_err(|_| no_time())
}

/// A domain in a row.
pub(super) fn domain(text: &str) -> Result<Domain, Unreadable> {
    Domain::parse(text).map_err(|_| Unreadable("a domain is none"))
}

fn patterns(text: &str) -> Result<Vec<MxPattern>, Unreadable> {
    if text.len() > MAX_MX_CHARS {
        return Err(Unreadable("MX patterns are longer than a policy file"));
    }
    let words = text.split(' ').filter(|word| !word.is_empty());
    words.map(|word| MxPattern::parse(word).map_err(|_| Unreadable("an MX pattern is none"))).collect()
}

/// MX patterns as they stand in a row.
pub(super) fn patterns_text(patterns: &[MxPattern]) -> String {
    let mut text = String::with_capacity(patterns.len() * 24);
    for pattern in patterns {
        if !text.is_empty() {
            text.push(' ');
        }
        text += &pattern.to_string();
    }
    text
}

/// A time as it stands in a row.
pub(super) fn seconds(time: Timestamp) -> i64 {
    i64::try_from(time.seconds()).unwrap_or(i64::MAX)
}

/// A policy's lifetime as it stands in a row.
pub(super) fn max_age_seconds(policy: &StsPolicy) -> i64 {
    // RFC 8461 §3.2: the longest there is; whatever is longer ends there.
    i64::try_from(policy.max_age.as_secs().min(MAX_AGE)).unwrap_or(0)
}

/// A releasing mode as it stands in a row.
pub(super) fn release_name(mode: ReleasingMode) -> &'static str {
    match mode {
        ReleasingMode::None => Mode::None.name(),
        ReleasingMode::Testing => Mode::Testing.name(),
    }
}
