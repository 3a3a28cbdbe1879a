//! Databases: opened, migrated, asked, backed up. SQLite by default, PostgreSQL by URL.
//!
//! ```text
//! Place ─► Database::open ─► Migrations, under a lock ─► rows, execute, begin
//! ```
//!
//! A feature brings its own tables as [`Migrations`] and writes one SQL text for both databases: parameters are `$1`, `$2`, …,
//! values are text and integers, and `ON CONFLICT` means the same to both. Every call has a deadline. The only table of ours
//! notes which migrations are done.

mod backup;
mod database;
mod error;
mod migrations;
mod place;
mod value;

pub use database::{Connection, Database, Opened, Server, Statements, Transaction};
pub use error::StoreError;
pub use migrations::{Migration, Migrations};
pub use place::{Place, PlaceError, PostgresUrl};
/// What a statement is written as: a literal, or text made of literals alone and wrapped in [`AssertSqlSafe`].
pub use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};
pub use value::{Row, Value};
