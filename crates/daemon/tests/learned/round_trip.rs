//! Whatever is kept comes back as it was, from both databases; whatever stands in a row that nobody of us wrote does not.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use starttls_daemon::learned::{KeptPolicy, Learned, Learnt, Purge, Reach, Recall, Remembered, SharedState};
use starttls_policy::decide::evidence::{ReleasingMode, StsPolicy, StsRelease};
use starttls_policy::{Domain, Mode, MxPattern};
use starttls_proto::mta_sts::MAX_PATTERNS;
use starttls_store::{Database, Migrations, Place, Value};
use starttls_testkit::postgres::Postgres;

use crate::support::{NOW, alone, at, domain, lasting, node, policy, set_clock, shared, until_up};

fn name() -> impl Strategy<Value = String> {
    "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?(\\.[a-z0-9]{1,20}){0,3}\\.[a-z]{2,8}"
        .prop_filter("a name", |text| Domain::parse(text).is_ok())
}

fn kept() -> impl Strategy<Value = KeptPolicy> {
    let mode = prop::sample::select(vec![Mode::None, Mode::Testing, Mode::Enforce]);
    // No pattern covers a whole public suffix.
    let pattern = (prop::bool::ANY, name()).prop_filter_map("a pattern", |(wild, name)| {
        MxPattern::parse(&format!("{}{name}", if wild { "*." } else { "" })).ok()
    });
    let mx = prop::collection::vec(pattern, 1..12);
    (mode, mx, "[a-zA-Z0-9]{1,32}", 0..=NOW, 0_u64..=31_557_600, 0..=NOW).prop_map(
        |(mode, mx, id, fetched, max_age, confirmed)| {
            let policy =
                StsPolicy { mode, mx, id, fetched: at(fetched), max_age: Duration::from_secs(max_age) };
            KeptPolicy { policy, confirmed: at(confirmed), origin: Learnt::Here }
        },
    )
}

fn remembered() -> impl Strategy<Value = Remembered> {
    let mode = prop::sample::select(vec![ReleasingMode::None, ReleasingMode::Testing]);
    let release = (mode, 0..=NOW).prop_map(|(mode, time)| StsRelease { mode, at: at(time) });
    (prop::option::of(kept()), prop::option::of(release), prop::option::of((0..=NOW).prop_map(at)))
        .prop_map(|(policy, release, dane_until)| Remembered { policy, release, dane_until })
}

fn keep(learned: &Learned, domain: &Domain, remembered: &Remembered) {
    if let Some(kept) = &remembered.policy {
        learned.keep_policy(domain, kept);
    }
    if let Some(release) = remembered.release {
        learned.keep_release(domain, release);
    }
    if let Some(until) = remembered.dane_until {
        learned.keep_dane(domain, until);
    }
}

fn in_runtime(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

/// Some domains, each with its own memory.
fn memories() -> impl Strategy<Value = std::collections::BTreeMap<String, Remembered>> {
    prop::collection::btree_map(name(), remembered(), 1..80)
}

#[test]
fn what_is_kept_comes_back_from_a_file() {
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&memories(), |memories| {
        in_runtime(async {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("learned.sqlite");
            let learned = alone(&path).await;
            for (name, remembered) in &memories {
                keep(&learned, &domain(name), remembered);
            }
            // Before it is written, after that, and after a restart.
            all_come_back(&learned, &memories).await;
            learned.flush().await;
            all_come_back(&learned, &memories).await;
            learned.close().await;
            let learned = alone(&path).await;
            all_come_back(&learned, &memories).await;
            assert_eq!(learned.troubles(), starttls_daemon::learned::Troubles::default());
            learned.close().await;
        });
        Ok(())
    });
    outcome.unwrap();
}

async fn all_come_back(learned: &Learned, memories: &std::collections::BTreeMap<String, Remembered>) {
    for (name, want) in memories {
        let recall = learned.recall(&domain(name), at(NOW)).await;
        assert_eq!((&recall.remembered, recall.reach), (want, Reach::Complete), "{name}");
    }
}

/// September 2018.
const RFC_8461: u64 = 1_535_760_000;

#[test]
fn what_is_kept_comes_back_from_a_server_as_learnt_elsewhere() {
    let Some(server) = Postgres::start().unwrap() else { return };
    in_runtime(set_clock(&server.url(), NOW));
    let mut runner = TestRunner::new(Config { cases: 6, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&memories(), |memories| {
        in_runtime(async {
            let dir = tempfile::tempdir().unwrap();
            let first = node(&dir.path().join("1.sqlite"), "one", &server.url()).await;
            let second = node(&dir.path().join("2.sqlite"), "two", &server.url()).await;
            until_up(&first).await;
            until_up(&second).await;
            wipe(&server).await;
            for (name, remembered) in &memories {
                keep(&first, &domain(name), remembered);
            }
            first.flush_shared().await;
            for (name, want) in &memories {
                let recall = second.recall(&domain(name), at(NOW)).await;
                // What enforces and holds counts, from when it was first seen here.
                let counts =
                    |kept: &KeptPolicy| kept.policy.mode == Mode::Enforce && kept.policy.ends() > at(NOW);
                let seen = |kept| KeptPolicy { origin: Learnt::Elsewhere, confirmed: at(NOW), ..kept };
                let policy = want.policy.clone().filter(counts).map(seen);
                // What is older than MTA-STS was written by a wrong clock.
                let dane_until = want.dane_until.filter(|until| until.seconds() >= RFC_8461);
                let release_elsewhere = want.release.filter(|release| release.at.seconds() >= RFC_8461);
                let remembered = Remembered { policy, release: None, dane_until };
                let want = Recall { remembered, release_elsewhere, reach: Reach::Complete };
                assert_eq!(recall, want, "{name}");
            }
            first.close().await;
            second.close().await;
        });
        Ok(())
    });
    outcome.unwrap();
}

const NO_TABLES: Migrations = Migrations { feature: "tests", steps: &[] };

async fn wipe(server: &Postgres) {
    let database = shared(server).await;
    for sql in ["DELETE FROM learned_policies", "DELETE FROM learned_releases", "DELETE FROM learned_dane"] {
        database.execute(sql, &[]).await.unwrap();
    }
    database.close().await;
}

/// Rows of policies that nobody of us wrote: mode, patterns, id, fetched, `max_age`, confirmed.
const HOSTILE: [(&str, &str, &str, i64, i64, i64); 16] = [
    ("enforced", "mx.example.org", "1", 1, 1, 1),
    ("", "mx.example.org", "1", 1, 1, 1),
    ("ENFORCE", "mx.example.org", "1", 1, 1, 1),
    ("enforce", "", "1", 1, 1, 1),
    ("testing", " ", "1", 1, 1, 1),
    ("enforce", "mx.example.org servername=evil", "1", 1, 1, 1),
    ("enforce", "mx.example.org\nmx.example.net", "1", 1, 1, 1),
    ("enforce", "*", "1", 1, 1, 1),
    ("enforce", "192.0.2.1", "1", 1, 1, 1),
    ("enforce", "mx.example.org", "two words", 1, 1, 1),
    ("enforce", "mx.example.org", "\u{1b}[31m", 1, 1, 1),
    ("enforce", "mx.example.org", "1", -1, 1, 1),
    ("enforce", "mx.example.org", "1", i64::MAX, 1, 1),
    ("enforce", "mx.example.org", "1", 1, -1, 1),
    ("enforce", "mx.example.org", "1", 1, i64::MAX, 1),
    ("enforce", "mx.example.org", "1", 1, 1, i64::MIN),
];

async fn insert(database: &Database, row: (&str, &str, &str, i64, i64, i64), node: &str) {
    let sql = "INSERT INTO learned_policies (domain, mode, mx, id, fetched, max_age, ends, confirmed, node)
        VALUES ('example.org', $1, $2, $3, $4, $5, 0, $6, $7)
        ON CONFLICT (domain) DO UPDATE SET mode = excluded.mode, mx = excluded.mx, id = excluded.id,
        fetched = excluded.fetched, max_age = excluded.max_age, confirmed = excluded.confirmed, node = excluded.node";
    let (mode, mx, id, fetched, max_age, confirmed) = row;
    let values = [
        Value::Text(mode),
        Value::Text(mx),
        Value::Text(id),
        Value::Integer(fetched),
        Value::Integer(max_age),
        Value::Integer(confirmed),
        Value::Text(node),
    ];
    database.execute(sql, &values).await.unwrap();
}

#[tokio::test]
async fn rows_of_a_file_that_do_not_parse_are_treated_as_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("learned.sqlite");
    let learned = alone(&path).await;
    // The name is known, or nobody would look for rows that others wrote behind our back.
    learned.keep_dane(&domain("example.org"), at(1));
    learned.flush().await;
    let remembered = Remembered { dane_until: Some(at(1)), ..Remembered::default() };
    let no_more = Recall { remembered, ..Recall::default() };
    let database = Database::open(&Place::Sqlite(path), &NO_TABLES).await.unwrap();
    for (row, number) in HOSTILE.into_iter().zip(1..) {
        insert(&database, row, "").await;
        let recall = learned.recall(&domain("example.org"), at(NOW)).await;
        assert_eq!(recall, no_more, "{row:?}");
        assert_eq!(learned.troubles().unreadable, number, "{row:?}");
    }
    // Types that no column has, which SQLite takes all the same, and what is far too long.
    let before = learned.troubles().unreadable;
    for sql in [
        "UPDATE learned_policies SET mode = 'enforce', mx = x'00ff'",
        "UPDATE learned_policies SET mx = 'mx.example.org', fetched = 'yesterday'",
        "UPDATE learned_policies SET fetched = 1.5",
        "UPDATE learned_policies SET fetched = 1, confirmed = 1, mx = REPLACE(HEX(ZEROBLOB(100000)), '00', 'mx.example.org ')",
    ] {
        database.execute(sql, &[]).await.unwrap();
        assert_eq!(learned.recall(&domain("example.org"), at(NOW)).await, no_more, "{sql}");
    }
    assert_eq!(learned.troubles().unreadable, before + 4);
    // Whatever else is there of the domain still counts.
    learned.keep_dane(&domain("example.org"), at(5));
    learned.flush().await;
    assert_eq!(learned.recall(&domain("example.org"), at(NOW)).await.remembered.dane_until, Some(at(5)));
    database.execute("UPDATE learned_policies SET domain = 'not a name'", &[]).await.unwrap();
    assert_eq!(learned.entries(None, 10).await.len(), 1);
    database.close().await;
    learned.close().await;
}

#[tokio::test]
async fn fault_rows_of_a_server_are_never_taken_for_our_own_and_read_strictly() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    let learned = node(&dir.path().join("learned.sqlite"), "one", &server.url()).await;
    until_up(&learned).await;
    let database = shared(&server).await;
    for row in HOSTILE {
        insert(&database, row, "one").await;
        assert_eq!(learned.recall(&domain("example.org"), at(NOW)).await, Recall::default(), "{row:?}");
    }
    // Rows that claim to be ours, by our name and by none.
    let sound = ("enforce", "mx.example.org", "1", i64::try_from(NOW).unwrap() - 5, 100, 1);
    for claimed in ["one", ""] {
        insert(&database, sound, claimed).await;
        let recall = learned.recall(&domain("example.org"), at(NOW)).await;
        assert_eq!(recall.remembered.policy.unwrap().origin, Learnt::Elsewhere);
    }
    // More patterns than are used of a policy file.
    let many: Vec<String> = (0..=MAX_PATTERNS).map(|one| format!("mx{one}.example")).collect();
    let many = many.join(" ");
    database.execute("DELETE FROM learned_policies", &[]).await.unwrap();
    let before = learned.troubles().unreadable;
    let fresh = domain("many.example");
    let sql =
        "INSERT INTO learned_policies VALUES ('many.example', 'enforce', $1, '1', $2, 100, 0, $2, 'two')";
    let now = Value::Integer(i64::try_from(NOW).unwrap());
    database.execute(sql, &[Value::Text(&many), now]).await.unwrap();
    // DANE that would hold mail up for years, should our resolver stop validating.
    let sql = "INSERT INTO learned_dane VALUES ('many.example', $1, 'two')";
    database.execute(sql, &[Value::Integer(i64::try_from(NOW).unwrap() + 3_900 + 1)]).await.unwrap();
    assert_eq!(learned.recall(&fresh, at(NOW)).await, Recall::default());
    assert_eq!(learned.troubles().unreadable, before + 2);
    assert_eq!(learned.shared_troubles().unreadable, learned.troubles().unreadable);
    // DANE of another node counts for no longer than an answer of our own, and is never taken for one.
    database.execute("UPDATE learned_dane SET ends = ends - 3", &[]).await.unwrap();
    assert_eq!(learned.recall(&fresh, at(NOW)).await.remembered.dane_until, Some(at(NOW + 3_600)));
    // Before there was MTA-STS.
    let before = learned.shared_troubles().unreadable;
    let sql = "INSERT INTO learned_policies VALUES ('old.example', 'enforce', 'mx.example', '1', 1500000000, 31557600, 0, 1, 'two')";
    database.execute(sql, &[]).await.unwrap();
    assert_eq!(learned.recall(&domain("old.example"), at(1_510_000_000)).await, Recall::default());
    assert_eq!(learned.shared_troubles().unreadable, before + 1);
    // From the future.
    learned.purge(Purge::Domain(domain("example.org"))).await.unwrap();
    let future = ("enforce", "mx.example.org", "1", i64::try_from(NOW).unwrap() + 100_000, 100_000, 1);
    insert(&database, future, "two").await;
    assert_eq!(learned.recall(&domain("example.org"), at(NOW)).await.remembered.policy, None);
    database.close().await;
    learned.close().await;
}

#[tokio::test]
async fn fault_10_dane_that_a_clock_years_ahead_stored_counts_for_no_other_node_and_gives_way() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    let name = domain("example.org");
    let mut nodes = Vec::new();
    set_clock(&server.url(), NOW).await;
    for node_name in ["one", "two", "three"] {
        let learned = node(&dir.path().join(node_name), node_name, &server.url()).await;
        until_up(&learned).await;
        nodes.push(learned);
    }
    let dane_until = async |index: usize| nodes[index].recall(&name, at(NOW)).await.remembered.dane_until;
    nodes[0].keep_dane(&name, at(NOW + 315_576_000));
    nodes[0].flush_shared().await;
    assert_eq!(dane_until(1).await, None);
    nodes[1].keep_dane(&name, at(NOW + 3_600));
    nodes[1].flush_shared().await;
    assert_eq!(dane_until(2).await, Some(at(NOW + 3_600)));
    for learned in nodes {
        learned.close().await;
    }
}

#[tokio::test]
async fn later_words_replace_earlier_ones_before_and_after_they_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let learned = alone(&dir.path().join("learned.sqlite")).await;
    let name = domain("example.org");
    assert_eq!(learned.shared_state(), SharedState::Absent);
    for is_flushed in [false, true] {
        for kept in
            [policy(Mode::Enforce, NOW), lasting(Mode::None, NOW - 10, 60), policy(Mode::Testing, NOW)]
        {
            learned.keep_policy(&name, &kept);
            if is_flushed {
                learned.flush().await;
            }
            assert_eq!(learned.recall(&name, at(NOW)).await.remembered.policy, Some(kept));
        }
        assert_eq!(learned.purge(Purge::Domain(name.clone())).await.unwrap().rows, 1);
        assert_eq!(learned.recall(&name, at(NOW)).await, Recall::default());
    }
    learned.close().await;
}
