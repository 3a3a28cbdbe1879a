//! `starttls update` as a timer runs it: quiet when all is well, one message when not, nothing lost.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::{SystemTime, UNIX_EPOCH};

use starttls_policy::Timestamp;

const GOOD: &str = r#"{"version": "1", "author": "A", "serial": 1, "timestamp": "2026-01-01T00:00:00Z",
    "expires": "2099-01-01T00:00:00Z", "policies": {"a.example": {"mode": "enforce", "mx": ["mx.a.example"]}}}"#;

fn now() -> Timestamp {
    Timestamp::from_seconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

/// An operator whose mail server others reload, and whose pager is a file.
struct Operator(tempfile::TempDir);

impl Operator {
    fn new(list: &str) -> Self {
        let home = starttls_testkit::world::directory().unwrap();
        let settings = format!(
            "state-dir = \"state\"\n[postfix]\noutput = \"policy\"\nversion = \"3.10.5\"\n\
             [update]\nactivate = false\nalert-command = [\"tee\", \"{}\"]\n\
             [[list]]\nname = \"ours\"\ntrust = \"unsigned\"\nfile = \"list.json\"\n",
            home.path().join("told").display()
        );
        fs::write(home.path().join("starttls.toml"), settings).unwrap();
        let operator = Self(home);
        operator.list(list);
        operator
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn list(&self, text: &str) {
        fs::write(self.path().join("list.json"), text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        starttls_testkit::world::program(env!("CARGO_BIN_EXE_starttls"))
            .args(["--config", "starttls.toml"])
            .args(arguments)
            .current_dir(self.path())
            .output()
            .unwrap()
    }

    /// What the pager got since it was last looked at.
    fn told(&self) -> Option<String> {
        let told = fs::read_to_string(self.path().join("told")).ok()?;
        fs::remove_file(self.path().join("told")).unwrap();
        Some(told)
    }

    fn table(&self) -> String {
        fs::read_to_string(self.path().join("policy/current/tls_policy")).unwrap()
    }
}

#[test]
fn all_is_well_and_nothing_is_said() {
    let operator = Operator::new(GOOD);
    for _ in 0..2 {
        let output = operator.run(&["update"]);
        assert!(
            output.status.success() && output.stdout.is_empty() && output.stderr.is_empty(),
            "{output:?}"
        );
        assert_eq!(operator.told(), None);
        assert!(operator.table().contains("a.example secure"));
    }
}

#[test]
fn trouble_is_told_once_and_the_last_good_list_stays() {
    let operator = Operator::new(GOOD);
    operator.run(&["update"]);
    let before = operator.table();
    operator.list("{ this is no list");
    let output = operator.run(&["update"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = operator.told().unwrap();
    assert!(told.starts_with("starttls on ") && told.contains("What holds now:"), "{told}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), told, "both hear the same");
    let again = operator.run(&["update"]);
    assert_eq!((again.status.code(), again.stderr.as_slice(), operator.told()), (Some(1), &b""[..], None));
    assert_eq!(operator.table(), before);
    operator.list(GOOD);
    assert!(operator.run(&["update"]).status.success());
}

#[test]
fn dry_run_keeps_and_writes_nothing() {
    let operator = Operator::new(GOOD);
    operator.run(&["update"]);
    let before = operator.table();
    operator.list(&GOOD.replace("\"serial\": 1", "\"serial\": 2").replace("mx.a.example", "mail.a.example"));
    let output = operator.run(&["update", "--dry-run"]);
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && words.contains("mail.a.example"), "{output:?}");
    assert_eq!(operator.table(), before);
    let status = operator.run(&["status", "--format", "json"]);
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["sources"][0]["list"]["serial"], 1);
    operator.run(&["update"]);
    assert!(operator.table().contains("mail.a.example"));
}

#[test]
fn fetch_only_keeps_the_list_and_writes_no_table() {
    let operator = Operator::new(GOOD);
    let output = operator.run(&["update", "--fetch-only"]);
    assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
    assert!(!operator.path().join("policy").exists());
    let asked = operator.run(&["query", "a.example"]);
    assert!(String::from_utf8_lossy(&asked.stdout).contains("deliver only over TLS"), "{asked:?}");
    operator.list("{ this is no list");
    let output = operator.run(&["update", "--fetch-only"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(operator.told().unwrap().contains("What holds now:"));
    assert_eq!(operator.run(&["query", "a.example"]).stdout, asked.stdout);
}

#[test]
fn fault_other_trust_in_the_settings_drops_nothing_until_the_operator_says_so() {
    let operator = Operator::new(GOOD);
    operator.run(&["update"]);
    let settings = fs::read_to_string(operator.path().join("starttls.toml")).unwrap();
    let certificate = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/signed/authority.asc");
    // The list is not signed by it: nothing can be accepted yet.
    let signed = format!("trust = \"openpgp\"\ncertificate = \"{}\"", certificate.display());
    fs::write(operator.path().join("starttls.toml"), settings.replace("trust = \"unsigned\"", &signed))
        .unwrap();
    let output = operator.run(&["update"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(operator.table().contains("a.example secure"), "what was in force stays");
    let told = operator.told().unwrap();
    assert!(told.contains("accepted under other trust") && told.contains("--forget-source ours"), "{told}");

    let status = operator.run(&["status"]);
    let words = String::from_utf8(status.stdout).unwrap();
    assert_eq!(status.status.code(), Some(4), "{words}");
    assert!(words.contains("accepted under other trust") && !words.contains("all was in order"), "{words}");

    let output = operator.run(&["update", "--forget-source", "ours"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let words = String::from_utf8(operator.run(&["query", "a.example"]).stdout).unwrap();
    assert!(!words.contains("secure"), "{words}");
    let table = fs::read_to_string(operator.path().join("policy/current/tls_policy")).unwrap_or_default();
    assert!(!table.contains("a.example"), "{table}");
    let unknown = operator.run(&["update", "--forget-source", "theirs"]);
    assert_eq!(unknown.status.code(), Some(1), "{unknown:?}");
}

#[test]
fn fault_a6_an_expired_list_is_activated_only_until_a_date_within_two_weeks() {
    let operator = Operator::new(GOOD);
    let activate = ["generate", "--mta", "postfix", "--list", "list.json", "--allow-expired", "--activate"];
    for until in [&[][..], &["--until", "15d"], &["--until", "2020-01-01"]] {
        let output = operator.run(&[&activate, until].concat());
        assert_eq!(output.status.code(), Some(2), "{until:?}: {output:?}");
    }
    assert!(String::from_utf8_lossy(&operator.run(&activate).stderr).contains("--until"));
}

#[test]
fn fault_a6_a_list_that_is_used_beyond_its_end_expires_all_the_same() {
    let operator =
        Operator::new(&GOOD.replace("2026-01-01", "2020-01-01").replace("2099-01-01", "2020-02-01"));
    let settings = fs::read_to_string(operator.path().join("starttls.toml")).unwrap();
    fs::write(operator.path().join("starttls.toml"), settings + "allow-expired = true\n").unwrap();
    operator.run(&["update"]);
    assert!(operator.table().contains("a.example secure"));
    let status = operator.run(&["status", "--format", "json"]);
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    let expires = status["in_force"]["record"]["parts"][0]["expires"].as_str().unwrap();
    let left = now().until(Timestamp::parse(expires).unwrap()).as_secs();
    assert!((13 * 86_400..=14 * 86_400).contains(&left), "{status}");
}

#[test]
fn fault_c23_status_notices_that_nothing_updates_any_more() {
    let operator = Operator::new(GOOD);
    operator.run(&["update"]);
    assert_eq!(operator.run(&["status", "--strict"]).status.code(), Some(0));
    for (hours, code, finding) in [(30, 5, "status.updater-silent"), (80, 4, "status.updater-dead")] {
        let path = operator.path().join("state/sources/ours/state.json");
        let mut record: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let tried = Timestamp::from_seconds(now().seconds() - hours * 3600).unwrap();
        assert!(record["tried"].is_string(), "{record}");
        record["tried"] = tried.to_string().into();
        fs::write(&path, serde_json::to_vec(&record).unwrap()).unwrap();
        let output = operator.run(&["status", "--strict"]);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains(finding), "{output:?}");
    }
}

#[test]
fn fault_c24_withdraw_needs_no_settings_no_lists_and_no_state_directory() {
    let operator = Operator::new(GOOD);
    operator.run(&["update"]);
    let lock = fs::File::open(operator.path().join("state/lock")).unwrap();
    lock.lock().unwrap();
    fs::write(operator.path().join("starttls.toml"), "this is = no TOML [").unwrap();
    let output = operator.run(&["withdraw", "--record", "policy"]);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    fs::remove_dir_all(operator.path().join("state")).unwrap();
    fs::remove_file(operator.path().join("policy/withdraw-seen")).unwrap();
    let output = operator.run(&["withdraw", "--record", "policy"]);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    assert!(operator.path().join("policy/withdraw-seen").exists());
}

#[test]
fn whom_withdrawal_alerts_is_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let operator = Operator::new(GOOD);
    operator.run(&["update"]);
    let mode = |name: &str| {
        fs::metadata(operator.path().join("policy").join(name)).unwrap().permissions().mode() & 0o777
    };
    assert_eq!((mode("alert.json"), mode("state.json")), (0o600, 0o644));
}
