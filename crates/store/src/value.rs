//! What goes into statements and what comes out: text, integers and nothing.

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, Row as _};

use crate::error::StoreError;

/// A parameter of a statement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Value<'a> {
    /// Text.
    Text(&'a str),
    /// An integer.
    Integer(i64),
    /// Text that may be missing.
    OptionalText(Option<&'a str>),
    /// An integer that may be missing.
    OptionalInteger(Option<i64>),
}

/// A row of an answer.
#[derive(Debug)]
pub struct Row(Kind);

#[derive(Debug)]
enum Kind {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// The text in a column, counted from 0.
    ///
    /// # Errors
    /// [`StoreError::Column`] if it holds something else.
    pub fn text(&self, column: usize) -> Result<&str, StoreError> {
        self.optional_text(column)?.ok_or(StoreError::Column { column })
    }

    /// The integer in a column, counted from 0.
    ///
    /// # Errors
    /// [`StoreError::Column`] if it holds something else.
    pub fn integer(&self, column: usize) -> Result<i64, StoreError> {
        self.optional_integer(column)?.ok_or(StoreError::Column { column })
    }

    /// The text in a column that may be empty, counted from 0.
    ///
    /// # Errors
    /// [`StoreError::Column`] if it holds something else.
    pub fn optional_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        match &self.0 {
            Kind::Sqlite(row) => row.try_get(column),
            Kind::Postgres(row) => row.try_get(column),
        }
        .map_err(|_| StoreError::Column { column })
    }

    /// The integer in a column that may be empty, counted from 0.
    ///
    /// # Errors
    /// [`StoreError::Column`] if it holds something else.
    pub fn optional_integer(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match &self.0 {
            Kind::Sqlite(row) => row.try_get(column),
            Kind::Postgres(row) => row.try_get(column),
        }
        .map_err(|_| StoreError::Column { column })
    }
}

impl From<SqliteRow> for Row {
    fn from(row: SqliteRow) -> Self {
        Self(Kind::Sqlite(row))
    }
}

impl From<PgRow> for Row {
    fn from(row: PgRow) -> Self {
        Self(Kind::Postgres(row))
    }
}

macro_rules! arguments {
    ($name:ident, $arguments:ty) => {
        pub(crate) fn $name(values: &[Value<'_>]) -> Result<$arguments, StoreError> {
            let mut arguments = <$arguments>::default();
            arguments.reserve(values.len(), values.len() * 16);
            for value in values {
                match *value {
                    Value::Text(text) => arguments.add(text),
                    Value::Integer(integer) => arguments.add(integer),
                    Value::OptionalText(text) => arguments.add(text),
                    Value::OptionalInteger(integer) => arguments.add(integer),
                }
                .map_err(|error| StoreError::Statement(sqlx::Error::Encode(error)))?;
            }
            Ok(arguments)
        }
    };
}

arguments!(for_sqlite, SqliteArguments);
arguments!(for_postgres, PgArguments);
