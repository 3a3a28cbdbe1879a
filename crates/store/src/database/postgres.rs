//! A server of PostgreSQL.

use std::time::Duration;

use sqlx::postgres::PgPoolOptions;
use sqlx::{ConnectOptions as _, PgPool};

use super::not_migrated;
use crate::error::StoreError;
use crate::migrations::Migrations;
use crate::place::PostgresUrl;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(2);

/// Longest wait for one statement, the network included.
pub(super) const DEADLINE: Duration = Duration::from_secs(1);

/// After this the server itself gives up a statement, in milliseconds: a little sooner than we stop waiting for it.
const STATEMENT_TIMEOUT: &str = "900";

/// Longest wait for migrations: those of another node that was first, and ours.
const MIGRATING: Duration = Duration::from_secs(65);

/// Connections at most: one batch, some look-ups.
const CONNECTIONS: u32 = 4;

/// A connection that is not used as long is given back.
const IDLE: Duration = Duration::from_mins(5);

#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) pool: PgPool,
}

impl Server {
    pub(super) async fn connect(url: &PostgresUrl, migrations: &Migrations) -> Result<Self, StoreError> {
        let options =
            url.options().options([("statement_timeout", STATEMENT_TIMEOUT)]).disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .min_connections(0)
            .acquire_timeout(CONNECT)
            .idle_timeout(IDLE)
            // A connection that broke shows at its next use; asking before each would cost a round trip.
            .test_before_acquire(false)
            .connect_lazy_with(options);
        let migrated = async {
            let mut connection =
                pool.acquire().await.map_err(|source| StoreError::Open { place: url.to_string(), source })?;
            match tokio::time::timeout(MIGRATING, migrations.apply_to_postgres(&mut connection)).await {
                Ok(done) => done.map_err(|trouble| not_migrated(url.to_string(), migrations, trouble)),
                Err(_) => Err(StoreError::Deadline { limit: MIGRATING }),
            }
        };
        match migrated.await {
            Ok(()) => Ok(Self { pool }),
            Err(error) => {
                // What does not answer is not waited for.
                drop(tokio::time::timeout(DEADLINE, pool.close()).await);
                Err(error)
            }
        }
    }
}
