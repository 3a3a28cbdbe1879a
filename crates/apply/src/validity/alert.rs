//! Who is alerted and how, as the settings said at activation.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{ValidityError, read_json, write_json};
use crate::generations::Generations;

const FILE: &str = "alert.json";

/// Who is alerted and how. Holds mail addresses and perhaps a token among the command's arguments, so that its file is
/// for the owner alone.
#[derive(Clone, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Alert {
    /// A program with its arguments that gets the message on its standard input.
    pub command: Option<Vec<String>>,
    /// Who gets the message by mail.
    pub mail: Option<String>,
    /// Who such mail is from.
    pub mail_from: Option<String>,
    /// How mail is handed over: `sendmail`, or `smtp://HOST:PORT`.
    pub submission: Option<String>,
    /// Further authorities for that server's certificate.
    pub ca_file: Option<PathBuf>,
}

impl std::fmt::Debug for Alert {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Alert(…)")
    }
}

impl Alert {
    /// Reads it; nobody is alerted where there is no file.
    ///
    /// # Errors
    /// [`ValidityError`].
    pub fn read(root: &Path) -> Result<Self, ValidityError> {
        Ok(read_json(&root.join(FILE))?.unwrap_or_default())
    }

    /// Writes it in place of the one before.
    ///
    /// # Errors
    /// [`ValidityError`].
    pub fn write(&self, generations: &Generations) -> Result<(), ValidityError> {
        write_json(&generations.root().join(FILE), self, 0o600)
    }
}
