//! The table that is left when something has expired: written and checked as a new generation.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use starttls_mta::Output as _;
use starttls_mta::postfix::{FRAGMENT, Postfix, TABLE, TABLE_HEADER};
use starttls_policy::Timestamp;

use super::table::for_each_line;
use super::{ActivateError, Instance, PlanError, TableError, native};
use crate::commands::CommandError;
use crate::generations::{CheckError, DraftError, Generations, PublishError, Ready, Rejected, recheck};
use crate::validity::{Change, Due, Effect, Validity, ValidityError, table_sha256};

/// Where key files lie in a generation.
const KEY_FILES: &str = "anchors";

/// Why the rest of a table could not be put in force.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// The table in force cannot be read.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Another file of the generation in force cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// The underlying I/O error.
        #[source]
        source: io::Error,
    },
    /// The table in force cannot be emptied where it stands.
    #[error("cannot write `{path}`")]
    Cut {
        /// The table.
        path: PathBuf,
        /// The underlying I/O error.
        #[source]
        source: io::Error,
    },
    /// The new generation cannot be written.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// The new generation was refused by a check.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// Its record cannot be written.
    #[error(transparent)]
    Record(#[from] ValidityError),
    /// The exchange could not be planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The exchange failed.
    #[error(transparent)]
    Activate(#[from] ActivateError),
    /// The mail system could not be told.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The swap failed.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// Writes and checks the table that is left, and has `exchange` put it in force; answers how many lines it has.
pub(super) fn rewritten<'a>(
    instance: &Instance,
    generations: &'a Generations,
    validity: &Validity,
    due: Due,
    now: Timestamp,
    exchange: impl FnOnce(Ready<'a>) -> Result<(), ExchangeError>,
) -> Result<u64, ExchangeError> {
    let current = generations.current_directory();
    let read = |path: PathBuf| match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some).map_err(|source| ExchangeError::Read { path, source }),
    };
    let mut draft = generations.draft()?;
    let (header, lines) = table(&current.join(TABLE), due.effect)?;
    // A failure here stays with the draft, and comes out of `check`.
    let _ = draft.append(TABLE, &header);
    for (domain, rest) in &lines {
        let _ = draft.append(TABLE, &format!("{domain} {rest}\n"));
    }
    // A table without lines needs nothing of the generation before, which may be gone or of others.
    if !lines.is_empty() {
        if let Some(fragment) = read(current.join(FRAGMENT))? {
            let _ = draft.append(FRAGMENT, &fragment);
        }
        for (name, text) in key_files(&current)? {
            let _ = draft.append(&name, &text);
        }
    }
    let ready = draft.check(&mut |file, path| {
        // The others are as they were checked when they were written.
        if file == TABLE {
            recheck(&Postfix, file, path)?;
            native::check(instance, validity.table_type(), file, path)?;
        }
        Ok::<(), Rejected>(())
    })?;
    let table_sha256 = table_sha256(ready.directory())
        .map_err(|source| ExchangeError::Read { path: ready.directory().join(TABLE), source })?;
    let parts = validity.parts.iter().filter(|part| part.expires.is_none_or(|end| end > now));
    let left = Validity { table_sha256, parts: parts.cloned().collect(), ..validity.clone() };
    ready.describe(&left, &due.later)?;
    exchange(ready)?;
    Ok(lines.len() as u64)
}

/// The key files of a generation: their names in it, and their text.
fn key_files(generation: &Path) -> Result<Vec<(String, String)>, ExchangeError> {
    let keys = generation.join(KEY_FILES);
    let unreadable = |path: &Path, source| ExchangeError::Read { path: path.to_owned(), source };
    let entries = match fs::read_dir(&keys) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|source| unreadable(&keys, source))?,
    };
    let texts = entries.map(|entry| {
        let entry = entry.map_err(|source| unreadable(&keys, source))?;
        let text = fs::read_to_string(entry.path()).map_err(|source| unreadable(&entry.path(), source))?;
        Ok((format!("{KEY_FILES}/{}", entry.file_name().to_string_lossy()), text))
    });
    texts.collect()
}

/// The table in force as the effect leaves it: the comments on top, and what stands behind each domain.
fn table(path: &Path, effect: Effect) -> Result<(String, BTreeMap<String, String>), ExchangeError> {
    let unreadable = |source| ExchangeError::Read { path: path.to_owned(), source };
    if effect == Effect::TakeOut {
        return Ok((TABLE_HEADER.to_owned(), BTreeMap::new()));
    }
    let mut header = String::new();
    let mut reader = io::BufReader::new(fs::File::open(path).map_err(unreadable)?);
    loop {
        let start = header.len();
        let read = io::BufRead::read_line(&mut reader, &mut header).map_err(unreadable)?;
        if read == 0 || !header.get(start..).unwrap_or_default().starts_with('#') {
            header.truncate(start);
            break;
        }
    }
    let lines = match effect {
        Effect::TakeOut => BTreeMap::new(),
        Effect::Only(lines) => lines,
        Effect::Change(changes) => {
            let mut lines = BTreeMap::new();
            for_each_line(path, |line| {
                let (domain, rest) = line.split_once(' ').unwrap_or((line, ""));
                lines.insert(domain.to_owned(), rest.to_owned());
                Ok(())
            })?;
            for (domain, change) in changes {
                match change {
                    Change::Gone => _ = lines.remove(&domain),
                    Change::Line(rest) => _ = lines.insert(domain, rest),
                }
            }
            lines
        }
    };
    Ok((header, lines))
}
