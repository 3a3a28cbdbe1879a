//! Questions to a store: one domain, domains that are due, pages, numbers; and purging.

use starttls_policy::{Domain, Timestamp};
use starttls_store::{Database, Row, StoreError, Value};

use super::record::{Record, domain, seconds, time};
use super::standing::{Counts, Purge, ToVerify};

/// Rows that one question brings at most.
const MAX_ROWS: usize = 10_000;

const RECALL: &str = "SELECT p.mode, SUBSTR(p.mx, 1, 65537), SUBSTR(p.id, 1, 65), p.fetched, p.max_age,
    p.confirmed, p.node, r.mode, r.released, d.ends
    FROM (SELECT CAST($1 AS TEXT) AS domain) asked
    LEFT JOIN learned_policies p ON p.domain = asked.domain
    LEFT JOIN learned_releases r ON r.domain = asked.domain
    LEFT JOIN learned_dane d ON d.domain = asked.domain";

/// The same of many domains, with a space between them; for PostgreSQL.
pub(super) const RECALL_MANY: &str =
    "SELECT asked.domain, p.mode, SUBSTR(p.mx, 1, 65537), SUBSTR(p.id, 1, 65), p.fetched,
    p.max_age, p.confirmed, p.node, r.mode, r.released, d.ends
    FROM (SELECT DISTINCT UNNEST(STRING_TO_ARRAY(CAST($1 AS TEXT), ' ')) COLLATE \"C\" AS domain) asked
    LEFT JOIN learned_policies p ON p.domain = asked.domain
    LEFT JOIN learned_releases r ON r.domain = asked.domain
    LEFT JOIN learned_dane d ON d.domain = asked.domain";

const PAGE: &str =
    "SELECT known.domain, p.mode, SUBSTR(p.mx, 1, 65537), SUBSTR(p.id, 1, 65), p.fetched, p.max_age,
    p.confirmed, p.node, r.mode, r.released, d.ends
    FROM (SELECT domain FROM learned_policies WHERE domain > $1
        UNION SELECT domain FROM learned_releases WHERE domain > $1
        UNION SELECT domain FROM learned_dane WHERE domain > $1
        ORDER BY 1 LIMIT $2) known
    LEFT JOIN learned_policies p ON p.domain = known.domain
    LEFT JOIN learned_releases r ON r.domain = known.domain
    LEFT JOIN learned_dane d ON d.domain = known.domain
    ORDER BY known.domain";

const NAMES: &str = "SELECT domain FROM learned_policies WHERE domain > $1
    UNION SELECT domain FROM learned_releases WHERE domain > $1
    UNION SELECT domain FROM learned_dane WHERE domain > $1
    ORDER BY 1 LIMIT $2";

/// Policies of one mode that end before `$1`, behind the place `($2, $3)`.
const ENDING: &str = "SELECT domain, ends FROM learned_policies
    WHERE mode = $4 AND ends < $1 AND (ends, domain) > ($2, $3)
    ORDER BY ends, domain LIMIT $5";

/// Policies that were not confirmed since `$1`, behind the place `($2, $3)`; those that had ended by then are left alone.
const UNCONFIRMED: &str = "SELECT domain, ends, confirmed FROM learned_policies
    WHERE confirmed < $1 AND (confirmed, domain) > ($2, $3) AND ends > $1
    ORDER BY confirmed, domain LIMIT $4";

/// Policies that were confirmed after `$1`: by a clock that was ahead.
const AHEAD: &str =
    "SELECT domain, ends FROM learned_policies WHERE confirmed > $1 ORDER BY confirmed, domain LIMIT $2";

const COUNTS: &str = "SELECT (SELECT COUNT(*) FROM learned_policies),
    (SELECT COUNT(*) FROM learned_policies WHERE mode = 'enforce' AND ends > $1),
    (SELECT COUNT(*) FROM learned_policies WHERE mode IN ('none', 'testing', 'enforce') AND ends <= $1),
    (SELECT COUNT(*) FROM learned_releases),
    (SELECT COUNT(*) FROM learned_dane),
    (SELECT COUNT(*) FROM learned_to_verify)";

/// A place in an order: the last row that was seen there.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Place {
    pub(super) time: i64,
    pub(super) domain: String,
}

impl Place {
    /// Behind all that have a time, since no name begins like this.
    pub(super) fn behind(time: Timestamp) -> Self {
        Self { time: seconds(time), domain: "~".to_owned() }
    }
}

/// What a store says of one domain.
pub(super) async fn recall(database: &Database, domain: &Domain) -> Result<Record, StoreError> {
    let rows = database.rows(RECALL, &[Value::Text(domain.as_str())]).await?;
    Ok(rows.first().map(|row| Record::read(row, 0)).unwrap_or_default())
}

/// What a store says of the domains behind one, by name; tells how many parts of rows did not parse.
pub(super) async fn page(
    database: &Database,
    after: Option<&Domain>,
    limit: usize,
) -> Result<(Vec<(Domain, Record)>, u64), StoreError> {
    let after = after.map_or("", Domain::as_str);
    let rows = database.survey(PAGE, &[Value::Text(after), most(limit)]).await?;
    let (mut found, mut unreadable) = (Vec::with_capacity(rows.len()), 0);
    for row in &rows {
        match row.text(0).map_err(Into::into).and_then(domain) {
            Ok(domain) => found.push((domain, Record::read(row, 1))),
            Err(_) => unreadable += 1,
        }
    }
    Ok((found, unreadable))
}

/// Policies of one mode that end soon, soonest first, with their ends.
pub(super) async fn ending(
    database: &Database,
    mode: &'static str,
    ends_before: Timestamp,
    behind: &Place,
    limit: usize,
) -> Result<Vec<(i64, String)>, StoreError> {
    let values = [
        Value::Integer(seconds(ends_before)),
        Value::Integer(behind.time),
        Value::Text(&behind.domain),
        Value::Text(mode),
        most(limit),
    ];
    let rows = database.survey(ENDING, &values).await?;
    rows.iter().map(|row| Ok((row.integer(1)?, row.text(0)?.to_owned()))).collect()
}

/// Policies that were not confirmed for long, longest first, with their ends and confirmations.
pub(super) async fn unconfirmed(
    database: &Database,
    confirmed_before: Timestamp,
    behind: &Place,
    limit: usize,
) -> Result<Vec<(i64, String, i64)>, StoreError> {
    let values = [
        Value::Integer(seconds(confirmed_before)),
        Value::Integer(behind.time),
        Value::Text(&behind.domain),
        most(limit),
    ];
    let rows = database.survey(UNCONFIRMED, &values).await?;
    rows.iter().map(|row| Ok((row.integer(1)?, row.text(0)?.to_owned(), row.integer(2)?))).collect()
}

/// Policies that were confirmed after a time, with their ends.
pub(super) async fn ahead(
    database: &Database,
    confirmed_after: Timestamp,
    limit: usize,
) -> Result<Vec<(i64, String)>, StoreError> {
    let rows = database.survey(AHEAD, &[Value::Integer(seconds(confirmed_after)), most(limit)]).await?;
    rows.iter().map(|row| Ok((row.integer(1)?, row.text(0)?.to_owned()))).collect()
}

/// Names of the domains behind one, in order.
pub(super) async fn names(database: &Database, after: &str, limit: usize) -> Result<Vec<String>, StoreError> {
    let rows = database.survey(NAMES, &[Value::Text(after), most(limit)]).await?;
    rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
}

/// How many rows there are.
pub(super) async fn counts(database: &Database, now: Timestamp) -> Result<Counts, StoreError> {
    let rows = database.survey(COUNTS, &[Value::Integer(seconds(now))]).await?;
    let Some(row) = rows.first() else { return Ok(Counts::default()) };
    let number = |row: &Row, column| row.integer(column).map(|number| u64::try_from(number).unwrap_or(0));
    Ok(Counts {
        policies: number(row, 0)?,
        enforce: number(row, 1)?,
        ended: number(row, 2)?,
        releases: number(row, 3)?,
        dane: number(row, 4)?,
        to_verify: number(row, 5)?,
        in_memory: 0,
    })
}

/// The latest time at which anything was stored; DANE counts for an hour or more from then.
pub(super) async fn newest(database: &Database) -> Result<Timestamp, StoreError> {
    let sql = "SELECT COALESCE((SELECT MAX(fetched) FROM learned_policies WHERE node = ''), 0),
        COALESCE((SELECT MAX(ends) - 3600 FROM learned_dane WHERE node = ''), 0)";
    let rows = database.survey(sql, &[]).await?;
    let Some(row) = rows.first() else { return Ok(Timestamp::EPOCH) };
    Ok(time(row.integer(0)?.max(row.integer(1)?)).unwrap_or(Timestamp::EPOCH))
}

/// Gives an end to what this node stored at times after `now`: it counts from its last confirmation before then, or from now. Tells
/// how many rows.
pub(super) async fn bound_ahead(database: &Database, now: Timestamp) -> Result<u64, StoreError> {
    const STATEMENTS: [&str; 2] = [
        "UPDATE learned_policies SET fetched = CASE WHEN confirmed <= $1 THEN confirmed ELSE $1 END,
            ends = CASE WHEN confirmed <= $1 THEN confirmed ELSE $1 END + max_age,
            confirmed = CASE WHEN confirmed <= $1 THEN confirmed ELSE 0 END
            WHERE fetched > $1 + 300 AND node = ''",
        "UPDATE learned_dane SET ends = $1 + 3600 WHERE ends > $1 + 86400 AND node = ''",
    ];
    let mut rows = 0;
    for sql in STATEMENTS {
        rows += database.execute(sql, &[Value::Integer(seconds(now))]).await?;
    }
    Ok(rows)
}

/// Domains to be verified in the shadow, those noted first come first.
pub(super) async fn to_verify(
    database: &Database,
    limit: usize,
) -> Result<Vec<(Domain, ToVerify, Timestamp)>, StoreError> {
    let sql = "SELECT domain, kind, noted FROM learned_to_verify ORDER BY noted, domain LIMIT $1";
    let rows = database.survey(sql, &[most(limit)]).await?;
    let read = |row: &Row| {
        let name = domain(row.text(0).ok()?).ok()?;
        Some((name, ToVerify::from_name(row.text(1).ok()?)?, time(row.integer(2).ok()?).ok()?))
    };
    Ok(rows.iter().filter_map(read).collect())
}

/// What a purge does with policies of other nodes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum PoliciesElsewhere {
    Forgotten,
    Kept,
}

/// Removes rows; tells how many.
pub(super) async fn purge(
    database: &Database,
    what: &Purge,
    elsewhere: PoliciesElsewhere,
) -> Result<u64, StoreError> {
    const POLICIES_OF_OURS: [&str; 2] = [
        "DELETE FROM learned_policies WHERE node = ''",
        "DELETE FROM learned_policies WHERE domain = $1 AND node = ''",
    ];
    const POLICIES: [&str; 2] =
        ["DELETE FROM learned_policies", "DELETE FROM learned_policies WHERE domain = $1"];
    const TABLES: [[&str; 2]; 3] = [
        ["DELETE FROM learned_releases", "DELETE FROM learned_releases WHERE domain = $1"],
        ["DELETE FROM learned_dane", "DELETE FROM learned_dane WHERE domain = $1"],
        ["DELETE FROM learned_to_verify", "DELETE FROM learned_to_verify WHERE domain = $1"],
    ];
    if let Purge::Ended { now } = what {
        let mut removed = 0;
        // Transactions of a size that lets others write between them.
        loop {
            match forget_ended(database, *now, MAX_ROWS, elsewhere).await? {
                0 => return Ok(removed),
                some => removed += some,
            }
        }
    }
    let policies = match elsewhere {
        PoliciesElsewhere::Forgotten => POLICIES,
        PoliciesElsewhere::Kept => POLICIES_OF_OURS,
    };
    let tables = || std::iter::once(policies).chain(TABLES);
    let mut transaction = database.begin().await?;
    let mut removed = 0;
    match what {
        Purge::Domain(domain) => {
            for [_, one] in tables() {
                removed += transaction.execute(one, &[Value::Text(domain.as_str())]).await?;
            }
        }
        Purge::Ended { .. } => {}
        Purge::All => {
            for [all, _] in tables() {
                removed += transaction.execute(all, &[]).await?;
            }
        }
    }
    transaction.commit().await?;
    Ok(removed)
}

/// Removes policies, DANE and releases that ended by a time, so many of each kind at most; tells how many rows.
///
/// A release has no end. But one that is older than a policy that this node saw enforced is void by that policy alone, and must not
/// stand again when the policy is forgotten: it goes first. What another node wrote takes no release back.
pub(super) async fn forget_ended(
    database: &Database,
    by: Timestamp,
    limit: usize,
    elsewhere: PoliciesElsewhere,
) -> Result<u64, StoreError> {
    const STATEMENTS: [&str; 5] = [
        "DELETE FROM learned_releases WHERE domain IN (SELECT domain FROM learned_policies
            WHERE mode = 'enforce' AND ends <= $1 AND (node = '' OR $3 = 1) ORDER BY ends, domain LIMIT $2)
            AND released <= (SELECT fetched FROM learned_policies WHERE domain = learned_releases.domain AND node = '')",
        "DELETE FROM learned_policies WHERE domain IN (SELECT domain FROM learned_policies
            WHERE mode = 'enforce' AND ends <= $1 AND (node = '' OR $3 = 1) ORDER BY ends, domain LIMIT $2)",
        "DELETE FROM learned_policies WHERE domain IN (SELECT domain FROM learned_policies
            WHERE mode = 'testing' AND ends <= $1 AND (node = '' OR $3 = 1) ORDER BY ends, domain LIMIT $2)",
        "DELETE FROM learned_policies WHERE domain IN (SELECT domain FROM learned_policies
            WHERE mode = 'none' AND ends <= $1 AND (node = '' OR $3 = 1) ORDER BY ends, domain LIMIT $2)",
        "DELETE FROM learned_dane WHERE domain IN (SELECT domain FROM learned_dane
            WHERE ends <= $1 AND $3 < 2 ORDER BY ends LIMIT $2)",
    ];
    let of_others = || Value::Integer(i64::from(elsewhere == PoliciesElsewhere::Forgotten));
    let mut transaction = database.begin().await?;
    let mut removed = 0;
    for sql in STATEMENTS {
        removed += transaction.execute(sql, &[Value::Integer(seconds(by)), most(limit), of_others()]).await?;
    }
    transaction.commit().await?;
    Ok(removed)
}

/// Removes domains to be verified in the shadow that nobody has asked about since a time; tells how many.
pub(super) async fn forget_unasked(
    database: &Database,
    since: Timestamp,
    limit: usize,
) -> Result<u64, StoreError> {
    let sql = "DELETE FROM learned_to_verify WHERE domain IN (SELECT domain FROM learned_to_verify
        WHERE noted <= $1 ORDER BY noted LIMIT $2)";
    database.execute(sql, &[Value::Integer(seconds(since)), most(limit)]).await
}

fn most(limit: usize) -> Value<'static> {
    Value::Integer(i64::try_from(limit.min(MAX_ROWS)).unwrap_or(0))
}
