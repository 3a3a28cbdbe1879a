//! What goes wrong with databases.

use std::path::PathBuf;
use std::time::Duration;

use crate::place::PlaceError;

/// A database cannot do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database cannot be reached or opened.
    #[error("the database {place} cannot be opened")]
    Open {
        /// The place, without a password.
        place: String,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The password of the database cannot be had.
    #[error("the database cannot be opened without its password")]
    Password {
        /// Why.
        #[source]
        source: PlaceError,
    },
    /// A file cannot be made, renamed or written.
    #[error("`{}` cannot be written; its directory must exist and belong to the user that runs this program", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A newer program has migrated the database.
    #[error(
        "the database {place} is at version {found} of `{feature}` and this program knows {known}; run the newer program, or name another place"
    )]
    Newer {
        /// The place, without a password.
        place: String,
        /// Whose tables.
        feature: &'static str,
        /// The version found.
        found: i64,
        /// The highest version known.
        known: i64,
    },
    /// A file with tables of some other program.
    #[error("`{}` is a database of another program; name another place", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A migration cannot be applied; nothing of it was kept.
    #[error("the database {place} cannot be brought to version {version} of `{feature}`")]
    Migration {
        /// The place, without a password.
        place: String,
        /// Whose tables.
        feature: &'static str,
        /// The version that was tried.
        version: i64,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// A statement went wrong.
    #[error("the database refused a statement")]
    Statement(#[source] sqlx::Error),
    /// A column holds something else than was asked for.
    #[error("column {column} of a row holds something unexpected")]
    Column {
        /// Counted from 0.
        column: usize,
    },
    /// No answer in time.
    #[error("the database did not answer within {} ms", limit.as_millis())]
    Deadline {
        /// How long was waited.
        limit: Duration,
    },
    /// A backup is asked of a server.
    #[error("the database is on a server; back it up with `pg_dump`")]
    BackupOfServer,
}

/// Result codes of SQLite by which a file is no database, or not a whole one (sqlite3.h: `SQLITE_CORRUPT`, `SQLITE_NOTADB`).
const DAMAGE: [u32; 2] = [11, 26];

/// SQLSTATE codes and classes by which a server says that it, or this connection, is at its end (PostgreSQL, appendix A):
/// connection exceptions, and shutdowns.
const GONE: [&str; 4] = ["08", "57P01", "57P02", "57P03"];

/// SQLSTATE codes of statements that may well succeed when they are run again: serialization failure, deadlock.
const TRANSIENT: [&str; 2] = ["40001", "40P01"];

/// SQLSTATE codes of statements that waited too long for what other sessions hold: lock not available, cancelled by a time limit.
const HELD_UP: [&str; 2] = ["55P03", "57014"];

/// SQLSTATE codes and classes by which a server refuses a statement whatever rows are in it: read-only transaction, and syntax error
/// or access rule violation, which names tables and columns.
const OF_ALL_ROWS: [&str; 2] = ["25006", "42"];

/// SQLSTATE classes and codes by which a server refuses a statement for the values in it: data exception, constraint violated,
/// limit exceeded, and the exception that a trigger raises.
const OF_VALUES: [&str; 4] = ["22", "23", "54", "P0001"];

impl StoreError {
    /// Tells whether the database refused the values of a statement: others may be taken, and these never are.
    pub fn is_of_values(&self) -> bool {
        self.code().is_some_and(|code| OF_VALUES.iter().any(|refusal| code.starts_with(refusal)))
    }

    /// Tells whether the database answered, and refused: the connection is as good as before.
    pub fn is_refusal(&self) -> bool {
        match self.code() {
            Some(code) => !GONE.iter().any(|gone| code.starts_with(gone)),
            None => false,
        }
    }

    /// Tells whether the same statement may succeed when it is run again at once.
    pub fn is_transient(&self) -> bool {
        self.code().is_some_and(|code| TRANSIENT.contains(&&*code))
    }

    /// Tells whether the cause may pass by itself: another session's work, or its lock.
    pub fn is_passing(&self) -> bool {
        self.is_transient() || self.code().is_some_and(|code| HELD_UP.contains(&&*code))
    }

    /// Tells whether the database may have refused one row of a statement and take the others.
    pub fn may_be_of_one_row(&self) -> bool {
        self.is_refusal()
            && self.code().is_some_and(|code| !OF_ALL_ROWS.iter().any(|of_all| code.starts_with(of_all)))
    }

    /// The database's own code, if it answered a statement with an error.
    fn code(&self) -> Option<std::borrow::Cow<'_, str>> {
        match self {
            Self::Statement(source) => source.as_database_error()?.code(),
            _ => None,
        }
    }

    /// Tells whether the database's own file is damaged, as opposed to being out of reach, full or busy.
    pub fn is_damage(&self) -> bool {
        let (Self::Open { source, .. } | Self::Migration { source, .. } | Self::Statement(source)) = self
        else {
            return false;
        };
        let Some(error) = source.as_database_error() else { return false };
        // The lowest byte of an extended result code is the primary one; PostgreSQL's codes are no SQLite errors.
        error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some()
            && error
                .code()
                .and_then(|code| code.parse::<u32>().ok())
                .is_some_and(|code| DAMAGE.contains(&(code & 0xff)))
    }
}
