//! What is in force: the activation record beside what the mail server says and what lies on disk.

use std::io::Write as _;
use std::path::PathBuf;

use owo_colors::OwoColorize;
use serde_json::{Value, json};
use starttls_apply::postfix::{InEffect, TableState, in_effect, instance, is_recorded};
use starttls_apply::validity::{
    ActivationState, DEAD_AFTER, PartKind, State, Validity, ValidityError, last_seen,
};
use starttls_policy::{Finding, Timestamp, with_causes};

use super::away;
use crate::server::Server;
use crate::settings::Settings;
use crate::update;

/// What is in force of one output directory.
pub(super) struct InForce {
    output: PathBuf,
    state: Option<ActivationState>,
    validity: Option<Validity>,
    /// None where nothing was ever activated, or Postfix cannot be asked.
    effect: Option<InEffect>,
    seen: Option<Timestamp>,
    pub(super) findings: Vec<Finding>,
}

impl InForce {
    /// Reads the record and asks the mail server; what cannot be looked at becomes a finding.
    pub(super) fn look(settings: &Settings, now: Timestamp) -> Self {
        let output = settings.postfix.output.value.clone();
        let mut findings = Vec::new();
        let state = known(ActivationState::read(&output), &mut findings);
        let validity = known(Validity::read(&output), &mut findings);
        let seen = known(last_seen(&output), &mut findings);
        let mut in_force = Self { output, state, validity, effect: None, seen, findings };
        in_force.ask(settings);
        in_force.judge(now);
        in_force
    }

    fn ask(&mut self, settings: &Settings) {
        if matches!(self.meant(), None | Some(State::Written)) {
            return;
        }
        let instance = self.validity.as_ref().map_or_else(|| Server::of(settings).instance(), instance);
        match in_effect(&instance, &self.output, self.validity.as_ref()) {
            Ok(effect) => self.effect = Some(effect),
            Err(error) => {
                let message =
                    format!("Postfix could not be asked whether it uses our table: {}", with_causes(&error));
                let cure = "make `postconf` work for this user, or run `starttls status` as root";
                self.findings.push(update::UNSEEN.finding("", message).with_cure(cure));
            }
        }
    }

    /// What the operator and the lists want to hold; none before anything was written.
    fn meant(&self) -> Option<State> {
        let unsaid = || is_recorded(&self.output).then_some(State::Active);
        self.state.as_ref().map(|state| state.state).or_else(unsaid)
    }

    fn judge(&mut self, now: Timestamp) {
        match self.meant() {
            Some(State::Active) => {
                self.judge_active(now);
                self.judge_expiry(now);
            }
            Some(State::Written) => self.judge_expiry(now),
            Some(State::Deactivated) if self.effect.as_ref().is_some_and(|effect| effect.is_named) => {
                let message = "the policy was deactivated, and main.cf still names our table";
                let cure = "run `starttls generate --mta postfix --deactivate` again";
                self.findings.push(update::STILL_NAMED.finding("", message).with_cure(cure));
            }
            _ => {}
        }
    }

    fn judge_active(&mut self, now: Timestamp) {
        let mut found = Vec::new();
        if let Some(effect) = &self.effect {
            if !effect.is_named {
                let message = "not in force: `smtp_tls_policy_maps` of main.cf does not name our table; another program \
                               changed it";
                let cure = "run `starttls update`, which puts it back, and have that program name our table; or run \
                            `starttls generate --deactivate`";
                found.push(update::NOT_IN_FORCE.finding("", message).with_cure(cure));
            }
            for service in &effect.services_without {
                let message =
                    format!("the service `{service}` of master.cf has other tables and does not ask ours");
                let cure = "add our table to its `-o smtp_tls_policy_maps`, or remove that option";
                found.push(update::SERVICE_WITHOUT.finding(service, message).with_cure(cure));
            }
            found.extend(self.table(effect.table, effect.is_named));
        }
        let since = self.state.as_ref().map(|state| state.since);
        let looked = self.seen.into_iter().chain(since).max();
        if looked.is_none_or(|looked| looked.until(now) >= DEAD_AFTER) {
            let message = "the withdrawal timer has not run within the last hour";
            let cure = format!(
                "run `starttls update`, which installs it, or run `starttls withdraw --record {}` every quarter of an hour",
                self.output.display()
            );
            found.push(update::NO_TIMER.finding("", message).with_cure(cure));
        }
        self.findings.extend(found);
    }

    fn judge_expiry(&mut self, now: Timestamp) {
        let expired = self.validity.iter().flat_map(|validity| validity.expired(now));
        let lists = expired.filter(|part| part.kind == PartKind::List);
        let found = lists.map(|part| {
            let message = format!("{} has expired and is still in force", part.name);
            let cure = "run `starttls update`, or `starttls withdraw`";
            update::OVERDUE.finding(&*part.name, message).with_cure(cure)
        });
        let found: Vec<Finding> = found.collect();
        self.findings.extend(found);
    }

    fn table(&self, table: TableState, is_named: bool) -> Option<Finding> {
        let path = self.output.join("current/tls_policy");
        let cure = "run `starttls update`, or activate again";
        let (code, words) = match table {
            TableState::Same => return None,
            TableState::Changed => (update::TABLE_CHANGED, "is not the one that was activated"),
            TableState::Missing if is_named => {
                (update::TABLE_CHANGED, "is missing, so that Postfix defers all mail")
            }
            TableState::Missing => (update::TABLE_CHANGED, "is missing"),
            TableState::Unreadable => (update::UNSEEN, "cannot be read"),
            TableState::Unrecorded => {
                (update::NO_RECORD, "has no record of its lists and of when they expire")
            }
        };
        Some(code.finding("", format!("the table {} {words}", path.display())).with_cure(cure))
    }

    /// When the first part expires.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.counted().and_then(Validity::first_expiry)
    }

    /// The record, while it is about something in force.
    fn counted(&self) -> Option<&Validity> {
        self.validity.as_ref().filter(|_| matches!(self.meant(), Some(State::Active | State::Written)))
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "output": self.output,
            "state": self.state,
            "record": self.validity,
            "named": self.effect.as_ref().map(|effect| effect.is_named),
            "watched": self.seen.map(|seen| seen.to_string()),
        })
    }

    pub(super) fn print(&self, now: Timestamp) -> anyhow::Result<()> {
        let mut out = anstream::stdout().lock();
        let title = "in force:".bold();
        let since = self.state.as_ref().map_or_else(String::new, |state| format!(" at {}", state.since));
        match self.meant() {
            None => writeln!(out, "in force: nothing was put into force yet")?,
            Some(State::Deactivated) => writeln!(
                out,
                "{title} nothing; deactivated by the operator{since}; `starttls update --activate` puts it back"
            )?,
            Some(State::Withdrawn) => {
                writeln!(out, "{title} nothing; everything had expired and was taken out{since}")?;
            }
            Some(State::Active | State::Written) => {
                let parts = self.validity.iter().flat_map(|validity| &validity.parts);
                let parts: Vec<&str> = parts.map(|part| part.name.as_str()).collect();
                let parts = if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") };
                let is_named = self.effect.as_ref().is_none_or(|effect| effect.is_named);
                let is_not =
                    if is_named { "" } else { "nothing, since main.cf does not name our table; made from " };
                writeln!(out, "{title} {is_not}{parts}")?;
            }
        }
        if let Some(deadline) = self.deadline() {
            writeln!(out, "  until   {deadline}{}", away(now, deadline))?;
        }
        Ok(())
    }
}

/// What a file of the record says; one that cannot be read is named.
fn known<T>(read: Result<Option<T>, ValidityError>, findings: &mut Vec<Finding>) -> Option<T> {
    read.unwrap_or_else(|error| {
        let message = format!("the activation record could not be read: {}", with_causes(&error));
        findings.push(update::UNSEEN.finding("", message));
        None
    })
}
