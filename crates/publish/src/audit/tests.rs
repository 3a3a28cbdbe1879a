//! Claims about directories that are whole, and about those that are not.

use std::fs;

use starttls_trust::document::{Changes, ListRef, Manifest, RootRef};
use starttls_trust::log::{Appender, ReadTiles};
use starttls_trust::{Algorithm, SigningKey};
use tempfile::TempDir;

use super::*;

struct Disk<'a>(&'a Path);

impl ReadTiles for Disk<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        fs::read(self.0.join(path)).map_err(|error| error.to_string())
    }
}

/// A published directory that grows by publications.
struct Published {
    directory: TempDir,
    head: TreeHead,
    root: Leaf,
}

impl Published {
    /// With one root and one list.
    fn new() -> Self {
        let directory = starttls_testkit::world::directory().unwrap();
        let root = Leaf { kind: LeafKind::Root, sha256: Digest::of(b"") };
        let mut published = Self { directory, head: TreeHead::EMPTY, root };
        published.root.sha256 = published.note(&root_text());
        published.publish(1, b"list 1");
        published
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn note(&self, text: &str) -> Digest {
        let sha256 = Digest::of(text.as_bytes());
        let note = SignedNote::unsigned(text).unwrap().signed_by(&log_key());
        self.write(&format!("note/{sha256}"), &note.to_bytes());
        sha256
    }

    fn publish(&mut self, serial: u64, list: &[u8]) {
        let statement = self.note(&statement(serial, list));
        let sha256 = Digest::of(list);
        self.write(&format!("list/{sha256}.json"), list);
        let version = 1;
        let manifest = Manifest {
            root: RootRef { version, sha256: self.root.sha256 },
            list: ListRef { serial, sha256, statement },
            relax: Digest::of(b""),
        };
        let list = Leaf { kind: LeafKind::List, sha256: statement };
        let mut leaves = vec![Document::from(list).to_text(), Document::from(manifest).to_text()];
        if self.head == TreeHead::EMPTY {
            leaves.insert(0, Document::from(self.root).to_text());
        }
        self.append(&leaves);
    }

    fn append(&mut self, leaves: &[String]) {
        let mut appender = Appender::open(self.head, &Disk(self.path())).unwrap();
        for leaf in leaves {
            appender.push(leaf.as_bytes()).unwrap();
        }
        let grown = appender.finish();
        for (path, bytes) in &grown.files {
            self.write(path, bytes);
        }
        self.head = grown.head;
        let checkpoint =
            Checkpoint { origin: "log.example".into(), size: self.head.size, hash: self.head.hash };
        let note = SignedNote::unsigned(&checkpoint.to_text()).unwrap().signed_by(&log_key());
        self.write("checkpoint", &note.to_bytes());
    }

    fn audit(&self) -> Audit {
        super::audit(self.path(), None).unwrap()
    }

    fn mismatches(&self) -> Vec<String> {
        self.audit().mismatches.iter().map(ToString::to_string).collect()
    }
}

fn log_key() -> SigningKey {
    SigningKey::from_seed("log.example", Algorithm::Ed25519, &[1; 32]).unwrap()
}

fn statement(serial: u64, list: &[u8]) -> String {
    let time = |text| Timestamp::parse(text).unwrap();
    let statement = ListStatement {
        root: 1,
        author: "Alpha".into(),
        serial,
        timestamp: time("2026-11-20T00:00:00Z"),
        expires: time("2026-12-20T00:00:00Z"),
        entries: 1,
        size: list.len() as u64,
        sha256: Digest::of(list),
        previous: None,
        changes: Changes::default(),
    };
    Document::from(statement).to_text()
}

fn root_text() -> String {
    let witness = SigningKey::from_seed("w.example", Algorithm::Cosignature, &[2; 32]).unwrap();
    let alpha = SigningKey::from_seed("alpha.example", Algorithm::Ed25519, &[3; 32]).unwrap();
    let role = r#"{"threshold": 1, "organisations": ["alpha"]}"#;
    format!(
        r#"{{"type": "starttls-everywhere/root/v1", "version": 1, "timestamp": "2026-11-20T00:00:00Z",
        "organisations": {{"alpha": {{"keys": ["{}"]}}}}, "roles": {{"root": {role}, "list": {role}, "relax": {role}}},
        "log": {{"key": "{}"}}, "witnesses": [{{"organisation": "alpha", "key": "{}", "url": "https://w.example/"}}],
        "quorum": 1, "limits": {{"ageing-days": 14, "max-stale-days": 30}}}}
"#,
        alpha.public(),
        log_key().public(),
        witness.public()
    )
}

mod directory {
    use super::*;

    #[test]
    fn that_is_whole_has_no_mismatch() {
        let mut published = Published::new();
        for serial in 2..140 {
            published.publish(serial, format!("list {serial}").as_bytes());
        }
        let audit = published.audit();
        assert_eq!(audit.mismatches, []);
        assert_eq!((audit.origin.as_str(), audit.head), ("log.example", published.head));
        assert_eq!(audit.leaves[..3], [("manifests", 139), ("roots", 1), ("list statements", 139)]);
        // Full and partial tiles, bundles, and what is left of each size.
        assert!(audit.files > 2 * 139, "{}", audit.files);
    }

    #[test]
    fn with_any_file_changed_or_gone_is_found_out() {
        const LIST: &[u8] = b"a list that is longer than what is cut off its end";
        let mut published = Published::new();
        published.publish(2, LIST);
        let list = format!("list/{}.json", Digest::of(LIST));
        let statement = format!("note/{}", Digest::of(self::statement(2, LIST).as_bytes()));
        let files =
            ["tile/0/000.p/5", "tile/0/000.p/3", "tile/entries/000.p/5", "checkpoint", &list, &statement];
        for file in files {
            let path = published.path().join(file);
            let good = fs::read(&path).unwrap();
            let mut changed = good.clone();
            changed[20] ^= 1;
            for bad in [changed, [&good[..], b"x"].concat(), good[..good.len() - 40].to_vec(), Vec::new()] {
                fs::write(&path, &bad).unwrap();
                assert!(!published.mismatches().is_empty(), "{file}");
            }
            fs::remove_file(&path).unwrap();
            match file {
                "checkpoint" => assert!(super::audit(published.path(), None).is_err()),
                // A tile of an older tree may go.
                "tile/0/000.p/3" => assert!(published.mismatches().is_empty()),
                _ => assert!(!published.mismatches().is_empty(), "{file}"),
            }
            fs::write(&path, &good).unwrap();
        }
        assert_eq!(published.mismatches(), [] as [String; 0]);
    }
}

mod log {
    use super::*;

    #[test]
    fn that_does_not_end_with_a_manifest_is_found_out() {
        let mut published = Published::new();
        published.append(&[Document::from(published.root).to_text()]);
        assert_eq!(published.mismatches(), ["checkpoint: the log does not end with a manifest"]);
    }

    #[test]
    fn that_goes_back_or_says_two_things_of_one_serial_is_found_out() {
        let mut published = Published::new();
        published.publish(2, b"list 2");
        published.publish(1, b"list 1");
        assert_eq!(published.mismatches(), ["leaf 6: list 1 after list 2"]);
        let mut published = Published::new();
        published.publish(1, b"list one");
        assert_eq!(published.mismatches(), ["leaf 4: list 1 is another than before"]);
    }

    #[test]
    fn with_leaves_that_are_none_is_found_out() {
        let mut published = Published::new();
        published.append(&["{}\n".into(), root_text()]);
        let mismatches = published.mismatches();
        assert!(mismatches[0].starts_with("leaf 3: "), "{mismatches:?}");
        assert_eq!(mismatches[1], "leaf 4: a `starttls-everywhere/root/v1` is no leaf");
    }

    #[test]
    fn that_names_what_it_does_not_hold_is_found_out() {
        let mut published = Published::new();
        let wrong_kind = Leaf { kind: LeafKind::Relax, sha256: published.root.sha256 };
        let missing = Leaf { kind: LeafKind::Root, sha256: Digest::of(b"nowhere") };
        published.append(&[wrong_kind, missing].map(|leaf| Document::from(leaf).to_text()));
        let mismatches = published.mismatches();
        assert!(mismatches[0].ends_with("leaf 3 says that it is a relax order"), "{mismatches:?}");
        assert!(mismatches[1].starts_with(&format!("note/{}: ", missing.sha256)), "{mismatches:?}");
    }

    #[test]
    fn without_its_key_s_signature_or_a_quorum_is_found_out_where_a_root_is_given() {
        let published = Published::new();
        let root = Root::parse(&root_text()).unwrap();
        let audit = super::super::audit(published.path(), Some(&root)).unwrap();
        assert_eq!(audit.quorum_time, None);
        let facts: Vec<_> = audit.mismatches.iter().map(|one| one.fact.as_str()).collect();
        assert_eq!(facts, ["fewer witnesses' organisations than the root's quorum cosigned it"]);
        let path = published.path().join("checkpoint");
        let note = SignedNote::parse(&fs::read(&path).unwrap()).unwrap();
        let witness = SigningKey::from_seed("w.example", Algorithm::Cosignature, &[2; 32]).unwrap();
        let now = Timestamp::parse("2026-11-22T00:00:00Z").unwrap();
        fs::write(&path, note.cosigned_by(&witness, now).to_bytes()).unwrap();
        let audit = super::super::audit(published.path(), Some(&root)).unwrap();
        assert_eq!((audit.quorum_time, audit.mismatches), (Some(now), Vec::new()));
        let other = SigningKey::from_seed("log.example", Algorithm::Ed25519, &[9; 32]).unwrap();
        let mut root = root;
        root.log.key = other.public().clone();
        let audit = super::super::audit(published.path(), Some(&root)).unwrap();
        assert!(audit.mismatches[0].fact.contains("not signed by the log's key"), "{:?}", audit.mismatches);
    }
}
