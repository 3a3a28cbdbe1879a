//! What a policy is written for: a mail server, and how its files are to be written; by options or by settings.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use starttls_apply::Generations;
use starttls_apply::generations::{OpenError, Ready, Rejected, recheck};
use starttls_apply::postfix::{Detected, Instance, OperatorEntries, OperatorTables, native};
use starttls_apply::validity::{Expiries, Validity, table_sha256};
use starttls_mta::postfix::{TABLE, TableType, Version};
use starttls_mta::{Facts, LeafPins, Mta, Output};
use starttls_policy::decide::Choices;
use starttls_policy::merge::Merged;
use starttls_policy::{Finding, Severity, Timestamp};
use starttls_sources::overrides::Overrides;

use crate::generation::{self, Rendered};
use crate::known::Known;
use crate::lists;
use crate::output::{print_findings, write_settings, write_summary};
use crate::server::Server;
use crate::settings::Settings;
use crate::validity::{self, Foreseen, Rendering, Terms};

/// Longer than an activation with live probes takes.
const WAIT_FOR_OUTPUT: Duration = Duration::from_mins(5);
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The summary, beside the files that it is about.
const SUMMARY: &str = "summary.txt";

/// What a policy is written for.
pub(crate) struct Target {
    pub(crate) mta: &'static dyn Mta,
    pub(crate) server: Server,
    pub(crate) table: TableType,
    pub(crate) leaf_pins: LeafPins,
    pub(crate) completeness: Completeness,
    pub(crate) choices: Choices,
}

/// What to do when something that is demanded cannot be expressed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Completeness {
    /// Write what can be expressed, and name the rest.
    WhatCanBe,
    /// Write nothing.
    AllOrNothing,
}

/// A generation that is complete and checked, and what there is to say about it.
pub(crate) struct Prepared<'a> {
    pub(crate) ready: Ready<'a>,
    pub(crate) rendered: Rendered,
    /// What the server's own tools say.
    pub(crate) native: Vec<Finding>,
    /// What could not be asked of the operator's own tables; one of severity error refuses the activation.
    pub(crate) unanswered: Vec<Finding>,
    /// From what it was made, and until when it may stay in force.
    pub(crate) validity: Validity,
    /// What it becomes as its parts expire.
    pub(crate) expiries: Expiries,
}

impl Prepared<'_> {
    /// What keeps the generation from being put into force, whatever the plan says.
    pub(crate) fn refusals(&self) -> Vec<Finding> {
        self.unanswered.iter().filter(|finding| finding.severity == Severity::Error).cloned().collect()
    }
}

/// Nothing was prepared, since all or nothing was wanted and something falls short.
pub(crate) struct FallsShort(pub(crate) Rendered);

/// Opens the operator's directory, which is ours alone.
pub(crate) fn open(output: &Path) -> anyhow::Result<Generations> {
    let absolute =
        std::path::absolute(output).with_context(|| format!("cannot tell where {} is", output.display()))?;
    Ok(Generations::open(&absolute)?)
}

/// The same, and waits while another run works there: activation, deactivation and withdrawal are brief.
pub(crate) fn open_when_free(output: &Path) -> anyhow::Result<Generations> {
    let give_up = Instant::now() + WAIT_FOR_OUTPUT;
    loop {
        match open(output) {
            Err(error)
                if matches!(error.downcast_ref(), Some(OpenError::Busy { .. }))
                    && Instant::now() < give_up =>
            {
                std::thread::sleep(LOOK_EVERY);
            }
            other => return other,
        }
    }
}

impl Target {
    /// What the settings say.
    pub(crate) fn of(settings: &Settings) -> Self {
        let set = &settings.postfix;
        let leaf_pins = if set.allow_leaf_pins.value { LeafPins::Allow } else { LeafPins::Ignore };
        let completeness =
            if set.strict.value { Completeness::AllOrNothing } else { Completeness::WhatCanBe };
        Self {
            mta: &starttls_mta::postfix::Postfix,
            server: Server::of(settings),
            table: set.table_type.value,
            leaf_pins,
            completeness,
            choices: settings.decide.choices(),
        }
    }

    /// What the mail server's text depends on.
    pub(crate) fn facts(&self, detected: Option<&Detected>, directory: &Path) -> Facts {
        self.server.facts(detected, directory, Some(self.table.name().to_owned()), self.leaf_pins)
    }

    /// The version that the operator names.
    pub(crate) fn written_for(&self) -> anyhow::Result<Option<Version>> {
        Ok(self.server.named_version().map(Version::parse).transpose()?)
    }

    /// Writes and checks a generation that is not yet in force.
    pub(crate) fn prepare<'a>(
        &self,
        generations: &'a Generations,
        detected: Option<&Detected>,
        known: &Known,
        terms: Terms,
        now: Timestamp,
    ) -> anyhow::Result<Result<Prepared<'a>, FallsShort>> {
        let merged = lists::merged(&known.lists);
        let mut facts = self.facts(detected, &generations.current_directory());
        let instance = self.server.instance();
        let (mut native, mut unanswered) = (Vec::new(), Vec::new());
        if let Some(tables) =
            detected.map(|detected| OperatorTables::beside_ours(detected, generations)).transpose()?.flatten()
        {
            let answered = operator_entries(tables, &merged, &known.overrides, now, &instance)?;
            facts.operator_entries = answered.entries;
            unanswered = answered.findings;
        }
        let mut draft = generations.draft()?;
        let rendered =
            generation::render(self.mta, &facts, &merged, &known.overrides, self.choices, now, &mut draft);
        let rendered = match rendered {
            Err(generation::RenderError::Output(_)) => {
                // The draft knows what stopped it.
                draft.check(&mut |_, _| Ok(()))?;
                anyhow::bail!("the files could not be written");
            }
            other => other?,
        };
        if self.completeness == Completeness::AllOrNothing && rendered.falls_short() {
            return Ok(Err(FallsShort(rendered)));
        }
        let rendering = Rendering { mta: self.mta, facts: &facts, choices: self.choices };
        let Foreseen { expiries, keys } = validity::foresee(rendering, known, now, terms.until)?;
        for (name, text) in &keys {
            if !draft.holds(name) {
                let _ = draft.append(name, text);
            }
        }
        // An error here stays with the draft, and comes out of `check`.
        let _ = draft.append(SUMMARY, &summary_text(self.mta.title(), &rendered)?);
        let ready = draft.check(&mut |file, path| {
            if file == SUMMARY {
                return Ok::<(), Rejected>(());
            }
            recheck(self.mta, file, path)?;
            if file == TABLE {
                native = native::check(&instance, self.table, file, path)?;
            }
            Ok(())
        })?;
        let table = table_sha256(ready.directory()).context("cannot read the table back")?;
        let validity = validity::of(known, self, terms, table, now);
        ready.describe(&validity, &expiries)?;
        Ok(Ok(Prepared { ready, rendered, native, unanswered, validity, expiries }))
    }
}

/// Asks the operator's own tables for whatever a line about one of these domains would hide.
fn operator_entries(
    mut tables: OperatorTables,
    merged: &Merged<'_>,
    overrides: &Overrides,
    now: Timestamp,
    instance: &Instance,
) -> anyhow::Result<OperatorEntries> {
    const NO_ROOM: &str = "cannot write a temporary file";
    for entry in merged.iter() {
        tables.add(entry?.domain.as_str()).context(NO_ROOM)?;
    }
    for standing in overrides.in_force(now) {
        tables.add(standing.operator.domain.as_str()).context(NO_ROOM)?;
    }
    tables.ask(instance).context(NO_ROOM)
}

fn summary_text(title: &str, rendered: &Rendered) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let mut out = anstream::StripStream::new(&mut bytes);
    write_summary(&mut out, title, &rendered.summary)?;
    print_findings(&mut out, &rendered.advice)?;
    write_settings(&mut out, &rendered.summary)?;
    Ok(String::from_utf8(bytes)?)
}
