//! Databases are opened whole or not at all: files and servers, new, old, newer, damaged, out of reach.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use starttls_store::{Database, Migration, Migrations, Place, StoreError, Value};
use starttls_testkit::postgres::Postgres;

const ONE: &str = "CREATE TABLE fruit (name TEXT NOT NULL PRIMARY KEY, amount BIGINT)";
const TWO: &str = "ALTER TABLE fruit ADD COLUMN colour TEXT; CREATE INDEX fruit_colour ON fruit (colour)";
const BAD: &str = "CREATE TABLE more (x BIGINT); CREATE TABLE fruit (x BIGINT)";

const fn both(sql: &'static str) -> Migration {
    Migration { sqlite: sql, postgres: sql }
}

const fn fruit(steps: &'static [Migration]) -> Migrations {
    Migrations { feature: "fruit", steps }
}

const FIRST: Migrations = fruit(&[both(ONE)]);
const SECOND: Migrations = fruit(&[both(ONE), both(TWO)]);
const BROKEN: Migrations = fruit(&[both(ONE), both(BAD)]);

fn place(path: &Path) -> Place {
    Place::Sqlite(path.to_owned())
}

fn file() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.sqlite");
    (dir, path)
}

/// Runs the same claim on a file and on a server.
async fn on_both(claim: impl AsyncFn(Place)) {
    let (_dir, path) = file();
    claim(place(&path)).await;
    if let Some(server) = Postgres::start().unwrap() {
        claim(Place::parse(&server.url()).unwrap()).await;
    }
}

async fn put(database: &Database, name: &str, amount: Option<i64>) -> u64 {
    let sql = "INSERT INTO fruit (name, amount) VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET amount = excluded.amount WHERE excluded.amount > fruit.amount";
    database.execute(sql, &[Value::Text(name), Value::OptionalInteger(amount)]).await.unwrap()
}

async fn amount(database: &Database, name: &str) -> Option<i64> {
    let rows = database.rows("SELECT amount FROM fruit WHERE name = $1", &[Value::Text(name)]).await.unwrap();
    rows.first().and_then(|row| row.optional_integer(0).unwrap())
}

#[tokio::test]
async fn one_text_serves_both_databases() {
    on_both(async |place| {
        let database = Database::open(&place, &FIRST).await.unwrap();
        assert_eq!(put(&database, "pear", Some(3)).await, 1);
        assert_eq!(put(&database, "pear", Some(2)).await, 0);
        assert_eq!(put(&database, "plum", None).await, 1);
        assert_eq!((amount(&database, "pear").await, amount(&database, "plum").await), (Some(3), None));
        let rows = database.rows("SELECT name, amount FROM fruit ORDER BY name", &[]).await.unwrap();
        assert_eq!((rows.len(), rows[0].text(0).unwrap()), (2, "pear"));
        assert!(matches!(rows[0].integer(0), Err(StoreError::Column { column: 0 })));
        assert!(matches!(rows[0].text(1), Err(StoreError::Column { column: 1 })));
        assert!(rows[1].integer(1).is_err() && rows[0].text(7).is_err());
        let error = database.rows("SELECT nothing FROM fruit", &[]).await.unwrap_err();
        assert!(matches!(error, StoreError::Statement(_)) && !error.is_damage());
        database.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_transaction_that_is_dropped_leaves_nothing_behind() {
    on_both(async |place| {
        let database = Database::open(&place, &FIRST).await.unwrap();
        let mut transaction = database.begin().await.unwrap();
        transaction.execute("INSERT INTO fruit (name) VALUES ('fig')", &[]).await.unwrap();
        assert_eq!(transaction.rows("SELECT 1 FROM fruit", &[]).await.unwrap().len(), 1);
        drop(transaction);
        assert!(database.rows("SELECT 1 FROM fruit", &[]).await.unwrap().is_empty());
        let mut transaction = database.begin().await.unwrap();
        transaction.execute("INSERT INTO fruit (name) VALUES ('fig')", &[]).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(database.rows("SELECT 1 FROM fruit", &[]).await.unwrap().len(), 1);
        database.close().await;
    })
    .await;
}

#[tokio::test]
async fn migrations_are_applied_once_and_keep_what_is_there() {
    on_both(async |place| {
        let database = Database::open(&place, &FIRST).await.unwrap();
        put(&database, "pear", Some(3)).await;
        database.close().await;
        for _ in 0..2 {
            let database = Database::open(&place, &SECOND).await.unwrap();
            assert_eq!(amount(&database, "pear").await, Some(3));
            assert!(database.rows("SELECT colour FROM fruit", &[]).await.is_ok());
            database.close().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused_unchanged() {
    on_both(async |place| {
        Database::open(&place, &SECOND).await.unwrap().close().await;
        for error in [
            Database::open(&place, &FIRST).await.unwrap_err(),
            Database::open_learnable(&place, &FIRST).await.unwrap_err(),
        ] {
            assert!(
                matches!(error, StoreError::Newer { found: 2, known: 1, feature: "fruit", .. }),
                "{error}"
            );
            assert!(error.to_string().contains("run the newer program"), "{error}");
        }
        let database = Database::open(&place, &SECOND).await.unwrap();
        assert!(database.rows("SELECT colour FROM fruit", &[]).await.is_ok());
        database.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_migration_that_goes_wrong_leaves_nothing_of_itself() {
    on_both(async |place| {
        let database = Database::open(&place, &FIRST).await.unwrap();
        put(&database, "pear", Some(3)).await;
        database.close().await;
        let error = Database::open(&place, &BROKEN).await.unwrap_err();
        assert!(matches!(error, StoreError::Migration { version: 2, .. }), "{error}");
        let database = Database::open(&place, &FIRST).await.unwrap();
        assert_eq!(amount(&database, "pear").await, Some(3));
        assert!(database.rows("SELECT x FROM more", &[]).await.is_err());
        database.close().await;
    })
    .await;
}

#[tokio::test]
async fn nodes_that_start_together_migrate_once() {
    on_both(async |place| {
        // A first opening puts a file into its journal mode, which cannot be waited for.
        Database::open(&place, &fruit(&[])).await.unwrap().close().await;
        let nodes: Vec<_> = (0..6)
            .map(|_| {
                let place = place.clone();
                tokio::spawn(async move { Database::open(&place, &SECOND).await })
            })
            .collect();
        for node in nodes {
            node.await.unwrap().unwrap().close().await;
        }
    })
    .await;
}

#[tokio::test]
async fn files_are_for_their_owner_alone() {
    let (dir, path) = file();
    let database = Database::open(&place(&path), &FIRST).await.unwrap();
    put(&database, "pear", Some(3)).await;
    let mut seen = 0;
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
        seen += 1;
    }
    assert_eq!(seen, 3, "the file, its log, and the log's index");
    database.close().await;
}

#[tokio::test]
async fn a_database_of_another_program_is_left_alone() {
    let (_dir, path) = file();
    let mut theirs =
        SqliteConnectOptions::new().filename(&path).create_if_missing(true).connect().await.unwrap();
    sqlx::query("CREATE TABLE theirs (x INTEGER)").execute(&mut theirs).await.unwrap();
    theirs.close().await.unwrap();
    let bytes = std::fs::read(&path).unwrap();
    for error in [
        Database::open(&place(&path), &FIRST).await.unwrap_err(),
        Database::open_learnable(&place(&path), &FIRST).await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
    }
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[tokio::test]
async fn a_file_of_ours_says_so_in_its_header_and_one_without_that_is_still_ours() {
    let (_dir, path) = file();
    let mark = || std::fs::read(&path).unwrap().get(68..72).map(<[u8]>::to_vec);
    Database::open(&place(&path), &FIRST).await.unwrap().close().await;
    assert_eq!(mark().as_deref(), Some(&b"STLS"[..]));
    let mut unmarked = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    sqlx::query("PRAGMA application_id = 0").execute(&mut unmarked).await.unwrap();
    unmarked.close().await.unwrap();
    assert_eq!(mark().as_deref(), Some(&[0; 4][..]));
    Database::open(&place(&path), &FIRST).await.unwrap().close().await;
    assert_eq!(mark().as_deref(), Some(&b"STLS"[..]));
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_only_where_its_content_can_be_learnt_anew() {
    let (dir, path) = file();
    for number in 1..=3 {
        let garbage = format!("no database {number}").repeat(500);
        std::fs::write(&path, &garbage).unwrap();
        let error = Database::open(&place(&path), &FIRST).await.unwrap_err();
        assert!(error.is_damage(), "{error:?}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), garbage);
        let opened = Database::open_learnable(&place(&path), &FIRST).await.unwrap();
        let aside = dir.path().join(format!("x.sqlite.damaged-{number}"));
        assert_eq!(opened.set_aside.as_ref(), Some(&aside));
        assert_eq!(std::fs::read_to_string(&aside).unwrap(), garbage);
        put(&opened.database, "pear", Some(3)).await;
        opened.database.close().await;
    }
    let opened = Database::open_learnable(&place(&path), &FIRST).await.unwrap();
    assert_eq!((opened.set_aside, amount(&opened.database, "pear").await), (None, Some(3)));
    opened.database.close().await;
}

#[tokio::test]
async fn a_damaged_schema_is_damage_too() {
    let (_dir, path) = file();
    let database = Database::open(&place(&path), &FIRST).await.unwrap();
    put(&database, "pear", Some(3)).await;
    database.close().await;
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100..4_096].fill(0xff);
    std::fs::write(&path, bytes).unwrap();
    let opened = Database::open_learnable(&place(&path), &FIRST).await.unwrap();
    assert!(opened.set_aside.is_some());
    opened.database.close().await;
}

#[tokio::test]
async fn a_place_where_nothing_can_be_written_is_an_error_with_the_cure() {
    let dir = tempfile::tempdir().unwrap();
    let error = Database::open(&place(&dir.path().join("no/such/x.sqlite")), &FIRST).await.unwrap_err();
    assert!(matches!(error, StoreError::File { .. }), "{error:?}");
    assert!(error.to_string().contains("must exist and belong"), "{error}");
    // A directory in the file's place is refused even to root, who may write anywhere.
    let error = Database::open_learnable(&place(dir.path()), &FIRST).await.unwrap_err();
    assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
    assert!(dir.path().is_dir());
    if !is_root() {
        std::fs::set_permissions(dir.path(), Permissions::from_mode(0o500)).unwrap();
        let error = Database::open(&place(&dir.path().join("x.sqlite")), &FIRST).await.unwrap_err();
        assert!(matches!(error, StoreError::File { .. }), "{error:?}");
        std::fs::set_permissions(dir.path(), Permissions::from_mode(0o700)).unwrap();
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").map(|own| std::os::unix::fs::MetadataExt::uid(&own)).unwrap() == 0
}

#[tokio::test]
async fn a_server_that_never_answers_is_waited_for_two_seconds() {
    // The kernel takes connections; nobody reads them.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://me:s3cr3t@{}/x", silent.local_addr().unwrap());
    let began = std::time::Instant::now();
    let error = Database::open(&Place::parse(&url).unwrap(), &FIRST).await.unwrap_err();
    assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error:?}");
}

#[tokio::test]
async fn a_server_that_stops_answering_is_an_error_in_time() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let database = Database::open(&Place::parse(&server.url()).unwrap(), &FIRST).await.unwrap();
    put(&database, "pear", Some(3)).await;
    server.freeze().unwrap();
    let began = std::time::Instant::now();
    let error = database.rows("SELECT 1 FROM fruit", &[]).await.unwrap_err();
    // Over an open connection, or while another is opened.
    assert!(matches!(error, StoreError::Deadline { .. } | StoreError::Statement(_)), "{error:?}");
    assert!(began.elapsed() < std::time::Duration::from_secs(10), "{:?}", began.elapsed());
    server.thaw().unwrap();
    assert_eq!(amount(&database, "pear").await, Some(3));
    database.close().await;
}

#[tokio::test]
async fn a_wrong_password_is_an_error_without_the_password() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let database = Database::open(&Place::parse(&server.url()).unwrap(), &FIRST).await.unwrap();
    let mut transaction = database.begin().await.unwrap();
    transaction.execute("CREATE ROLE other LOGIN PASSWORD 'right'", &[]).await.unwrap();
    transaction.commit().await.unwrap();
    let url = server.url().replace("tester@", "nobody-of-that-name:s3cr3t@");
    let error = Database::open(&Place::parse(&url).unwrap(), &FIRST).await.unwrap_err();
    assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error:?}");
    database.close().await;
}

#[tokio::test]
async fn a_backup_is_a_whole_database_that_replaces_nothing() {
    let (dir, path) = file();
    let database = Database::open(&place(&path), &FIRST).await.unwrap();
    put(&database, "pear", Some(3)).await;
    let copy = dir.path().join("copy.sqlite");
    database.backup_to(&copy).await.unwrap();
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let restored = Database::open(&place(&copy), &FIRST).await.unwrap();
    assert_eq!(amount(&restored, "pear").await, Some(3));
    restored.close().await;
    let before = std::fs::read(&copy).unwrap();
    assert!(matches!(database.backup_to(&copy).await, Err(StoreError::File { .. })));
    assert_eq!(std::fs::read(&copy).unwrap(), before);
    assert!(database.backup_to(&dir.path().join("no/copy")).await.is_err());
    let left: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("part")), "{left:?}");
    database.close().await;
}

#[tokio::test]
async fn fault_a_transaction_that_the_file_itself_rolled_back_holds_up_no_later_one() {
    let (_dir, path) = file();
    let database = Database::open(&place(&path), &FIRST).await.unwrap();
    // As on a full disk: SQLite ends the transaction by itself (sqlite.org/lang_transaction.html, "Response To Errors").
    let full = "CREATE TRIGGER full BEFORE INSERT ON fruit WHEN NEW.amount < 0
        BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END";
    database.execute(full, &[]).await.unwrap();
    let insert = "INSERT INTO fruit (name, amount) VALUES ($1, $2)";
    for _ in 0..3 {
        let values = [Value::Text("pear"), Value::Integer(-1)];
        let refused = database.execute(insert, &values).await.unwrap_err();
        assert!(format!("{refused:?}").contains("disk is full"), "{refused:?}");
    }
    assert_eq!(put(&database, "pear", Some(1)).await, 1);
    assert_eq!(amount(&database, "pear").await, Some(1));
    database.close().await;
}
