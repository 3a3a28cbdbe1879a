//! What is in force: the activation record beside what the mail server says and what lies on disk.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use starttls_apply::postfix::{
    InEffect, TableState, damaged_files, in_effect, instance, is_recorded, other_output,
};
use starttls_apply::validity::{
    ActivationState, DEAD_AFTER, PartKind, State, Validity, ValidityError, last_seen,
};
use starttls_policy::{Finding, Timestamp, with_causes};

use crate::server::Server;
use crate::settings::Settings;
use crate::update;
use crate::withdrawal;

/// What is in force of one output directory.
pub(super) struct InForce {
    output: PathBuf,
    pub(super) state: Option<ActivationState>,
    pub(super) validity: Option<Validity>,
    /// Its second copy, which counts where the record itself is lost.
    copy: Option<Validity>,
    /// None where nothing was ever activated, or Postfix cannot be asked.
    pub(super) effect: Option<InEffect>,
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
        let copy = Validity::copy(&output).ok().flatten();
        let mut in_force = Self { output, state, validity, copy, effect: None, seen, findings };
        in_force.ask(settings);
        in_force.judge(now);
        in_force
    }

    fn ask(&mut self, settings: &Settings) {
        let server = Server::of(settings);
        let is_expected = !matches!(self.meant(), None | Some(State::Written));
        if !is_expected && server.is_elsewhere() {
            return;
        }
        let instance = self.validity.as_ref().map_or_else(|| server.instance(), instance);
        match in_effect(&instance, &self.output, self.validity.as_ref()) {
            Ok(effect) => self.effect = Some(effect),
            // There may be no Postfix here, and nothing says that there should be.
            Err(_) if !is_expected => {}
            Err(error) => {
                let message =
                    format!("Postfix could not be asked whether it uses our table: {}", with_causes(&error));
                let cure = "make `postconf` work for this user, or run `starttls status` as root";
                self.findings.push(update::UNSEEN.finding("", message).with_cure(cure));
            }
        }
    }

    /// What the operator and the lists want to hold; none before anything was written.
    pub(super) fn meant(&self) -> Option<State> {
        let unsaid = || is_recorded(&self.output).then_some(State::Active);
        self.state.as_ref().map(|state| state.state).or_else(unsaid)
    }

    /// The other output directory whose policy is in force in place of this one's.
    pub(super) fn other_output(&self) -> Option<&Path> {
        let effect = self.effect.as_ref().filter(|effect| !effect.is_named)?;
        effect.other_outputs.first().map(PathBuf::as_path)
    }

    fn judge(&mut self, now: Timestamp) {
        let others = self.effect.iter().flat_map(|effect| &effect.other_outputs);
        self.findings.extend(others.map(|other| other_output(other, &self.output)));
        let is_named = self.effect.as_ref().is_some_and(|effect| effect.is_named);
        let defers_mail = self.effect.as_ref().is_some_and(|effect| effect.table.defers_mail());
        match self.meant() {
            Some(State::Active) => {
                self.judge_effect();
                self.judge_timer(now);
                self.judge_expiry(now);
                self.judge_emptied(is_named);
            }
            Some(State::Written) => {
                if is_named {
                    self.judge_effect();
                }
                self.judge_expiry(now);
            }
            Some(State::Deactivated) if is_named => {
                let message = "the policy was deactivated, and main.cf still names our table";
                let cure = "run `starttls generate --mta postfix --deactivate` again";
                self.findings.push(update::STILL_NAMED.finding("", message).with_cure(cure));
                self.judge_table();
            }
            None if is_named => self.judge_effect(),
            // An emptied table that main.cf names answers for no domain; one that is missing defers all mail.
            Some(State::Withdrawn) => {
                self.judge_withdrawal(now);
                if is_named && defers_mail {
                    self.judge_table();
                }
            }
            _ => {}
        }
        self.judge_small_files();
    }

    /// Everything had expired, and main.cf still names our table.
    fn judge_emptied(&mut self, is_named: bool) {
        if is_named && self.validity.as_ref().is_some_and(Validity::is_emptied) {
            let message = "everything in force had expired and our table was emptied; main.cf still names it";
            self.findings.push(update::EMPTIED.finding("", message).with_cure(withdrawal::EMPTIED_CURE));
        }
    }

    fn judge_small_files(&mut self) {
        // The state is named above already.
        let damaged =
            damaged_files(&self.output).into_iter().filter(|file| !file.path.ends_with("state.json"));
        let found = damaged.map(|file| update::DAMAGED_FILE.finding("", file.message).with_cure(file.cure));
        self.findings.extend(found);
    }

    /// The record of what is in force, or its second copy.
    pub(super) fn recorded(&self) -> Option<&Validity> {
        self.validity.as_ref().or(self.copy.as_ref())
    }

    /// Everything had expired: nobody renews what `generate` activated, and a clock that was ahead may have ended it too early.
    fn judge_withdrawal(&mut self, now: Timestamp) {
        let Some(since) = self.state.as_ref().map(|state| state.since) else { return };
        let why = if since > now {
            "by a clock that was ahead"
        } else {
            "since everything had expired or the table was missing"
        };
        let message = format!("the policy was taken out of force at {since}, {why}");
        let cure =
            "run `starttls update`, or `starttls generate … --activate` with a list that has not expired";
        self.findings.push(update::WITHDRAWN.finding("", message).with_cure(cure));
    }

    /// What Postfix makes of our table.
    fn judge_effect(&mut self) {
        let Some(effect) = &self.effect else { return };
        let mut found = Vec::new();
        if !effect.is_named && effect.other_outputs.is_empty() {
            let message = "not in force: `smtp_tls_policy_maps` of main.cf does not name our table; another program \
                           changed it";
            let cure = "run `starttls update`, which puts it back, and have that program name our table; or run \
                        `starttls generate --deactivate`";
            found.push(update::NOT_IN_FORCE.finding("", message).with_cure(cure));
        }
        for service in &effect.services_without {
            let is_main = *service == effect.main_service;
            let code = if is_main { update::BYPASSED } else { update::SERVICE_WITHOUT };
            let message =
                format!("the service `{service}` of master.cf has other tables and does not ask ours");
            let cure = "add our table to its `-o smtp_tls_policy_maps`, or remove that option";
            found.push(code.finding(service, message).with_cure(cure));
        }
        found.extend(effect.findings.iter().cloned());
        self.findings.extend(found);
        self.judge_table();
    }

    fn judge_table(&mut self) {
        let found = self.effect.as_ref().and_then(|effect| self.table(&effect.table, effect.is_named));
        self.findings.extend(found);
    }

    fn judge_timer(&mut self, now: Timestamp) {
        let since = self.state.as_ref().map(|state| state.since);
        let looked = self.seen.into_iter().chain(since).max();
        if looked.is_none_or(|looked| looked.until(now) >= DEAD_AFTER) {
            let message = "the withdrawal timer has not run within the last hour";
            let cure = format!(
                "run `starttls update`, which installs it, or run `starttls withdraw --record {}` every quarter of an hour",
                self.output.display()
            );
            self.findings.push(update::NO_TIMER.finding("", message).with_cure(cure));
        }
    }

    fn judge_expiry(&mut self, now: Timestamp) {
        let expired = self.recorded().into_iter().flat_map(|validity| validity.expired(now));
        let lists = expired.filter(|part| part.kind == PartKind::List);
        let found = lists.map(|part| {
            let message = format!("{} has expired and is still in force", part.name);
            let cure = "run `starttls update`, or `starttls withdraw`";
            update::OVERDUE.finding(&*part.name, message).with_cure(cure)
        });
        let found: Vec<Finding> = found.collect();
        self.findings.extend(found);
    }

    fn table(&self, table: &TableState, is_named: bool) -> Option<Finding> {
        let path = self.output.join("current/tls_policy");
        let cure = "run `starttls update`, or activate again";
        let defers = if is_named { ", so that Postfix defers all mail" } else { "" };
        let (code, words) = match table {
            TableState::Same => return None,
            TableState::Changed => (update::TABLE_CHANGED, "is not the one that was activated".to_owned()),
            TableState::Missing => (update::TABLE_CHANGED, format!("is missing{defers}")),
            TableState::Silent(reason) => {
                (update::TABLE_CHANGED, format!("gives Postfix no answer{defers}: {reason}"))
            }
            TableState::Differs(reason) => {
                (update::TABLE_CHANGED, format!("is not what Postfix reads: {reason}"))
            }
            TableState::Astray => {
                (update::TABLE_CHANGED, "is not ours: `current` leads elsewhere".to_owned())
            }
            TableState::Unreadable => (update::UNSEEN, "cannot be read".to_owned()),
            TableState::Unrecorded => {
                (update::NO_RECORD, "has no record of its lists and of when they expire".to_owned())
            }
        };
        let cure = match table {
            TableState::Astray => format!(
                "remove the link `{}`, then run `starttls update`",
                self.output.join("current").display()
            ),
            _ => cure.to_owned(),
        };
        Some(code.finding("", format!("the table {} {words}", path.display())).with_cure(cure))
    }

    /// When the first part of what is in force expires.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        if let Some(other) = self.other_output() {
            return Validity::read(other).ok().flatten().as_ref().and_then(Validity::first_expiry);
        }
        self.counted().and_then(Validity::first_expiry)
    }

    /// The record, while it is about something in force.
    fn counted(&self) -> Option<&Validity> {
        self.recorded().filter(|_| matches!(self.meant(), Some(State::Active | State::Written)))
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "output": self.output,
            "state": self.state,
            "record": self.validity,
            "named": self.effect.as_ref().map(|effect| effect.is_named),
            "other_outputs": self.effect.as_ref().map(|effect| &effect.other_outputs),
            "effective": self.obstacle().is_none(),
            "watched": self.seen.map(|seen| seen.to_string()),
        })
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
