//! A server of PostgreSQL, and connections to it that their holder keeps open.

use std::io;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, PgPool, SqlSafeStr};

use super::{not_migrated, within};
use crate::error::StoreError;
use crate::migrations::Migrations;
use crate::place::PostgresUrl;
use crate::value::{Row, Value, for_postgres};

/// Longest wait for a connection to be opened.
const CONNECT: Duration = Duration::from_secs(2);

/// Longest wait for one statement, the network included.
pub(super) const DEADLINE: Duration = Duration::from_secs(6);

/// Settings of every session, in milliseconds. A statement may wait for the locks of another node's: the server looks for
/// deadlocks after one second (`deadlock_timeout`), so its own limit is well above that, and a little below [`DEADLINE`]. A
/// transaction whose client has gone away in the middle must not hold its locks for good.
const SESSION: [(&str, &str); 2] =
    [("statement_timeout", "5000"), ("idle_in_transaction_session_timeout", "5000")];

/// Longest wait for migrations: those of another node that was first, and ours.
const MIGRATING: Duration = Duration::from_secs(65);

/// Connections that [`Database`](super::Database) opens when it needs them.
const CONNECTIONS: u32 = 2;

/// A connection of that kind that is not used as long is given back.
const IDLE: Duration = Duration::from_mins(5);

/// A server of PostgreSQL whose tables are as the program needs them. Clones are the same server.
#[derive(Clone, Debug)]
pub struct Server {
    url: PostgresUrl,
    pub(crate) pool: PgPool,
}

/// A connection to a server. Each statement on it is a transaction of its own.
#[derive(Debug)]
pub struct Connection(PgConnection);

impl Server {
    /// Connects, and migrates the tables where that is needed: a database that can only be read will do once its tables are
    /// there. Returns the connection that this took, too.
    ///
    /// # Errors
    /// [`StoreError`], with the server's own words where it answered.
    pub async fn open(url: &PostgresUrl, migrations: &Migrations) -> Result<(Self, Connection), StoreError> {
        let options = options_of(url)?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .min_connections(0)
            .acquire_timeout(CONNECT)
            .idle_timeout(IDLE)
            // A connection that broke shows at its next use; asking before each would cost a round trip.
            .test_before_acquire(false)
            .connect_lazy_with(options);
        let server = Self { url: url.clone(), pool };
        let mut connection = server.connect().await?;
        match tokio::time::timeout(MIGRATING, migrations.apply_to_postgres(&mut connection.0)).await {
            Ok(Ok(())) => Ok((server, connection)),
            Ok(Err(trouble)) => Err(not_migrated(url.to_string(), migrations, trouble)),
            Err(_) => Err(StoreError::Deadline { limit: MIGRATING }),
        }
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// [`StoreError::Open`], after two seconds at the latest, and [`StoreError::Password`] at once.
    pub async fn connect(&self) -> Result<Connection, StoreError> {
        let late = || {
            let words = format!("no answer within {} s", CONNECT.as_secs());
            sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, words))
        };
        let options = options_of(&self.url)?;
        let opened = tokio::time::timeout(CONNECT, PgConnection::connect_with(&options)).await;
        match opened.unwrap_or_else(|_| Err(late())) {
            Ok(connection) => Ok(Connection(connection)),
            Err(source) => Err(StoreError::Open { place: self.url.to_string(), source }),
        }
    }
}

/// What a connection is made with now: a file with the password is read anew.
fn options_of(url: &PostgresUrl) -> Result<PgConnectOptions, StoreError> {
    let options = url.options().map_err(|source| StoreError::Password { source })?;
    Ok(options.options(SESSION).disable_statement_logging())
}

impl Connection {
    /// The rows that a query finds, within a time of the caller's. After an error that is no
    /// [refusal](StoreError::is_refusal) the connection is of no more use.
    ///
    /// # Errors
    /// [`StoreError`], after that time at the latest.
    pub async fn rows_within(
        &mut self,
        limit: Duration,
        sql: impl SqlSafeStr,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let query = sqlx::query_with(sql, for_postgres(values)?);
        let rows = within(limit, self.0.fetch_all(query)).await?;
        Ok(rows.into_iter().map(Row::from).collect())
    }

    /// Limits how long statements wait for each lock of other sessions, from now on.
    ///
    /// # Errors
    /// [`StoreError`], after the deadline at the latest.
    pub async fn wait_for_locks(&mut self, limit: Duration) -> Result<(), StoreError> {
        let limit = limit.as_millis().to_string();
        let sql = "SELECT set_config('lock_timeout', $1, false)";
        self.rows_within(DEADLINE, sql, &[Value::Text(&limit)]).await.map(drop)
    }

    /// Runs a statement that changes something; tells how many rows it changed.
    ///
    /// # Errors
    /// [`StoreError`], after the deadline at the latest.
    pub async fn execute(&mut self, sql: impl SqlSafeStr, values: &[Value<'_>]) -> Result<u64, StoreError> {
        let query = sqlx::query_with(sql, for_postgres(values)?);
        Ok(within(DEADLINE, self.0.execute(query)).await?.rows_affected())
    }

    /// Says good-bye to the server, and does not wait long for it.
    pub async fn close(self) {
        let _ = tokio::time::timeout(CONNECT, self.0.close()).await;
    }
}
