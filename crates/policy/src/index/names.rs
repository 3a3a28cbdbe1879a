//! Names in blocks of sixteen, each name but the first kept as what it does not share with the one before it.
//!
//! Spec: docs/list-index.md, "Names".

use alloc::vec::Vec;

use super::cursor::{Cursor, push_varint};
use super::layout::{BLOCK_NAMES, Section, sum};
use crate::name::MAX_NAME_CHARS;

/// Largest number that half a byte holds along with the mark that a whole byte follows.
const NIBBLE: usize = 15;

/// Bytes of the checksum behind each block.
const SUM_BYTES: usize = 4;

/// Appends a name and the number of its terms; `previous` is empty at the beginning of a block.
pub(super) fn push(out: &mut Vec<u8>, previous: &str, name: &str, terms: u64) {
    let shared = previous.bytes().zip(name.bytes()).take_while(|(one, other)| one == other).count();
    let rest = name.as_bytes().get(shared..).unwrap_or_default();
    let byte = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
    let (long_shared, long_rest) = (shared >= NIBBLE, rest.len() > NIBBLE);
    // No name equals the one before it, so no rest is empty: 0 is free to mark a long one.
    out.push(byte(shared.min(NIBBLE)) << 4 | if long_rest { 0 } else { byte(rest.len()) });
    if long_shared {
        out.push(byte(shared));
    }
    if long_rest {
        out.push(byte(rest.len()));
    }
    out.extend_from_slice(rest);
    push_varint(out, terms);
}

/// Appends the checksum of the block, which begins at `start`.
pub(super) fn seal(out: &mut Vec<u8>, start: usize, seed: u64, number: u64) {
    let sum = sum(seed, Section::Names, number, out.get(start..).unwrap_or_default());
    out.extend(sum);
}

/// The names of one block, one after another.
#[derive(Clone, Debug)]
pub(super) struct Block<'a> {
    rest: Cursor<'a>,
    left: u32,
    length: usize,
    name: [u8; MAX_NAME_CHARS],
}

impl<'a> Block<'a> {
    /// Opens a block of so many names; `None` if its checksum does not fit.
    pub(super) fn open(bytes: &'a [u8], seed: u64, number: u64, names: u32) -> Option<Self> {
        let (names_bytes, found) = bytes.split_last_chunk::<SUM_BYTES>()?;
        let is_whole = *found == sum(seed, Section::Names, number, names_bytes);
        (is_whole && names <= BLOCK_NAMES).then_some(Self {
            rest: Cursor(names_bytes),
            left: names,
            length: 0,
            name: [0; MAX_NAME_CHARS],
        })
    }

    /// How many names are still to come.
    pub(super) fn left(&self) -> u32 {
        self.left
    }

    /// Tells whether nothing stands behind the last name.
    pub(super) fn is_at_end(&self) -> bool {
        self.left == 0 && self.rest.0.is_empty()
    }

    /// Goes to the next name and gives the number of its terms; `None` if there is none, or what stands there is none.
    pub(super) fn next(&mut self) -> Option<u64> {
        self.left = self.left.checked_sub(1)?;
        let lengths = usize::from(self.rest.byte()?);
        let (shared, rest) = (lengths >> 4, lengths & NIBBLE);
        let shared = if shared == NIBBLE { usize::from(self.rest.byte()?) } else { shared };
        let rest = if rest == 0 { usize::from(self.rest.byte()?) } else { rest };
        if shared > self.length {
            return None;
        }
        let bytes = self.rest.take(rest)?;
        self.name.get_mut(shared..shared + rest)?.copy_from_slice(bytes);
        self.length = shared + rest;
        self.rest.varint()
    }

    /// The present name's bytes.
    pub(super) fn name(&self) -> &[u8] {
        self.name.get(..self.length).unwrap_or_default()
    }
}
