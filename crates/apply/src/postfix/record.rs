//! What activation changed, written down in the output directory before it is changed, so that it can be undone
//! by a later run and after a crash.
//!
//! ```text
//! starttls activation 1
//! config-directory /etc/postfix
//! queue-directory /var/spool/postfix
//! setting smtp_tls_policy_maps
//! was hash:/etc/postfix/tls_policy
//! now hash:/etc/postfix/tls_policy, texthash:/etc/starttls/current/tls_policy
//! copy /var/spool/postfix/etc/starttls/current/anchors/….pem
//! ```
//!
//! A `setting` without `was` stood not in main.cf. Beside it lie `main.cf.before`, as it would be without us, and
//! `main.cf.after`, as we left it: they have the very lines of each parameter, of which `was` is the value alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Detected;
use super::main_cf::MainCf;
use crate::generations::Generations;

const FILE: &str = "activation";
const BEFORE: &str = "main.cf.before";
const AFTER: &str = "main.cf.after";
const HEADER: &str = "starttls activation 1";

/// What was changed where.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Record {
    pub(super) config_directory: PathBuf,
    pub(super) queue_directory: PathBuf,
    pub(super) settings: BTreeMap<String, Recorded>,
    pub(super) copies: BTreeSet<PathBuf>,
}

/// One setting.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Recorded {
    /// What main.cf gave before; `None` when it gave nothing.
    pub(super) was: Option<String>,
    /// What activation made of it.
    pub(super) now: String,
}

/// The record could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The system refused.
    #[error("cannot read or write `{path}`")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
    /// It is not what we wrote.
    #[error(
        "`{path}` line {line} is damaged; take our table out of `smtp_tls_policy_maps` by hand, then remove the file"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
}

/// The record is of no use for an instance.
#[derive(Debug)]
pub(super) enum RecordForError {
    /// It belongs to another instance.
    OtherInstance { path: PathBuf, config: PathBuf },
    /// It cannot be used.
    Record(RecordError),
}

/// The record of an earlier activation from this output directory, which must be of the same instance.
///
/// A damaged one counts as none: what main.cf names is asked of Postfix, and `main.cf.before` lies beside it.
pub(super) fn record_for(
    server: &Detected,
    generations: &Generations,
) -> Result<Option<Record>, RecordForError> {
    match undamaged(Record::read(generations.root())).map_err(RecordForError::Record)? {
        Some(record) if record.config_directory != server.config_directory => {
            Err(RecordForError::OtherInstance {
                path: generations.root().to_owned(),
                config: record.config_directory,
            })
        }
        record => Ok(record),
    }
}

/// The configuration directory of the instance that an activation from this output directory is on record for.
///
/// # Errors
/// [`RecordError`] when there is a record that cannot be read; a damaged one names no instance.
pub fn recorded_instance(generations: &Generations) -> Result<Option<PathBuf>, RecordError> {
    Ok(undamaged(Record::read(generations.root()))?.map(|record| record.config_directory))
}

/// A damaged record is written anew by the next activation, and removed by a deactivation.
fn undamaged(read: Result<Option<Record>, RecordError>) -> Result<Option<Record>, RecordError> {
    match read {
        Err(RecordError::Damaged { .. }) => Ok(None),
        other => other,
    }
}

/// Whether an activation from this output directory has not been undone: main.cf should name its table.
pub fn is_recorded(root: &Path) -> bool {
    root.join(FILE).exists()
}

impl Record {
    /// Reads the record of an output directory, if there is one.
    pub(super) fn read(root: &Path) -> Result<Option<Self>, RecordError> {
        let path = root.join(FILE);
        match fs::read(&path) {
            Ok(bytes) => Self::parse(&String::from_utf8_lossy(&bytes))
                .map(Some)
                .map_err(|line| RecordError::Damaged { path, line }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(RecordError::Io { path, source }),
        }
    }

    /// Writes it in place of an older one.
    pub(super) fn write(&self, root: &Path) -> Result<(), RecordError> {
        put(&root.join(FILE), self.text().as_bytes(), 0o644)
    }

    /// Removes it and what belongs to it.
    pub(super) fn remove(root: &Path) -> Result<(), RecordError> {
        // The record goes last: as long as it is there the rest can be undone again.
        for name in [AFTER, BEFORE, FILE] {
            remove(root.join(name))?;
        }
        Ok(())
    }

    fn parse(text: &str) -> Result<Self, usize> {
        let mut record = Self::default();
        let mut open: Option<&mut Recorded> = None;
        let mut lines = text.lines().zip(1..);
        if lines.next().map(|(line, _)| line) != Some(HEADER) || !text.ends_with('\n') {
            return Err(1);
        }
        for (line, number) in lines {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match (word, &mut open) {
                ("config-directory", _) => record.config_directory = rest.into(),
                ("queue-directory", _) => record.queue_directory = rest.into(),
                ("setting", _) => open = Some(record.settings.entry(rest.to_owned()).or_default()),
                ("was", Some(setting)) => setting.was = Some(rest.to_owned()),
                ("now", Some(setting)) => rest.clone_into(&mut setting.now),
                ("copy", _) => _ = record.copies.insert(rest.into()),
                _ => return Err(number),
            }
        }
        Ok(record)
    }

    fn text(&self) -> String {
        let mut text = format!("{HEADER}\n");
        let mut line = |word: &str, rest: &str| {
            // `postconf` prints every value on one line; a path of ours has no line end either.
            let _ = writeln!(text, "{word} {}", rest.replace(['\n', '\r'], " "));
        };
        line("config-directory", &self.config_directory.to_string_lossy());
        line("queue-directory", &self.queue_directory.to_string_lossy());
        for (name, Recorded { was, now }) in &self.settings {
            line("setting", name);
            if let Some(was) = was {
                line("was", was);
            }
            line("now", now);
        }
        for copy in &self.copies {
            line("copy", &copy.to_string_lossy());
        }
        text
    }
}

/// Saves main.cf as it is before anything is changed; with its mode, since it may hold what not everybody may read.
pub(super) fn save_before(root: &Path, main_cf: &MainCf) -> Result<(), RecordError> {
    put(&root.join(BEFORE), &main_cf.bytes, main_cf.mode)
}

/// Saves main.cf as activation left it.
pub(super) fn save_after(root: &Path, main_cf: &MainCf) -> Result<(), RecordError> {
    put(&root.join(AFTER), &main_cf.bytes, main_cf.mode)
}

/// The bytes from before activation, if main.cf is still as activation left it.
pub(super) fn saved_before(root: &Path, now: &MainCf) -> Option<Vec<u8>> {
    let after = fs::read(root.join(AFTER)).ok()?;
    if after == now.bytes { fs::read(root.join(BEFORE)).ok() } else { None }
}

/// main.cf as it would be without us when we last changed it.
pub(super) fn saved_original(root: &Path) -> Option<Vec<u8>> {
    fs::read(root.join(BEFORE)).ok()
}

/// Where the bytes from before activation are kept.
pub(super) fn before_path(root: &Path) -> PathBuf {
    root.join(BEFORE)
}

fn remove(path: PathBuf) -> Result<(), RecordError> {
    starttls_host::remove(&path).map_err(|source| RecordError::Io { path, source })
}

fn put(path: &Path, bytes: &[u8], mode: u32) -> Result<(), RecordError> {
    starttls_host::replace(path, bytes, mode)
        .map_err(|source| RecordError::Io { path: path.to_owned(), source })
}

#[cfg(test)]
mod records {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn come_back_as_written(
            settings in prop::collection::btree_map(
                "[a-z_]{1,20}",
                (prop::option::of("[ -~]{0,30}"), "[ -~]{0,30}"),
                0..4,
            ),
            copies in prop::collection::btree_set("/[a-z/.]{1,20}", 0..4),
        ) {
            let record = Record {
                config_directory: "/etc/postfix".into(),
                queue_directory: "/var/spool/postfix".into(),
                settings: settings.into_iter().map(|(name, (was, now))| (name, Recorded { was, now })).collect(),
                copies: copies.into_iter().map(PathBuf::from).collect(),
            };
            prop_assert_eq!(Record::parse(&record.text()), Ok(record));
        }

        #[test]
        fn of_any_text_are_read_without_panic(text in any::<String>()) {
            let _ = Record::parse(&text);
            let _ = Record::parse(&format!("{HEADER}\n{text}\n"));
        }
    }

    #[test]
    fn that_are_damaged_name_the_line() {
        for (text, line) in [
            ("", 1),
            ("starttls activation 2\n", 1),
            ("starttls activation 1", 1),
            ("starttls activation 1\nwas x\n", 2),
            ("starttls activation 1\nsetting a\nnow b\nelse\n", 4),
        ] {
            assert_eq!(Record::parse(text), Err(line), "{text:?}");
        }
    }
}
