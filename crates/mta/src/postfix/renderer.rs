//! Writes a generation: the policy table, key files, and the settings that go with them.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::{iter, mem};

use starttls_policy::decide::reason::Reason;
use starttls_policy::{Decision, Finding};

use super::advice::{Server, of_generation};
use super::anchors::Anchors;
use super::answer::{Answers, Entry, Outcome, Used};
use super::capabilities::Capabilities;
use super::line::{Line, is_path};
use super::policy_maps::{PARAMETER as POLICY_MAPS, PolicyMaps};
use super::reference::{reference, without_references};
use super::settings::Settings;
use super::shortfall::{Gap, Gaps, Tally};
use super::strictness::{self, Comparison};
use super::table_type::TableType;
use super::version::Version;
use super::{FRAGMENT, TABLE, TABLE_HEADER, findings, fragment, parent_keys};
use crate::{Facts, Output, Summary};

/// How much text is gathered before it goes out, in bytes.
const BATCH_BYTES: usize = 64 * 1024;

/// Writes one generation for one server.
pub(super) struct Renderer {
    facts: Facts,
    version: Option<Version>,
    table_type: TableType,
    table: String,
    answers: Answers,
    batch: String,
    tally: Tally,
    summary: Summary,
}

impl Renderer {
    /// Interprets the facts.
    ///
    /// # Errors
    /// A finding when the version, the kind of table or the directory is none that can be served.
    pub(super) fn new(facts: &Facts) -> Result<Self, Finding> {
        let version = version(facts)?;
        let table_type = table_type(facts)?;
        check_directory(&facts.directory)?;
        facts.directory_in_chroot.as_deref().map_or(Ok(()), check_directory)?;
        let settings = Settings::of(facts);
        let seen_from_inside = facts.directory_in_chroot.as_ref().unwrap_or(&facts.directory);
        let answers = Answers {
            capabilities: Capabilities::new(version.unwrap_or(Version::ASSUMED), &settings),
            levels: settings.each().map(|settings| settings.level()).collect(),
            lowest: settings.each().filter_map(|settings| settings.lowest_mandatory_version()).max(),
            leaf_pins: facts.leaf_pins,
            directory: Some(seen_from_inside.trim_end_matches('/').into()),
            anchors: Anchors::default(),
            used: Used::default(),
        };
        Ok(Self {
            version,
            table_type,
            table: reference(table_type, &facts.directory),
            answers,
            batch: String::from(TABLE_HEADER),
            tally: Tally::default(),
            summary: Summary::default(),
            facts: facts.clone(),
        })
    }

    /// Tells why the line that begins at `start` must not take the place of an entry of the operator's, if it must not.
    ///
    /// An override is the operator's word on this very domain, and wins.
    fn stands_back(&self, decision: &Decision<'_>, start: usize) -> Option<Gap> {
        let domain = decision.domain.as_str();
        let entries = &self.facts.operator_entries;
        let entry = iter::once(domain).chain(parent_keys(domain)).find_map(|key| entries.get(key))?;
        if decision.reasons.iter().any(|reason| matches!(reason, Reason::Override { .. })) {
            return None;
        }
        let line = self.batch.get(start..).and_then(|text| Line::parse(text).ok());
        // What cannot be read back is refused later.
        let line = line?;
        match strictness::compare(&line.answer, domain, entry, Settings::of(&self.facts)) {
            Comparison::AsStrict => None,
            Comparison::Weaker => Some(Gap::OperatorStricter),
            Comparison::Incomparable => Some(Gap::OperatorIncomparable),
        }
    }

    fn flush(&mut self, out: &mut dyn Output) -> fmt::Result {
        out.append(TABLE, &self.batch)?;
        self.batch.clear();
        Ok(())
    }

    fn count(&mut self, outcome: Outcome, entry: Entry) {
        let count = match outcome {
            Outcome::Enforced => &mut self.summary.enforced,
            Outcome::LogOnly => &mut self.summary.log_only,
            Outcome::Nothing => &mut self.summary.none,
            Outcome::Unexpressed => &mut self.summary.unexpressed,
        };
        *count += 1;
        self.summary.lines += u64::from(entry == Entry::Written);
    }
}

impl crate::Renderer for Renderer {
    fn decision(&mut self, decision: &Decision<'_>, out: &mut dyn Output) -> fmt::Result {
        let start = self.batch.len();
        self.batch.push_str(decision.domain.as_str());
        self.batch.push(' ');
        let mut gaps = Gaps::default();
        let used = self.answers.used;
        let (mut outcome, mut entry) = self.answers.write(decision, &mut self.batch, &mut gaps);
        if entry == Entry::Written
            && let Some(gap) = self.stands_back(decision, start)
        {
            gaps = Gaps::default();
            gaps.add(gap);
            self.answers.used = used;
            entry = Entry::Absent;
            if outcome == Outcome::Enforced {
                outcome = Outcome::Unexpressed;
            }
        }
        match entry {
            Entry::Written => self.batch.push('\n'),
            Entry::Absent => self.batch.truncate(start),
        }
        self.count(outcome, entry);
        self.tally.add(gaps, decision.domain);
        if self.batch.len() < BATCH_BYTES { Ok(()) } else { self.flush(out) }
    }

    fn finish(mut self: Box<Self>, out: &mut dyn Output) -> Result<Summary, fmt::Error> {
        // Even a table without lines must exist: Postfix defers all mail while one is missing.
        self.flush(out)?;
        self.answers.anchors.write(out)?;
        let used = self.answers.used;
        let now = Settings::of(&self.facts);
        let maps = without_references(now.verbatim(POLICY_MAPS).unwrap_or_default(), &self.facts.directory);
        let maps = PolicyMaps(&maps).with(&self.table);
        let settings = fragment::settings(maps, used, &self.answers.capabilities, &now);
        out.append(FRAGMENT, &fragment::text(&settings))?;
        let is_unsure = !self.answers.anchors.is_empty() && self.facts.directory_in_chroot.is_none();
        let directory = self.answers.directory.as_deref().filter(|_| is_unsure);
        let found = of_generation(used, self.summary.lines, self.table_type, directory);
        let shortfalls = mem::take(&mut self.tally).into_shortfalls();
        Ok(Summary { shortfalls, settings, findings: found, ..mem::take(&mut self.summary) })
    }

    fn advice(&self) -> Vec<Finding> {
        let server = Server {
            settings: Settings::of(&self.facts),
            capabilities: self.answers.capabilities,
            version: self.version,
            table_type: self.table_type,
            directory: &self.facts.directory,
            leaf_pins: self.facts.leaf_pins,
        };
        server.advice()
    }
}

fn version(facts: &Facts) -> Result<Option<Version>, Finding> {
    let Some(text) = &facts.version else { return Ok(None) };
    let version = Version::parse(text.trim()).map_err(|error| {
        let finding = findings::VERSION.finding("mail_version", format!("{error}"));
        finding.with_cure("name a version as `postconf -h mail_version` prints it")
    })?;
    if version < Version::OLDEST {
        let message =
            format!("Postfix {version} cannot express enough; {} is the oldest that can", Version::OLDEST);
        let finding = findings::TOO_OLD.finding("mail_version", message);
        return Err(finding.with_cure("upgrade Postfix; every release that is still maintained will do"));
    }
    Ok(Some(version))
}

fn table_type(facts: &Facts) -> Result<TableType, Finding> {
    let Some(name) = &facts.table else { return Ok(TableType::default()) };
    TableType::from_name(name).ok_or_else(|| {
        let known: Vec<&str> = TableType::ALL.iter().map(|table| table.name()).collect();
        let message = format!("`{}` is no kind of table that we write", starttls_policy::printable(name));
        findings::TABLE_TYPE
            .finding("table", message)
            .with_cure(format!("choose one of {}", known.join(", ")))
    })
}

fn check_directory(directory: &str) -> Result<(), Finding> {
    if is_path(directory) {
        return Ok(());
    }
    let message =
        format!("`{}` cannot stand in a table or in main.cf", starttls_policy::printable(directory));
    let cure = "choose an absolute path of `A-Z a-z 0-9 . _ / -`, up to 1024 characters";
    Err(findings::DIRECTORY.finding("directory", message).with_cure(cure))
}
