//! Every block of configuration and of commands in the project's pages is one that the program it is for can read.
//!
//! A kind of block without a test fails. What only a mail server or systemd can judge is tested end to end, in
//! `crates/e2e/tests/documents`.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use starttls_publish::root::Template;
use starttls_testkit::documents::{Block, blocks, blocks_of, inline_settings, project};

/// Commands that a page may tell people to type.
const COMMANDS: [&str; 16] = [
    "/usr/bin/time",
    "./test",
    "benches/daemon.sh",
    "benches/index.sh",
    "target/release/examples/make_list",
    "cargo",
    "cp",
    "git",
    "grep",
    "install",
    "perf",
    "postfix",
    "postmap",
    "starttls",
    "systemctl",
    "systemd-sysusers",
];

/// What is wrong with a block, if anything.
fn complaint(block: &Block) -> Option<String> {
    match block.kind.as_str() {
        "sh" => of_shell(&block.text),
        "toml starttls.toml" => of_settings(&block.text),
        "toml root.toml" => of_root_template(&block.text),
        "json policy-list.json" => {
            starttls_policy::read::list(block.text.as_bytes()).err().map(|error| error.to_string())
        }
        "ini main.cf" => of_main_cf(&block.text),
        "yaml prometheus.yml" | "yaml rules.yml" => of_yaml(&block.text),
        // Also read by sendmail's own macros, end to end.
        "m4 sendmail.mc" => {
            (!block.text.lines().all(|line| line.ends_with("dnl"))).then(|| "want `dnl`".into())
        }
        // Nobody pastes these anywhere.
        "text" | "rust" => None,
        other => Some(format!(
            "no test for blocks of kind `{other}`: name the file it is for, and add a test here"
        )),
    }
}

fn of_shell(text: &str) -> Option<String> {
    let holder = starttls_testkit::world::directory().unwrap();
    let script = holder.path().join("block.sh");
    fs::write(&script, text).unwrap();
    let checked = Command::new("sh").arg("-n").arg(&script).output().unwrap();
    if !checked.status.success() {
        return Some(String::from_utf8_lossy(&checked.stderr).into_owned());
    }
    let text = text.replace("\\\n", " ");
    // `NAME=value command` sets a variable of the environment.
    let is_variable =
        |word: &&str| word.split_once('=').is_some_and(|(name, _)| name == name.to_ascii_uppercase());
    let mut words = text.lines().filter_map(|line| line.split_whitespace().find(|word| !is_variable(word)));
    let stranger = words.find(|word| !COMMANDS.contains(word) && !word.starts_with('#'));
    stranger.map(|word| format!("`{word}` is no command that pages name: fence what is none, with its kind"))
}

/// As the program reads its own settings; files that it names need not be there.
fn of_settings(text: &str) -> Option<String> {
    let holder = starttls_testkit::world::directory().unwrap();
    let file = holder.path().join("starttls.toml");
    fs::write(&file, text).unwrap();
    let checked = starttls_testkit::world::program(env!("CARGO_BIN_EXE_starttls"))
        .args(["settings", "check", "--config"])
        .arg(&file)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (!checked.status.success()).then(|| String::from_utf8_lossy(&checked.stderr).into_owned())
}

/// With keys in place of those that are left out.
fn of_root_template(text: &str) -> Option<String> {
    let holder = starttls_testkit::world::directory().unwrap();
    let mut complete = text.to_owned();
    while let Some(end) = complete.find("+…") {
        let start = complete[..end].rfind('"').map_or(0, |at| at + 1);
        let name = complete[start..end].to_owned();
        let kind = match name.split('.').next() {
            Some("log") => "log",
            Some("red" | "green") => "witness",
            _ => "organisation",
        };
        let made = starttls_testkit::world::program(env!("CARGO_BIN_EXE_starttls"))
            .args(["list", "key", "new", "--name", &name, "--type", kind, "--output"])
            .arg(holder.path().join(format!("{end}.key")))
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&made.stdout).into_owned();
        let Some(key) = words.split_whitespace().find(|word| word.starts_with(&name)) else {
            return Some(format!("no key `{name}`: {words}{}", String::from_utf8_lossy(&made.stderr)));
        };
        complete.replace_range(start..end + "+…".len(), key);
    }
    let file = holder.path().join("root.toml");
    fs::write(&file, complete).unwrap();
    Template::read(&file).err().map(|error| format!("{error}"))
}

/// Postfix takes all that stands behind `=` as the value, a comment too.
fn of_main_cf(text: &str) -> Option<String> {
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        let Some((name, value)) = line.split_once('=') else { return Some(format!("no value: {line}")) };
        if value.contains('#') {
            return Some(format!("a comment in the value of `{}`", name.trim()));
        }
        if !known_value(name.trim(), value.trim()) {
            return Some(format!("`{}` is no value of `{}`", value.trim(), name.trim()));
        }
    }
    None
}

/// What Postfix looks at only when mail goes out.
fn known_value(name: &str, value: &str) -> bool {
    let levels = ["none", "may", "encrypt", "dane", "dane-only", "fingerprint", "verify", "secure"];
    match name {
        "smtp_tls_security_level" | "smtp_tls_dane_insecure_mx_policy" => levels.contains(&value),
        "smtp_dns_support_level" => ["disabled", "enabled", "dnssec"].contains(&value),
        _ => true,
    }
}

/// The little of YAML that Prometheus needs: keys and items, indented by blanks.
fn of_yaml(text: &str) -> Option<String> {
    let is_key = |key: &str| key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let wrong = text.lines().find(|line| {
        let inner = line.trim_start_matches(' ').trim_start_matches("- ");
        !inner
            .split_once(':')
            .is_some_and(|(key, rest)| is_key(key) && (rest.is_empty() || rest.starts_with(' ')))
    });
    wrong.map(|line| format!("not understood: {line}"))
}

fn place(block: &Block) -> String {
    format!("{}:{}: {}", block.page.display(), block.line, block.kind)
}

#[test]
fn fault_each_block_in_the_pages_can_be_pasted() {
    let blocks = blocks().unwrap();
    for kind in ["sh", "toml starttls.toml", "ini main.cf"] {
        assert!(blocks.iter().any(|block| block.kind == kind), "no block of kind `{kind}` is found");
    }
    let settings = inline_settings().unwrap();
    assert!(settings.len() > 3, "{settings:?}");
    let complaints: Vec<_> = blocks
        .iter()
        .chain(&settings)
        .filter_map(|block| Some(format!("{}: {}", place(block), complaint(block)?)))
        .collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn blocks_that_would_stop_mail_or_that_nobody_tests_are_found() {
    for page in [
        "```ini main.cf\nsmtp_tls_security_level = may    # or dane\n```\n",
        "```ini main.cf\nsmtp_tls_security_level = maybe\n```\n",
        "```\nsmtp_tls_security_level = may\n```\n",
        "```ini\nsmtp_tls_security_level = may\n```\n",
        "Set:\n\n    smtp_tls_security_level = may    # or dane\n",
        "```toml starttls.toml\n[daemon]\nlissten = []\n```\n",
        "```sh\nstarttls status 'now\n```\n",
        "```unbound.conf\nserver:\n```\n",
    ] {
        let blocks = blocks_of(Path::new("page.md"), page).unwrap();
        assert_eq!(blocks.len(), 1, "{page}");
        assert!(complaint(&blocks[0]).is_some(), "{page}");
    }
}

#[test]
fn example_can_be_used_with_each_key_that_it_shows() {
    let text = fs::read_to_string(project().join("examples/starttls.toml")).unwrap();
    let shown: String = text
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with([' ', '#'])).unwrap_or(line))
        .fold(String::new(), |text, line| text + line + "\n");
    assert_ne!(text, shown);
    for text in [text, shown] {
        assert_eq!(of_settings(&text), None);
    }
}

#[test]
fn dashboard_is_json_and_the_table_of_cron_has_its_fields() {
    let dashboard = fs::read(project().join("packaging/grafana/starttls-daemon.json")).unwrap();
    serde_json::from_slice::<serde_json::Value>(&dashboard).unwrap();
    let table = fs::read_to_string(project().join("packaging/cron/starttls-update")).unwrap();
    let mut jobs = 0;
    for line in table.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let fields: Vec<_> = line.split_whitespace().collect();
        if line.split_once('=').is_some_and(|(name, _)| name.bytes().all(|byte| byte.is_ascii_uppercase())) {
            continue;
        }
        let is_time =
            |field: &&str| field.bytes().all(|byte| byte.is_ascii_digit() || b"*/,-".contains(&byte));
        assert!(fields.len() > 6 && fields.iter().take(5).all(is_time), "{line}");
        assert!(fields[5] == "root" && !line.contains('%'), "{line}: cron gives `%` a meaning");
        assert_eq!(of_shell(&format!("{}\n", fields[6..].join(" "))), None, "{line}");
        jobs += 1;
    }
    assert_eq!(jobs, 1);
    assert!(table.ends_with('\n'), "cron does not read a last line without an end");
}
