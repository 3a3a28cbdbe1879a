//! Rows written many at a time, with one text for both databases.
//!
//! A statement with many rows costs little more than one with a single row, and a database prepares each text once: so there
//! are three sizes, and any number of rows is made of them.

use std::fmt::Write as _;

use starttls_store::{AssertSqlSafe, SqlSafeStr as _, SqlStr, Statements, StoreError, Value};

use super::change::Ends;

/// Rows of one statement into a file, large to small. The driver of SQLite finds each parameter by going through the names of all
/// before it, so that with 64 rows a third of the work was that.
const SIZES_OF_A_FILE: [usize; 3] = [16, 4, 1];

/// Rows of one statement to a server: each costs a round trip.
const SIZES_OF_A_SERVER: [usize; 3] = [128, 16, 1];

const COLUMNS_OF_POLICIES: [&str; 9] =
    ["domain", "mode", "mx", "id", "fetched", "max_age", "ends", "confirmed", "node"];

/// The later of two times at which a policy was fetched, and the end that follows.
const LATER_FETCH: &str =
    "CASE WHEN learned_policies.node = excluded.node AND learned_policies.fetched > excluded.fetched
    THEN learned_policies.fetched ELSE excluded.fetched END";
const LATER_END: &str =
    "CASE WHEN learned_policies.node = excluded.node AND learned_policies.fetched > excluded.fetched
    THEN learned_policies.fetched + excluded.max_age ELSE excluded.ends END";

/// DANE in the store of all nodes: by the database's own clock. A row from the future gives way; of others the later end counts.
const DANE_OF_ALL: &str = "WHERE ABS(excluded.ends - EXTRACT(EPOCH FROM now())) <= 86400
    AND (excluded.ends > learned_dane.ends OR learned_dane.ends > EXTRACT(EPOCH FROM now()) + 86400)";

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
    sized: [(usize, SqlStr); 3],
}

/// The statements of one store.
#[derive(Debug)]
pub(super) struct Upserts {
    /// As many as there are kinds of [`Ends`].
    policies: [Upsert; 2],
    pub(super) releases: Upsert,
    dane: [Upsert; 2],
    pub(super) to_verify: Upsert,
}

impl Upserts {
    pub(super) fn new(role: &Role) -> Self {
        let sizes = match role {
            Role::Own => SIZES_OF_A_FILE,
            Role::Shared { .. } => SIZES_OF_A_SERVER,
        };
        let (policies, releases, dane, dane_that_stays) = match role {
            // What another node says never takes the place of a policy that this node saw enforced, as long as that held.
            Role::Own => (
                "WHERE excluded.node = '' OR learned_policies.node <> '' OR learned_policies.mode <> 'enforce'
                    OR learned_policies.ends <= excluded.confirmed",
                "",
                "",
                // 0: it was proven that there is none.
                "WHERE excluded.ends = 0 OR excluded.ends > learned_dane.ends",
            ),
            // By the database's own clock: a node whose clock is off by more than a day replaces nothing, and a row from the
            // future, which some wrong clock wrote, gives way. What enforces and has not ended is never replaced by what does
            // not: the weakening stands beside it, as a release, and counts where it was seen.
            Role::Shared { .. } => (
                "WHERE ABS(excluded.confirmed - EXTRACT(EPOCH FROM now())) <= 86400
                    AND excluded.fetched <= excluded.confirmed
                    AND (learned_policies.fetched > EXTRACT(EPOCH FROM now()) + 86400
                        OR ((excluded.fetched > learned_policies.fetched OR (excluded.fetched = learned_policies.fetched
                                AND excluded.confirmed > learned_policies.confirmed))
                            AND NOT (learned_policies.mode = 'enforce' AND excluded.mode <> 'enforce'
                                AND learned_policies.fetched + learned_policies.max_age > EXTRACT(EPOCH FROM now())
                                AND learned_policies.max_age <= 31557600)))",
                "WHERE ABS(excluded.released - EXTRACT(EPOCH FROM now())) <= 86400
                    AND (excluded.released > learned_releases.released
                        OR learned_releases.released > EXTRACT(EPOCH FROM now()) + 86400)",
                DANE_OF_ALL,
                DANE_OF_ALL,
            ),
        };
        Self {
            policies: [
                Upsert::new(sizes, "learned_policies", &COLUMNS_OF_POLICIES, policies, &[]),
                Upsert::new(sizes, "learned_policies", &COLUMNS_OF_POLICIES, policies, role.ends_that_stay()),
            ],
            releases: Upsert::new(
                sizes,
                "learned_releases",
                &["domain", "mode", "released", "node"],
                releases,
                &[],
            ),
            dane: [dane, dane_that_stays]
                .map(|dane| Upsert::new(sizes, "learned_dane", &["domain", "ends", "node"], dane, &[])),
            // At most hourly.
            to_verify: Upsert::new(
                sizes,
                "learned_to_verify",
                &["domain", "kind", "noted"],
                "WHERE learned_to_verify.noted <= excluded.noted - 3600 OR learned_to_verify.noted > excluded.noted",
                &[],
            ),
        }
    }

    /// Writes policies.
    pub(super) fn policies(&self, ends: Ends) -> &Upsert {
        ends.of(&self.policies)
    }

    /// Writes that DANE counts.
    pub(super) fn dane(&self, ends: Ends) -> &Upsert {
        ends.of(&self.dane)
    }
}

impl Ends {
    fn of(self, [moving, staying]: &[Upsert; 2]) -> &Upsert {
        match self {
            Self::Move => moving,
            Self::Stay => staying,
        }
    }
}

impl Role {
    /// Columns of a policy that are written otherwise where its end stays: in the own store it counts from the later of two times,
    /// if both are this node's. In the store of all nodes the database's own clock decides.
    fn ends_that_stay(&self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Own => &[("fetched", LATER_FETCH), ("ends", LATER_END)],
            Self::Shared { .. } => &[],
        }
    }
}

impl Upsert {
    fn new(
        sizes: [usize; 3],
        table: &str,
        columns: &[&str],
        condition: &str,
        otherwise: &[(&str, &str)],
    ) -> Self {
        let statements = sizes.map(|rows| {
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
                let other = otherwise.iter().find(|(name, _)| name == column).map(|(_, value)| *value);
                let _ = match other {
                    Some(value) => write!(text, "{comma}{column} = {value}"),
                    None => write!(text, "{comma}{column} = excluded.{column}"),
                };
            }
            let _ = write!(text, " {condition}");
            // Made of literals of this file alone.
            (rows, AssertSqlSafe(text).into_sql_str())
        });
        Self { width: columns.len(), sized: statements }
    }

    /// Writes rows, whose values stand one behind the other, in the order of their domains: whoever writes in another order
    /// waits for us while we wait for it.
    pub(super) async fn write(
        &self,
        statements: &mut Statements<'_>,
        values: &[Value<'_>],
    ) -> Result<(), StoreError> {
        let mut rest = values;
        for (rows, text) in &self.sized {
            while let Some((some, more)) =
                rest.split_at_checked(rows * self.width).filter(|_| !rest.is_empty())
            {
                statements.execute(text.clone(), some).await?;
                rest = more;
            }
        }
        Ok(())
    }
}
