//! Room in the store: how many rows a table may have, and which go when it is full.
//!
//! Ended policies go first, then those of mode `none` and `testing`. A policy that enforces and has not ended never goes:
//! rather than that, a new one is not kept, so that a flood of names cannot push protection out.

use starttls_policy::Timestamp;
use starttls_store::{AssertSqlSafe, SqlSafeStr as _, SqlStr, Statements, StoreError, Value};

use super::record::seconds;
use super::upsert::Role;

/// Rows that a full table is thinned by beyond need, so that it is not thinned for every batch.
const SLACK: u64 = 2_000;

/// A table, with how many rows it has.
#[derive(Debug)]
pub(super) struct Room {
    count: &'static str,
    remove_ended: Vec<SqlStr>,
    remove: Vec<SqlStr>,
    limit: u64,
    estimate: Option<Estimate>,
}

/// How many rows there are.
#[derive(Clone, Copy, Debug)]
struct Estimate {
    /// At most as many.
    rows: u64,
    /// Batches for which the number was exact; none where rows were written of which some were there before.
    exact_for: Option<u32>,
}

/// After as many batches an exact number is counted anew: another process may have removed rows.
const COUNTED_ANEW: u32 = 60;

/// A table whose rows are bounded.
#[derive(Debug)]
pub(super) struct Table {
    count: &'static str,
    /// Removes at most `$1` rows that ended before `$2`; thorough, since they are worth nothing. A policy that makes a release
    /// void is left: the two are forgotten together, in `forgetting`.
    remove_ended: &'static [&'static str],
    /// Removes at most `$1` rows that are worth something.
    remove: &'static [&'static str],
}

pub(super) const POLICIES: Table = Table {
    count: "SELECT COUNT(*) FROM learned_policies",
    remove_ended: &[
        "DELETE FROM learned_policies WHERE domain IN (SELECT domain FROM learned_policies
            WHERE mode = 'none' AND ends <= $2 ORDER BY ends LIMIT $1)",
        "DELETE FROM learned_policies WHERE domain IN (SELECT domain FROM learned_policies
            WHERE mode = 'testing' AND ends <= $2 ORDER BY ends LIMIT $1)",
        "DELETE FROM learned_policies WHERE domain IN (SELECT domain FROM learned_policies
            WHERE mode = 'enforce' AND ends <= $2
            AND NOT EXISTS (SELECT 1 FROM learned_releases WHERE domain = learned_policies.domain)
            ORDER BY ends LIMIT $1)",
    ],
    remove: &[
        "DELETE FROM learned_policies WHERE domain IN (SELECT domain FROM learned_policies
            WHERE mode = 'none' ORDER BY ends LIMIT $1)",
        "DELETE FROM learned_policies WHERE domain IN (SELECT domain FROM learned_policies
            WHERE mode = 'testing' ORDER BY ends LIMIT $1)",
    ],
};

pub(super) const RELEASES: Table = Table {
    count: "SELECT COUNT(*) FROM learned_releases",
    remove_ended: &[],
    remove: &["DELETE FROM learned_releases WHERE domain IN (SELECT domain FROM learned_releases
        ORDER BY released LIMIT $1)"],
};

pub(super) const DANE: Table = Table {
    count: "SELECT COUNT(*) FROM learned_dane",
    remove_ended: &["DELETE FROM learned_dane WHERE domain IN (SELECT domain FROM learned_dane
        WHERE ends <= $2 ORDER BY ends LIMIT $1)"],
    remove: &["DELETE FROM learned_dane WHERE domain IN (SELECT domain FROM learned_dane
        ORDER BY ends LIMIT $1)"],
};

pub(super) const TO_VERIFY: Table = Table {
    count: "SELECT COUNT(*) FROM learned_to_verify",
    remove_ended: &[],
    remove: &["DELETE FROM learned_to_verify WHERE domain IN (SELECT domain FROM learned_to_verify
        ORDER BY noted LIMIT $1)"],
};

impl Room {
    pub(super) fn new(table: &Table, limit: u64, role: &Role) -> Self {
        let texts = |texts: &[&'static str]| texts.iter().map(|text| for_role(text, role)).collect();
        let (remove_ended, remove) = (texts(table.remove_ended), texts(table.remove));
        Self { count: table.count, remove_ended, remove, limit, estimate: None }
    }

    /// Makes room for rows that may all be new; tells for how many there is none.
    pub(super) async fn make(
        &mut self,
        statements: &mut Statements<'_>,
        wanted: u64,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let fits = |rows: u64| rows.saturating_add(wanted) <= self.limit;
        let known = self.estimate.filter(|known| {
            fits(known.rows) || known.exact_for.is_some_and(|batches| batches < COUNTED_ANEW)
        });
        let (mut rows, exact_for) = match known {
            Some(known) => (known.rows, known.exact_for),
            None => (self.count(statements).await?, Some(0)),
        };
        if !fits(rows) {
            rows = self.thin_out(statements, rows, wanted, now).await?;
        }
        let written = Estimate { rows: rows.saturating_add(wanted), exact_for: None };
        // Where all found room nobody needs to know which of them are new.
        let full = Estimate { rows, exact_for: exact_for.map(|batches| batches + 1) };
        self.estimate = Some(if fits(rows) { written } else { full });
        Ok(rows.saturating_add(wanted).saturating_sub(self.limit))
    }

    /// As many of the rows that found no room, or might have, are new and written.
    pub(super) fn took(&mut self, new: u64) {
        if let Some(estimate) = &mut self.estimate {
            estimate.rows = estimate.rows.saturating_add(new);
        }
    }

    /// Whatever was counted no longer holds: the statements came to nothing, or rows were removed by hand.
    pub(super) fn forget_count(&mut self) {
        self.estimate = None;
    }

    async fn count(&self, statements: &mut Statements<'_>) -> Result<u64, StoreError> {
        let rows = statements.rows(self.count, &[]).await?;
        let number = rows.first().map_or(Ok(0), |row| row.integer(0))?;
        Ok(u64::try_from(number).unwrap_or(0))
    }

    async fn thin_out(
        &self,
        statements: &mut Statements<'_>,
        mut rows: u64,
        wanted: u64,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let slack = (self.limit / 100).min(SLACK);
        for sql in &self.remove_ended {
            let surplus = rows.saturating_add(wanted + slack).saturating_sub(self.limit);
            rows -= remove(statements, sql, surplus, Some(now)).await?.min(rows);
        }
        for sql in &self.remove {
            let surplus = rows.saturating_add(wanted).saturating_sub(self.limit);
            rows -= remove(statements, sql, surplus, None).await?.min(rows);
        }
        Ok(rows)
    }
}

/// On a server, rows that another node is writing are passed over: they are removed in another order than they are written, and
/// two nodes would wait for one another.
fn for_role(text: &'static str, role: &Role) -> SqlStr {
    match (role, text.strip_suffix(')')) {
        (Role::Shared { .. }, Some(text)) => {
            // Made of literals of this file alone.
            AssertSqlSafe(format!("{text} FOR UPDATE SKIP LOCKED)")).into_sql_str()
        }
        _ => text.into_sql_str(),
    }
}

async fn remove(
    statements: &mut Statements<'_>,
    sql: &SqlStr,
    most: u64,
    now: Option<Timestamp>,
) -> Result<u64, StoreError> {
    if most == 0 {
        return Ok(0);
    }
    let most = Value::Integer(i64::try_from(most).unwrap_or(i64::MAX));
    match now {
        Some(now) => statements.execute(sql.clone(), &[most, Value::Integer(seconds(now))]).await,
        None => statements.execute(sql.clone(), &[most]).await,
    }
}
