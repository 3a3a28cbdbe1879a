//! Rows written many at a time, with one text for both databases.
//!
//! A statement with many rows costs little more than one with a single row, and a database prepares each text once: so there
//! are three sizes, and any number of rows is made of them.

use std::fmt::Write as _;

use starttls_store::{AssertSqlSafe, SqlSafeStr as _, SqlStr, StoreError, Transaction, Value};

/// Rows of one statement, large to small. The driver of SQLite finds each parameter by going through the names of all before it,
/// so that with 64 rows a third of the work was that.
const SIZES: [usize; 3] = [16, 4, 1];

/// Where rows are written to.
#[derive(Clone, Debug)]
pub(super) enum Role {
    /// The node's own store: its own word counts.
    Own,
    /// The store of all nodes: the newest word counts.
    Shared {
        /// The name of this node.
        node: String,
    },
}

/// A statement that writes rows of one table, in three sizes.
#[derive(Debug)]
pub(super) struct Upsert {
    width: usize,
    sized: [(usize, SqlStr); SIZES.len()],
}

/// The statements of one store.
#[derive(Debug)]
pub(super) struct Upserts {
    pub(super) policies: Upsert,
    pub(super) releases: Upsert,
    pub(super) dane: Upsert,
    pub(super) to_verify: Upsert,
}

impl Upserts {
    pub(super) fn new(role: &Role) -> Self {
        let (policies, releases, dane) = match role {
            // What another node says never takes the place of a policy that this node saw enforced, as long as that held.
            Role::Own => (
                "WHERE excluded.node = '' OR learned_policies.node <> '' OR learned_policies.mode <> 'enforce'
                    OR learned_policies.ends <= excluded.fetched",
                "",
                "",
            ),
            // A row from the future, which some wrong clock wrote, gives way to the present.
            Role::Shared { .. } => (
                "WHERE excluded.fetched > learned_policies.fetched
                    OR (excluded.fetched = learned_policies.fetched AND excluded.confirmed > learned_policies.confirmed)
                    OR learned_policies.fetched > excluded.confirmed + 86400",
                "WHERE excluded.released > learned_releases.released
                    OR learned_releases.released > excluded.released + 86400",
                "WHERE excluded.ends > learned_dane.ends OR learned_dane.ends > excluded.ends + 86400",
            ),
        };
        Self {
            policies: Upsert::new(
                "learned_policies",
                &["domain", "mode", "mx", "id", "fetched", "max_age", "ends", "confirmed", "node"],
                policies,
            ),
            releases: Upsert::new("learned_releases", &["domain", "mode", "released", "node"], releases),
            dane: Upsert::new("learned_dane", &["domain", "ends", "node"], dane),
            // At most hourly.
            to_verify: Upsert::new(
                "learned_to_verify",
                &["domain", "kind", "noted"],
                "WHERE learned_to_verify.noted <= excluded.noted - 3600 OR learned_to_verify.noted > excluded.noted",
            ),
        }
    }
}

impl Upsert {
    fn new(table: &str, columns: &[&str], condition: &str) -> Self {
        let sized = SIZES.map(|rows| {
            let mut text = format!("INSERT INTO {table} ({}) VALUES ", columns.join(", "));
            for row in 0..rows {
                text += if row == 0 { "(" } else { "), (" };
                for column in 0..columns.len() {
                    let comma = if column == 0 { "" } else { ", " };
                    let _ = write!(text, "{comma}${}", row * columns.len() + column + 1);
                }
            }
            text += ") ON CONFLICT (domain) DO UPDATE SET ";
            for (number, column) in columns.iter().skip(1).enumerate() {
                let comma = if number == 0 { "" } else { ", " };
                let _ = write!(text, "{comma}{column} = excluded.{column}");
            }
            let _ = write!(text, " {condition}");
            // Made of literals of this file alone.
            (rows, AssertSqlSafe(text).into_sql_str())
        });
        Self { width: columns.len(), sized }
    }

    /// Writes rows, whose values stand one behind the other.
    pub(super) async fn write(
        &self,
        transaction: &mut Transaction,
        values: &[Value<'_>],
    ) -> Result<(), StoreError> {
        let mut rest = values;
        for (rows, text) in &self.sized {
            while let Some((some, more)) =
                rest.split_at_checked(rows * self.width).filter(|_| !rest.is_empty())
            {
                transaction.execute(text.clone(), some).await?;
                rest = more;
            }
        }
        Ok(())
    }
}
