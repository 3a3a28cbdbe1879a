//! The maintainer's ceremony, played with the program as docs/maintainer-ceremony.md tells it: three organisations, a log, two
//! witnesses, a client.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::Path;
use std::process::Output;

use starttls_policy::Timestamp;
use starttls_trust::log::ReadTiles;
use starttls_trust::{Accepted, Anchor, Bundle, Digest, Memory, SignedNote, SigningKey, accept};

/// A machine on which everybody works in turn.
struct Table {
    disk: tempfile::TempDir,
}

struct Tiles<'a>(&'a Path);

impl ReadTiles for Tiles<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        fs::read(self.0.join(path)).map_err(|error| error.to_string())
    }
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_seconds(since.as_secs()).unwrap()
}

const WORLD: [(&str, &str); 7] = [
    ("alpha", "organisation"),
    ("beta", "organisation"),
    ("gamma", "organisation"),
    ("delta", "organisation"),
    ("log", "log"),
    ("red", "witness"),
    ("green", "witness"),
];

const SOURCE: &str = r#"{
  "version": "0.1",
  "policies": {
    "one.example": { "mode": "enforce", "mxs": ["mx.one.example"] },
    "two.example": { "mode": "enforce", "mxs": [".two.example"] },
    "three.example": { "mode": "testing", "mxs": ["mx.three.example"] }
  }
}"#;

const CHANGES: &str = r#"{ "version": "0.1", "policies": { "three.example": { "mode": "enforce", "mxs": ["mx.three.example"] } } }"#;

impl Table {
    fn new() -> Self {
        let table = Self { disk: starttls_testkit::world::directory().unwrap() };
        for (name, purpose) in WORLD {
            let public = table
                .run(&format!("list key new --name {name}.example/key --type {purpose} --output {name}.key"));
            table.write(&format!("{name}.pub"), public.trim());
        }
        table
    }

    fn path(&self) -> &Path {
        self.disk.path()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// Runs one command line; arguments in quotes are not needed here.
    fn answer(&self, line: &str) -> Output {
        starttls_testkit::world::program(env!("CARGO_BIN_EXE_starttls"))
            .args(line.split_whitespace())
            .current_dir(self.path())
            .env_remove("SOURCE_DATE_EPOCH")
            .output()
            .unwrap()
    }

    fn run(&self, line: &str) -> String {
        let output = self.answer(line);
        let messages = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "starttls {line}\n{messages}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What the program says when it does not do it.
    fn refused(&self, line: &str, code: i32) -> String {
        let output = self.answer(line);
        let messages = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "starttls {line}\n{messages}");
        messages
    }

    /// The root's template, with these organisations.
    fn template(&self, organisations: [&str; 3]) {
        let key = |name: &str| self.read(&format!("{name}.pub"));
        let mut parts = vec![
            "quorum = 2".to_owned(),
            "[roles]\nroot = { threshold = 2 }\nlist = { threshold = 2 }\nrelax = { threshold = 1 }".into(),
            format!("[log]\nkey = \"{}\"", key("log")),
        ];
        let organisation = |name| format!("[organisations.{name}]\nkeys = [\"{}\"]", key(name));
        parts.extend(organisations.map(organisation));
        // Nobody listens there: cosignatures are brought.
        let url = |_| "url = \"http://127.0.0.1:1/\"";
        parts.extend(["red", "green"].map(|name| {
            format!("[[witnesses]]\norganisation = \"{name}\"\nkey = \"{}\"\n{}", key(name), url(name))
        }));
        let text = parts.join("\n");
        self.write("root.toml", &text);
    }

    fn sign(&self, file: &str, signers: &[&str], root: &str) {
        for name in signers {
            self.run(&format!("list sign {file} --key {name}.key --root {root} --yes"));
        }
    }

    /// What witnesses do: a copy of the checkpoint with a cosignature of now.
    fn cosign(&self, checkpoint: &str) {
        let note = self.read(checkpoint);
        for name in ["red", "green"] {
            let key = self.read(&format!("{name}.key"));
            let key = SigningKey::parse(key.lines().last().unwrap()).unwrap();
            let note = SignedNote::parse(note.as_bytes()).unwrap().cosigned_by(&key, now());
            self.write(&format!("{name}.cosigned"), &note.to_string());
        }
    }

    /// Publishes: once to be told what to cosign, once more with the cosignatures.
    fn publish(&self, rest: &str) -> String {
        let line = format!("list publish public --log-key log.key {rest}");
        let messages = self.refused(&line, 1);
        assert!(messages.contains("0 of 2 organisations' witnesses cosigned"), "{messages}");
        self.cosign("log.key.log/checkpoint");
        self.run(&format!("{line} --cosigned red.cosigned green.cosigned"))
    }

    fn accept(&self, memory: Option<&Memory>) -> Accepted {
        let public = self.path().join("public");
        let anchor = Anchor::parse(self.read("root.1.note").as_bytes()).unwrap();
        let bundle = Bundle::parse(&fs::read(public.join("proof.json")).unwrap()).unwrap();
        let judged = accept::judge(&anchor, memory, &bundle, &Tiles(&public), now()).unwrap();
        let bytes = fs::read(public.join(judged.path())).unwrap();
        let list = starttls_policy::read::list(&bytes).unwrap();
        judged.with_list(bytes.len() as u64, Digest::of(&bytes), &list, now()).unwrap()
    }
}

#[test]
fn is_played_from_keys_to_a_rotated_root() {
    let table = Table::new();
    // The root.
    table.template(["alpha", "beta", "gamma"]);
    table.run("list init-root root.toml --output root.1.note");
    fs::copy(table.path().join("root.1.note"), table.path().join("root.beta")).unwrap();
    table.sign("root.1.note", &["alpha"], "root.1.note");
    table.sign("root.beta", &["beta"], "root.beta");
    table.run("list sign root.1.note --join root.beta");

    // The first list: two organisations build the same bytes.
    table.write("source.json", SOURCE);
    let at = now().seconds();
    let build = format!(
        "list build source.json --first --serial auto --author Foundation --timestamp {at} --expires 180d --root root.1.note"
    );
    for name in ["alpha", "beta"] {
        fs::create_dir(table.path().join(name)).unwrap();
        table.run(&format!("{build} --output {name}"));
    }
    assert_eq!(table.read("alpha/list-1.json"), table.read("beta/list-1.json"));
    assert_eq!(table.read("alpha/list-1.note"), table.read("beta/list-1.note"));
    table.run("list review alpha/list-1.note --first");
    table.sign("alpha/list-1.note", &["alpha"], "root.1.note");
    let publish = "--root root.1.note --list alpha/list-1.json --statement alpha/list-1.note";
    let alone = table.refused(&format!("list publish public --log-key log.key {publish}"), 3);
    assert!(alone.contains("beta") && alone.contains("gamma"), "{alone}");
    table.sign("beta/list-1.note", &["beta"], "root.1.note");
    table.publish(&format!("{publish} beta/list-1.note"));
    let first = table.accept(None);
    assert_eq!(first.memory.list.serial, 1);

    // An emergency.
    table.run("list relax new --organisation gamma --domain one.example --reason lost --days 3 --list public/list.json --output relax.note");
    table.sign("relax.note", &["gamma"], "root.1.note");
    table.publish("--relax relax.note");
    let relaxed = table.accept(Some(&first.memory));
    assert_eq!(relaxed.relaxations.len(), 1);
    table.run("list relax cancel relax.note --organisation beta --reason found --output cancel.note");
    table.sign("cancel.note", &["beta"], "root.1.note");
    table.publish("--relax cancel.note");
    assert!(table.accept(Some(&relaxed.memory)).relaxations.is_empty());

    // Gamma goes, delta comes.
    table.template(["alpha", "beta", "delta"]);
    table.run("list rotate-root root.toml --root root.1.note --output root.2.note");
    table.sign("root.2.note", &["alpha", "beta", "delta"], "root.1.note");
    table.publish("--root root.2.note");
    let rotated = table.accept(Some(&relaxed.memory));
    assert_eq!(rotated.memory.root.version, 2);

    // The next list, signed by the new one.
    table.write("changes.json", CHANGES);
    table.run("list build public/list.json changes.json --previous public/list.json --serial auto --timestamp now --expires 180d --root root.2.note --output alpha");
    let review = table.run("list review alpha/list-2.note --previous public/list.json");
    assert!(review.contains("three.example: tightened"), "{review}");
    table.refused("list sign alpha/list-2.note --key gamma.key --root root.2.note --yes", 3);
    table.refused("list sign alpha/list-2.note --key log.key --yes", 3);
    table.sign("alpha/list-2.note", &["beta", "delta"], "root.2.note");
    table.publish("--list alpha/list-2.json --statement alpha/list-2.note");
    let second = table.accept(Some(&rotated.memory));
    assert_eq!((second.memory.list.serial, second.memory.signers.len()), (2, 2));

    // The timer.
    table.refused("list refresh public --root root.1.note", 1);
    table.cosign("public/checkpoint");
    table.run("list refresh public --root root.1.note --cosigned red.cosigned green.cosigned");
    table.accept(Some(&second.memory));
}
