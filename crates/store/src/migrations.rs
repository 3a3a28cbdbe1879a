//! Migrations: a feature's tables, as numbered steps that are applied once, in order, all or none.

use sqlx::{Connection as _, Executor as _, PgConnection, Row as _, SqliteConnection};

/// A feature's tables.
#[derive(Clone, Copy, Debug)]
pub struct Migrations {
    /// The feature's name, under which its version is noted; several features may share a database.
    pub feature: &'static str,
    /// The steps. Step 1 stands first; a step that was released is never changed.
    pub steps: &'static [Migration],
}

/// One step; several statements may stand in each text.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// For SQLite.
    pub sqlite: &'static str,
    /// For PostgreSQL.
    pub postgres: &'static str,
}

/// Why tables are not as the program needs them.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// A newer program was here.
    Newer { found: i64, known: i64 },
    /// A statement of a step went wrong.
    Step { version: i64, source: sqlx::Error },
    /// The version cannot be read or noted.
    Other(sqlx::Error),
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        Self::Other(error)
    }
}

/// Held while PostgreSQL is migrated, so that nodes that start together wait for one another. An arbitrary number.
const ADVISORY_LOCK: &str = "SELECT pg_advisory_xact_lock(7209421930217)";

/// How long a node waits for another that migrates, and a step may take.
const MIGRATION_TIMEOUT: &str = "SET LOCAL statement_timeout = 30000";

const MAKE_TABLE: &str =
    "CREATE TABLE IF NOT EXISTS starttls_schema (feature TEXT NOT NULL PRIMARY KEY, version BIGINT NOT NULL)";
const READ_VERSION: &str = "SELECT version FROM starttls_schema WHERE feature = $1";
const NOTE_VERSION: &str = "INSERT INTO starttls_schema (feature, version) VALUES ($1, $2)
    ON CONFLICT (feature) DO UPDATE SET version = excluded.version";

impl Migrations {
    fn known(&self) -> i64 {
        i64::try_from(self.steps.len()).unwrap_or(i64::MAX)
    }

    /// The steps above a version, each with its number; an error if the version is above all steps.
    fn above(&self, found: i64) -> Result<impl Iterator<Item = (i64, &'static Migration)>, Trouble> {
        let known = self.known();
        if found > known {
            return Err(Trouble::Newer { found, known });
        }
        Ok((1..).zip(self.steps).filter(move |(version, _)| *version > found))
    }

    pub(crate) async fn apply_to_sqlite(&self, connection: &mut SqliteConnection) -> Result<(), Trouble> {
        let noted = "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'starttls_schema'";
        let is_noted = connection.fetch_one(noted).await?.try_get::<i64, _>(0)? > 0;
        // Most starts find nothing to do, and should not have to wait for the lock to learn that.
        if is_noted && self.above(self.version_in_sqlite(connection).await?)?.next().is_none() {
            return Ok(());
        }
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        transaction.execute(MAKE_TABLE).await?;
        for (version, step) in self.above(self.version_in_sqlite(&mut transaction).await?)? {
            let done = async {
                transaction.execute(sqlx::raw_sql(step.sqlite)).await?;
                sqlx::query(NOTE_VERSION).bind(self.feature).bind(version).execute(&mut *transaction).await
            };
            done.await.map_err(|source| Trouble::Step { version, source })?;
        }
        Ok(transaction.commit().await?)
    }

    async fn version_in_sqlite(&self, connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
        let row = sqlx::query(READ_VERSION).bind(self.feature).fetch_optional(connection).await?;
        row.map_or(Ok(0), |row| row.try_get(0))
    }

    pub(crate) async fn apply_to_postgres(&self, connection: &mut PgConnection) -> Result<(), Trouble> {
        let noted = "SELECT to_regclass('starttls_schema') IS NOT NULL";
        let is_noted = connection.fetch_one(noted).await?.try_get::<bool, _>(0)?;
        if is_noted && self.above(self.version_in_postgres(connection).await?)?.next().is_none() {
            return Ok(());
        }
        let mut transaction = connection.begin().await?;
        transaction.execute(MIGRATION_TIMEOUT).await?;
        transaction.execute(ADVISORY_LOCK).await?;
        // The node that held the lock may have done it all. `to_regclass` must not be asked again: the server remembers
        // within a connection that there was no table, while statements that open it look anew.
        transaction.execute(MAKE_TABLE).await?;
        for (version, step) in self.above(self.version_in_postgres(&mut transaction).await?)? {
            let done = async {
                transaction.execute(sqlx::raw_sql(step.postgres)).await?;
                sqlx::query(NOTE_VERSION).bind(self.feature).bind(version).execute(&mut *transaction).await
            };
            done.await.map_err(|source| Trouble::Step { version, source })?;
        }
        Ok(transaction.commit().await?)
    }

    async fn version_in_postgres(&self, connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
        let row = sqlx::query(READ_VERSION).bind(self.feature).fetch_optional(connection).await?;
        row.map_or(Ok(0), |row| row.try_get(0))
    }
}
