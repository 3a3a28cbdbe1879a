//! What an independent implementation made: its checkpoints, cosignatures, proofs and tiles, read and made here too.
//!
//! `peer/log.json` is the output of `crates/publish/tests/interop/their_log.py fixture`, made with aics-tlog 0.2.1.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::collections::BTreeMap;

use serde::Deserialize;
use starttls_trust::bundle::Node;
use starttls_trust::log::{
    Appender, Checkpoint, ReadTiles, TreeHead, prove_consistency, prove_inclusion, verify_consistency,
    verify_inclusion,
};
use starttls_trust::{Digest, SignedNote, VerifierKey};

#[derive(Deserialize)]
struct Peer {
    log: VerifierKey,
    witness: VerifierKey,
    notes: Vec<String>,
    inclusion: Vec<Inclusion>,
    consistency: Vec<Consistency>,
    files: BTreeMap<String, Digest>,
}

#[derive(Deserialize)]
struct Inclusion {
    size: u64,
    index: u64,
    proof: Vec<Node>,
}

#[derive(Deserialize)]
struct Consistency {
    old: u64,
    new: u64,
    proof: Vec<Node>,
}

#[derive(Default)]
struct Tiles(BTreeMap<String, Vec<u8>>);

impl ReadTiles for Tiles {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.0.get(path).cloned().ok_or_else(|| "no such file".into())
    }
}

fn peer() -> Peer {
    serde_json::from_str(include_str!("peer/log.json")).unwrap()
}

fn leaf(index: u64) -> Vec<u8> {
    format!("leaf {index}").into_bytes()
}

/// The same log, grown here to this size.
fn ours(size: u64) -> (Tiles, TreeHead) {
    let mut appender = Appender::open(TreeHead::EMPTY, &Tiles::default()).unwrap();
    for index in 0..size {
        appender.push(&leaf(index)).unwrap();
    }
    let grown = appender.finish();
    (Tiles(grown.files.into_iter().collect()), grown.head)
}

fn heads(peer: &Peer) -> BTreeMap<u64, TreeHead> {
    let read = |note: &String| {
        let note = SignedNote::parse(note.as_bytes()).unwrap();
        let head = Checkpoint::verified(&note, &peer.log).unwrap().head();
        (head.size, head)
    };
    peer.notes.iter().map(read).collect()
}

#[test]
fn checkpoints_and_cosignatures_of_the_peer_verify() {
    let peer = peer();
    for (note, (size, head)) in peer.notes.iter().zip(heads(&peer)) {
        assert_eq!(ours(size).1, head);
        let note = SignedNote::parse(note.as_bytes()).unwrap();
        let cosigners = note.cosigners(&[&peer.witness]).unwrap();
        let times: Vec<u64> = cosigners.iter().map(|(_, time)| time.seconds()).collect();
        assert_eq!(times, [1_800_000_000 + size]);
    }
}

#[test]
fn proofs_of_the_peer_verify_and_are_those_made_here() {
    let peer = peer();
    let heads = heads(&peer);
    for Inclusion { size, index, proof } in &peer.inclusion {
        verify_inclusion(heads[size], &leaf(*index), *index, proof).unwrap();
        let (tiles, head) = ours(*size);
        assert_eq!(prove_inclusion(head, *index, &tiles).unwrap(), *proof, "{index} of {size}");
    }
    for Consistency { old, new, proof } in &peer.consistency {
        verify_consistency(heads[old], heads[new], proof).unwrap();
        let (tiles, head) = ours(*new);
        assert_eq!(prove_consistency(*old, head, &tiles).unwrap(), *proof, "{old} to {new}");
    }
    assert_eq!((peer.inclusion.len(), peer.consistency.len()), (10, 6));
}

#[test]
fn tiles_and_bundles_of_the_peer_are_those_made_here() {
    let (tiles, _) = ours(300);
    let files: BTreeMap<_, _> =
        tiles.0.iter().map(|(path, bytes)| (path.clone(), Digest::of(bytes))).collect();
    assert_eq!(files, peer().files);
}
