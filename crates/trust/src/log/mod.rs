//! The append-only log: checkpoints, proofs, tiles, the time that witnesses vouch for, and the witness protocol.
//!
//! Hashes are those of RFC 6962 §2.1. Proofs are verified by the `tlog_tiles` crate; tiles are read and written here,
//! where each is tied to the checkpoint before a hash of it is used. Fetching and writing files is the callers' part.
//!
//! Spec: C2SP tlog-checkpoint, tlog-tiles, tlog-cosignature, tlog-witness; RFC 6962 §2.1.

mod append;
mod checkpoint;
mod entries;
mod head;
mod path;
mod proof;
mod quorum;
mod tiles;
mod tree;
pub mod witness;

pub use append::{AppendError, Appended, Appender};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use entries::{EntriesError, MAX_ENTRIES_BYTES, MAX_LEAF_BYTES, parse_entries};
pub use head::TreeHead;
pub use path::{MAX_TILE_BYTES, TILE_WIDTH, entries_path, tile_path};
pub use proof::{MAX_TREE_SIZE, ProofError, leaf_hash, verify_consistency, verify_inclusion};
pub use quorum::quorum_time;
pub use tiles::{consistency_from_tiles, prove_consistency, prove_inclusion};
pub use tree::ReadTiles;

#[cfg(test)]
mod naive;
#[cfg(test)]
mod tests;
