"""A log of the peer's, kept in memory, whose checkpoints our witness is asked to cosign.

their_log.py key SEED                     makes a key, prints its public half
their_log.py feed SEED URL WITNESS        grows a log step by step and has every checkpoint cosigned
their_log.py fixture                      prints what crates/trust/tests/peer.rs replays; the same every time
"""

import base64
import hashlib
import json
import os
import sys

from aics_tlog import (
    Checkpoint,
    IncrementalTileWriter,
    MemoryTileStore,
    MerkleTree,
    Note,
    cosignature_vkey,
    format_vkey,
    parse_note,
    parse_vkey,
    sign_checkpoint,
    sign_cosignature,
    verify_checkpoint,
    vkey_from_ed25519,
)
from aics_tlog.tiles import entry_bundle_path, tile_path
from aics_witness.feeder import WitnessClient, WitnessRejected, merge_cosignatures
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORIGIN = "their-log.example"


def key(path):
    if not os.path.exists(path):
        with open(path, "wb") as file:
            file.write(os.urandom(32))
    with open(path, "rb") as file:
        return Ed25519PrivateKey.from_private_bytes(file.read())


def public(secret):
    return vkey_from_ed25519(ORIGIN, secret.public_key())


def signed(secret, size, root):
    return sign_checkpoint(Checkpoint(origin=ORIGIN, size=size, root=root), secret, ORIGIN).to_bytes()


def feed(secret, url, witness):
    tree = MerkleTree()
    client = WitnessClient(url, witness)
    for size in [1, 2, 3, 7, 8, 64, 65, 255, 256, 257, 300, 1000]:
        tree.extend(b"leaf %d" % number for number in range(tree.size, size))
        note = signed(secret, size, tree.root())
        whole = merge_cosignatures(note, client.submit(note, tree.consistency_proof))
        result = verify_checkpoint(parse_note(whole), public(secret), witness_keys=[parse_vkey(witness)], quorum=1)
        assert result.ok, result
    print("our witness cosigned 12 checkpoints of the peer's log, up to size 1000")
    # One that knows nothing of the witness is told the size by a 409.
    note = signed(secret, tree.size, tree.root())
    WitnessClient(url, witness).submit(note, tree.consistency_proof)
    forked = MerkleTree(b"leaf %d" % number for number in range(999))
    forked.extend([b"forked", b"more"])
    try:
        client.submit(signed(secret, forked.size, forked.root()), forked.consistency_proof)
    except WitnessRejected as error:
        print(f"a fork was refused: {error}")
    else:
        sys.exit("our witness cosigned a fork")


def fixture():
    secret = Ed25519PrivateKey.from_private_bytes(bytes([1] * 32))
    witness = Ed25519PrivateKey.from_private_bytes(bytes([2] * 32))
    cosigner = "their-witness.example"
    leaves = [b"leaf %d" % number for number in range(300)]
    tree = MerkleTree(leaves)
    store = MemoryTileStore()
    writer = IncrementalTileWriter(store, prune_partials=False)
    writer.append(leaves)
    sizes = [1, 7, 256, 300]
    notes = {}
    for size in sizes:
        checkpoint = Checkpoint(origin=ORIGIN, size=size, root=tree.root(size))
        note = sign_checkpoint(checkpoint, secret, ORIGIN)
        _, line = sign_cosignature(witness, cosigner, 1_800_000_000 + size, ORIGIN, size, tree.root(size))
        notes[size] = Note(text=note.text, signatures=(*note.signatures, line)).serialise()
    text = lambda proof: [base64.b64encode(node).decode() for node in proof]
    pairs = [(old, new) for old in sizes for new in sizes if old < new]
    files = [tile_path(0, 0), tile_path(0, 1, 44), tile_path(1, 0, 1), entry_bundle_path(0), entry_bundle_path(1, 44)]
    print(json.dumps({
        "log": format_vkey(public(secret)),
        "witness": format_vkey(cosignature_vkey(cosigner, witness.public_key())),
        "notes": [notes[size] for size in sizes],
        "inclusion": [
            {"size": size, "index": index, "proof": text(tree.inclusion_proof(index, size))}
            for size in sizes for index in sorted({0, size // 2, size - 1})
        ],
        "consistency": [
            {"old": old, "new": new, "proof": text(tree.consistency_proof(old, new))} for old, new in pairs
        ],
        "files": {path: hashlib.sha256(store.read(path)).hexdigest() for path in files},
    }, indent=1))


if __name__ == "__main__":
    if sys.argv[1] == "fixture":
        fixture()
    elif sys.argv[1] == "key":
        print(format_vkey(public(key(sys.argv[2]))))
    else:
        feed(key(sys.argv[2]), *sys.argv[3:5])
