//! Which settings file is read, and which options of the command line stand above it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use starttls_host::ReadError;

use super::Settings;
use super::problem::SettingsError;
use super::role::{From, Sourced};

/// Read if it is there.
const DEFAULT_FILE: &str = "/etc/starttls/starttls.toml";

/// Names another file; not one of clap's own variables, since those count as an argument given.
const VARIABLE: &str = "STARTTLS_CONFIG";

/// Largest settings file; a real one has a few kilobytes.
const MAX_SETTINGS_BYTES: u64 = 1 << 20;

/// Where settings and state are.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SettingsArgs {
    /// The settings file; without it that of the environment's STARTTLS_CONFIG, or /etc/starttls/starttls.toml if it is
    /// there.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    /// The directory for what must outlast a run; overrules the settings, whose default is /var/lib/starttls.
    #[arg(long, global = true, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

impl SettingsArgs {
    /// Reads the settings that hold for this run.
    ///
    /// # Errors
    /// A named file that is not there, a file that cannot be read, everything that is wrong in it.
    pub(crate) fn load(&self) -> Result<Settings, SettingsError> {
        let mut settings = match self.named() {
            Some(file) => read(&file)?,
            None => match read(Path::new(DEFAULT_FILE)) {
                Err(SettingsError::Unreadable { cause, .. }) if cause.kind() == ErrorKind::NotFound => {
                    Settings::default()
                }
                other => other?,
            },
        };
        if let Some(directory) = &self.state_dir {
            let value = std::path::absolute(directory).unwrap_or_else(|_| directory.clone());
            settings.general.state_dir = Sourced { value, from: From::Option("--state-dir") };
        }
        Ok(settings)
    }

    /// The file that is meant, whether it is there or not.
    pub(crate) fn file(&self) -> PathBuf {
        self.named().unwrap_or_else(|| DEFAULT_FILE.into())
    }

    fn named(&self) -> Option<PathBuf> {
        let of_environment = || std::env::var_os(VARIABLE).filter(|file| !file.is_empty()).map(PathBuf::from);
        self.config.clone().or_else(of_environment)
    }
}

fn read(file: &Path) -> Result<Settings, SettingsError> {
    let unreadable = |cause| SettingsError::Unreadable { file: file.to_owned(), cause };
    let absolute = std::path::absolute(file).map_err(unreadable)?;
    let text = starttls_host::read_text(&absolute, MAX_SETTINGS_BYTES).map_err(|error| match error {
        ReadError::Missing { source, .. } | ReadError::Io { source, .. } => unreadable(source),
        ReadError::NotText { .. } => unreadable(ErrorKind::InvalidData.into()),
        _ => SettingsError::NotSettings { file: file.to_owned() },
    })?;
    let base = absolute.parent().unwrap_or(Path::new("/"));
    let settings = Settings::parse(&text, base)
        .map_err(|problems| SettingsError::Wrong { file: file.to_owned(), problems })?;
    Ok(Settings { file: Some(file.to_owned()), ..settings })
}
