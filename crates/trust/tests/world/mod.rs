//! A small world to play attacks in: three organisations that sign lists 2 of 3, one that may only relax, three witnesses,
//! a log. Every key comes from its name, so that everything made here is the same each time.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "tests alone use it, and what does not work is to stop them")]

use std::cell::Cell;
use std::collections::BTreeMap;

use starttls_policy::{Domain, Label, List, Timestamp};
use starttls_trust::accept::{self, Accepted, Memory, Refusal};
use starttls_trust::bundle::Inclusion;
use starttls_trust::document::{
    Changes, Leaf, LeafKind, Limits, ListRef, ListStatement, Log, Manifest, Organisation, RelaxCancel,
    RelaxOrder, RelaxSet, Role, Roles, Root, RootRef, Witness,
};
use starttls_trust::log::{Appender, Checkpoint, ReadTiles, TreeHead, prove_inclusion};
use starttls_trust::{Algorithm, Anchor, Bundle, Digest, Document, SignedNote, SigningKey};

/// When everything is judged, unless a test says otherwise.
pub(crate) const NOW: &str = "2026-11-22T00:00:00Z";

pub(crate) fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// The key of that name; `alpha.2` is alpha's second.
pub(crate) fn key(name: &str) -> SigningKey {
    made_key(name, Algorithm::Ed25519)
}

pub(crate) fn witness_key(name: &str) -> SigningKey {
    made_key(&format!("witness.{name}"), Algorithm::Cosignature)
}

fn made_key(name: &str, algorithm: Algorithm) -> SigningKey {
    let seed = Digest::of(name.as_bytes());
    SigningKey::from_seed(&format!("{name}.example"), algorithm, seed.as_bytes()).unwrap()
}

pub(crate) fn signed(document: impl Into<Document>, by: &[&str]) -> String {
    let note = SignedNote::unsigned(&document.into().to_text()).unwrap();
    by.iter().fold(note, |note, name| note.signed_by(&key(name))).to_string()
}

/// The root of version 1; alpha has two keys, delta may order to relax and no more.
pub(crate) fn root() -> Root {
    let organisation =
        |keys: &[&str]| Organisation { keys: keys.iter().map(|name| key(name).public().clone()).collect() };
    let role = |threshold, names: &[&str]| Role {
        threshold,
        organisations: names.iter().map(ToString::to_string).collect(),
    };
    let witness = |organisation: &str, name: &str| Witness {
        organisation: organisation.into(),
        key: witness_key(name).public().clone(),
        url: format!("https://{name}.example/"),
    };
    Root {
        version: 1,
        timestamp: time("2026-01-01T00:00:00Z"),
        organisations: [
            ("alpha".into(), organisation(&["alpha", "alpha.2"])),
            ("beta".into(), organisation(&["beta"])),
            ("gamma".into(), organisation(&["gamma"])),
            ("delta".into(), organisation(&["delta"])),
        ]
        .into(),
        roles: Roles {
            root: role(2, &["alpha", "beta", "gamma"]),
            list: role(2, &["alpha", "beta", "gamma"]),
            relax: role(1, &["alpha", "beta", "gamma", "delta"]),
        },
        log: Log { key: key("log").public().clone() },
        witnesses: vec![
            witness("alpha", "one"),
            witness("alpha", "two"),
            witness("beta", "three"),
            witness("omega", "four"),
        ],
        quorum: 2,
        limits: Limits { ageing_days: 7, max_stale_days: 30 },
    }
}

/// A list with its statement's signed note.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) text: String,
    pub(crate) statement: ListStatement,
    pub(crate) note: String,
}

/// `a.example` and `b.example` are enforced, `t.example` is in testing, 25 domains share an enforcing provider.
pub(crate) fn list_text(serial: u64, timestamp: &str, expires: &str, more: &str) -> String {
    let shared: Vec<_> = (0..25).map(|n| format!(r#", "p{n:02}.example": {{"provider": "big"}}"#)).collect();
    let shared = shared.concat();
    format!(
        r#"{{"version": "1", "author": "Foundation", "serial": {serial}, "timestamp": "{timestamp}", "expires": "{expires}",
"providers": {{"big": {{"mode": "enforce", "mx": ["mx.big.example"]}}}},
"policies": {{"a.example": {{"mode": "enforce", "mx": ["mx.a.example"]}}, "b.example": {{"mode": "enforce", "mx": ["mx.b.example"]}},
"t.example": {{"mode": "testing", "mx": ["mx.t.example"]}}{more}{shared}}}}}
"#
    )
}

pub(crate) fn statement(text: &str) -> ListStatement {
    let list = read(text);
    ListStatement {
        root: 1,
        author: list.head.author.unwrap(),
        serial: list.head.serial,
        timestamp: list.head.timestamp.unwrap(),
        expires: list.head.expires.unwrap(),
        entries: list.entries.len() as u64,
        size: text.len() as u64,
        sha256: Digest::of(text.as_bytes()),
        previous: None,
        changes: Changes::default(),
    }
}

pub(crate) fn read(text: &str) -> List {
    starttls_policy::read::list(text.as_bytes()).unwrap()
}

impl Listing {
    pub(crate) fn new(text: String, by: &[&str]) -> Self {
        let statement = statement(&text);
        Self::stated(text, statement, by)
    }

    pub(crate) fn stated(text: String, statement: ListStatement, by: &[&str]) -> Self {
        let note = signed(statement.clone(), by);
        Self { text, statement, note }
    }

    /// An ordinary one: issued in November, good for a year.
    pub(crate) fn ordinary(serial: u64) -> Self {
        let issued = format!("2026-11-{serial:02}T00:00:00Z");
        Self::new(list_text(serial, &issued, "2027-11-01T00:00:00Z", ""), &["alpha", "beta"])
    }
}

pub(crate) fn order(from: &str, to: &str, domains: &[&str], providers: &[&str], by: &str) -> RelaxOrder {
    RelaxOrder {
        organisation: by.into(),
        timestamp: time(from),
        expires: time(to),
        reason: "certificate lost".into(),
        domains: domains.iter().map(|name| Domain::parse(name).unwrap()).collect(),
        providers: providers.iter().map(|name| Label::parse(name).unwrap()).collect(),
    }
}

pub(crate) fn cancel(note: &str, by: &str) -> RelaxCancel {
    let text = SignedNote::parse(note.as_bytes()).unwrap();
    RelaxCancel {
        order: Digest::of(text.text().as_bytes()),
        organisation: by.into(),
        timestamp: time("2026-11-21T00:00:00Z"),
        reason: "not needed".into(),
    }
}

/// Files of the published directory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files(pub(crate) BTreeMap<String, Vec<u8>>);

impl ReadTiles for Files {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.0.get(path).cloned().ok_or_else(|| "there is no such file".into())
    }
}

/// What has been published so far.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) root: Root,
    pub(crate) roots: Vec<String>,
    pub(crate) head: TreeHead,
    pub(crate) files: Files,
    places: BTreeMap<(LeafKind, Digest), u64>,
}

impl World {
    pub(crate) fn new() -> Self {
        let root = root();
        let roots = vec![signed(root.clone(), &["alpha", "beta"])];
        Self { root, roots, head: TreeHead::EMPTY, files: Files::default(), places: BTreeMap::new() }
    }

    pub(crate) fn anchor(&self) -> Anchor {
        Anchor::parse(self.roots[0].as_bytes()).unwrap()
    }

    /// Publishes a new root with these changes, signed so.
    pub(crate) fn rotate(&mut self, change: impl Fn(&mut Root), by: &[&str]) {
        self.root.version += 1;
        change(&mut self.root);
        self.roots.push(signed(self.root.clone(), by));
    }

    /// Adds a leaf of any content.
    pub(crate) fn append(&mut self, leaf: &str) -> u64 {
        let mut appender = Appender::open(self.head, &self.files).unwrap();
        let index = appender.push(leaf.as_bytes()).unwrap();
        let grown = appender.finish();
        self.head = grown.head;
        self.files.0.extend(grown.files);
        index
    }

    pub(crate) fn log(&mut self, kind: LeafKind, sha256: Digest) {
        if !self.places.contains_key(&(kind, sha256)) {
            let index = self.append(&Document::from(Leaf { kind, sha256 }).to_text());
            self.places.insert((kind, sha256), index);
        }
    }

    pub(crate) fn inclusion(&self, kind: LeafKind, sha256: Digest) -> Inclusion {
        let index = self.places[&(kind, sha256)];
        Inclusion { kind, sha256, index, proof: prove_inclusion(self.head, index, &self.files).unwrap() }
    }

    /// The checkpoint of the tree as it stands.
    pub(crate) fn checkpoint(&self, cosigned: &[(&str, &str)]) -> String {
        let text = Checkpoint {
            origin: self.root.log.key.name().into(),
            size: self.head.size,
            hash: self.head.hash,
        };
        let note = SignedNote::unsigned(&text.to_text()).unwrap().signed_by(&key("log"));
        let note =
            cosigned.iter().fold(note, |note, (name, when)| note.cosigned_by(&witness_key(name), time(when)));
        note.to_string()
    }

    /// Publishes a list and a relax set, cosigned by three witnesses at that time.
    pub(crate) fn publish(&mut self, list: &Listing, set: &RelaxSet, cosigned: &str) -> Bundle {
        let text_hash =
            |note: &str| Digest::of(SignedNote::parse(note.as_bytes()).unwrap().text().as_bytes());
        let root = RootRef { version: self.root.version, sha256: text_hash(self.roots.last().unwrap()) };
        let statement = text_hash(&list.note);
        let mut leaves = vec![(LeafKind::Root, root.sha256), (LeafKind::List, statement)];
        leaves.extend(set.orders.iter().map(|note| (LeafKind::Relax, text_hash(note))));
        leaves.extend(set.cancels.iter().map(|note| (LeafKind::RelaxCancel, text_hash(note))));
        for (kind, sha256) in &leaves {
            self.log(*kind, *sha256);
        }
        let relax = Document::from(set.clone()).to_text();
        let ListStatement { serial, sha256, .. } = list.statement;
        let manifest = Document::from(Manifest {
            root,
            list: ListRef { serial, sha256, statement },
            relax: Digest::of(relax.as_bytes()),
        })
        .to_text();
        let at = self.append(&manifest);
        let mut bundle =
            Bundle::new(self.checkpoint(&[("one", cosigned), ("three", cosigned), ("four", cosigned)]));
        bundle.roots.clone_from(&self.roots);
        bundle.list.clone_from(&list.note);
        bundle.relax = relax;
        bundle.manifest = manifest;
        bundle.manifest_proof = prove_inclusion(self.head, at, &self.files).unwrap();
        bundle.included = leaves.into_iter().map(|(kind, sha256)| self.inclusion(kind, sha256)).collect();
        bundle
    }

    pub(crate) fn accept(
        &self,
        memory: Option<&Memory>,
        bundle: &Bundle,
        list: &str,
        now: &str,
    ) -> Result<Accepted, Refusal> {
        accept(&self.anchor(), memory, bundle, list, &self.files, time(now))
    }
}

/// Judges a bundle and its list.
pub(crate) fn accept(
    anchor: &Anchor,
    memory: Option<&Memory>,
    bundle: &Bundle,
    list: &str,
    tiles: &dyn ReadTiles,
    now: Timestamp,
) -> Result<Accepted, Refusal> {
    let judged = accept::judge(anchor, memory, bundle, tiles, now)?;
    let size = list.len() as u64;
    let read = starttls_policy::read::list(list.as_bytes()).unwrap();
    judged.with_list(size, Digest::of(list.as_bytes()), &read, now)
}

/// Tiles that count how often they are asked.
pub(crate) struct Counted<'a>(pub(crate) &'a Files, pub(crate) Cell<usize>);

impl ReadTiles for Counted<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.1.set(self.1.get() + 1);
        self.0.read(path)
    }
}
