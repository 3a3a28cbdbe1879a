//! Where Postfix's configuration leads into an output directory: what must be gone before files there are deleted.
//!
//! Everything that main.cf and master.cf say is looked through for paths, whatever the parameter, since a missing table
//! or key file defers all mail. Paths are compared by where they lead, not by how they are spelled.
//!
//! Spec: postconf(5); `DATABASE_README` (`proxy`, `unionmap`, `pipemap`, `default_database_type`); master(5) `-o`.

use std::fmt;
use std::path::{Path, PathBuf};

use starttls_mta::postfix::PolicyMaps;

use super::Detected;
use super::expansion::expand;
use super::reference::POLICY_MAPS;
use super::scan::Scan;
use crate::generations::FOLDER;

/// One place in the configuration that leads into an output directory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Use {
    /// Where it stands.
    pub place: Place,
    /// The parameter; for an argument of a daemon that sets none, the argument; for a table, the key of the line.
    pub parameter: String,
    /// The value as written.
    pub value: String,
    /// Where it leads; over the link `current` it ends behind that, so that it stays good when generations change.
    pub path: PathBuf,
    /// Whether deactivation can take it out.
    pub kind: UseKind,
}

/// Where a [`Use`] stands.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Place {
    /// main.cf of the instance.
    MainCf,
    /// A service of master.cf, as `smtp/unix`.
    Service(String),
    /// A file of another instance on this machine.
    OtherInstance(PathBuf),
    /// A table of the operator, as main.cf names it.
    Table(String),
}

/// Whether deactivation can take a [`Use`] out by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UseKind {
    /// It is our table, as one table of `smtp_tls_policy_maps` in main.cf, in whatever spelling.
    Ours,
    /// It is anything else, and the operator must take it out.
    Indirect,
}

impl Use {
    /// Tells whether it leads to one generation by its number, which is deleted once two later ones were in force.
    pub fn is_pinned(&self, output: &Path) -> bool {
        self.path.strip_prefix(output).is_ok_and(|rest| rest.starts_with(FOLDER) && rest != Path::new(FOLDER))
    }

    /// Tells whether it puts our policy table into effect for all mail: it stands in `smtp_tls_policy_maps` of main.cf.
    ///
    /// It may be [`UseKind::Indirect`] then: by `$name`, or within `unionmap:`.
    pub fn is_policy_table(&self) -> bool {
        self.place == Place::MainCf && self.parameter == POLICY_MAPS
    }

    /// What the operator can do about it.
    pub fn cure(&self) -> String {
        let Self { place, parameter, path, .. } = self;
        match place {
            Place::MainCf => {
                format!("take `{}` out of `{parameter}` in main.cf, then try again", path.display())
            }
            Place::Service(service) => {
                format!("take `{parameter}` away from `{service}` in master.cf, then try again")
            }
            Place::OtherInstance(file) => {
                format!("take it out of `{parameter}` in `{}`, then try again", file.display())
            }
            Place::Table(table) => format!("change the line `{parameter}` of `{table}`, then try again"),
        }
    }
}

/// Uses in words, for one message: the first with its cure, and how many more.
pub(super) fn summary(uses: &[Use]) -> String {
    let Some(first) = uses.first() else { return String::new() };
    let more = match uses.len() {
        1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    format!("{first}{more}; {}", first.cure())
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MainCf => f.write_str("main.cf"),
            Self::Service(service) => write!(f, "`{service}` in master.cf"),
            Self::OtherInstance(file) => write!(f, "`{}`", file.display()),
            Self::Table(table) => write!(f, "the table `{table}`"),
        }
    }
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let setting = format!("{} = {}", self.parameter, self.value);
        let setting =
            starttls_policy::printable(if self.value.is_empty() { &self.parameter } else { &setting });
        write!(f, "`{setting}` in {} leads to `{}`", self.place, self.path.display())
    }
}

impl Detected {
    /// Finds every place in the configuration that leads into an output directory, by any spelling or link.
    ///
    /// What [`Detected::ask`] read is looked through; of the disk only links are followed, and the operator's own policy
    /// tables and the files of other instances are read. Nothing in the output directory is locked or changed.
    pub fn uses_of(&self, output: &Path) -> Vec<Use> {
        // What no file gives is a default; that leads into the directory by `$name` alone, if at all.
        let scan = Scan::new(output, &self.queue_directory, self.written.values().map(String::as_str));
        let value =
            |name: &str| self.settings.get(name).or_else(|| self.written.get(name)).map(String::as_str);
        let mut uses = Vec::new();
        for (name, written) in &self.written {
            uses.extend(scan.parameter(&Place::MainCf, name, written, &expand(written, &value)));
        }
        let services = self
            .master_cf
            .iter()
            .flat_map(|service| scan.service(service, &Place::Service(service.id()), &value));
        uses.extend(services);
        let tables = self.smtp_services.iter().filter_map(|service| service.overrides.get(POLICY_MAPS));
        for maps in tables.map(String::as_str).chain([self.setting(POLICY_MAPS)]) {
            uses.extend(PolicyMaps(maps).tables().filter_map(|table| scan.table(table)));
        }
        uses.extend(self.other_instances().iter().flat_map(|config| scan.instance(config)));
        uses
    }

    /// Tells whether an expanded value of `smtp_tls_policy_maps` leads into an output directory.
    pub(super) fn leads_into(&self, output: &Path, maps: &str) -> bool {
        let scan = Scan::new(output, &self.queue_directory, std::iter::empty());
        !scan.parameter(&Place::MainCf, POLICY_MAPS, maps, maps).is_empty()
    }

    /// The configuration directories of other instances that this one knows.
    fn other_instances(&self) -> Vec<PathBuf> {
        let names = ["multi_instance_directories", "alternate_config_directories"];
        let words = names.iter().flat_map(|name| self.setting(name).split([' ', ',', '\t']));
        let paths = words.filter(|word| word.starts_with('/')).map(PathBuf::from);
        paths.filter(|path| *path != self.config_directory).collect()
    }
}
