//! An open database: asked for rows, told statements, closed.

mod postgres;
mod sqlite;
mod statements;
mod transaction;

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use sqlx::{Executor as _, SqlSafeStr};

use crate::error::StoreError;
use crate::migrations::{Migrations, Trouble};
use crate::place::Place;
use crate::value::{Row, Value, for_postgres, for_sqlite};
pub use postgres::{Connection, Server};
pub(crate) use sqlite::File as SqliteFile;
pub use statements::Statements;
pub use transaction::Transaction;

/// An open database whose tables are as the program needs them. Clones are the same database.
#[derive(Clone, Debug)]
pub struct Database(pub(crate) Kind);

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Sqlite(sqlite::File),
    Postgres(Server),
}

/// A database whose content can be learnt anew.
#[derive(Debug)]
pub struct Opened {
    /// It, perhaps empty.
    pub database: Database,
    /// Where the damaged file of before is now; someone should be told.
    pub set_aside: Option<PathBuf>,
}

impl Database {
    /// Opens a database, makes it if it is a file that is not there, and migrates it.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was changed then.
    pub async fn open(place: &Place, migrations: &Migrations) -> Result<Self, StoreError> {
        let kind = match place {
            Place::Sqlite(path) => Kind::Sqlite(sqlite::File::open(path, migrations).await?),
            Place::Postgres(url) => Kind::Postgres(Server::open(url, migrations).await?.0),
        };
        Ok(Self(kind))
    }

    /// Opens a database whose content can be learnt anew: a damaged file is renamed to `PATH.damaged-N`, and an empty one
    /// takes its place. Nothing is deleted.
    ///
    /// # Errors
    /// [`StoreError`], also for a file that is out of reach, full, another program's, or a newer program's.
    pub async fn open_learnable(place: &Place, migrations: &Migrations) -> Result<Opened, StoreError> {
        let (error, path) = match (Self::open(place, migrations).await, place) {
            (Ok(database), _) => return Ok(Opened { database, set_aside: None }),
            (Err(error), Place::Sqlite(path)) if error.is_damage() => (error, path),
            (Err(error), _) => return Err(error),
        };
        let Some(aside) = sqlite::set_aside(path)? else { return Err(error) };
        let database = Self::open(place, migrations).await?;
        Ok(Opened { database, set_aside: Some(aside) })
    }

    /// Puts a damaged file aside, though it could be opened, and an empty one in its place. Nothing is deleted; other clones of
    /// this database are closed.
    ///
    /// # Errors
    /// [`StoreError`] where a file cannot be renamed or made.
    pub async fn set_aside(self, place: &Place, migrations: &Migrations) -> Result<Opened, StoreError> {
        self.close().await;
        let set_aside = match place {
            Place::Sqlite(path) => sqlite::set_aside(path)?,
            Place::Postgres(_) => None,
        };
        Ok(Opened { database: Self::open(place, migrations).await?, set_aside })
    }

    /// The rows that a query finds which may take long: it does not hold up [`Database::rows`].
    ///
    /// # Errors
    /// [`StoreError`], after the deadline at the latest.
    pub async fn survey(&self, sql: impl SqlSafeStr, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        match &self.0 {
            Kind::Sqlite(file) => {
                let query = sqlx::query_with(sql, for_sqlite(values)?);
                let rows = within(sqlite::DEADLINE, file.writer.fetch_all(query)).await?;
                Ok(rows.into_iter().map(Row::from).collect())
            }
            Kind::Postgres(_) => self.rows(sql, values).await,
        }
    }

    /// The rows that a query finds.
    ///
    /// # Errors
    /// [`StoreError`], after the deadline at the latest.
    pub async fn rows(&self, sql: impl SqlSafeStr, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        match &self.0 {
            Kind::Sqlite(file) => {
                let query = sqlx::query_with(sql, for_sqlite(values)?);
                let rows = within(sqlite::DEADLINE, file.reader.fetch_all(query)).await?;
                Ok(rows.into_iter().map(Row::from).collect())
            }
            Kind::Postgres(server) => {
                let query = sqlx::query_with(sql, for_postgres(values)?);
                let rows = within(postgres::DEADLINE, server.pool.fetch_all(query)).await?;
                Ok(rows.into_iter().map(Row::from).collect())
            }
        }
    }

    /// Runs a statement that changes something; tells how many rows it changed.
    ///
    /// # Errors
    /// [`StoreError`], after the deadline at the latest.
    pub async fn execute(&self, sql: impl SqlSafeStr, values: &[Value<'_>]) -> Result<u64, StoreError> {
        let mut transaction = self.begin().await?;
        let changed = transaction.execute(sql, values).await?;
        transaction.commit().await?;
        Ok(changed)
    }

    /// Begins a transaction; dropped without [`Transaction::commit`], it leaves nothing behind.
    ///
    /// # Errors
    /// [`StoreError`], after the deadline at the latest.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        match &self.0 {
            // A transaction that begins by reading could not become a writing one while another writes.
            Kind::Sqlite(file) => within(sqlite::DEADLINE, file.writer.begin_with("BEGIN IMMEDIATE"))
                .await
                .map(Transaction::of_sqlite),
            Kind::Postgres(server) => {
                within(postgres::DEADLINE, server.pool.begin()).await.map(Transaction::of_postgres)
            }
        }
    }

    /// Ends all connections, after what is under way.
    pub async fn close(&self) {
        match &self.0 {
            Kind::Sqlite(file) => {
                file.reader.close().await;
                file.writer.close().await;
            }
            // A server that does not answer cannot be said good-bye to.
            Kind::Postgres(server) => {
                let _ = tokio::time::timeout(postgres::DEADLINE, server.pool.close()).await;
            }
        }
    }
}

/// Waits for a database until a deadline.
async fn within<T>(
    limit: Duration,
    future: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(limit, future).await {
        Ok(result) => result.map_err(StoreError::Statement),
        Err(_) => Err(StoreError::Deadline { limit }),
    }
}

/// The error for tables that are not as they must be.
fn not_migrated(place: String, migrations: &Migrations, trouble: Trouble) -> StoreError {
    let feature = migrations.feature;
    match trouble {
        Trouble::Newer { found, known } => StoreError::Newer { place, feature, found, known },
        Trouble::Step { version, source } => StoreError::Migration { place, feature, version, source },
        Trouble::Other(source) => StoreError::Open { place, source },
    }
}
