use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use starttls_discover::ResolverState;
use starttls_policy::{Domain, Timestamp};

use super::*;
use crate::KnownSource;
use crate::engine::{LookupReport, LookupState};
use crate::learned::{Counts, SharedTroubles};
use crate::operations::{Connections, Health, HealthState, Journal, Metrics, Snapshot};

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn list(name: &str, state: &'static str, until: &str) -> KnownSource {
    KnownSource { name: name.into(), state, serial: Some(42), domains: Some(1234), until: Some(until.into()) }
}

fn lookups(state: LookupState, failure: Option<&str>) -> LookupReport {
    let failure = failure.map(str::to_owned);
    let resolver = ResolverState { server: "127.0.0.1:53".into(), failure: failure.clone() };
    LookupReport { state, failure, resolvers: vec![resolver] }
}

fn snapshot(validation: &'static str) -> Snapshot {
    Snapshot {
        uptime: Duration::from_hours(72),
        hot_entries: 48_213,
        hot_bytes: 9_800_000,
        in_flight: 2,
        waiting: 34_000,
        learned: Counts {
            policies: 1907,
            enforce: 1310,
            ended: 12,
            releases: 4,
            dane: 806,
            to_verify: 31,
            in_memory: 0,
        },
        shared_store: Some("up"),
        troubles: Vec::new(),
        shared_store_cause: None,
        shared_troubles: SharedTroubles::default(),
        validation,
        denial: "working",
        lookups: lookups(LookupState::Working, None),
        sources: vec![
            list("everywhere", "fresh", "2026-12-20T00:00:00Z"),
            list("ours", "ended", "2026-11-20T00:00:00Z"),
        ],
        connections: Connections {
            open: 17,
            accepted: 90_211,
            shed: 0,
            malformed: 3,
            ..Connections::default()
        },
    }
}

fn view(validation: &'static str) -> View {
    let now = at("2026-11-22T12:00:00Z");
    let journal = Journal::default();
    let domain = Domain::parse("slow.example").unwrap();
    journal.failed(&domain, "policy", "`mta-sts.slow.example` did not answer within 5 s", now);
    journal.answered(&domain, Duration::from_millis(5012), now);
    let health = Health::default();
    health.serving();
    View {
        metrics: Arc::new(Metrics::default()),
        journal: Arc::new(journal),
        health: Arc::new(health),
        snapshot: Arc::new(move || snapshot(validation)),
        now: Arc::new(move || now),
        sandbox: "files held, calls held".into(),
    }
}

fn start(view: View) -> StatusServer {
    StatusServer::start("127.0.0.1:0".parse().unwrap(), view).unwrap()
}

/// Head and body of an answer.
fn ask(server: &StatusServer, method: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_ascii_lowercase(), body.to_owned())
}

fn get(server: &StatusServer, path: &str) -> (String, String) {
    ask(server, "GET", path)
}

mod read_only {
    use super::*;

    #[test]
    fn other_methods_are_refused() {
        let server = start(view("proven"));
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PURGE"] {
            let (head, _) = ask(&server, method, "/status.json");
            assert!(head.starts_with("http/1.1 405"), "{method}: {head}");
        }
    }

    #[test]
    fn head_is_get_without_body() {
        let (head, body) = ask(&start(view("proven")), "HEAD", "/");
        assert!(head.starts_with("http/1.1 200") && body.is_empty(), "{head}{body}");
    }

    #[test]
    fn unknown_paths_are_not_there() {
        let server = start(view("proven"));
        for path in ["/purge", "/status.json/", "/..", "/metrics%00"] {
            assert!(get(&server, path).0.starts_with("http/1.1 404"), "{path}");
        }
    }
}

mod healthz {
    use super::*;

    #[test]
    fn is_503_with_the_reason_until_look_ups_are_answered() {
        let view = view("proven");
        let health = Arc::clone(&view.health);
        let server = start(view);
        health.starting("reading lists");
        let (head, body) = get(&server, "/healthz");
        assert!(head.starts_with("http/1.1 503"), "{head}");
        assert_eq!(body, "reading lists\n");
        health.serving();
        assert!(get(&server, "/healthz").0.starts_with("http/1.1 200"));
        health.failing("no answer within 2 s");
        let (head, body) = get(&server, "/healthz");
        assert!(head.starts_with("http/1.1 503") && body == "no answer within 2 s\n", "{head}{body}");
    }
}

mod fault_16 {
    use super::*;

    /// A view of a daemon whose look-ups have that state.
    fn with(state: LookupState, failure: Option<&'static str>) -> View {
        let snapshot = move || Snapshot { lookups: lookups(state, failure), ..snapshot("proven") };
        View { snapshot: Arc::new(snapshot), ..view("proven") }
    }

    #[test]
    fn healthz_is_503_while_no_mx_look_up_is_answered_and_the_watchdog_goes_by_another_state() {
        let view = with(LookupState::Failing, Some("REFUSED"));
        let health = Arc::clone(&view.health);
        let (head, body) = get(&start(view), "/healthz");
        assert!(head.starts_with("http/1.1 503") && body.contains("REFUSED"), "{head}{body}");
        assert_eq!(health.state(), HealthState::Serving);
        for state in [LookupState::Working, LookupState::Degraded, LookupState::Unknown] {
            let (head, _) = get(&start(with(state, None)), "/healthz");
            assert!(head.starts_with("http/1.1 200"), "{state:?}: {head}");
        }
    }

    #[test]
    fn fault_8_metrics_tell_the_same_as_healthz() {
        let metrics = |state| get(&start(with(state, Some("REFUSED"))), "/metrics").1;
        assert!(metrics(LookupState::Failing).contains("starttls_serving 0\n"));
        assert!(metrics(LookupState::Degraded).contains("starttls_serving 1\n"));
    }

    #[test]
    fn status_names_the_resolver_and_the_cause() {
        let server = start(with(LookupState::Failing, Some("REFUSED")));
        let status: Value = serde_json::from_str(&get(&server, "/status.json").1).unwrap();
        assert_eq!(status["lookups"]["state"], "failing");
        assert_eq!(status["lookups"]["resolvers"][0]["server"], "127.0.0.1:53");
        assert_eq!(status["lookups"]["resolvers"][0]["failure"], "REFUSED");
        let (_, page) = get(&server, "/");
        assert!(page.contains("No MX look-up is answered") && page.contains("REFUSED"), "{page}");
    }

    #[test]
    fn page_shows_denials_that_fail() {
        let snapshot = || Snapshot { denial: "failing", ..snapshot("proven") };
        let (_, page) = get(&start(View { snapshot: Arc::new(snapshot), ..view("proven") }), "/");
        assert!(page.contains("Denials fail"), "{page}");
    }
}

mod shared_store {
    use super::*;

    #[test]
    fn fault_rows_of_the_shared_store_that_are_passed_over_are_shown() {
        let troubles = SharedTroubles { unreadable: 3, given_up: 1, ..SharedTroubles::default() };
        let snapshot = move || Snapshot { shared_troubles: troubles, ..snapshot("proven") };
        let server = start(View { snapshot: Arc::new(snapshot), ..view("proven") });
        let status: Value = serde_json::from_str(&get(&server, "/status.json").1).unwrap();
        assert_eq!(status["shared-store-failures"]["unreadable"], 3);
        assert!(get(&server, "/").1.contains("3 parts of rows passed over"));
        let metrics = get(&server, "/metrics").1;
        for line in ["{what=\"unreadable\"} 3", "{what=\"given-up\"} 1"] {
            assert!(metrics.contains(&format!("starttls_shared_store_failures_total{line}")), "{metrics}");
        }
    }
}

mod slow_clients {
    use std::time::Instant;

    use super::*;

    #[test]
    fn fault_healthz_and_metrics_are_answered_within_a_second_beside_64_slow_senders() {
        let server = start(view("proven"));
        let slow: Vec<_> = (0..64)
            .map(|_| {
                let mut stream = TcpStream::connect(server.address()).unwrap();
                stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: lo").unwrap();
                stream
            })
            .collect();
        for path in ["/healthz", "/metrics", "/healthz"] {
            let begun = Instant::now();
            let (head, _) = get(&server, path);
            assert!(head.starts_with("http/1.1 200"), "{path}: {head}");
            assert!(begun.elapsed() < Duration::from_secs(1), "{path}: {:?}", begun.elapsed());
        }
        drop(slow);
    }

    #[test]
    fn fault_those_who_keep_their_connections_open_take_nobodys_place() {
        let server = start(view("proven"));
        // More than the server keeps: the oldest go.
        let slow: Vec<_> = (0..600).map(|_| TcpStream::connect(server.address()).unwrap()).collect();
        let begun = Instant::now();
        assert!(get(&server, "/healthz").0.starts_with("http/1.1 200"));
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        drop(slow);
    }
}

mod metrics {
    use super::*;

    #[test]
    fn are_served_as_open_metrics() {
        let (head, body) = get(&start(view("proven")), "/metrics");
        assert!(head.contains("content-type: application/openmetrics-text; version=1.0.0"), "{head}");
        assert!(body.ends_with("# EOF\n"));
    }
}

mod status_json {
    use super::*;

    const PAGE: &str = include_str!("../../../../../docs/status.md");

    fn document() -> Value {
        serde_json::from_str(&get(&start(view("proven")), "/status.json").1).unwrap()
    }

    #[test]
    fn tells_what_stands() {
        let document = document();
        assert_eq!(document["version"], 1);
        assert_eq!(document["health"]["state"], "serving");
        assert_eq!(document["lists"][0]["until"], "2026-12-20T00:00:00Z");
        assert_eq!(document["learned"]["to-verify"], 31);
        assert_eq!(document["recent-failures"][0]["domain"], "slow.example");
        assert_eq!(document["slowest"][0]["milliseconds"], 5012);
    }

    /// Members by their path, as the page names them.
    fn members(value: &Value, path: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(object) => object.iter().for_each(|(name, value)| {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                found.push(path.clone());
                members(value, &path, found);
            }),
            Value::Array(items) => {
                items.iter().take(1).for_each(|item| members(item, &format!("{path}[]"), found));
            }
            _ => {}
        }
    }

    #[test]
    fn page_lists_exactly_its_members() {
        let mut found = Vec::new();
        let mut document = document();
        // A member that is there only then.
        document["health"]["words"] = "starting".into();
        members(&document, "", &mut found);
        let cells = PAGE.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
        let mut documented: Vec<_> =
            cells.map(|(name, _)| name.to_owned()).filter(|n| !n.starts_with('/')).collect();
        found.sort();
        documented.sort();
        assert_eq!(documented, found);
    }
}

mod page {
    use super::*;

    #[test]
    fn lets_nothing_in_from_elsewhere() {
        let (head, body) = get(&start(view("proven")), "/");
        assert!(head.contains("content-security-policy: default-src 'none'; style-src 'self'"), "{head}");
        for outside in ["http://", "https://", "//", "<script", "style="] {
            assert!(!body.contains(outside), "{outside} in {body}");
        }
    }

    #[test]
    fn shows_in_colour_when_validation_is_wrong() {
        for (validation, class, words) in [
            ("proven", "verdict good", "DNSSEC validated"),
            ("refuted", "verdict bad", "DNSSEC is not validated"),
            ("lost", "verdict bad", "DNSSEC validation lost"),
            ("unknown", "verdict wait", "DNSSEC unknown"),
        ] {
            let (_, body) = get(&start(view(validation)), "/");
            assert!(body.contains(&format!("<div class=\"{class}\"><strong>{words}</strong>")), "{body}");
        }
    }

    #[test]
    fn shows_how_far_the_end_of_a_list_is() {
        let (_, body) = get(&start(view("proven")), "/");
        assert!(body.contains("2026-12-20, in 27 days"), "{body}");
        assert!(body.contains("2026-11-20, 2 days ago"), "{body}");
    }

    #[test]
    fn what_others_wrote_stays_text() {
        let view = view("proven");
        let domain = Domain::parse("evil.example").unwrap();
        view.journal.failed(
            &domain,
            "policy",
            "<img src=x onerror=alert(1)> & \"more\"",
            at("2026-11-22T12:00:00Z"),
        );
        let (_, body) = get(&start(view), "/");
        assert!(body.contains("&lt;img src=x onerror=alert(1)&gt; &amp; &quot;more&quot;"), "{body}");
        assert!(!body.contains("<img"), "{body}");
    }
}

mod privacy {
    use super::*;

    #[test]
    fn addresses_and_tokens_are_seen_nowhere() {
        let view = view("proven");
        let domain = Domain::parse("example.org").unwrap();
        let words =
            "`alice@example.org`: postgres://daemon:hunter2@db and https://example.org/?token=s3cret failed";
        view.journal.failed(&domain, "store", words, at("2026-11-22T12:00:00Z"));
        let server = start(view);
        for path in ["/", "/status.json", "/metrics"] {
            let (_, body) = get(&server, path);
            for secret in ["alice", "hunter2", "s3cret"] {
                assert!(!body.contains(secret), "{secret} in {path}: {body}");
            }
        }
    }

    #[test]
    fn metrics_never_name_a_domain() {
        let (_, body) = get(&start(view("proven")), "/metrics");
        assert!(!body.contains("example"), "{body}");
    }
}
