//! Three organisations, a log, two witnesses, and a disk.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use starttls_trust::bundle::Node;
use starttls_trust::chain::Anchor;
use starttls_trust::document::{RelaxOrder, Root, Witness};
use starttls_trust::log::{Checkpoint, verify_consistency};
use starttls_trust::{Algorithm, Bundle, Document, Memory, SignedNote, SigningKey, accept};

use super::super::*;
use crate::build::{self, Order, Previous, Serial};
use crate::root::{RootNote, Template};

fn key(seed: u8, algorithm: Algorithm) -> SigningKey {
    SigningKey::from_seed(&format!("{seed}.example"), algorithm, &[seed; 32]).unwrap()
}

pub(super) fn organisation(seed: u8) -> SigningKey {
    key(seed, Algorithm::Ed25519)
}

pub(super) fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// Witnesses that remember what they saw, as real ones do.
pub(super) struct Witnesses {
    pub(super) now: Cell<Timestamp>,
    known: RefCell<BTreeMap<String, TreeHead>>,
    pub(super) silent: RefCell<BTreeSet<String>>,
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
pub(super) struct World {
    pub(super) disk: tempfile::TempDir,
    pub(super) witnesses: Witnesses,
    pub(super) roots: Vec<String>,
}

const LIST: &str = r#"{"version": "1", "author": "A", "serial": 1, "timestamp": "2026-11-20T00:00:00Z",
  "expires": "2026-12-20T00:00:00Z", "providers": {"big": {"mode": "enforce", "mx": ["mx.big.example"]}},
  "policies": {"a.example": {"mode": "enforce", "mx": ["mx.a.example"]}, "b.example": {"provider": "big"},
    "c.example": {"mode": "testing", "mx": ["mx.c.example"]}}}"#;

pub(super) const START: &str = "2026-11-22T00:00:00Z";

pub(super) fn template(third: u8, quorum: u32) -> Template {
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

pub(super) fn signed(document: impl Into<Document>, seeds: &[u8]) -> SignedNote {
    let note = SignedNote::unsigned(&document.into().to_text()).unwrap();
    seeds.iter().fold(note, |note, seed| note.signed_by(&organisation(*seed)))
}

impl World {
    pub(super) fn new() -> Self {
        let root = crate::root::first(&template(3, 2), time(START)).unwrap();
        let witnesses =
            Witnesses { now: Cell::new(time(START)), known: RefCell::default(), silent: RefCell::default() };
        let roots = vec![signed(root, &[1, 2]).to_string()];
        Self { disk: starttls_testkit::world::directory().unwrap(), witnesses, roots }
    }

    pub(super) fn directory(&self) -> PathBuf {
        self.disk.path().join("public")
    }

    pub(super) fn home(&self) -> LogHome {
        LogHome::open(&self.disk.path().join("home"), organisation(9)).unwrap()
    }

    pub(super) fn roots(&self) -> Vec<RootNote> {
        let parse = |text: &String| {
            let note = SignedNote::parse(text.as_bytes()).unwrap();
            RootNote { root: Root::parse(note.text()).unwrap(), note }
        };
        self.roots.iter().map(parse).collect()
    }

    pub(super) fn anchor(&self) -> Anchor {
        Anchor::parse(self.roots[0].as_bytes()).unwrap()
    }

    /// The list after the published one, with one more domain per serial.
    pub(super) fn list(&self, signers: &[u8], mark: &str) -> NewList {
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

    pub(super) fn publish(&self, submission: Submission) -> Result<Published, PublishError> {
        let now = self.witnesses.now.get();
        publish(&self.directory(), &mut self.home(), submission, &self.witnesses, now)
    }

    pub(super) fn publish_list(&self, mark: &str) -> Published {
        let list = Some(self.list(&[1, 2], mark));
        self.publish(Submission { roots: self.roots(), list, ..Submission::default() }).unwrap()
    }

    pub(super) fn later(&self, days: u64) {
        let now = self.witnesses.now.get().seconds() + days * 86_400;
        self.witnesses.now.set(Timestamp::from_seconds(now).unwrap());
    }

    /// A client of the published directory.
    pub(super) fn client(&self, memory: Option<&Memory>) -> accept::Accepted {
        let now = self.witnesses.now.get();
        let bundle = Bundle::parse(&fs::read(self.directory().join("proof.json")).unwrap()).unwrap();
        let tiles = home::TilesIn(&self.directory());
        let judged = accept::judge(&self.anchor(), memory, &bundle, &tiles, now).unwrap();
        let bytes = fs::read(self.directory().join(judged.path())).unwrap();
        let list = starttls_policy::read::list(&bytes).unwrap();
        judged.with_list(bytes.len() as u64, Digest::of(&bytes), &list, now).unwrap()
    }

    /// Every file that is published.
    pub(super) fn snapshot(&self) -> BTreeMap<PathBuf, Vec<u8>> {
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

pub(super) fn relax(
    organisation: &str,
    now: Timestamp,
    domain: &str,
    seeds: &[u8],
) -> (SignedNote, RelaxOrder) {
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
