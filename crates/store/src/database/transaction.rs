//! Transactions: all of it or nothing.

use sqlx::{Executor as _, Postgres, SqlSafeStr, Sqlite};

use super::{postgres, sqlite, within};
use crate::error::StoreError;
use crate::value::{Row, Value, for_postgres, for_sqlite};

/// A transaction; dropped without [`Transaction::commit`], it leaves nothing behind.
#[derive(Debug)]
pub struct Transaction(Kind);

#[derive(Debug)]
enum Kind {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Transaction {
    pub(super) fn of_sqlite(transaction: sqlx::Transaction<'static, Sqlite>) -> Self {
        Self(Kind::Sqlite(transaction))
    }

    pub(super) fn of_postgres(transaction: sqlx::Transaction<'static, Postgres>) -> Self {
        Self(Kind::Postgres(transaction))
    }

    /// Runs a statement that changes something; tells how many rows it changed.
    ///
    /// # Errors
    /// [`StoreError`], after the deadline at the latest.
    pub async fn execute(&mut self, sql: impl SqlSafeStr, values: &[Value<'_>]) -> Result<u64, StoreError> {
        match &mut self.0 {
            Kind::Sqlite(transaction) => {
                let query = sqlx::query_with(sql, for_sqlite(values)?);
                let done = within(sqlite::DEADLINE, transaction.execute(query)).await?;
                Ok(done.rows_affected())
            }
            Kind::Postgres(transaction) => {
                let query = sqlx::query_with(sql, for_postgres(values)?);
                let done = within(postgres::DEADLINE, transaction.execute(query)).await?;
                Ok(done.rows_affected())
            }
        }
    }

    /// The rows that a query finds, with what this transaction has changed.
    ///
    /// # Errors
    /// [`StoreError`], after the deadline at the latest.
    pub async fn rows(&mut self, sql: impl SqlSafeStr, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        match &mut self.0 {
            Kind::Sqlite(transaction) => {
                let query = sqlx::query_with(sql, for_sqlite(values)?);
                let rows = within(sqlite::DEADLINE, transaction.fetch_all(query)).await?;
                Ok(rows.into_iter().map(Row::from).collect())
            }
            Kind::Postgres(transaction) => {
                let query = sqlx::query_with(sql, for_postgres(values)?);
                let rows = within(postgres::DEADLINE, transaction.fetch_all(query)).await?;
                Ok(rows.into_iter().map(Row::from).collect())
            }
        }
    }

    /// Makes it last.
    ///
    /// # Errors
    /// [`StoreError`]; of a server that does not answer in time it is unknown whether it did.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self.0 {
            Kind::Sqlite(transaction) => within(sqlite::DEADLINE, transaction.commit()).await,
            Kind::Postgres(transaction) => within(postgres::DEADLINE, transaction.commit()).await,
        }
    }
}
