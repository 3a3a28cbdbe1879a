use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use starttls_discover::ResolverState;

use super::*;
use crate::KnownSource;
use crate::engine::{LookupReport, LookupState};
use crate::learned::Counts;
use crate::operations::{Connections, HealthState, Snapshot};

const PAGE: &str = include_str!("../../../../../docs/metrics.md");
const DASHBOARD: &str = include_str!("../../../../../packaging/grafana/starttls-daemon.json");

fn snapshot() -> Snapshot {
    Snapshot {
        uptime: Duration::from_secs(90),
        hot_entries: 5,
        hot_bytes: 4096,
        in_flight: 2,
        learned: Counts {
            policies: 9,
            enforce: 4,
            ended: 1,
            releases: 1,
            dane: 3,
            to_verify: 2,
            in_memory: 0,
        },
        shared_store: Some("up"),
        waiting: 5,
        troubles: Vec::new(),
        shared_store_cause: None,
        shared_troubles: crate::learned::SharedTroubles::default(),
        validation: "proven",
        denial: "failing",
        lookups: LookupReport {
            state: LookupState::Degraded,
            failure: None,
            resolvers: vec![ResolverState { server: "127.0.0.1:53".into(), failure: Some("REFUSED".into()) }],
        },
        sources: vec![KnownSource {
            name: "everywhere".into(),
            state: "fresh",
            serial: Some(42),
            domains: Some(1000),
            until: Some("2026-12-20T00:00:00Z".into()),
        }],
        connections: Connections { open: 3, accepted: 7, shed: 1, malformed: 2, ..Connections::default() },
    }
}

/// Everything that can be counted, counted once.
fn counted() -> Arc<Metrics> {
    let metrics = Metrics::default();
    metrics.query(Form::Plain, &Reply::Ok("secure".into()), How::AtHand);
    metrics.query(Form::Tlsrpt, &Reply::Temporary("mx"), How::FoundOut);
    metrics.found_out(Duration::from_millis(3));
    metrics.looked_up(What::Tlsa, Ended::Failed);
    metrics.refreshed(Ended::Answered);
    metrics.over_budget();
    metrics.turned_away();
    metrics.deferred("mx");
    metrics.policy_failure("sts-policy-fetch-error");
    Arc::new(metrics)
}

fn text() -> String {
    counted().exposition(snapshot(), HealthState::Serving)
}

/// Families by name, with their type.
fn families(text: &str) -> BTreeMap<String, String> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types.map(|line| line.split_once(' ').map(|(name, kind)| (name.into(), kind.into())).unwrap()).collect()
}

/// Names as they are asked for: with what the format adds.
fn names(text: &str) -> BTreeSet<String> {
    let names = families(text).into_iter().flat_map(|(name, kind)| match kind.as_str() {
        "counter" => vec![format!("{name}_total")],
        "histogram" => ["bucket", "count", "sum"].map(|end| format!("{name}_{end}")).to_vec(),
        _ => vec![name],
    });
    names.collect()
}

mod exposition {
    use super::*;

    #[test]
    fn every_count_is_there_with_its_labels() {
        let text = text();
        for line in [
            r#"starttls_queries_total{form="QUERY",reply="ok",how="at-hand"} 1"#,
            r#"starttls_queries_total{form="QUERYwithTLSRPT",reply="temporary",how="found-out"} 1"#,
            r#"starttls_queries_total{form="sts",reply="not-found",how="found-out"} 0"#,
            r#"starttls_answer_seconds_bucket{le="0.002"} 0"#,
            r#"starttls_answer_seconds_bucket{le="0.005"} 1"#,
            r#"starttls_answer_seconds_bucket{le="+Inf"} 1"#,
            "starttls_answer_seconds_sum 0.003",
            "starttls_answer_seconds_count 1",
            r#"starttls_lookups_total{what="tlsa",ended="failed"} 1"#,
            r#"starttls_refreshes_total{ended="answered"} 1"#,
            "starttls_over_budget_total 1",
            "starttls_turned_away_total 1",
            "starttls_waiting_domains 5",
            r#"starttls_deferred_total{why="mx"} 1"#,
            r#"starttls_policy_failures_total{result_type="sts-policy-fetch-error"} 1"#,
            r#"starttls_validation{state="proven"} 1"#,
            r#"starttls_validation{state="lost"} 0"#,
            r#"starttls_denial{state="failing"} 1"#,
            r#"starttls_mx_lookups{state="degraded"} 1"#,
            r#"starttls_resolver_up{resolver="127.0.0.1:53"} 0"#,
            r#"starttls_learned_domains{kind="to-verify"} 2"#,
            r#"starttls_shared_store{state="up"} 1"#,
            r#"starttls_list_state{list="everywhere",state="fresh"} 1"#,
            r#"starttls_list_end_timestamp_seconds{list="everywhere"} 1797724800"#,
            "starttls_uptime_seconds 90",
            "starttls_hot_bytes 4096",
            "starttls_connections_shed_total 1",
            "starttls_serving 1",
        ] {
            assert!(text.lines().any(|written| written == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn text_is_open_metrics() {
        let text = text();
        assert!(text.ends_with("# EOF\n"));
        assert!(!text.contains("{}"), "{text}");
        for (name, kind) in families(&text) {
            assert!(name.starts_with("starttls_"), "{name}");
            assert!(["counter", "gauge", "histogram"].contains(&kind.as_str()), "{name} is a {kind}");
        }
    }

    #[test]
    fn list_without_a_readable_end_is_left_out() {
        let mut snapshot = snapshot();
        snapshot.sources[0].until = Some("soon".into());
        let text = counted().exposition(snapshot, HealthState::Serving);
        assert!(!text.contains("starttls_list_end_timestamp_seconds{"), "{text}");
    }

    #[test]
    fn quotes_in_a_label_do_not_end_it() {
        let mut snapshot = snapshot();
        snapshot.sources[0].name = "a\"} 1\n".into();
        let text = counted().exposition(snapshot, HealthState::Serving);
        assert!(text.contains(r#"starttls_list_serial{list="a\"} 1\n"} 42"#), "{text}");
    }

    #[test]
    fn not_serving_is_zero() {
        let text = counted().exposition(snapshot(), HealthState::Starting("reading lists".into()));
        assert!(text.contains("starttls_serving 0\n"), "{text}");
    }
}

mod documents {
    use super::*;

    /// The first column of the page's tables.
    fn documented() -> BTreeSet<String> {
        let cells = PAGE.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
        cells.map(|(name, _)| name.to_owned()).filter(|name| name.starts_with("starttls_")).collect()
    }

    #[test]
    fn page_lists_exactly_what_is_written() {
        let written: BTreeSet<_> = families(&text())
            .into_iter()
            .map(|(name, kind)| if kind == "counter" { format!("{name}_total") } else { name })
            .collect();
        assert_eq!(documented(), written);
    }

    #[test]
    fn dashboard_asks_only_for_what_is_written() {
        let dashboard: serde_json::Value = serde_json::from_str(DASHBOARD).unwrap();
        let mut queries = Vec::new();
        collect(&dashboard, &mut queries);
        assert!(queries.len() > 10, "{}", queries.len());
        let known = names(&text());
        for query in queries {
            let words = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let used: Vec<_> = words.filter(|word| word.starts_with("starttls_")).collect();
            assert!(!used.is_empty(), "{query} asks for nothing of ours");
            for name in used {
                assert!(known.contains(name), "{name} of {query} does not exist");
            }
        }
    }

    fn collect(value: &serde_json::Value, queries: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(members) => {
                queries.extend(members.get("expr").and_then(|expr| expr.as_str()).map(str::to_owned));
                members.values().for_each(|member| collect(member, queries));
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, queries)),
            _ => {}
        }
    }
}

mod counting {
    use super::*;

    #[test]
    fn nothing_is_lost_between_threads() {
        let metrics = counted();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        metrics.query(Form::Plain, &Reply::NotFound, How::AtHand);
                        metrics.deferred("busy");
                    }
                });
            }
        });
        let text = metrics.exposition(snapshot(), HealthState::Serving);
        assert!(
            text.contains(r#"starttls_queries_total{form="QUERY",reply="not-found",how="at-hand"} 4000"#)
        );
        assert!(text.contains(r#"starttls_deferred_total{why="busy"} 4000"#));
    }
}
