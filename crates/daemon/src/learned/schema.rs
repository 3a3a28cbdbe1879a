//! The tables: the same in the node's own store and in the shared one.
//!
//! A released step is never changed; another one is added. Times are seconds since 1970, `mx` has a space between patterns,
//! `node` is empty for what this node learnt and holds a name for what another did.

use starttls_store::{Migration, Migrations};

/// The tables of what was learnt.
pub(super) const MIGRATIONS: Migrations = Migrations {
    feature: "learned",
    steps: &[Migration {
        sqlite: include_str!("schema/1.sqlite.sql"),
        postgres: include_str!("schema/1.postgres.sql"),
    }],
};
