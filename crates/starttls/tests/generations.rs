//! Bad input leaves the last good generation in force, whatever is wrong with it.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

const GOOD: &str = include_str!("lists/small.json");

struct Place {
    _holder: TempDir,
    list: String,
    output: String,
}

impl Place {
    fn new() -> Self {
        let holder = starttls_testkit::world::directory().unwrap();
        let path = |name| holder.path().join(name).display().to_string();
        Self { list: path("list.json"), output: path("out"), _holder: holder }
    }

    fn generate(&self, list: &[u8], more: &[&str]) -> Output {
        fs::write(&self.list, list).unwrap();
        starttls_testkit::world::program(env!("CARGO_BIN_EXE_starttls"))
            .args([
                "generate",
                "--mta",
                "postfix",
                "--mta-version",
                "3.7",
                "--output",
                &self.output,
                "--list",
                &self.list,
            ])
            .args(more)
            .env("NO_COLOR", "1")
            .env("STARTTLS_CONFIG", "tests/settings/empty.toml")
            .output()
            .unwrap()
    }
}

/// Every file below a directory with its content; links with their target.
fn snapshot(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.display().to_string();
            if path.is_symlink() {
                found.insert(name, fs::read_link(&path).unwrap().display().to_string().into_bytes());
            } else if path.is_dir() {
                open.push(path);
            } else {
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn bad_lists() -> Vec<(&'static str, Vec<u8>)> {
    let hostile = |name: &str| GOOD.replace("own.example", name).into_bytes();
    vec![
        ("empty", Vec::new()),
        ("malformed", GOOD.replace("\"policies\"", "policies").into_bytes()),
        ("cut off", GOOD.as_bytes()[..GOOD.len() / 2].to_vec()),
        (
            "nested 100,000 deep",
            format!("{{\"version\": \"1\", \"x-a\": {}", "[".repeat(100_000)).into_bytes(),
        ),
        ("not UTF-8", [GOOD.as_bytes(), b"\xff"].concat()),
        ("a domain twice", GOOD.replace("\"two.example\"", "\"ONE.example\"").into_bytes()),
        ("a member twice", GOOD.replace("\"serial\": 42", "\"serial\": 42, \"serial\": 43").into_bytes()),
        ("an escaped newline in a name", hostile("a\\nb.example")),
        ("a blank in a name", hostile("a b.example")),
        ("a separator in a name", hostile("a.example:hostname")),
        ("an attribute in a name", hostile("a.example,tafile=/etc/passwd")),
        ("a comment sign in a name", hostile("#a.example")),
        ("a public suffix", GOOD.replace("\".own.example\"", "\".com\"").into_bytes()),
        ("random bytes", (0..10_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()),
    ]
}

#[test]
fn malformed_lists_change_nothing_and_say_where() {
    let place = Place::new();
    assert!(place.generate(GOOD.as_bytes(), &[]).status.success());
    let before = snapshot(Path::new(&place.output));
    for (what, bytes) in bad_lists() {
        let answer = place.generate(&bytes, &[]);
        let words = String::from_utf8(answer.stderr).unwrap();
        assert_eq!(answer.status.code(), Some(1), "{what}: {words}");
        assert!(words.contains(&format!("{}:", place.list)) && words.contains("error:"), "{what}: {words}");
        assert_eq!(snapshot(Path::new(&place.output)), before, "{what} changed a file");
    }
}

#[test]
fn expired_lists_are_refused_and_change_nothing() {
    let place = Place::new();
    assert!(place.generate(GOOD.as_bytes(), &[]).status.success());
    let before = snapshot(Path::new(&place.output));
    let expired = GOOD.replace("2099-12-31", "2026-11-21");
    assert_eq!(place.generate(expired.as_bytes(), &[]).status.code(), Some(3));
    assert_eq!(snapshot(Path::new(&place.output)), before);
    assert!(place.generate(expired.as_bytes(), &["--allow-expired"]).status.success());
}

#[test]
fn strict_writes_nothing_if_anything_falls_short() {
    let place = Place::new();
    let answer = place.generate(GOOD.as_bytes(), &["--strict"]);
    assert_eq!(answer.status.code(), Some(5), "weak.example asks for encryption alone with an MX name");
    assert!(!Path::new(&place.output).join("current").exists());
}

#[test]
fn the_command_that_why_prints_relaxes_the_domain_and_takes_it_back() {
    let place = Place::new();
    fs::write(&place.list, GOOD).unwrap();
    let state = format!("{}.state", place.list);
    let run = |args: &[&str]| {
        let mut command = starttls_testkit::world::program(env!("CARGO_BIN_EXE_starttls"));
        command.args(args).env("STARTTLS_CONFIG", "tests/settings/empty.toml").env("NO_COLOR", "1");
        let answer = command.output().unwrap();
        assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
        String::from_utf8(answer.stdout).unwrap()
    };
    let query = || run(&["query", "own.example", "--list", &place.list, "--state-dir", &state]);
    let follow_advice = || {
        let why = run(&["why", "own.example", "--list", &place.list, "--state-dir", &state]);
        let line = why.lines().last().unwrap().trim().to_owned();
        let words: Vec<&str> = line.strip_prefix("starttls ").unwrap().split(' ').collect();
        let words: Vec<String> =
            words.join(" ").replace("'say why'", "why").split(' ').map(str::to_owned).collect();
        run(&words.iter().map(String::as_str).collect::<Vec<_>>());
    };
    assert!(query().contains("deliver only over TLS with a valid certificate"));
    follow_advice();
    assert!(query().contains("exempt: encrypt where possible, deliver in any case"));
    follow_advice();
    assert!(query().contains("deliver only over TLS with a valid certificate"));
}

#[test]
fn overrides_that_cannot_be_read_change_nothing() {
    let place = Place::new();
    let state = format!("{}.state", place.list);
    assert!(place.generate(GOOD.as_bytes(), &["--state-dir", &state]).status.success());
    let before = snapshot(Path::new(&place.output));
    fs::create_dir(&state).unwrap();
    fs::write(format!("{state}/overrides.jsonl"), "{\"action\": \"add\"}\n").unwrap();
    let answer = place.generate(GOOD.as_bytes(), &["--state-dir", &state]);
    let words = String::from_utf8(answer.stderr).unwrap();
    assert_eq!(answer.status.code(), Some(1), "{words}");
    assert!(words.contains("overrides.jsonl: line 1: ") && words.contains("correct the line"), "{words}");
    assert_eq!(snapshot(Path::new(&place.output)), before);
}
