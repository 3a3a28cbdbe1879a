//! The plan of an activation: what would change in main.cf, and what speaks against it. Nothing is changed here.

use std::io;
use std::path::PathBuf;

use starttls_mta::postfix::{TABLE, TableType, Version};
use starttls_mta::{Need, Setting};
use starttls_policy::{Finding, Severity};

use super::key_copies::KeyCopy;
use super::main_cf::{self, Change, EditError, MainCf};
use super::record::{Record, RecordError, RecordForError, record_for};
use super::reference::{POLICY_MAPS, Reference};
use super::roots::seen_from;
use super::{
    DetectError, Detected, Instance, LiveProbe, Survey, Table, TableError, Where, codes, existing, preflight,
};
use crate::generations::{Generations, Ready};

/// What is to be activated.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// The kind of table that was written.
    pub table_type: TableType,
    /// The settings that go with it, as the renderer sums them up; those that are merely offered stay out.
    pub settings: &'a [Setting],
    /// The version that the operator said the table is for; `None` when it was taken from the server.
    pub written_for: Option<Version>,
    /// Whether to try listed domains first.
    pub probe: LiveProbe,
}

/// How main.cf stands to our table before the activation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// It names the table already, and has every setting that it needs.
    Active,
    /// Something in it must change.
    Inactive,
}

/// What an activation would do.
#[derive(Debug)]
pub struct Plan {
    /// The server.
    pub server: Detected,
    /// The table that would be used.
    pub table: Table,
    /// Whether main.cf must change at all.
    pub standing: Standing,
    /// The settings that would change.
    pub changes: Vec<Change>,
    /// The same as a unified diff of main.cf, as `postconf` would leave it; empty when nothing changes.
    pub diff: String,
    /// What came up; one of severity error refuses the activation.
    pub findings: Vec<Finding>,
    pub(super) instance: Instance,
    pub(super) output: PathBuf,
    /// What leads into the output directory already.
    pub(super) survey: Survey,
    pub(super) main_cf: MainCf,
    pub(super) reference: String,
    pub(super) copies: Vec<KeyCopy>,
    pub(super) record: Option<Record>,
}

/// Why no plan could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// Postfix could not be asked.
    #[error(transparent)]
    Detect(#[from] DetectError),
    /// There is no generation to activate.
    #[error("`{path}` holds no generation yet; write one with `generate --output`")]
    NoGeneration {
        /// The output directory.
        path: PathBuf,
    },
    /// The table cannot be read back.
    #[error(transparent)]
    Table(#[from] TableError),
    /// main.cf cannot be read.
    #[error("cannot read `{path}`")]
    MainCf {
        /// Where it is.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
    /// The change could not be tried on a copy.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The record of the last activation cannot be used.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Another instance uses this output directory.
    #[error("`{path}` is active for `{config}`; give each Postfix instance an output directory of its own")]
    OtherInstance {
        /// The output directory.
        path: PathBuf,
        /// The other instance's configuration.
        config: PathBuf,
    },
}

impl From<RecordForError> for PlanError {
    fn from(error: RecordForError) -> Self {
        match error {
            RecordForError::OtherInstance { path, config } => Self::OtherInstance { path, config },
            RecordForError::Record(error) => error.into(),
        }
    }
}

impl Plan {
    /// Works out what activating would change and runs every check before it: on `ready` if given, which activation
    /// then publishes, else on the generation in force.
    ///
    /// # Errors
    /// [`PlanError`]. What speaks against the activation is no error but a finding.
    pub fn make(
        instance: &Instance,
        generations: &Generations,
        ready: Option<&Ready<'_>>,
        wanted: &Wanted<'_>,
    ) -> Result<Self, PlanError> {
        let root = generations.root();
        let server = Detected::ask(instance)?;
        let record = record_for(&server, generations)?;
        let current = generations.current_directory();
        let directory = ready.map_or(current.as_path(), Ready::directory);
        if !directory.is_dir() {
            return Err(PlanError::NoGeneration { path: root.to_owned() });
        }
        let table = Table::read(&directory.join(TABLE))?;
        let path = server.main_cf();
        let main_cf =
            MainCf::read(&path).map_err(|source| PlanError::MainCf { path: path.clone(), source })?;
        let reference = Reference::new(root);
        let (changes, conflicts) = changes(&server, &reference, wanted);
        let after =
            if changes.is_empty() { main_cf.bytes.clone() } else { main_cf.simulate(instance, &changes)? };
        let copies = copies(&server, &table, generations, directory);
        let mut plan = Self {
            standing: if changes.is_empty() { Standing::Active } else { Standing::Inactive },
            diff: main_cf::diff(&path, &main_cf.bytes, &after),
            findings: conflicts,
            instance: instance.clone(),
            output: root.to_owned(),
            survey: server.survey(root),
            reference: reference.spelled(wanted.table_type),
            server,
            table,
            changes,
            main_cf,
            copies,
            record,
        };
        let found = preflight::check(&plan, &reference, &directory.join(TABLE), wanted);
        plan.findings.extend(found);
        Ok(plan)
    }

    /// The findings that refuse the activation.
    pub fn refusals(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error)
    }

    /// Tells whether the tables that Postfix asks before ours answer for every domain of it.
    pub fn is_hidden(&self) -> bool {
        self.findings.iter().any(|finding| finding.code == codes::ALL_SHADOWED.name)
    }

    /// A setting as it will be, expanded where main.cf does not change it.
    pub(super) fn setting(&self, name: &str) -> &str {
        let changed = self.changes.iter().find(|change| change.name == name);
        changed.map_or_else(|| self.server.setting(name), |change| change.new.as_deref().unwrap_or_default())
    }
}

fn changes(server: &Detected, reference: &Reference, wanted: &Wanted<'_>) -> (Vec<Change>, Vec<Finding>) {
    let (mut changes, mut conflicts) = (Vec::new(), Vec::new());
    let now = server.unexpanded.get(POLICY_MAPS).map_or("", String::as_str);
    let with_ours = reference.added_to(now, wanted.table_type);
    if with_ours != now {
        changes.push(change(server, POLICY_MAPS, with_ours));
    }
    let required = wanted.settings.iter().filter(|setting| setting.need == Need::Required);
    for setting in required.filter(|setting| setting.name != POLICY_MAPS) {
        let known = server.defaults.contains_key(setting.name);
        if !known || server.setting(setting.name) == setting.value {
            continue;
        }
        conflicts.extend(conflict(server, reference, setting));
        changes.push(change(server, setting.name, setting.value.clone()));
    }
    (changes, conflicts)
}

fn change(server: &Detected, name: &str, new: String) -> Change {
    Change { name: name.to_owned(), old: server.given.get(name).cloned(), new: Some(new) }
}

/// A value that the operator chose or relies on, and that our table cannot work with.
fn conflict(server: &Detected, reference: &Reference, setting: &Setting) -> Option<Finding> {
    let relied_on = existing::relies_on(server, reference, setting.name);
    let given = server.given.get(setting.name);
    let why = match (setting.name, given.map(|given| given.trim()), relied_on) {
        (_, _, Some(by)) => format!("{by} relies on that"),
        // Asking the DNS for more than before weakens nothing.
        (_, None, None) | ("smtp_dns_support_level", Some("" | "enabled"), None) => return None,
        ("smtp_dns_support_level", ..) => "the table has lines that need the DNS".to_owned(),
        ("smtp_tls_fingerprint_digest", ..) => "other digests of this server may be made with it".to_owned(),
        _ => "it was chosen, and others may rely on it".to_owned(),
    };
    let now = server.setting(setting.name);
    let message =
        format!("in effect is `{} = {now}`, the table needs `{}`: {why}", setting.name, setting.value);
    let cure =
        format!("change it yourself to `{} = {}` once nothing else needs it", setting.name, setting.value);
    Some(codes::SETTING_CONFLICT.finding(setting.name, message).with_cure(cure))
}

/// The key files of the table, and where chrooted services will look for them.
fn copies(
    server: &Detected,
    table: &Table,
    generations: &Generations,
    directory: &std::path::Path,
) -> Vec<KeyCopy> {
    if !server.smtp_services.iter().any(|service| service.runs == Where::Chrooted) {
        return Vec::new();
    }
    let current = generations.current_directory();
    let copy = |seen: &PathBuf| KeyCopy {
        from: seen.strip_prefix(&current).map_or_else(|_| seen.clone(), |name| directory.join(name)),
        to: seen_from(Where::Chrooted, &server.queue_directory, seen),
    };
    table.key_files.iter().map(copy).collect()
}
