//! `starttls status` looks at the world: what Postfix answers counts, not what was recorded.
//!
//! On a Postfix of scripts, which reads main.cf and answers from tables of lines; a table of kind `hash` has its index
//! in a copy of the text.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

const LIST: &str = r#"{"version": "1", "author": "A", "serial": 1, "timestamp": "2026-01-01T00:00:00Z",
    "expires": "2099-01-01T00:00:00Z", "policies": {"a.test": {"mode": "enforce", "mx": ["mx.a.test"]}}}"#;

const POSTCONF: &str = r#"dir=$2; shift 2
all() { cat "$dir/defaults"; grep '[^ ]' "$dir/main.cf"; echo "config_directory = $dir"; }
case "$1" in
-h) echo 3.7.11;; -n) grep '[^ ]' "$dir/main.cf";; -d) cat "$dir/defaults";;
-m) printf 'hash\ntexthash\nstatic\n';;
-e) shift; for pair; do name=${pair%% =*}
  grep -v "^$name =" "$dir/main.cf" > "$dir/new"; echo "$pair" >> "$dir/new"; cat "$dir/new" > "$dir/main.cf"; rm "$dir/new"
  done;;
*) all | awk '{ line[$1] = $0 } END { for (name in line) print line[name] }';;
esac"#;

const POSTMAP: &str = r#"dir=$2; shift 2
case "$3" in unionmap:*) part=${3#unionmap:?}; set -- "$1" "$2" "${part%?}";; esac
index() { file=${1#*:}; case "$1" in static:*) return;; hash:*) file=$file.db;; esac
  test -e "$file" || { echo "postmap: fatal: open database $file: No such file or directory" >&2; exit 1; }; }
case "$1" in
-s) index "$2"; grep -v '^#' "$file" | sed 's/ /\t/';;
-q) index "$3"; case "$3" in static:*) sed "s/\$/\t${3#*:}/"; exit;; esac
  found=1; while read -r key; do line=$(grep "^$key " "$file") && { printf '%s\t%s\n' "$key" "${line#* }"; found=0; }; done
  exit $found;;
*) cp "${1#*:}" "${1#*:}.db";;
esac"#;

const POSTFIX: &str = "exit 0";

/// A mail server with our policy in force.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new(table: &str) -> Self {
        let machine = Self(starttls_testkit::world::directory().unwrap());
        let home = machine.home();
        for name in ["tools", "etc", "queue"] {
            fs::create_dir(home.join(name)).unwrap();
        }
        for (name, body) in [("postconf", POSTCONF), ("postmap", POSTMAP), ("postfix", POSTFIX)] {
            let path = home.join("tools").join(name);
            fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let shown = home.display();
        let settings = format!(
            "state-dir = \"{shown}/state\"\n[postfix]\noutput = \"{shown}/out\"\nconfig = \"{shown}/etc\"\n\
             commands = \"{shown}/tools\"\ntable-type = \"{table}\"\nprobe = false\n[update]\nwithdrawal-timer = \"own\"\n\
             [[list]]\nname = \"ours\"\ntrust = \"unsigned\"\nfile = \"{shown}/list.json\"\n"
        );
        let defaults = format!(
            "smtp_tls_policy_maps =\nsmtp_tls_CAfile =\nsmtp_tls_CApath =\ndefault_transport = smtp\nrelayhost =\n\
             smtp_dns_support_level =\nsmtp_host_lookup = dns\ncompatibility_level = 3.6\n\
             smtp_tls_fingerprint_digest = sha256\nqueue_directory = {shown}/queue\n"
        );
        let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        for (name, text) in [
            ("starttls.toml", settings.as_str()),
            ("list.json", LIST),
            ("ca.pem", pem),
            ("own", "own.test encrypt\n"),
            ("etc/defaults", &defaults),
            (
                "etc/main.cf",
                &format!("smtp_tls_CAfile = {shown}/ca.pem\nsmtp_tls_policy_maps = texthash:{shown}/own\n"),
            ),
            ("etc/master.cf", "smtp unix - - y - - smtp\n"),
        ] {
            fs::write(home.join(name), text).unwrap();
        }
        let update = machine.run(&["update"]);
        assert!(machine.main_cf().contains("/out/current/tls_policy"), "{update:?}");
        machine
    }

    fn home(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap()
    }

    fn out(&self) -> PathBuf {
        self.home().join("out")
    }

    fn main_cf(&self) -> String {
        fs::read_to_string(self.home().join("etc/main.cf")).unwrap()
    }

    fn write(&self, name: impl AsRef<Path>, text: &str) {
        fs::write(self.home().join(name), text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let settings = self.home().join("starttls.toml");
        let mut command = starttls_testkit::world::program(env!("CARGO_BIN_EXE_starttls"));
        command.arg("--config").arg(settings).args(arguments).output().unwrap()
    }

    /// Exit code and text of `status`.
    fn status(&self) -> (Option<i32>, String) {
        let output = self.run(&["status"]);
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    }

    /// `status` is an error with these words, and does not say that the policy is in force as it should be.
    fn assert_fault(&self, words: &[&str]) {
        let text = self.assert_error(words);
        assert!(!text.contains("in force: ours (unsigned)\n"), "{text}");
    }

    fn assert_error(&self, words: &[&str]) -> String {
        let (code, text) = self.status();
        assert_eq!(code, Some(4), "{text}");
        for word in words {
            assert!(text.contains(word), "{word} in {text}");
        }
        text
    }
}

#[test]
fn a_policy_in_force_is_in_order() {
    for table in ["texthash", "hash"] {
        let machine = Machine::new(table);
        let (code, text) = machine.status();
        assert!(code == Some(0) && text.contains("in force: ours (unsigned)\n"), "{table}: {text}");
    }
}

#[test]
fn fault_status_names_a_missing_output_directory() {
    let machine = Machine::new("texthash");
    fs::remove_dir_all(machine.out()).unwrap();
    machine.assert_fault(&["Postfix defers all mail", "status.table-changed", "starttls update"]);
    machine.run(&["update"]);
    assert!(machine.status().1.contains("in force: ours (unsigned)\n"));
}

#[test]
fn fault_status_names_an_index_that_is_missing_or_not_ours_and_update_mends_it() {
    for index in [None, Some("a.test may\n")] {
        let machine = Machine::new("hash");
        let path = machine.out().join("current/tls_policy.db");
        fs::remove_file(&path).unwrap();
        if let Some(text) = index {
            fs::write(&path, text).unwrap();
        }
        let words = if index.is_none() { "Postfix defers all mail" } else { "is not what Postfix reads" };
        machine.assert_fault(&[words, "status.table-changed"]);
        let update = machine.run(&["update", "--verbose"]);
        assert!(update.status.success(), "{update:?}");
        assert!(!String::from_utf8_lossy(&update.stdout).contains("as it was"), "{update:?}");
        assert_eq!(machine.status().0, Some(0));
    }
}

#[test]
fn fault_status_names_a_link_that_leads_elsewhere() {
    let machine = Machine::new("texthash");
    let other = machine.home().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("tls_policy"), "").unwrap();
    fs::remove_file(machine.out().join("current")).unwrap();
    std::os::unix::fs::symlink(&other, machine.out().join("current")).unwrap();
    machine.assert_fault(&["`current` leads elsewhere", "remove the link"]);
    // The cure works.
    fs::remove_file(machine.out().join("current")).unwrap();
    machine.run(&["update"]);
    assert!(machine.status().1.contains("in force: ours (unsigned)\n"));
}

#[test]
fn fault_status_names_a_comment_behind_the_value() {
    let machine = Machine::new("texthash");
    machine.write("etc/main.cf", &(machine.main_cf().trim_end().to_owned() + " # ours\n"));
    machine.assert_fault(&["activate.comment-in-value", "with faults"]);
}

#[test]
fn fault_tables_before_ours_are_reported_by_status_and_update() {
    let machine = Machine::new("texthash");
    let own = format!("texthash:{}/own", machine.home().display());
    machine.write("etc/main.cf", &machine.main_cf().replace(&own, "static:may"));
    machine.assert_fault(&["in force: nothing, since", "`static:may`", "status.hidden"]);
    let update = machine.run(&["update"]);
    assert_eq!(update.status.code(), Some(3), "{update:?}");
    let words = String::from_utf8_lossy(&update.stderr);
    assert!(words.contains("status.hidden") && words.contains("has no effect"), "{words}");
    assert!(!words.contains("the policy is as it was") && !words.contains("is in force:"), "{words}");
    let again = machine.run(&["update"]);
    assert!(again.stderr.is_empty(), "reported once: {again:?}");
}

#[test]
fn fault_tables_before_ours_that_hide_every_line_together_leave_nothing_in_force() {
    let machine = Machine::new("texthash");
    let two = LIST
        .replace("}}}", "}, \"b.test\": {\"mode\": \"enforce\", \"mx\": [\"mx.b.test\"]}}}")
        .replace("\"serial\": 1", "\"serial\": 2");
    machine.write("list.json", &two);
    machine.write("own", "a.test may\n");
    machine.run(&["update"]);
    let (code, text) = machine.status();
    assert!(code == Some(0) && text.contains("activate.shadowed"), "{text}");
    machine.write("second", "b.test may\n");
    let own = format!("texthash:{}/own", machine.home().display());
    let second = format!("{own}, texthash:{}/second", machine.home().display());
    machine.write("etc/main.cf", &machine.main_cf().replace(&own, &second));
    let text = machine.assert_error(&["in force: nothing, since", "status.hidden", "/second"]);
    assert!(!text.contains("activate.shadowed"), "{text}");
    machine.write("second", "other.test may\n");
    assert_eq!(machine.status().0, Some(0));
}

#[test]
fn fault_our_table_alone_within_another_hides_nothing() {
    let machine = Machine::new("texthash");
    let ours = format!("texthash:{}/current/tls_policy", machine.out().display());
    machine.write("etc/main.cf", &machine.main_cf().replace(&ours, &format!("unionmap:{{{ours}}}")));
    let (code, text) = machine.status();
    assert!(code == Some(0) && text.contains("in force: ours (unsigned)\n"), "{text}");
    assert!(!text.contains("activate.") && !text.contains("status."), "{text}");
}

#[test]
fn fault_update_names_routes_that_may_lead_past_the_table_as_status_does() {
    let machine = Machine::new("texthash");
    machine.write("etc/main.cf", &(machine.main_cf() + "transport_maps = hash:/etc/transport\n"));
    let update = machine.run(&["update"]);
    assert_eq!(update.status.code(), Some(0), "{update:?}");
    assert!(String::from_utf8_lossy(&update.stderr).contains("activate.next-hop"), "{update:?}");
    assert!(machine.run(&["update"]).stderr.is_empty(), "reported once");
}

#[test]
fn fault_an_activation_that_has_no_effect_is_not_called_in_force() {
    let machine = Machine::new("texthash");
    let own = format!("texthash:{}/own", machine.home().display());
    machine.write("etc/main.cf", &machine.main_cf().replace(&own, "static:may"));
    let list = machine.home().join("list.json");
    let (list, out) = (list.to_str().unwrap(), machine.out());
    let output = machine.run(&[
        "generate",
        "--mta",
        "postfix",
        "--list",
        list,
        "--output",
        out.to_str().unwrap(),
        "--activate",
    ]);
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    assert!(words.contains("activate.all-shadowed") && words.contains("has no effect"), "{words}");
    assert!(!words.contains("is in force"), "{words}");
}

#[test]
fn fault_a_bypassed_main_service_is_an_error_of_status_and_update() {
    let machine = Machine::new("texthash");
    machine.write("etc/master.cf", "smtp unix - - y - - smtp -o smtp_tls_policy_maps=\n");
    machine.assert_fault(&["status.bypassed", "in force: nothing for most mail"]);
    let update = machine.run(&["update"]);
    assert_eq!(update.status.code(), Some(3), "{update:?}");
    machine.write("etc/master.cf", "smtp unix - - y - - smtp\n");
    machine.write("etc/main.cf", &(machine.main_cf() + "transport_maps = hash:/etc/transport\n"));
    let (code, text) = machine.status();
    assert!(code == Some(0) && text.contains("activate.next-hop"), "{text}");
}

#[test]
fn fault_status_shows_a_failed_update_and_its_cure_until_one_succeeds() {
    let machine = Machine::new("texthash");
    let good = machine.main_cf();
    machine.write("etc/main.cf", &good.replace("smtp_tls_CAfile", "#"));
    machine.write("list.json", &LIST.replace("\"serial\": 1", "\"serial\": 2").replace("mx.a", "mail.a"));
    assert_eq!(machine.run(&["update"]).status.code(), Some(3));
    machine.write("etc/main.cf", &good);
    machine.assert_error(&["status.update-failed", "update.not-activated", "activate.roots"]);
    let (_, text) = machine.status();
    assert!(!text.contains("all was in order"), "{text}");
    assert!(
        text.contains("cure: set `smtp_tls_CAfile = ") && !text.contains("remove what it names"),
        "{text}"
    );
    assert!(machine.run(&["update"]).status.success());
    assert_eq!(machine.status().0, Some(0));

    machine.write("state/overrides.jsonl", "no JSON\n");
    assert_ne!(machine.run(&["update"]).status.code(), Some(0));
    machine.assert_error(&["status.update-failed", "update.failed"]);
}

#[test]
fn fault_status_gives_short_times_in_hours() {
    let machine = Machine::new("texthash");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let end = starttls_policy::Timestamp::from_seconds(now + 5 * 3600 + 600).unwrap();
    machine.write("list.json", &LIST.replace("2099-01-01T00:00:00Z", &end.to_string()).replace("1,", "2,"));
    machine.run(&["update"]);
    let (_, text) = machine.status();
    assert!(text.contains("(in 5 hours)"), "{text}");
    assert!(!text.contains("each mirror"), "{text}");
}
