//! Claims about asking, against witnesses that do and do not do their duty.

use std::cell::RefCell;

use starttls_trust::log::witness::{KnownLogs, Witness as Cosigner};
use starttls_trust::log::{Appender, ReadTiles, TreeHead, prove_consistency};
use starttls_trust::{SigningKey, VerifierKey};
use std::collections::BTreeMap;

use super::*;

#[derive(Default)]
struct Tiles(BTreeMap<String, Vec<u8>>);

impl ReadTiles for Tiles {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.0.get(path).cloned().ok_or_else(|| "no such file".into())
    }
}

struct Log {
    tiles: Tiles,
    /// By size.
    heads: Vec<TreeHead>,
}

impl Log {
    fn new() -> Self {
        let (mut tiles, mut heads) = (Tiles::default(), vec![TreeHead::EMPTY]);
        for number in 0..9_u8 {
            let mut appender = Appender::open(heads[usize::from(number)], &tiles).unwrap();
            appender.push(&[number]).unwrap();
            let grown = appender.finish();
            tiles.0.extend(grown.files);
            heads.push(grown.head);
        }
        Self { tiles, heads }
    }

    fn note(&self, size: usize) -> SignedNote {
        let head = self.heads[size];
        let checkpoint = Checkpoint { origin: "log.example".into(), size: head.size, hash: head.hash };
        SignedNote::unsigned(&checkpoint.to_text()).unwrap().signed_by(&log_key())
    }

    fn ask(&self, post: &dyn Post, size: usize, known: u64) -> Result<SignedNote, AskError> {
        let prove = |old| prove_consistency(old, self.heads[size], &self.tiles);
        ask(post, &in_root(cosigner_key().public().clone()), &self.note(size), known, &prove, now())
    }
}

fn log_key() -> SigningKey {
    SigningKey::from_seed("log.example", Algorithm::Ed25519, &[1; 32]).unwrap()
}

fn cosigner_key() -> SigningKey {
    SigningKey::from_seed("w.example", Algorithm::Cosignature, &[2; 32]).unwrap()
}

fn in_root(key: VerifierKey) -> Witness {
    Witness { organisation: "alpha".into(), key, url: "https://w.example/prefix/".into() }
}

fn now() -> Timestamp {
    Timestamp::from_seconds(1_800_000_000).unwrap()
}

/// A witness in memory that counts how often it is asked.
struct InMemory {
    seen: RefCell<TreeHead>,
    asked: RefCell<usize>,
}

impl InMemory {
    fn that_saw(seen: TreeHead) -> Self {
        Self { seen: RefCell::new(seen), asked: RefCell::new(0) }
    }
}

impl Post for InMemory {
    fn post(&self, url: &str, body: Vec<u8>) -> Result<Reply, String> {
        assert_eq!(url, "https://w.example/prefix/add-checkpoint");
        *self.asked.borrow_mut() += 1;
        let logs = KnownLogs::parse(&format!("log {}", log_key().public())).unwrap();
        let witness = Cosigner::new(cosigner_key(), logs).unwrap();
        let admitted = witness.admit(&body);
        let seen = *self.seen.borrow();
        match admitted.and_then(|admitted| admitted.cosign(seen, now())) {
            Ok(cosigned) => {
                *self.seen.borrow_mut() = witness.recall(&cosigned.note).unwrap().1;
                Ok(cosigned.reply)
            }
            Err(refusal) => Ok(refusal.reply()),
        }
    }
}

/// Always the same answer.
struct Parrot(Result<Reply, String>);

impl Post for Parrot {
    fn post(&self, _url: &str, _body: Vec<u8>) -> Result<Reply, String> {
        self.0.clone()
    }
}

fn of_size(size: &str) -> Parrot {
    Parrot(Ok(Reply {
        status: 409,
        content_type: "text/x.tlog.size".into(),
        body: format!("{size}\n").into(),
    }))
}

#[test]
fn witness_is_asked_again_from_the_size_that_it_names() {
    let log = Log::new();
    for (seen, known, asked) in [(0, 0, 1), (0, 3, 2), (3, 0, 2), (3, 3, 1), (9, 9, 1), (9, 0, 2), (8, 9, 2)]
    {
        let witness = InMemory::that_saw(log.heads[seen]);
        let note = log.ask(&witness, 9, known).unwrap();
        assert_eq!(note.cosigners(&[cosigner_key().public()]).unwrap(), [(cosigner_key().public(), now())]);
        assert_eq!(
            (*witness.seen.borrow(), *witness.asked.borrow()),
            (log.heads[9], asked),
            "{seen} {known}"
        );
    }
}

#[test]
fn witness_that_saw_more_than_there_is_is_an_alarm() {
    let log = Log::new();
    let witness = InMemory::that_saw(log.heads[9]);
    assert_eq!(log.ask(&witness, 7, 0), Err(AskError::Ahead { seen: 9, size: 7 }));
}

#[test]
fn witness_that_saw_a_fork_refuses() {
    let log = Log::new();
    let witness = InMemory::that_saw(TreeHead { hash: Node([9; 32]), ..log.heads[3] });
    let error = log.ask(&witness, 7, 3).unwrap_err();
    assert!(matches!(error, AskError::Reply(ReplyError::Refused { status: 422, .. })), "{error}");
}

#[test]
fn witness_that_never_stands_still_is_given_up() {
    let log = Log::new();
    assert_eq!(log.ask(&of_size("5"), 7, 0), Err(AskError::Restless));
}

#[test]
fn answers_without_a_cosignature_of_the_right_key_are_of_no_use() {
    let log = Log::new();
    let text = |status, body: &str| {
        Parrot(Ok(Reply { status, content_type: "text/plain".into(), body: body.into() }))
    };
    let other = SigningKey::from_seed("w.example", Algorithm::Cosignature, &[9; 32]).unwrap();
    let line = log.note(7).cosigned_by(&other, now()).to_string().lines().last().unwrap().to_owned() + "\n";
    for parrot in [text(200, ""), text(200, &line), text(500, ""), text(409, "5\n"), text(302, "elsewhere")] {
        assert!(matches!(log.ask(&parrot, 7, 0), Err(AskError::Reply(_))));
    }
    let silent = Parrot(Err("timed out".into()));
    assert_eq!(log.ask(&silent, 7, 0), Err(AskError::NoAnswer { words: "timed out".into() }));
}
