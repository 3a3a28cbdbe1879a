//! main.cf as a whole: its bytes, what `postconf` makes of them, and their return.
//!
//! Only `postconf` edits it; we write it only to bring back bytes and lines that were saved before.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};

use similar::TextDiff;
use starttls_policy::with_causes;
use tempfile::TempDir;

use super::{Instance, listing};
use crate::commands::CommandError;

/// Far above any main.cf seen.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// A setting to be changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// The parameter.
    pub name: String,
    /// What main.cf gives it now, as written; `None` when it does not.
    pub old: Option<String>,
    /// What it shall give; `None` to remove it.
    pub new: Option<String>,
}

/// The bytes of main.cf at one moment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct MainCf {
    pub(super) path: PathBuf,
    pub(super) bytes: Vec<u8>,
    pub(super) mode: u32,
    owner: (u32, u32),
}

impl MainCf {
    /// Reads it.
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        let mut bytes = Vec::new();
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(io::Error::other(format!("larger than {MAX_BYTES} bytes")));
        }
        let owner = (metadata.uid(), metadata.gid());
        Ok(Self { path: path.to_owned(), bytes, mode: metadata.mode() & 0o7777, owner })
    }

    /// The same file with other bytes.
    pub(super) fn with_bytes(&self, bytes: Vec<u8>) -> Self {
        Self { bytes, ..self.clone() }
    }

    /// Removes what a run that died while bringing it back left beside it.
    pub(super) fn tidy(&self) -> io::Result<()> {
        starttls_host::remove_aside(&self.path)
    }

    /// What `postconf` would make of it: tried on a copy.
    pub(super) fn simulate(&self, instance: &Instance, changes: &[Change]) -> Result<Vec<u8>, EditError> {
        let (holder, copy) = self.copy()?;
        edit(&instance.with_config(holder.path()), changes)?;
        fs::read(&copy).map_err(EditError::Copy)
    }

    /// The changes that these bytes do not have, as `postconf` reads a copy.
    pub(super) fn differing(
        &self,
        instance: &Instance,
        changes: &[Change],
    ) -> Result<Vec<Change>, EditError> {
        let (holder, _) = self.copy()?;
        // `postconf -n` looks into master.cf for the names of parameters.
        fs::write(holder.path().join("master.cf"), "").map_err(EditError::Copy)?;
        let given = listing::parse(&instance.with_config(holder.path()).postconf(&["-n"])?);
        Ok(changes.iter().filter(|change| !change.is_made(&given)).cloned().collect())
    }

    fn copy(&self) -> Result<(TempDir, PathBuf), EditError> {
        let holder = tempfile::tempdir().map_err(EditError::Copy)?;
        let copy = holder.path().join("main.cf");
        fs::write(&copy, &self.bytes).map_err(EditError::Copy)?;
        Ok((holder, copy))
    }

    /// Brings these bytes back, with their mode and owner.
    pub(super) fn restore(&self) -> io::Result<()> {
        starttls_host::replace(&self.path, &self.bytes, self.mode)?;
        let now = fs::metadata(&self.path)?;
        if (now.uid(), now.gid()) == self.owner {
            return Ok(());
        }
        chown(&self.path, Some(self.owner.0), Some(self.owner.1))
    }
}

/// How main.cf came back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MainCfBack {
    /// It had not been changed.
    Untouched,
    /// To the very bytes it had.
    Bytes,
    /// Setting by setting, since somebody else had changed it meanwhile.
    Settings,
    /// Not at all.
    Failed,
}

/// An edit to be taken back.
pub(super) struct Edit<'a> {
    pub(super) instance: &'a Instance,
    pub(super) before: &'a MainCf,
    pub(super) changes: &'a [Change],
    /// main.cf right after the edit; `None` when the edit broke off.
    pub(super) after: Option<&'a MainCf>,
}

impl Edit<'_> {
    /// Brings back the bytes if nobody else changed main.cf since, else the settings; what fails is added to
    /// `troubles`.
    pub(super) fn take_back(&self, troubles: &mut Vec<String>) -> MainCfBack {
        let path = &self.before.path;
        let now = MainCf::read(path).ok().map(|now| now.bytes);
        if now.as_ref() == Some(&self.before.bytes) {
            return MainCfBack::Untouched;
        }
        // When the edit itself broke off, what is there now is its doing: nobody else had the time.
        let is_ours = match (self.after, &now) {
            (Some(after), Some(now)) => after.bytes == *now,
            _ => true,
        };
        let (back, outcome) = if is_ours {
            let restored = self
                .before
                .restore()
                .map_err(|error| format!("`{}` cannot be written: {error}", path.display()));
            (MainCfBack::Bytes, restored)
        } else {
            let reversed: Vec<Change> = self.changes.iter().map(Change::reversed).collect();
            (MainCfBack::Settings, edit(self.instance, &reversed).map_err(|error| with_causes(&error)))
        };
        match outcome {
            Ok(()) => back,
            Err(trouble) => {
                troubles.push(trouble);
                MainCfBack::Failed
            }
        }
    }
}

impl Change {
    /// Tells whether main.cf gives what the change wants, other blanks aside.
    pub(super) fn is_made(&self, given: &BTreeMap<String, String>) -> bool {
        given.get(&self.name).map(|value| words(value)) == self.new.as_deref().map(words)
    }

    fn reversed(&self) -> Self {
        Self { name: self.name.clone(), old: self.new.clone(), new: self.old.clone() }
    }
}

/// `postconf` could not change a setting.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The tool refused.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// There was no room to try it on a copy.
    #[error("cannot try the change on a copy of main.cf")]
    Copy(#[source] io::Error),
}

/// Has `postconf` make the changes, all that set in one run and then all that remove.
pub(super) fn edit(instance: &Instance, changes: &[Change]) -> Result<(), CommandError> {
    let set: Vec<String> = changes
        .iter()
        .filter_map(|change| Some(format!("{} = {}", change.name, change.new.as_ref()?)))
        .collect();
    let removed: Vec<&str> =
        changes.iter().filter(|change| change.new.is_none()).map(|change| change.name.as_str()).collect();
    if !set.is_empty() {
        instance
            .postconf(&[&["-e"], set.iter().map(String::as_str).collect::<Vec<_>>().as_slice()].concat())?;
    }
    if !removed.is_empty() {
        instance.postconf(&[&["-X"], removed.as_slice()].concat())?;
    }
    Ok(())
}

/// The words of a value: `postconf` may print other blanks between them than were set.
pub(super) fn words(value: &str) -> Vec<&str> {
    value.split_whitespace().collect()
}

/// The difference as a unified diff; empty when there is none.
pub(super) fn diff(path: &Path, before: &[u8], after: &[u8]) -> String {
    let (before, after) = (String::from_utf8_lossy(before), String::from_utf8_lossy(after));
    let name = path.display().to_string();
    TextDiff::from_lines(before.as_ref(), after.as_ref())
        .unified_diff()
        .context_radius(2)
        .header(&name, &format!("{name} (after)"))
        .to_string()
}
