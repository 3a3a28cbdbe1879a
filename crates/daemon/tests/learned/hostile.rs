//! Rows that no node writes: passed over, counted, and logged so that they can be found.

use starttls_store::{AssertSqlSafe, Value};
use starttls_testkit::postgres::Postgres;

use crate::log::Log;
use crate::support::{NOW, at, domain, node, set_clock, shared, until_up};

#[tokio::test]
async fn fault_rows_that_are_passed_over_are_logged_by_table_domain_and_cause() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    set_clock(&server.url(), NOW).await;
    let (log, _guard) = Log::begin();
    let learned = node(&dir.path().join("1.sqlite"), "one", &server.url()).await;
    until_up(&learned).await;
    let administrator = shared(&server).await;
    for sql in [
        "INSERT INTO learned_policies VALUES ('mode.example', 'strict', 'mx.example', '1', $1, 600, 0, $1, 'x')",
        "INSERT INTO learned_policies VALUES ('nomx.example', 'enforce', '', '1', $1, 600, 0, $1, 'x')",
        "INSERT INTO learned_policies VALUES ('age.example', 'enforce', 'mx.example', '1', $1, -1, 0, $1, 'x')",
        "INSERT INTO learned_policies VALUES ('next.example', 'enforce', 'mx.example', '1', $1, -1, 0, $1, 'x')",
        "INSERT INTO learned_releases VALUES ('release.example', 'enforce', $1, 'x')",
        "INSERT INTO learned_dane VALUES ('dane.example', $1 + 10000000, 'x')",
    ] {
        let now = Value::Integer(i64::try_from(NOW).unwrap());
        administrator.execute(AssertSqlSafe(sql.to_owned()), &[now]).await.unwrap();
    }
    for (name, table, cause) in [
        ("mode.example", "learned_policies", "mode is unknown"),
        ("nomx.example", "learned_policies", "no MX pattern"),
        ("age.example", "learned_policies", "`max_age` is negative"),
        ("next.example", "learned_policies", "`max_age` is negative"),
        ("release.example", "learned_releases", "a release's mode"),
        ("dane.example", "learned_dane", "lasts longer than any answer says"),
    ] {
        for _ in 0..3 {
            learned.recall(&domain(name), at(NOW)).await;
        }
        let lines = log.with(name);
        assert_eq!(lines.len(), 1, "once for each row: {lines:?}");
        assert!(lines[0].contains(table) && lines[0].contains(cause), "{lines:?}");
    }
    learned.close().await;
    administrator.close().await;
}

#[tokio::test]
async fn fault_one_dane_row_of_another_node_counts_for_little_more_than_an_hour() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    let learned = node(&dir.path().join("1.sqlite"), "one", &server.url()).await;
    until_up(&learned).await;
    let administrator = shared(&server).await;
    for (name, seconds) in [("hour.example", 3_600), ("long.example", 21_000), ("year.example", 31_000_000)] {
        let sql = "INSERT INTO learned_dane VALUES ($1, $2, 'x')";
        let ends = Value::Integer(i64::try_from(NOW + seconds).unwrap());
        administrator.execute(sql, &[Value::Text(name), ends]).await.unwrap();
        let mut counted = 0;
        for minutes in (0..400).step_by(10) {
            let now = at(NOW + minutes * 60);
            let until = learned.recall(&domain(name), now).await.remembered.dane_until;
            counted += if until.is_some_and(|until| until > now) { 10 } else { 0 };
        }
        assert!(counted <= 70 && (counted > 0 || seconds > 100_000), "{name}: {counted} minutes");
    }
    learned.close().await;
    administrator.close().await;
}
