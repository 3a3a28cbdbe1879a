//! Publications on a disk of their own, with witnesses that answer at once, and everything that may go wrong.
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use starttls_trust::bundle::Node;
use starttls_trust::chain::Anchor;
use starttls_trust::document::{RelaxCancel, RelaxOrder, Root, Witness};
use starttls_trust::log::{Checkpoint, verify_consistency};
use starttls_trust::{Algorithm, Bundle, Document, Memory, SignedNote, SigningKey, accept};

use super::*;
use crate::build::{self, Order, Previous, Serial};
use crate::root::{RootNote, Template};

fn key(seed: u8, algorithm: Algorithm) -> SigningKey {
    SigningKey::from_seed(&format!("{seed}.example"), algorithm, &[seed; 32]).unwrap()
}

fn organisation(seed: u8) -> SigningKey {
    key(seed, Algorithm::Ed25519)
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// Witnesses that remember what they saw, as real ones do.
struct Witnesses {
    now: Cell<Timestamp>,
    known: RefCell<BTreeMap<String, TreeHead>>,
    silent: RefCell<BTreeSet<String>>,
}

impl AskWitness for Witnesses {
    fn ask(
        &self,
        witness: &Witness,
        checkpoint: &SignedNote,
        prove: &dyn Fn(u64) -> Result<Vec<Node>, ProofError>,
    ) -> Result<SignedNote, String> {
        if self.silent.borrow().contains(&witness.organisation) {
            return Err("no answer".into());
        }
        let head = Checkpoint::parse(checkpoint.text()).unwrap().head();
        let mut known = self.known.borrow_mut();
        if let Some(before) = known.get(&witness.organisation) {
            let proof = prove(before.size).map_err(|error| error.to_string())?;
            verify_consistency(*before, head, &proof).map_err(|error| error.to_string())?;
        }
        known.insert(witness.organisation.clone(), head);
        let seed = if witness.organisation == "red" { 11 } else { 12 };
        let copy = SignedNote::parse(&checkpoint.to_bytes()).unwrap();
        Ok(copy.cosigned_by(&key(seed, Algorithm::Cosignature), self.now.get()))
    }
}

/// Three organisations, a log, two witnesses of which both must answer, and a disk.
struct World {
    disk: tempfile::TempDir,
    witnesses: Witnesses,
    roots: Vec<String>,
}

const LIST: &str = r#"{"version": "1", "author": "A", "serial": 1, "timestamp": "2026-11-20T00:00:00Z",
  "expires": "2026-12-20T00:00:00Z", "providers": {"big": {"mode": "enforce", "mx": ["mx.big.example"]}},
  "policies": {"a.example": {"mode": "enforce", "mx": ["mx.a.example"]}, "b.example": {"provider": "big"},
    "c.example": {"mode": "testing", "mx": ["mx.c.example"]}}}"#;

const START: &str = "2026-11-22T00:00:00Z";

fn template(third: u8, quorum: u32) -> Template {
    let of = |seed| organisation(seed).public().to_string();
    let witness = |seed| key(seed, Algorithm::Cosignature).public().to_string();
    let text = format!(
        r#"{{"organisations": {{"alpha": {{"keys": ["{}"]}}, "beta": {{"keys": ["{}"]}}, "gamma": {{"keys": ["{}"]}}}},
        "roles": {{"root": {{"threshold": 2}}, "list": {{"threshold": 2}}, "relax": {{"threshold": 1}}}},
        "log": {{"key": "{}"}}, "quorum": {quorum}, "witnesses": [
            {{"organisation": "red", "key": "{}", "url": "https://red.example/"}},
            {{"organisation": "green", "key": "{}", "url": "https://green.example/"}}]}}"#,
        of(1),
        of(2),
        of(third),
        of(9),
        witness(11),
        witness(12)
    );
    Template::parse(&text).unwrap()
}

fn signed(document: impl Into<Document>, seeds: &[u8]) -> SignedNote {
    let note = SignedNote::unsigned(&document.into().to_text()).unwrap();
    seeds.iter().fold(note, |note, seed| note.signed_by(&organisation(*seed)))
}

impl World {
    fn new() -> Self {
        let root = crate::root::first(&template(3, 2), time(START)).unwrap();
        let witnesses =
            Witnesses { now: Cell::new(time(START)), known: RefCell::default(), silent: RefCell::default() };
        let roots = vec![signed(root, &[1, 2]).to_string()];
        Self { disk: tempfile::tempdir().unwrap(), witnesses, roots }
    }

    fn directory(&self) -> PathBuf {
        self.disk.path().join("public")
    }

    fn home(&self) -> LogHome {
        LogHome::open(&self.disk.path().join("home"), organisation(9)).unwrap()
    }

    fn roots(&self) -> Vec<RootNote> {
        let parse = |text: &String| {
            let note = SignedNote::parse(text.as_bytes()).unwrap();
            RootNote { root: Root::parse(note.text()).unwrap(), note }
        };
        self.roots.iter().map(parse).collect()
    }

    fn anchor(&self) -> Anchor {
        Anchor::parse(self.roots[0].as_bytes()).unwrap()
    }

    /// The list after the published one, with one more domain per serial.
    fn list(&self, signers: &[u8], mark: &str) -> NewList {
        let previous = published_list(&self.directory()).ok();
        let previous = previous.map(|(list, sha256)| Previous { list, sha256 });
        let extra = format!(
            r#"{{"version": "0.1", "policies": {{"{mark}.example": {{"mode": "testing", "mxs": ["mx.{mark}.example"]}}}}}}"#
        );
        let base = previous.as_ref().map_or_else(|| read(LIST), |previous| previous.list.clone());
        let now = self.witnesses.now.get();
        let order = Order {
            sources: vec![base, read(&extra)],
            removed: Vec::new(),
            author: None,
            serial: Serial::Next,
            timestamp: now,
            expires: Timestamp::from_seconds(now.seconds() + 180 * 86_400).unwrap(),
            root: 1,
        };
        let built = build::build(order, previous.as_ref()).unwrap();
        let note = signed(built.statement.clone(), signers);
        NewList { list: built.list, bytes: built.text.into_bytes(), note, statement: built.statement }
    }

    fn publish(&self, submission: Submission) -> Result<Published, PublishError> {
        let now = self.witnesses.now.get();
        publish(&self.directory(), &mut self.home(), submission, &self.witnesses, now)
    }

    fn publish_list(&self, mark: &str) -> Published {
        let list = Some(self.list(&[1, 2], mark));
        self.publish(Submission { roots: self.roots(), list, ..Submission::default() }).unwrap()
    }

    fn later(&self, days: u64) {
        let now = self.witnesses.now.get().seconds() + days * 86_400;
        self.witnesses.now.set(Timestamp::from_seconds(now).unwrap());
    }

    /// A client of the published directory.
    fn client(&self, memory: Option<&Memory>) -> accept::Accepted {
        let now = self.witnesses.now.get();
        let bundle = Bundle::parse(&fs::read(self.directory().join("proof.json")).unwrap()).unwrap();
        let tiles = home::TilesIn(&self.directory());
        let judged = accept::judge(&self.anchor(), memory, &bundle, &tiles, now).unwrap();
        let bytes = fs::read(self.directory().join(judged.path())).unwrap();
        let list = starttls_policy::read::list(&bytes).unwrap();
        judged.with_list(bytes.len() as u64, Digest::of(&bytes), &list, now).unwrap()
    }

    /// Every file that is published.
    fn snapshot(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        fn walk(path: &Path, into: &mut BTreeMap<PathBuf, Vec<u8>>) {
            for entry in fs::read_dir(path).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, into);
                } else {
                    into.insert(path.clone(), fs::read(&path).unwrap());
                }
            }
        }
        let mut files = BTreeMap::new();
        walk(&self.directory(), &mut files);
        files
    }
}

fn read(text: &str) -> List {
    starttls_policy::read::list(text.as_bytes()).unwrap()
}

fn relax(organisation: &str, now: Timestamp, domain: &str, seeds: &[u8]) -> (SignedNote, RelaxOrder) {
    let order = RelaxOrder {
        organisation: organisation.into(),
        timestamp: now,
        expires: Timestamp::from_seconds(now.seconds() + 7 * 86_400).unwrap(),
        reason: "certificate lost".into(),
        domains: vec![starttls_policy::Domain::parse(domain).unwrap()],
        providers: Vec::new(),
    };
    (signed(order.clone(), seeds), order)
}

mod publications {
    use super::*;

    #[test]
    fn are_accepted_by_clients_one_after_another() {
        let world = World::new();
        let first = world.publish_list("one");
        assert_eq!((first.statement.serial, first.head.size), (1, 3));
        assert_eq!(first.signers, ["alpha", "beta"]);
        let memory = world.client(None).memory;
        world.later(1);
        let second = world.publish_list("two");
        assert_eq!((second.statement.serial, second.head.size), (2, 5));
        let memory = world.client(Some(&memory)).memory;
        assert_eq!(memory.list.serial, 2);
        assert_eq!(world.client(None).memory.list.serial, 2);
    }

    #[test]
    fn repeated_change_nothing() {
        let world = World::new();
        let list = || Some(world.list(&[1, 2], "one"));
        let one = Submission { roots: world.roots(), list: list(), ..Submission::default() };
        let again = Submission { roots: world.roots(), list: list(), ..Submission::default() };
        world.publish(one).unwrap();
        let before = world.snapshot();
        // The list that is built now would follow the published one; the very same is given again.
        let first = NewList { ..again.list.unwrap() };
        world.publish(Submission { list: Some(first), ..Submission::default() }).unwrap();
        assert_eq!(world.snapshot(), before);
    }

    #[test]
    fn have_all_files_that_the_specification_names() {
        let world = World::new();
        let published = world.publish_list("one");
        let directory = world.directory();
        let sha256 = published.statement.sha256;
        for name in [
            "proof.json",
            "checkpoint",
            "list.json",
            "list-0.1.json",
            "root/1.note",
            "tile/0/000.p/3",
            "tile/entries/000.p/3",
            &format!("list/{sha256}.json"),
        ] {
            assert!(directory.join(name).is_file(), "{name}");
        }
        assert_eq!(fs::read_dir(directory.join("note")).unwrap().count(), 2);
        let text = fs::read(directory.join("list-0.1.json")).unwrap();
        assert_eq!(starttls_policy::read::list(&text).unwrap().entries.len(), 4);
    }

    #[test]
    fn join_what_others_signed_apart() {
        let world = World::new();
        let mut list = world.list(&[1], "one");
        let other = signed(list.statement.clone(), &[3]);
        list.note = list.note.joined_with(&other).unwrap();
        let roots = world.roots();
        let published =
            world.publish(Submission { roots, list: Some(list), ..Submission::default() }).unwrap();
        assert_eq!(published.signers, ["alpha", "gamma"]);
    }
}

mod signatures {
    use super::*;

    #[test]
    fn below_the_threshold_are_refused_by_name() {
        let world = World::new();
        let list = Some(world.list(&[1], "one"));
        let error =
            world.publish(Submission { roots: world.roots(), list, ..Submission::default() }).unwrap_err();
        assert!(matches!(error, PublishError::ListThreshold(_)) && error.is_refusal(), "{error}");
        assert!(world.snapshot().is_empty());
        assert_eq!(world.home().head().size, 0);
    }

    #[test]
    fn under_another_list_are_refused() {
        let world = World::new();
        let mut list = world.list(&[1, 2], "one");
        list.bytes.push(b'\n');
        let error = world
            .publish(Submission { roots: world.roots(), list: Some(list), ..Submission::default() })
            .unwrap_err();
        assert!(matches!(error, PublishError::Untrue(_)), "{error}");
    }

    #[test]
    fn of_a_key_that_is_not_the_logs_are_never_made() {
        let world = World::new();
        let mut home = LogHome::open(&world.disk.path().join("other"), organisation(8)).unwrap();
        let list = Some(world.list(&[1, 2], "one"));
        let submission = Submission { roots: world.roots(), list, ..Submission::default() };
        let error = publish(&world.directory(), &mut home, submission, &world.witnesses, time(START));
        assert!(matches!(error, Err(PublishError::NotTheLogKey { version: 1 })));
    }
}

mod serials {
    use super::*;

    #[test]
    fn are_never_used_for_other_bytes_even_if_nobody_saw_the_first() {
        let world = World::new();
        world.witnesses.silent.borrow_mut().insert("red".into());
        let list = Some(world.list(&[1, 2], "one"));
        let error =
            world.publish(Submission { roots: world.roots(), list, ..Submission::default() }).unwrap_err();
        assert!(matches!(error, PublishError::BelowQuorum { got: 1, quorum: 2, .. }), "{error}");
        world.witnesses.silent.borrow_mut().clear();
        let list = Some(world.list(&[1, 2], "other"));
        let error =
            world.publish(Submission { roots: world.roots(), list, ..Submission::default() }).unwrap_err();
        assert!(matches!(error, PublishError::SerialReused { serial: 1, .. }), "{error}");
    }

    #[test]
    fn must_follow_what_is_published() {
        let world = World::new();
        let stale = world.list(&[1, 2], "stale");
        world.publish_list("one");
        let mut skipped = world.list(&[1, 2], "two");
        world.publish_list("three");
        let error = world.publish(Submission { list: Some(stale), ..Submission::default() }).unwrap_err();
        assert!(matches!(error, PublishError::NotNext { .. }), "{error}");
        skipped.statement.previous = None;
        let error = world.publish(Submission { list: Some(skipped), ..Submission::default() }).unwrap_err();
        assert!(error.is_refusal(), "{error}");
    }
}

mod witnesses {
    use super::*;

    #[test]
    fn that_are_too_few_leave_the_publication_as_it_was_and_a_rerun_completes() {
        let world = World::new();
        world.publish_list("one");
        let memory = world.client(None).memory;
        let before = world.snapshot();
        world.later(1);
        world.witnesses.silent.borrow_mut().insert("green".into());
        let two = || Submission { list: Some(world.list(&[1, 2], "two")), ..Submission::default() };
        let error = world.publish(two()).unwrap_err();
        assert!(error.to_string().contains("green: no answer"), "{error}");
        assert_eq!(world.snapshot(), before);
        let pending = world.home().head();
        assert_eq!(pending.size, 5);
        world.witnesses.silent.borrow_mut().clear();
        let published = world.publish(two()).unwrap();
        assert_eq!(published.head, pending);
        assert_eq!(world.client(Some(&memory)).memory.list.serial, 2);
    }

    #[test]
    fn never_see_a_fork_whatever_follows_a_publication_that_nobody_saw() {
        let world = World::new();
        world.publish_list("one");
        let memory = world.client(None).memory;
        // Red cosigned a tree with a relax order that never became public.
        world.witnesses.silent.borrow_mut().insert("green".into());
        let orders = vec![relax("gamma", time(START), "a.example", &[3])];
        world.publish(Submission { orders, ..Submission::default() }).unwrap_err();
        world.witnesses.silent.borrow_mut().clear();
        world.publish_list("two");
        assert_eq!(world.client(Some(&memory)).memory.list.serial, 2);
        assert!(world.client(None).relaxations.is_empty());
    }
}

mod crashes {
    use super::*;

    #[test]
    fn before_the_checkpoint_leave_tiles_that_the_next_run_overwrites() {
        let world = World::new();
        world.publish_list("one");
        let home = world.disk.path().join("home");
        fs::write(home.join("tile/0/000.p/5"), "of a tree that was never signed").unwrap();
        fs::create_dir_all(home.join("tile/entries/000.p")).unwrap();
        fs::write(home.join("tile/entries/000.p/5"), "the same").unwrap();
        world.publish_list("two");
        assert_eq!(world.client(None).memory.list.serial, 2);
    }

    #[test]
    fn before_the_proof_leave_the_old_publication_in_force_and_a_rerun_completes() {
        let world = World::new();
        world.publish_list("one");
        let old = fs::read(world.directory().join("proof.json")).unwrap();
        let two = Submission { list: Some(world.list(&[1, 2], "two")), ..Submission::default() };
        let again = Submission { list: Some(world.list(&[1, 2], "two")), ..Submission::default() };
        world.publish(two).unwrap();
        fs::write(world.directory().join("proof.json"), old).unwrap();
        assert_eq!(world.client(None).memory.list.serial, 1);
        world.publish(again).unwrap();
        assert_eq!(world.client(None).memory.list.serial, 2);
    }

    #[test]
    fn that_lost_the_logs_memory_are_seen_before_anything_is_signed() {
        let world = World::new();
        world.publish_list("one");
        let before = world.snapshot();
        fs::remove_dir_all(world.disk.path().join("home")).unwrap();
        let error = world.publish(Submission::default()).unwrap_err();
        assert!(matches!(error, PublishError::HomeBehind { .. }), "{error}");
        assert_eq!(world.snapshot(), before);
        assert!(!world.disk.path().join("home/checkpoint").exists());
        // The cure that the error names.
        let (home, public) = (world.disk.path().join("home"), world.directory());
        fs::copy(public.join("checkpoint"), home.join("checkpoint")).unwrap();
        let copied = std::process::Command::new("cp").arg("-r").arg(public.join("tile")).arg(&home).status();
        assert!(copied.unwrap().success());
        world.publish_list("two");
    }

    #[test]
    fn while_another_run_is_at_work_do_not_happen() {
        let world = World::new();
        let _held = world.home();
        let second = LogHome::open(&world.disk.path().join("home"), organisation(9));
        assert!(matches!(second, Err(PublishError::Busy { .. })));
    }

    #[test]
    fn of_a_disk_that_takes_no_more_leave_the_old_publication() {
        let world = World::new();
        world.publish_list("one");
        let memory = world.client(None).memory;
        // A directory in the place of a file refuses every write, whoever runs this.
        fs::remove_file(world.directory().join("list.json")).unwrap();
        fs::create_dir(world.directory().join("list.json")).unwrap();
        let list = Some(world.list(&[1, 2], "two"));
        let error = world.publish(Submission { list, ..Submission::default() }).unwrap_err();
        assert!(matches!(error, PublishError::File(FileError::Write { .. })), "{error}");
        assert_eq!(world.client(Some(&memory)).memory.list.serial, 1);
    }
}

mod roots {
    use super::*;

    fn rotated(world: &World, signers: &[u8], timestamp: &str) -> String {
        let old = world.anchor().root().clone();
        let new = crate::root::next(&template(4, 1), &old, time(timestamp)).unwrap();
        signed(new, signers).to_string()
    }

    #[test]
    fn rotate_by_the_old_and_the_new_organisations() {
        let mut world = World::new();
        world.publish_list("one");
        let memory = world.client(None).memory;
        let text = rotated(&world, &[1, 2], START);
        world.roots.push(text);
        world.publish(Submission { roots: world.roots(), ..Submission::default() }).unwrap();
        let memory = world.client(Some(&memory)).memory;
        assert_eq!(memory.root.version, 2);
        world.later(1);
        // Gamma's new key (4) counts, its old one (3) no longer does.
        let list = Some(world.list(&[1, 3], "two"));
        assert!(world.publish(Submission { list, ..Submission::default() }).is_err());
        let list = Some(world.list(&[1, 4], "two"));
        world.publish(Submission { list, ..Submission::default() }).unwrap();
        assert_eq!(world.client(Some(&memory)).memory.list.serial, 2);
    }

    #[test]
    fn without_enough_signatures_skipped_or_dated_ahead_are_refused() {
        let cases: [(&[u8], &str); 2] = [(&[1, 4], START), (&[1, 2], "2026-11-23T00:00:00Z")];
        for (signers, timestamp) in cases {
            let mut world = World::new();
            world.publish_list("one");
            let before = world.snapshot();
            let text = rotated(&world, signers, timestamp);
            world.roots.push(text);
            let error =
                world.publish(Submission { roots: world.roots(), ..Submission::default() }).unwrap_err();
            let is_right = matches!(error, PublishError::Chain(_) | PublishError::RootNotYet { .. });
            assert!(is_right && error.is_refusal(), "{signers:?} {timestamp}: {error}");
            assert_eq!(world.snapshot(), before);
        }
    }
}

mod relax_orders {
    use super::*;

    #[test]
    fn weaken_need_no_new_list_and_are_taken_back() {
        let world = World::new();
        world.publish_list("one");
        let memory = world.client(None).memory;
        let order = relax("gamma", time(START), "a.example", &[3]);
        let sha256 = Digest::of(order.0.text().as_bytes());
        let published = world.publish(Submission { orders: vec![order], ..Submission::default() }).unwrap();
        assert_eq!(published.statement.serial, 1);
        let accepted = world.client(Some(&memory));
        assert_eq!(accepted.relaxations.len(), 1);
        let cancel = RelaxCancel {
            order: sha256,
            organisation: "beta".into(),
            timestamp: time(START),
            reason: "the certificate is back".into(),
        };
        let cancels = vec![(signed(cancel.clone(), &[2]), cancel)];
        world.publish(Submission { cancels, ..Submission::default() }).unwrap();
        assert!(world.client(Some(&accepted.memory)).relaxations.is_empty());
    }

    #[test]
    fn that_would_be_void_are_refused() {
        let world = World::new();
        world.publish_list("one");
        let cases = [
            ("gamma", "a.example", 8),      // a stranger's key
            ("gamma", "a.example", 1),      // in the name of somebody else
            ("gamma", "c.example", 3),      // not enforced
            ("gamma", "nobody.example", 3), // not listed
        ];
        for (name, domain, seed) in cases {
            let orders = vec![relax(name, time(START), domain, &[seed])];
            let error = world.publish(Submission { orders, ..Submission::default() }).unwrap_err();
            assert!(matches!(error, PublishError::Relax { .. }), "{name} {domain} {seed}: {error}");
        }
    }

    #[test]
    fn stay_for_ninety_days_after_their_end() {
        let world = World::new();
        world.publish_list("one");
        let orders = vec![relax("gamma", time(START), "a.example", &[3])];
        world.publish(Submission { orders, ..Submission::default() }).unwrap();
        let kept = || {
            let bundle = Bundle::parse(&fs::read(world.directory().join("proof.json")).unwrap()).unwrap();
            starttls_trust::document::RelaxSet::parse(&bundle.relax).unwrap().orders.len()
        };
        world.later(96);
        world.publish_list("two");
        assert_eq!(kept(), 1);
        world.later(2);
        world.publish_list("three");
        assert_eq!(kept(), 0);
    }
}

mod refreshing {
    use super::*;

    #[test]
    fn brings_a_stale_list_back_without_any_key() {
        let world = World::new();
        world.publish_list("one");
        let memory = world.client(None).memory;
        world.later(40);
        let now = world.witnesses.now.get();
        let refreshed = refresh(&world.directory(), &world.anchor(), &world.witnesses, now).unwrap();
        assert_eq!(refreshed.quorum_time, now);
        assert_eq!(world.client(Some(&memory)).memory.log.quorum_time, now);
    }

    #[test]
    fn without_a_quorum_keeps_what_was_there() {
        let world = World::new();
        world.publish_list("one");
        let before = world.snapshot();
        world.later(1);
        world.witnesses.silent.borrow_mut().insert("red".into());
        let now = world.witnesses.now.get();
        let error = refresh(&world.directory(), &world.anchor(), &world.witnesses, now).unwrap_err();
        assert!(error.to_string().contains("red: no answer"), "{error}");
        assert_eq!(world.snapshot(), before);
    }
}
