//! How one source is, for people and for monitoring.

use serde::Serialize;
use starttls_policy::Timestamp;
use starttls_trust::ladder::State;

use crate::load::is_trusted;
use crate::settings::{Copies, HttpsUrl, Place, SignedCopy, SourceSettings, Trust};
use crate::state::{KeptList, KeptOrder, Memory, Record, StateDir, StateError, TrustKind, time};
use crate::term::Standing;

/// How one source is; times are RFC 3339, spans seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SourceStatus {
    /// The source.
    pub name: String,
    /// What makes its list believable.
    pub trust: TrustKind,
    /// Where the list comes from.
    pub place: Vec<String>,
    /// Where the source stands on the ladder.
    pub state: State,
    /// The list that was accepted last, in force or ended.
    pub list: Option<ListStatus>,
    /// What happens next by itself, and when.
    pub next: Option<NextEvent>,
    /// When it was last tried.
    #[serde(with = "time")]
    pub tried: Option<Timestamp>,
    /// When it was last found in order.
    #[serde(with = "time")]
    pub succeeded: Option<Timestamp>,
    /// What went wrong in the last run.
    pub failure: Option<FailureStatus>,
    /// Orders in force that weaken entries.
    pub relax_orders: Vec<RelaxStatus>,
}

/// The list that was accepted last.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListStatus {
    /// Whether it counts.
    pub in_force: Counting,
    /// As in the list.
    pub serial: u64,
    /// As in the list.
    pub author: Option<String>,
    /// How many domains it has.
    pub entries: u64,
    /// Hash of its bytes.
    pub sha256: String,
    /// Organisations or keys that signed.
    pub signers: Vec<String>,
    /// As in the list.
    #[serde(with = "time")]
    pub timestamp: Option<Timestamp>,
    /// As in the list.
    #[serde(with = "time")]
    pub expires: Option<Timestamp>,
    /// When these bytes were first accepted.
    #[serde(with = "time")]
    pub accepted: Option<Timestamp>,
    /// The newest time that enough witnesses vouch for.
    #[serde(with = "time")]
    pub quorum_time: Option<Timestamp>,
    /// How old it is: since the quorum time, else since its timestamp.
    pub age_seconds: Option<u64>,
    /// From when on it counts no longer.
    #[serde(with = "time")]
    pub effective_end: Option<Timestamp>,
}

/// Whether a list counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Counting {
    /// It does.
    Yes,
    /// It has ended.
    Ended,
    /// It does until its end, although it was accepted under other trust than the settings name now.
    OtherTrust,
}

/// What happens next by itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct NextEvent {
    /// In words.
    pub what: String,
    /// When.
    #[serde(with = "time")]
    pub at: Option<Timestamp>,
}

/// What went wrong in the last run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FailureStatus {
    /// In words, with the cure.
    pub words: String,
    /// Since when runs have failed without one between that did not.
    #[serde(with = "time")]
    pub since: Option<Timestamp>,
    /// The directory with the evidence of a contradiction.
    pub evidence: Option<String>,
}

/// One order in force.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RelaxStatus {
    /// Who signed it.
    pub by: String,
    /// How many entries it weakens.
    pub domains: u64,
    /// Why.
    pub reason: String,
    /// Until when.
    #[serde(with = "time")]
    pub until: Option<Timestamp>,
}

/// Tells how a source is, from the state directory alone.
///
/// # Errors
/// [`StateError`] when what is kept cannot be read.
pub fn status(
    settings: &SourceSettings,
    state: &StateDir,
    now: Timestamp,
) -> Result<SourceStatus, StateError> {
    let mut status = SourceStatus {
        name: settings.name.to_string(),
        trust: TrustKind::of(&settings.trust),
        place: places(&settings.trust),
        state: State::Absent,
        list: None,
        next: None,
        tried: None,
        succeeded: None,
        failure: None,
        relax_orders: Vec::new(),
    };
    let Some(source) = state.source(&settings.name)? else { return Ok(status) };
    let Some(record) = source.record()? else { return Ok(status) };
    let standing = Standing::of_record(settings, &record);
    let in_force = if standing.has_ended(now) {
        Counting::Ended
    } else if is_trusted(settings, &source, &record) {
        Counting::Yes
    } else {
        Counting::OtherTrust
    };
    // Time goes on between two runs.
    status.state = standing.state_after(record.ladder, now);
    status.next = next(status.state, standing);
    status.list = record.list.as_ref().map(|list| list_status(list, &record, standing, in_force, now));
    status.tried = record.tried;
    status.succeeded = record.succeeded;
    let path = |below: &String| source.directory().path().join(below).display().to_string();
    status.failure = record.failure.as_ref().map(|failure| FailureStatus {
        words: failure.words.clone(),
        since: failure.since,
        evidence: failure.evidence.as_ref().map(path),
    });
    if in_force != Counting::Ended {
        let orders = record.list.iter().flat_map(|list| &list.relaxed);
        let clock = standing.clock(now).now();
        let orders = orders.filter(|order| order.until.is_none_or(|until| until > clock));
        status.relax_orders = orders.cloned().map(RelaxStatus::from).collect();
    }
    Ok(status)
}

/// Where the list comes from.
fn places(trust: &Trust) -> Vec<String> {
    fn list<T: ToString>(copy: &SignedCopy<T>) -> String {
        let (SignedCopy::Clearsigned(list) | SignedCopy::Detached { list, .. }) = copy;
        list.to_string()
    }
    match trust {
        Trust::Witnessed(witnessed) => match &witnessed.place {
            Place::Urls(urls) => urls.iter().map(HttpsUrl::to_string).collect(),
            Place::Directory(path) => vec![path.display().to_string()],
        },
        Trust::OpenPgp(openpgp) => match &openpgp.copies {
            Copies::Urls(copies) => copies.iter().map(list).collect(),
            Copies::File(SignedCopy::Clearsigned(path) | SignedCopy::Detached { list: path, .. }) => {
                vec![path.display().to_string()]
            }
        },
        Trust::GitTag(tag) => vec![tag.repository.to_string()],
        Trust::Unsigned(unsigned) => vec![unsigned.file.display().to_string()],
    }
}

fn list_status(
    list: &KeptList,
    record: &Record,
    standing: Standing,
    in_force: Counting,
    now: Timestamp,
) -> ListStatus {
    let quorum_time = match &record.memory {
        Some(Memory::Witnessed(memory)) => Some(memory.log.quorum_time),
        _ => None,
    };
    let since = quorum_time.or(list.timestamp);
    ListStatus {
        in_force,
        serial: list.serial,
        author: list.author.clone(),
        entries: list.entries,
        sha256: list.sha256.to_string(),
        signers: list.signers.clone(),
        timestamp: list.timestamp,
        expires: list.expires,
        accepted: list.accepted,
        quorum_time,
        age_seconds: since.map(|since| since.until(now).as_secs()),
        effective_end: standing.term().map(|term| term.end),
    }
}

fn next(state: State, standing: Standing) -> Option<NextEvent> {
    let term = standing.term()?;
    let (what, at) = match state {
        State::Absent => return None,
        State::Fresh => ("it is called ageing unless it is confirmed before", Some(term.ageing_from)),
        State::Ageing | State::Suspicious => {
            ("it ends and is withdrawn unless a newer one is accepted before", Some(term.end))
        }
        State::Ended => ("it comes back as soon as a newer one is accepted", None),
    };
    Some(NextEvent { what: what.to_owned(), at })
}

impl From<KeptOrder> for RelaxStatus {
    fn from(order: KeptOrder) -> Self {
        let KeptOrder { by, reason, until, domains } = order;
        Self { by, domains, reason, until }
    }
}
