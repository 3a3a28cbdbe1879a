//! `STATE/in-force.json`: what the policy in force was made from, and until when it may stay so.
//!
//! Written after every change by `update`; read by `withdraw`, which must know without fetching anything whether
//! something that is in force has ended, and by `status`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use starttls_policy::Timestamp;
use starttls_sources::{Lock, StateDir, StateError};

use crate::known::Known;
use crate::settings::Settings;

/// The file's name below the state directory.
const FILE: &str = "in-force.json";
/// A few hundred bytes per list.
const MAX_BYTES: u64 = 1 << 20;

/// What the policy in force was made from.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct InForceRecord {
    /// Seconds since 1970.
    pub(crate) written: u64,
    /// The directory of generations.
    pub(crate) output: PathBuf,
    /// Whether the mail server was told to use it.
    pub(crate) activated: bool,
    /// Everything that ends by itself.
    pub(crate) parts: Vec<Part>,
}

/// One list or override that the policy was made from.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Part {
    /// What it is.
    pub(crate) kind: PartKind,
    /// The list's name, or `override of DOMAIN`.
    pub(crate) name: String,
    /// The list's serial.
    pub(crate) serial: Option<u64>,
    /// Seconds since 1970 from which on it must no longer be in force; none if it does not end.
    pub(crate) until: Option<u64>,
}

/// What a policy is made from.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PartKind {
    /// A list: somebody should have replaced it before it ended.
    List,
    /// The operator's word on one domain: it ends as was said.
    Override,
}

/// The record cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error("`{path}` is damaged; run `starttls update`, which writes it anew")]
    Damaged { path: PathBuf },
}

impl InForceRecord {
    /// What is known now and was put into force.
    pub(crate) fn of(settings: &Settings, known: &Known, now: Timestamp) -> Self {
        let seconds = |time: Timestamp| time.seconds();
        let lists = known.lists.iter().map(|list| Part {
            kind: PartKind::List,
            name: list.name.clone(),
            serial: Some(list.list.lookup().head().serial),
            until: list.until.map(seconds),
        });
        let overrides = known.overrides.in_force(now).map(|standing| Part {
            kind: PartKind::Override,
            name: format!("override of {}", standing.operator.domain),
            serial: None,
            until: Some(seconds(standing.operator.until)),
        });
        Self {
            written: now.seconds(),
            output: settings.postfix.output.value.clone(),
            activated: settings.update.activate.value,
            parts: lists.chain(overrides).collect(),
        }
    }

    /// Our table was taken out altogether: nothing is in force.
    pub(crate) fn emptied(self, now: Timestamp) -> Self {
        Self { written: now.seconds(), parts: Vec::new(), ..self }
    }

    /// Reads the record, if anything was ever put in force.
    pub(crate) fn read(state: &StateDir) -> Result<Option<Self>, RecordError> {
        let Some(bytes) = state.read_note(FILE, MAX_BYTES)? else { return Ok(None) };
        let damaged = |_| RecordError::Damaged { path: state.path().join(FILE) };
        serde_json::from_slice(&bytes).map(Some).map_err(damaged)
    }

    /// Writes the record in place of the one before.
    pub(crate) fn write(&self, lock: &Lock) -> Result<(), RecordError> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        Ok(lock.write_note(FILE, &bytes)?)
    }

    /// The first moment at which something in force has ended.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        let first = self.parts.iter().filter_map(|part| part.until).min()?;
        Timestamp::from_seconds(first).ok()
    }

    /// What has ended and is still in force.
    pub(crate) fn overdue(&self, now: Timestamp) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(move |part| part.until.is_some_and(|end| end <= now.seconds()))
    }
}
