//! Statements, wherever they are run: in a transaction, or each for itself.

use sqlx::SqlSafeStr;

use super::postgres::DEADLINE;
use super::{Connection, Transaction};
use crate::error::StoreError;
use crate::value::{Row, Value};

/// Where statements are run, one after another.
#[derive(Debug)]
pub enum Statements<'a> {
    /// In a transaction: all of them or none.
    Together(&'a mut Transaction),
    /// Over a connection to a server: each for itself.
    Each(&'a mut Connection),
}

impl Statements<'_> {
    /// Runs a statement that changes something; tells how many rows it changed.
    ///
    /// # Errors
    /// [`StoreError`], after the deadline at the latest.
    pub async fn execute(&mut self, sql: impl SqlSafeStr, values: &[Value<'_>]) -> Result<u64, StoreError> {
        match self {
            Self::Together(transaction) => transaction.execute(sql, values).await,
            Self::Each(connection) => connection.execute(sql, values).await,
        }
    }

    /// The rows that a query finds, with what was changed before.
    ///
    /// # Errors
    /// [`StoreError`], after the deadline at the latest.
    pub async fn rows(&mut self, sql: impl SqlSafeStr, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Together(transaction) => transaction.rows(sql, values).await,
            Self::Each(connection) => connection.rows_within(DEADLINE, sql, values).await,
        }
    }
}
