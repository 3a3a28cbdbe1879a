//! A file of SQLite: one connection that writes, one that reads beside it.
//!
//! The write-ahead log lets readers go on while a batch is written, and leaves old or new after a crash.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection, SqlitePool};

use super::not_migrated;
use crate::error::StoreError;
use crate::migrations::Migrations;

/// Longest wait for one statement: a purge of millions of rows on a slow disk ends within it.
pub(super) const DEADLINE: Duration = Duration::from_secs(30);

/// How long a connection waits for another process that writes, such as a purge by hand.
const BUSY: Duration = Duration::from_secs(5);

/// Page cache of each connection in KiB: the upper levels of the trees, the operating system caches the rest. A larger one made
/// batches no cheaper.
const CACHE_KIB: u32 = 256;

/// Statements each connection keeps prepared: a feature has some dozens.
const STATEMENTS: usize = 32;

/// The log is cut to this after a checkpoint, in bytes; without it, it keeps the size of the largest transaction ever.
const LOG_BYTES: u32 = 4 << 20;

/// Damaged files of the same name that may lie about; more would mean that the disk is broken.
const MAX_SET_ASIDE: u32 = 99;

/// Marks files that are ours, in their header (`PRAGMA application_id`): `STLS`.
const OURS: [u8; 4] = *b"STLS";

/// Where a file says what it is, and whose (sqlite.org/fileformat2.html §1.3).
const MAGIC: &[u8] = b"SQLite format 3\0";
const APPLICATION_ID: usize = 68;

/// Tables in a file that has none of ours.
const FOREIGN: &str = "SELECT COUNT(*) FROM sqlite_schema
    WHERE NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'starttls_schema')";

#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) writer: SqlitePool,
    pub(crate) reader: SqlitePool,
}

impl File {
    pub(super) async fn open(path: &Path, migrations: &Migrations) -> Result<Self, StoreError> {
        create(path)?;
        let failed = |source| StoreError::Open { place: path.display().to_string(), source };
        let options = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(BUSY)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(false)
            .pragma("cache_size", format!("-{CACHE_KIB}"))
            .pragma("journal_size_limit", LOG_BYTES.to_string())
            // Large statements would else want files in /tmp, which a sandbox may keep out of reach.
            .pragma("temp_store", "MEMORY")
            // Text of a damaged or hostile file must not run functions with effects.
            .pragma("trusted_schema", "OFF")
            .statement_cache_capacity(STATEMENTS)
            .command_buffer_size(4)
            .row_buffer_size(64)
            .disable_statement_logging();
        let is_marked = is_marked(path);
        // A look takes as long as all the rest, and a start waits for it.
        let looking = if is_marked { None } else { Some(refuse_foreign(path).await?) };
        let writer = one_connection().connect_with(options.clone()).await;
        // A file in use by nobody else would be tidied up and set up again.
        let closed = match looking {
            Some(looking) => looking.close().await,
            None => Ok(()),
        };
        let writer = writer.map_err(failed)?;
        let opened = async {
            closed.map_err(failed)?;
            let mut connection = writer.acquire().await.map_err(failed)?;
            let migrated = migrations.apply_to_sqlite(&mut connection).await;
            migrated.map_err(|trouble| not_migrated(path.display().to_string(), migrations, trouble))?;
            if !is_marked {
                let mark = format!("PRAGMA application_id = {}", u32::from_be_bytes(OURS));
                // A number of this file, and no text of anybody's.
                sqlx::raw_sql(AssertSqlSafe(mark)).execute(&mut *connection).await.map_err(failed)?;
            }
            drop(connection);
            one_connection().connect_with(options.pragma("query_only", "ON")).await.map_err(failed)
        };
        match opened.await {
            Ok(reader) => Ok(Self { writer, reader }),
            Err(error) => {
                // A file that is refused or set aside is not held open.
                writer.close().await;
                Err(error)
            }
        }
    }
}

/// Tells whether a file bears our mark. One that does not may be ours all the same: new, older than the mark, or not yet brought
/// up to date from its log.
fn is_marked(path: &Path) -> bool {
    let mut header = [0; APPLICATION_ID + OURS.len()];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut header));
    read.is_ok() && header.starts_with(MAGIC) && header.ends_with(&OURS)
}

/// A first connection, to a file that is ours or empty. Looks before anything is changed, the journal's mode included.
async fn refuse_foreign(path: &Path) -> Result<SqliteConnection, StoreError> {
    let failed = |source| StoreError::Open { place: path.display().to_string(), source };
    let plain = SqliteConnectOptions::new().filename(path).busy_timeout(BUSY).disable_statement_logging();
    let mut looking = plain.connect().await.map_err(failed)?;
    let foreign: Result<i64, _> = sqlx::query_scalar(FOREIGN).fetch_one(&mut looking).await;
    match foreign {
        Ok(0) => Ok(looking),
        other => {
            drop(looking.close().await);
            Err(other.map_or_else(failed, |_| StoreError::Foreign { path: path.to_owned() }))
        }
    }
}

/// A pool of one, kept for good: its connection is a thread with caches, dear to make.
///
/// Only a connection that is still in a transaction after its rollback is closed and replaced. That is so where SQLite itself has
/// rolled the transaction back, as it does on a full disk: the driver counts it as open and begins no other.
fn one_connection() -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(1)
        .min_connections(0)
        .acquire_timeout(DEADLINE)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_release(|connection, _| {
            Box::pin(async move {
                // Answered once a rollback that is on its way is done.
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        })
}

/// Makes the file if it is not there, for its owner alone; SQLite gives the files beside it the same mode.
fn create(path: &Path) -> Result<(), StoreError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(StoreError::File { path: path.to_owned(), source }),
    }
}

/// Renames a damaged file and what belongs to it to the first free `PATH.damaged-N`; none where all are taken.
pub(super) fn set_aside(path: &Path) -> Result<Option<PathBuf>, StoreError> {
    let with = |path: &Path, suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let free = (1..=MAX_SET_ASIDE)
        .map(|number| with(path, &format!(".damaged-{number}")))
        .find(|aside| !aside.exists() && !with(aside, "-wal").exists());
    let Some(aside) = free else { return Ok(None) };
    // The log first: beside a new file of the old name it would be read as that file's.
    for suffix in ["-wal", "-shm", ""] {
        let (from, to) = (with(path, suffix), with(&aside, suffix));
        match std::fs::rename(&from, to) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(source) => return Err(StoreError::File { path: from, source }),
        }
    }
    Ok(Some(aside))
}
