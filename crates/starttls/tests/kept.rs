//! `why`, `query` and `cache show` tell what the running daemon keeps of a domain, and decide as it does.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};

const LIST: &str = r#"{"version": "1", "author": "A", "serial": 1, "timestamp": "2026-01-01T00:00:00Z",
    "expires": "2099-01-01T00:00:00Z", "policies": {"a.example": {"mode": "enforce", "mx": ["listed.a.example"]}}}"#;

/// A machine with one list, accepted, and perhaps a daemon.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Self(starttls_testkit::world::directory().unwrap());
        let settings = "state-dir = \"state\"\n[postfix]\noutput = \"policy\"\nversion = \"3.10.5\"\n\
            [update]\nactivate = false\n\
            [[list]]\nname = \"ours\"\ntrust = \"unsigned\"\nfile = \"list.json\"\n";
        fs::write(machine.path("starttls.toml"), settings).unwrap();
        fs::write(machine.path("list.json"), LIST).unwrap();
        let updated = machine.run(&["update"]);
        assert!(updated.status.success(), "{updated:?}");
        machine
    }

    /// A daemon answers each question with this line; what it was asked is told in the end.
    fn with_daemon(answer: &str) -> Self {
        let machine = Self::new();
        let listener = UnixListener::bind(machine.socket()).unwrap();
        let (answer, asked) = (format!("{answer}\n"), machine.path("asked"));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut line = String::new();
                BufReader::new(&stream).read_line(&mut line).unwrap();
                fs::write(&asked, line).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        machine
    }

    fn socket(&self) -> PathBuf {
        self.path("state/control.sock")
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new(self.0.path()).join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = starttls_testkit::world::program(env!("CARGO_BIN_EXE_starttls"));
        command.args(["--config", "starttls.toml"]).args(arguments).env("NO_COLOR", "1");
        command.current_dir(self.0.path()).output().unwrap()
    }

    fn told(&self, arguments: &[&str]) -> String {
        let told = self.run(arguments);
        assert!(told.status.success(), "{told:?}");
        String::from_utf8(told.stdout).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.told(&[arguments, &["--format", "json"]].concat())).unwrap()
    }
}

/// What a daemon says of a.example.
fn shown(members: &Value) -> String {
    let mut shown = json!({ "domain": "a.example" });
    shown.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    json!({ "answer": "shown-one", "shown": shown, "reach": "complete", "validation": "proven" }).to_string()
}

fn policy(mode: &str, ends: &str) -> Value {
    json!({
        "mode": mode, "mx": ["kept.a.example", "*.in.a.example"], "id": "20200101", "origin": "here",
        "fetched": "2020-01-01T00:00:00Z", "confirmed": "2020-01-02T00:00:00Z", "ends": ends,
    })
}

const FOR_LONG: &str = "2999-01-01T00:00:00Z";

#[test]
fn a_policy_that_is_kept_and_holds_decides() {
    let machine = Machine::with_daemon(&shown(&json!({ "policy": policy("enforce", FOR_LONG) })));
    let told = machine.told(&["why", "a.example"]);
    assert_eq!(
        fs::read_to_string(machine.path("asked")).unwrap(),
        "{\"do\":\"show-one\",\"domain\":\"a.example\"}\n"
    );
    for part in [
        "a.example: deliver only over TLS with a valid certificate\n",
        "  MX      kept.a.example\n          *.in.a.example\n",
        "kept by the daemon\n  MTA-STS    enforce, id 20200101, 2 MX patterns\n  fetched    2020-01-01T00:00:00Z (",
        "  holds      until 2999-01-01T00:00:00Z (in ",
    ] {
        assert!(told.contains(part), "{part}\n{told}");
    }
    let json = machine.json(&["why", "a.example"]);
    assert_eq!((&json["origin"], &json["kept"]["policy"]["counts"]), (&json!("mta-sts"), &json!(true)));
    assert_eq!(json["daemon"], json!({ "state": "answers", "complete": true, "resolver": "proven" }));
    assert_eq!(machine.json(&["query", "a.example"])["mx"], json!(["kept.a.example", "*.in.a.example"]));
    let all = machine.told(&["cache", "show", "a.example"]);
    assert!(all.starts_with("a.example  mta-sts enforce until 2999-01-01T00:00:00Z, confirmed"), "{all}");
}

#[test]
fn fault_a_policy_of_another_node_is_told_as_such_with_the_time_until_which_it_counts() {
    // A year that this node will see: it counts for a day at most from when it was first seen.
    let mut elsewhere = policy("enforce", FOR_LONG);
    elsewhere["origin"] = json!("elsewhere");
    elsewhere["confirmed"] = json!("2998-12-31T12:00:00Z");
    let machine = Machine::with_daemon(&shown(&json!({ "policy": elsewhere })));
    let told = machine.told(&["why", "a.example"]);
    for part in [
        "  MTA-STS     enforce, id 20200101, 2 MX patterns, learnt by another node\n",
        "  first seen  2998-12-31T12:00:00Z",
        "  holds       until 2999-01-01T00:00:00Z (in ",
        " at most, while this node cannot see the domain's policy itself\n",
    ] {
        assert!(told.contains(part), "{part}\n{told}");
    }
    let all = machine.told(&["cache", "show", "a.example"]);
    let want = "a.example  mta-sts enforce until 2999-01-01T00:00:00Z at most, first seen 2998-12-31T12:00:00Z, learnt by another node:";
    assert!(all.starts_with(want), "{all}");
}

#[test]
fn a_policy_that_has_ended_is_told_and_decides_nothing() {
    let machine =
        Machine::with_daemon(&shown(&json!({ "policy": policy("enforce", "2020-02-01T00:00:00Z") })));
    let told = machine.told(&["why", "a.example"]);
    assert!(told.contains("  MX      listed.a.example\n"), "{told}");
    assert!(told.contains("  holds      no longer: ended 2020-02-01T00:00:00Z ("), "{told}");
    assert_eq!(machine.json(&["why", "a.example"])["kept"]["policy"]["counts"], json!(false));
}

#[test]
fn a_release_sets_the_list_aside_unless_the_domain_has_enforced_since() {
    let release = json!({ "mode": "none", "at": "2019-12-01T00:00:00Z" });
    let machine = Machine::with_daemon(&shown(&json!({ "release": release })));
    let told = machine.told(&["why", "a.example"]);
    assert!(told.starts_with("a.example: nothing is demanded"), "{told}");
    assert!(told.contains("  release  by none at 2019-12-01T00:00:00Z ("), "{told}");

    let ended = policy("enforce", "2020-02-01T00:00:00Z");
    let machine = Machine::with_daemon(&shown(&json!({ "release": release, "policy": ended })));
    let told = machine.told(&["why", "a.example"]);
    assert!(told.starts_with("a.example: deliver only over TLS"), "{told}");
    assert!(told.contains("; does not count, since the domain has enforced again\n"), "{told}");
}

#[test]
fn who_names_lists_asks_what_these_demand() {
    let machine = Machine::with_daemon(&shown(&json!({ "policy": policy("enforce", FOR_LONG) })));
    let told = machine.told(&["why", "a.example", "--list", "list.json"]);
    assert!(told.contains("  MX      listed.a.example\n") && !told.contains("kept"), "{told}");
    assert!(!machine.path("asked").exists());
    let json = machine.json(&["why", "a.example", "--list", "list.json"]);
    assert_eq!((&json["kept"], &json["daemon"]), (&Value::Null, &json!({ "state": "not-asked" })));
}

#[test]
fn nothing_kept_and_nobody_there_are_told_apart() {
    let nothing = r#"{"answer":"shown-one","reach":"complete","validation":"proven"}"#;
    let machine = Machine::with_daemon(nothing);
    let told = machine.told(&["why", "a.example"]);
    assert!(told.contains("kept by the daemon\n  domain  nothing is kept of it\n"), "{told}");
    assert_eq!(machine.json(&["why", "a.example"])["kept"], Value::Null);

    let partial = Machine::with_daemon(&nothing.replace("complete", "partial"));
    assert!(partial.told(&["why", "a.example"]).contains("more may be kept than is shown"));
    assert_eq!(partial.json(&["why", "a.example"])["daemon"]["complete"], json!(false));

    let alone = Machine::new();
    let told = alone.told(&["why", "a.example"]);
    let words = "kept by the daemon\n  no daemon answers at ";
    assert!(told.contains("  MX      listed.a.example\n") && told.contains(words), "{told}");
    let json = alone.json(&["why", "a.example"]);
    assert_eq!((&json["kept"], &json["daemon"]["state"]), (&Value::Null, &json!("not-running")));
}

#[test]
fn an_answer_that_cannot_be_read_takes_nothing_away() {
    for answer in [
        "HTTP/1.1 400 Bad Request".to_owned(),
        r#"{"answer":"refused","words":"not a request"}"#.into(),
        r#"{"answer":"done","words":""}"#.into(),
        shown(&json!({ "policy": policy("forced", FOR_LONG) })),
    ] {
        let machine = Machine::with_daemon(&answer);
        let told = machine.told(&["why", "a.example"]);
        assert!(told.contains("  MX      listed.a.example\n"), "{told}");
        assert_eq!(machine.json(&["why", "a.example"])["daemon"]["state"], json!("no-answer"), "{answer}");
        let queried = machine.run(&["query", "a.example"]);
        let warning = String::from_utf8(queried.stderr).unwrap();
        assert!(queried.status.success() && warning.contains("warning: what the daemon keeps"), "{warning}");
    }
}

#[test]
fn fault_why_and_query_say_what_a_name_that_can_have_no_policy_means_for_mail() {
    let machine = Machine::new();
    for command in ["why", "query"] {
        for name in ["my_dom.lab", "xn--a.lab", "xn--lab.lab"] {
            let said = machine.run(&[command, name]);
            assert!(!said.status.success());
            let words = String::from_utf8(said.stderr).unwrap();
            assert!(words.contains("NOTFOUND") && words.contains("main.cf"), "{words}");
        }
    }
}
