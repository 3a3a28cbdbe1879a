//! The settings: one TOML file with one table per role, a default for every key.
//!
//! Every key is declared once, with its words and its default, in the file of its role; reading, `settings show` and
//! docs/settings.md come from there. What is wrong is told with line and column, all of it at once. Options of the
//! command line win over settings, settings over defaults.

pub(crate) mod audit;
mod audit_daemon;
pub(crate) mod daemon;
mod decide;
mod file;
mod lists;
mod nearest;
mod postfix;
pub(crate) mod problem;
pub(crate) mod role;
pub(crate) mod show;
mod table;
#[cfg(test)]
mod tests;
mod update;
pub(crate) mod value;

use std::path::{Path, PathBuf};

use starttls_sources::settings::SourceSettings;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub(crate) use daemon::{Daemon, LogFormat, PolicyHosts, Resolvers, StoreUrl};
pub(crate) use decide::Decide;
pub(crate) use file::SettingsArgs;
pub(crate) use lists::ListTable;
pub(crate) use postfix::Postfix;
pub(crate) use problem::SettingsError;
pub(crate) use update::{Submission, Update, WithdrawalTimer};

use problem::{Place, Problem};
use role::{Role, role};
use table::{Document, TableReader};
use update::Complaints;

/// Most lists that settings may name; each is a fetch in every run.
const MAX_LISTS: usize = 32;

/// The control socket, where the settings say nothing, in the state directory.
const CONTROL_SOCKET: &str = "control.sock";

role! {
    /// What stands before the first table.
    pub(crate) struct General in "" {
        /// The directory for accepted lists, overrides and everything else that must outlast a run. `--state-dir`
        /// overrules it.
        "state-dir" => state_dir: PathBuf = "/var/lib/starttls".into(),
    }
}

/// All settings, defaults filled in.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Settings {
    /// The file that was read, if any.
    pub(crate) file: Option<PathBuf>,
    pub(crate) general: General,
    pub(crate) decide: Decide,
    pub(crate) postfix: Postfix,
    pub(crate) update: Update,
    pub(crate) daemon: Daemon,
    /// The lists as they were written, for `settings show`.
    pub(crate) list_tables: Vec<ListTable>,
    /// The lists, typed.
    pub(crate) lists: Vec<SourceSettings>,
}

impl Settings {
    /// Reads settings; relative paths begin at `base`, the directory of their file.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the text.
    pub(crate) fn parse(text: &str, base: &Path) -> Result<Self, Vec<Problem>> {
        let (table, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            let problem = |error: &toml::de::Error| Problem {
                place: Place::of(text, error.span().map_or(0, |span| span.start)),
                key: String::new(),
                text: format!("this is no TOML: {}", error.message().replace('\n', ", ")),
            };
            return Err(errors.iter().map(problem).collect());
        }
        let mut document = Document { text, base, problems: Vec::new() };
        let mut settings = Self::default();
        let mut top = TableReader::new(&mut document, String::new(), 0, table.get_ref());
        settings.general = General::read(&mut top);
        if let Some(reader) = below(&mut top, Decide::TABLE) {
            settings.decide = reader.role();
        }
        if let Some(reader) = below(&mut top, Postfix::TABLE) {
            settings.postfix = reader.role();
        }
        if let Some(reader) = below(&mut top, Daemon::TABLE) {
            settings.daemon = reader.role();
        }
        if let Some(mut reader) = below(&mut top, Update::TABLE) {
            settings.update = Update::read(&mut reader);
            settings.update.check(&mut Complaints(&mut reader));
            reader.refuse_rest(&names::<Update>());
        }
        settings.read_lists(&mut top);
        let tables = [Decide::TABLE, Postfix::TABLE, Update::TABLE, Daemon::TABLE, ListTable::TABLE];
        top.refuse_rest(&[names::<General>(), tables.into()].concat());
        let mut problems = document.problems;
        problems.sort_by_key(|problem| problem.place);
        if problems.is_empty() { Ok(settings) } else { Err(problems) }
    }

    fn read_lists(&mut self, top: &mut TableReader<'_, '_>) {
        let Some((place, value)) = top.take_raw(ListTable::TABLE) else { return };
        let Some(tables) = value.get_ref().as_array() else {
            return top.complain(
                place,
                ListTable::TABLE,
                "write each list as a table of its own, headed `[[list]]`",
            );
        };
        if tables.len() > MAX_LISTS {
            top.complain(place, ListTable::TABLE, format!("want at most {MAX_LISTS} lists"));
        }
        for (index, value) in tables.iter().enumerate().take(MAX_LISTS) {
            let path = format!("{}[{}]", ListTable::TABLE, index + 1);
            let Some(table) = value.get_ref().as_table() else {
                top.complain(place, &path, "write each list as a table of its own, headed `[[list]]`");
                continue;
            };
            let mut reader = TableReader::new(top.document(), path, value.span().start, table);
            let table = ListTable::read(&mut reader);
            let source = table.source(&mut reader);
            if let (Some(name), Some(place)) = (&table.name.value, table.name.place())
                && self.list_tables.iter().any(|other| other.name.value.as_ref() == Some(name))
            {
                reader.complain(place, "name", format!("another list has the name `{name}`"));
            }
            reader.refuse_rest(&names::<ListTable>());
            self.list_tables.push(table);
            self.lists.extend(source);
        }
    }

    /// Where the daemon is controlled.
    pub(crate) fn control_socket(&self) -> PathBuf {
        self.daemon.control_socket.value.clone().unwrap_or_else(|| self.state_dir().join(CONTROL_SOCKET))
    }

    /// The state directory.
    pub(crate) fn state_dir(&self) -> &Path {
        &self.general.state_dir.value
    }
}

/// The reader of a table below the top.
fn below<'r, 'a, 'd>(top: &'r mut TableReader<'a, 'd>, name: &'static str) -> Option<TableReader<'r, 'd>>
where
    'a: 'r,
{
    let (place, value) = top.take_raw(name)?;
    let value: &Spanned<DeValue<'_>> = value;
    let Some(table) = value.get_ref().as_table() else {
        top.complain(place, name, format!("write it as a table, headed `[{name}]`"));
        return None;
    };
    Some(TableReader::new(top.document(), name.to_owned(), value.span().start, table))
}

fn names<R: Role>() -> Vec<&'static str> {
    R::KEYS.iter().map(|key| key.name).collect()
}
