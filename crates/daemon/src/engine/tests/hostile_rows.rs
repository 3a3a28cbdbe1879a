//! Hostile rows in a real database: nothing that a list, an override, DANE or this node's own fetch demands changes by them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use starttls_discover::RecordState;
use starttls_mta::postfix::socketmap::{Socketmap, SocketmapFacts};
use starttls_policy::decide::evidence::{Security, StsPolicy, Tlsa};
use starttls_policy::{Domain, Mode, MxPattern, Timestamp};
use starttls_store::{AssertSqlSafe, Database, Migrations, Place, PostgresUrl, Value};
use starttls_testkit::postgres::Postgres;
use tokio::runtime::Handle;

use super::world::{Lists, Outside, START, failure};
use crate::answer::{Answering, Form};
use crate::engine::{Clock, Engine, EngineSettings, Parts};
use crate::learned::{KeptPolicy, Learned, LearnedSettings, Learnt, SharedState};
use crate::operations::{Journal, Metrics};

/// Domains of which something else demands.
const DOMAINS: [&str; 5] =
    ["listed.example", "relaxed.example", "dane.example", "kept.example", "fetched.example"];

/// Rows that somebody writes of a domain `$1`; `$2` is the time.
const HOSTILE: &[&str] = &[
    "INSERT INTO learned_policies VALUES ($1, 'enforce', 'mx.evil.example', '1', $2, 31557600, $2 + 31557600, $2, 'x')",
    "INSERT INTO learned_policies VALUES ($1, 'enforce', 'mx.evil.example', '1', $2, 31557600, $2 + 31557600, $2, '')",
    "INSERT INTO learned_policies VALUES ($1, 'enforce', 'mx.evil.example', '1', $2 + 86000, 31557600, 0, $2, 'x')",
    "INSERT INTO learned_policies VALUES ($1, 'enforce', 'mx.evil.example', '1', $2 + 99000000, 31557600, 0, $2, 'x')",
    "INSERT INTO learned_policies VALUES ($1, 'enforce', 'mx.evil.example', '1', 0, 31557600, 0, 0, 'x')",
    "INSERT INTO learned_policies VALUES ($1, 'enforce', 'mx.evil.example', '1', -1, 31557600, 0, -1, 'x')",
    "INSERT INTO learned_policies VALUES ($1, 'enforce', 'mx.evil.example', '1', 9223372036854775807, 31557600, 0, $2, 'x')",
    "INSERT INTO learned_policies VALUES ($1, 'enforce', 'mx.evil.example', '1', $2, 9223372036854775807, 0, $2, 'x')",
    "INSERT INTO learned_policies VALUES ($1, 'enforce', 'mx.evil.example', '1', $2, -1, 0, $2, 'x')",
    "INSERT INTO learned_policies VALUES ($1, 'enforce', 'mx.evil.example', 'no id!', $2, 600, 0, $2, 'x')",
    "INSERT INTO learned_policies VALUES ($1, 'enforce', 'mx.evil.example', REPEAT('1', 100000), $2, 600, 0, $2, 'x')",
    "INSERT INTO learned_policies VALUES ($1, 'enforce', '', '1', $2, 31557600, 0, $2, 'x')",
    "INSERT INTO learned_policies VALUES ($1, 'enforce', '*', '1', $2, 31557600, 0, $2, 'x')",
    "INSERT INTO learned_policies VALUES ($1, 'enforce', E'mx.evil.example\nOK none', '1', $2, 31557600, 0, $2, E'x\nERROR')",
    "INSERT INTO learned_policies SELECT $1, 'enforce', STRING_AGG('m' || n || '.example', ' '), '1', $2, 31557600, 0, $2, 'x'
        FROM GENERATE_SERIES(1, 257) n",
    "INSERT INTO learned_policies SELECT $1, 'enforce', STRING_AGG('m' || n || '.example', ' '), '1', $2, 31557600, 0, $2, 'x'
        FROM GENERATE_SERIES(1, 4097) n",
    "INSERT INTO learned_policies VALUES ($1, 'enforce', REPEAT('mx.evil.example ', 100000), '1', $2, 31557600, 0, $2, 'x')",
    "INSERT INTO learned_policies VALUES ($1, 'testing', 'mx.evil.example', '1', $2, 31557600, 0, $2, 'x')",
    "INSERT INTO learned_policies VALUES ($1, 'none', '', '1', $2, 31557600, 0, $2, 'x')",
    "INSERT INTO learned_policies VALUES ($1, 'strict', 'mx.evil.example', '1', $2, 31557600, 0, $2, 'x')",
    "INSERT INTO learned_releases VALUES ($1, 'none', $2, 'x')",
    "INSERT INTO learned_releases VALUES ($1, 'testing', $2 + 99000000, '')",
    "INSERT INTO learned_releases VALUES ($1, 'enforce', -1, 'x')",
    "INSERT INTO learned_dane VALUES ($1, $2 + 3600, 'x')",
    "INSERT INTO learned_dane VALUES ($1, $2 + 99000000, '')",
    "INSERT INTO learned_dane VALUES ($1, -1, 'x')",
];

fn outside() -> Outside {
    let outside = Outside::default();
    for domain in DOMAINS {
        outside.mx(domain, Security::Insecure, &[&format!("mx.{domain}")]);
        // What is published cannot be seen: when a row of another node may count at all.
        outside.record(domain, RecordState::Inconclusive(failure()));
    }
    outside.mx("dane.example", Security::Secure, &["mx.dane.example"]);
    outside.tlsa("mx.dane.example:25", Tlsa::Usable);
    outside.policy("fetched.example", "2", Mode::Enforce, &["mx.fetched.example"], 86_400);
    outside
}

/// Answers for all domains by a node of its own, once a row of each was written; none is written without a statement.
async fn answers(dir: &Path, url: &str, administrator: &Database, hostile: Option<&str>) -> Vec<String> {
    for table in ["learned_policies", "learned_releases", "learned_dane"] {
        let sql = AssertSqlSafe(format!("DELETE FROM {table}"));
        // Before the first node there is no table.
        let _ = administrator.execute(sql, &[]).await;
    }
    let settings = LearnedSettings {
        path: tempfile::tempdir_in(dir).unwrap().keep().join("learned.sqlite"),
        shared: Some(PostgresUrl::parse(url).unwrap()),
        node: "one".into(),
        row_limit: 1_000,
        settled_after: Duration::ZERO,
    };
    let learned = Learned::open(settings).await;
    let mut state = learned.shared_state();
    while state != SharedState::Up {
        state = learned.shared_state_after(&state).await;
    }
    let now = Timestamp::from_seconds(START).unwrap();
    let mx = vec![MxPattern::parse("mx.kept.example").unwrap()];
    let max_age = Duration::from_hours(24);
    let policy = StsPolicy { mode: Mode::Enforce, mx, id: "2".into(), fetched: now, max_age };
    let kept = KeptPolicy { policy, confirmed: now, origin: Learnt::Here };
    learned.keep_policy(&Domain::parse("kept.example").unwrap(), &kept);
    learned.flush_shared().await;
    learned.flush().await;
    if let Some(sql) = hostile {
        administrator.execute("DELETE FROM learned_policies", &[]).await.unwrap();
        for domain in DOMAINS {
            let values = [Value::Text(domain), Value::Integer(START.cast_signed())];
            administrator.execute(AssertSqlSafe(sql.to_owned()), &values).await.unwrap();
        }
    }
    let lists = Lists::default();
    lists.list("listed.example", "enforce", "mx.listed.example");
    lists.relax("relaxed.example", START + 86_400);
    let parts = Parts {
        discovering: outside(),
        known: lists,
        memory: learned.clone(),
        settings: EngineSettings::default(),
        clock: Clock::new(|| Timestamp::from_seconds(START).unwrap()),
        metrics: Arc::new(Metrics::default()),
        journal: Arc::new(Journal::default()),
        renderer: Socketmap::new(SocketmapFacts::default()).unwrap(),
        anchors: None,
    };
    let engine = Engine::start(parts, &Handle::current());
    engine.first_proof().await;
    let mut all = Vec::new();
    for domain in DOMAINS {
        all.push(format!("{domain}: {:?}", engine.find_out(Form::Plain, domain.as_bytes()).await));
    }
    learned.close().await;
    all
}

#[tokio::test]
async fn fault_no_hostile_row_changes_what_list_override_dane_or_the_own_fetch_demand() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    let place = Place::parse(&server.url()).unwrap();
    let administrator = Database::open(&place, &Migrations { feature: "tests", steps: &[] }).await.unwrap();
    let without = answers(dir.path(), &server.url(), &administrator, None).await;
    for (answer, part) in
        without.iter().zip(["mx.listed.example", "may", "dane", "mx.kept.example", "mx.fetched.example"])
    {
        assert!(answer.contains(part), "each is demanded: {without:?}");
    }
    for sql in HOSTILE {
        let with = answers(dir.path(), &server.url(), &administrator, Some(sql)).await;
        assert_eq!(with, without, "{sql}");
    }
    administrator.close().await;
}
