//! Finding Postfix and asking it about itself.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use starttls_mta::postfix::{TableType, Version, VersionError};
use starttls_mta::{Facts, LeafPins};

use super::logical_lines::{LogicalLine, logical};
use super::main_cf::MainCf;
use super::master_cf::{self, MasterEntry};
use super::reference::{POLICY_MAPS, Reference};
use super::services::{self, SmtpService};
use super::{Instance, listing};
use crate::commands::CommandError;
use crate::generations::Generations;

/// What an installed Postfix says of itself.
#[derive(Clone, Debug)]
pub struct Detected {
    /// Its release.
    pub version: Version,
    /// The same as Postfix spells it: a snapshot has a date, which [`Version`] does not keep.
    pub mail_version: String,
    /// Where main.cf is.
    pub config_directory: PathBuf,
    /// Where chrooted services live.
    pub queue_directory: PathBuf,
    /// Every setting in effect, with `$name` expanded.
    pub settings: BTreeMap<String, String>,
    /// Every setting in effect, as written.
    pub unexpanded: BTreeMap<String, String>,
    /// The settings that main.cf gives, as written.
    pub given: BTreeMap<String, String>,
    /// The defaults of every setting that this release knows.
    pub defaults: BTreeMap<String, String>,
    /// The kinds of look-up tables that it can use.
    pub table_kinds: BTreeSet<String>,
    /// The services that deliver by SMTP.
    pub smtp_services: Vec<SmtpService>,
    /// What the service that chooses routes sets for itself.
    pub rewrite_overrides: BTreeMap<String, String>,
    /// The parameters of main.cf as its text has them, also those that no program reads.
    pub(super) written: BTreeMap<String, String>,
    /// The services of master.cf.
    pub(super) master_cf: Vec<MasterEntry>,
}

/// Why Postfix could not be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DetectError {
    /// A tool is missing, or gave no answer.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// It named no version.
    #[error("`postconf -h mail_version` answers no version")]
    Version(#[from] VersionError),
    /// main.cf or master.cf cannot be read.
    #[error("cannot read `{path}`")]
    Configuration {
        /// The file.
        path: PathBuf,
        /// The underlying I/O error.
        #[source]
        source: io::Error,
    },
    /// A setting that every release has was not among its answers.
    #[error("`postconf` names no `{name}`; is this Postfix 2.11 or later?")]
    NoSetting {
        /// The setting.
        name: &'static str,
    },
}

impl Detected {
    /// Asks the instance everything that writing for it and activating on it needs.
    ///
    /// # Errors
    /// [`DetectError`], which is [`CommandError::NotFound`] when there is no Postfix.
    pub fn ask(instance: &Instance) -> Result<Self, DetectError> {
        let list = |arguments: &[&str]| instance.postconf(arguments).map(|text| listing::parse(&text));
        let mail_version = instance.postconf(&["-h", "mail_version"])?.trim().to_owned();
        let version = Version::parse(&mail_version)?;
        let settings = list(&["-x"])?;
        let compatibility = settings.get("compatibility_level").map_or("", String::as_str);
        let dash = services::dash(version, compatibility);
        let config_directory = path_of(&settings, "config_directory")?;
        let lines = logical(&read(config_directory.join("main.cf"))?);
        let written = lines.iter().filter_map(LogicalLine::parameter);
        let written: BTreeMap<String, String> =
            written.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let master_cf = master_cf::parse(&read(config_directory.join("master.cf"))?);
        let look_up = |name: &str| settings.get(name).or_else(|| written.get(name)).map(String::as_str);
        let smtp_services = services::smtp_services(&master_cf, dash, &look_up);
        let rewrite = master_cf.iter().find(|entry| entry.id() == "rewrite/unix");
        let rewrite_overrides = rewrite.map(|entry| services::overrides_of(entry, &look_up));
        Ok(Self {
            version,
            mail_version,
            smtp_services,
            rewrite_overrides: rewrite_overrides.unwrap_or_default(),
            written,
            master_cf,
            config_directory,
            queue_directory: path_of(&settings, "queue_directory")?,
            unexpanded: list(&[])?,
            given: list(&["-n"])?,
            defaults: list(&["-d"])?,
            table_kinds: instance.postconf(&["-m"])?.split_whitespace().map(str::to_owned).collect(),
            settings,
        })
    }

    /// The facts that a renderer wants, for files that Postfix will find in `directory`.
    ///
    /// Activation copies key files to where chrooted services see the same path.
    pub fn facts(&self, directory: &Path, table: Option<String>, leaf_pins: LeafPins) -> Facts {
        let directory = directory.to_string_lossy().into_owned();
        let services = self.smtp_services.iter();
        Facts {
            version: Some(self.mail_version.clone()),
            settings: self.settings.clone(),
            unexpanded: self.unexpanded.clone(),
            services: services
                .map(|service| (format!("{}/unix", service.name), service.overrides.clone()))
                .collect(),
            defaults: self.defaults.clone(),
            directory_in_chroot: Some(directory.clone()),
            directory,
            table,
            leaf_pins,
            ..Facts::default()
        }
    }

    /// As which kind main.cf names the table of this output directory now; `None` when it does not.
    pub fn active_table(&self, generations: &Generations) -> Option<TableType> {
        Reference::new(generations.root()).table_type_in(self.setting(POLICY_MAPS))
    }

    /// A setting in effect, expanded; empty when unset or unknown to this release.
    pub fn setting(&self, name: &str) -> &str {
        self.settings.get(name).map_or("", String::as_str)
    }

    /// Where main.cf is.
    pub fn main_cf(&self) -> PathBuf {
        self.config_directory.join("main.cf")
    }
}

fn read(path: PathBuf) -> Result<Vec<u8>, DetectError> {
    match MainCf::read(&path) {
        Ok(file) => Ok(file.bytes),
        Err(source) => Err(DetectError::Configuration { path, source }),
    }
}

fn path_of(settings: &BTreeMap<String, String>, name: &'static str) -> Result<PathBuf, DetectError> {
    match settings.get(name) {
        Some(path) if path.starts_with('/') => Ok(path.into()),
        _ => Err(DetectError::NoSetting { name }),
    }
}
