//! Rows of the shared store that cannot be written: locked by another session, or refused by a trigger.

use std::time::Duration;

use starttls_daemon::learned::{Learned, SharedState};
use starttls_policy::Mode;
use starttls_store::Database;
use starttls_testkit::postgres::Postgres;

use crate::log::Log;
use crate::support::{NOW, at, domain, node, policy, set_clock, shared, until_down, until_up};

/// Longest time until the rows beside a blocked one are written.
const SOON: Duration = Duration::from_secs(5);

/// What no test waits longer for.
const PATIENCE: Duration = Duration::from_secs(30);

async fn until_written(administrator: &Database, names: &str, wanted: i64, within: Duration) {
    let sql = "SELECT COUNT(*) FROM learned_policies WHERE domain LIKE $1 AND mode = 'enforce'";
    let written = async {
        while administrator.rows(sql, &[starttls_store::Value::Text(names)]).await.unwrap()[0]
            .integer(0)
            .unwrap()
            < wanted
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(within, written).await.unwrap();
}

/// Waits until both readers of the node that connects as `app` are connected, not only the first.
async fn until_both_readers(administrator: &Database) {
    let count = "SELECT COUNT(*) FROM pg_stat_activity WHERE usename = 'app'";
    let connected = async {
        while administrator.rows(count, &[]).await.unwrap()[0].integer(0).unwrap() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, connected).await.unwrap();
}

async fn until_trouble(node: &Learned, words: &str) -> SharedState {
    let waiting = async {
        let mut state = node.shared_state();
        while !state.trouble().is_some_and(|trouble| trouble.contains(words)) {
            state = node.shared_state_after(&state).await;
        }
        state
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap()
}

#[tokio::test]
async fn fault_a_locked_row_does_not_hold_up_the_writing_of_others_and_is_named() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    set_clock(&server.url(), NOW).await;
    let (log, _guard) = Log::begin();
    let learned = node(&dir.path().join("1.sqlite"), "one", &server.url()).await;
    until_up(&learned).await;
    let administrator = shared(&server).await;
    let sql = "INSERT INTO learned_policies VALUES ('0.locked.example', 'testing', 'mx.example', '1', 1, 600, 0, 1, 'x')";
    administrator.execute(sql, &[]).await.unwrap();
    let mut lock = administrator.begin().await.unwrap();
    // The server ends a transaction of this program that is idle for five seconds.
    lock.execute("SET LOCAL idle_in_transaction_session_timeout = 0", &[]).await.unwrap();
    lock.rows("SELECT domain FROM learned_policies WHERE domain = '0.locked.example' FOR UPDATE", &[])
        .await
        .unwrap();
    learned.keep_policy(&domain("0.locked.example"), &policy(Mode::Enforce, NOW));
    for number in 0..100 {
        learned.keep_policy(&domain(&format!("{number}.free.example")), &policy(Mode::Enforce, NOW));
    }
    until_written(&administrator, "%.free.example", 100, SOON).await;
    until_trouble(&learned, "lock timeout").await;
    assert_eq!(log.with("0.locked.example").len(), 1, "{:?}", log.with(""));
    // What comes later does not wait either, be it the locked domain anew and alone.
    learned.keep_dane(&domain("0.locked.example"), at(NOW + 3_600));
    learned.flush_shared().await;
    learned.keep_policy(&domain("later.free.example"), &policy(Mode::Enforce, NOW));
    until_written(&administrator, "later.free.example", 1, SOON).await;
    // Once the lock is gone the row is written without anything new to write.
    lock.commit().await.unwrap();
    until_written(&administrator, "0.locked.example", 1, PATIENCE).await;
    until_up(&learned).await;
    learned.close().await;
    administrator.close().await;
}

#[tokio::test]
async fn fault_a_row_that_a_trigger_refuses_does_not_hold_up_the_writing_of_others() {
    for code in ["53100", "40001", "57014"] {
        let Some(server) = Postgres::start().unwrap() else { return };
        let dir = tempfile::tempdir().unwrap();
        set_clock(&server.url(), NOW).await;
        let learned = node(&dir.path().join("1.sqlite"), "one", &server.url()).await;
        until_up(&learned).await;
        let administrator = shared(&server).await;
        let function = format!(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF NEW.domain = '0.refused.example' THEN RAISE EXCEPTION 'not this one' USING ERRCODE = '{code}'; END IF;
                RETURN NEW; END $$"
        );
        administrator.execute(starttls_store::AssertSqlSafe(function), &[]).await.unwrap();
        let trigger =
            "CREATE TRIGGER refuse BEFORE INSERT ON learned_policies FOR EACH ROW EXECUTE FUNCTION refuse()";
        administrator.execute(trigger, &[]).await.unwrap();
        learned.keep_policy(&domain("0.refused.example"), &policy(Mode::Enforce, NOW));
        for number in 0..100 {
            learned.keep_policy(&domain(&format!("{number}.free.example")), &policy(Mode::Enforce, NOW));
        }
        until_written(&administrator, "%.free.example", 100, SOON).await;
        until_trouble(&learned, "not this one").await;
        learned.close().await;
        administrator.close().await;
    }
}

#[tokio::test]
async fn fault_a_connection_refused_to_the_writer_is_counted_as_one() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    let administrator = shared(&server).await;
    for sql in [
        "CREATE ROLE app LOGIN CONNECTION LIMIT 2",
        "GRANT CREATE ON SCHEMA public TO app",
        "GRANT ALL ON starttls_schema TO app",
    ] {
        administrator.execute(sql, &[]).await.unwrap();
    }
    let url = server.url().replace("tester@", "app@");
    let learned = node(&dir.path().join("1.sqlite"), "one", &url).await;
    until_up(&learned).await;
    // No connection is left for the writer.
    until_both_readers(&administrator).await;
    learned.keep_policy(&domain("example.org"), &policy(Mode::Enforce, NOW));
    until_trouble(&learned, "too many connections").await;
    let troubles = learned.shared_troubles();
    assert!(troubles.refused_connections > 0 && troubles.refused_writes == 0, "{troubles:?}");
    learned.close().await;
    administrator.close().await;
}

#[tokio::test]
async fn fault_a_rotated_password_is_read_for_the_next_connection() {
    use starttls_daemon::learned::LearnedSettings;
    use starttls_store::PostgresUrl;
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    let administrator = shared(&server).await;
    for sql in [
        "CREATE ROLE app LOGIN PASSWORD 'first'",
        "GRANT CREATE ON SCHEMA public TO app",
        "GRANT ALL ON starttls_schema TO app",
    ] {
        administrator.execute(sql, &[]).await.unwrap();
    }
    // From now on that role has to show its password.
    let rows =
        administrator.rows("SELECT setting FROM pg_settings WHERE name = 'hba_file'", &[]).await.unwrap();
    let hba = std::path::PathBuf::from(rows[0].text(0).unwrap());
    let before = std::fs::read_to_string(&hba).unwrap();
    std::fs::write(&hba, format!("local all app scram-sha-256\n{before}")).unwrap();
    administrator.rows("SELECT pg_reload_conf()::text", &[]).await.unwrap();
    let file = dir.path().join("password");
    std::fs::write(&file, "first\n").unwrap();
    let url = PostgresUrl::parse(&server.url().replace("tester@", "app@")).unwrap();
    let shared = Some(url.with_password_file(&file).unwrap());
    let settings = crate::support::settings(&dir.path().join("1.sqlite"));
    let learned = Learned::open(LearnedSettings { shared, ..settings }).await;
    until_up(&learned).await;
    until_both_readers(&administrator).await;
    administrator.execute("ALTER ROLE app PASSWORD 'second'", &[]).await.unwrap();
    let end = "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE usename = 'app'";
    administrator.rows(end, &[]).await.unwrap();
    until_down(&learned).await;
    std::fs::write(&file, "second\n").unwrap();
    until_up(&learned).await;
    learned.close().await;
    administrator.close().await;
}
