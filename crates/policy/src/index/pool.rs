//! Records kept once each: whoever asks for the place of one that is there gets the place of the first.

use alloc::vec;
use alloc::vec::Vec;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::cursor::{Cursor, push_counted, wide};
use super::error::Part;
use super::layout::{Section, TERMS_BYTES, short_sum, sum};

/// The records of a section, and a table to find them again by their bytes.
pub(super) struct Pool {
    section: Section,
    frame: Frame,
    seed: u64,
    bytes: Vec<u8>,
    /// 16 bits of a record's hash, then its offset plus one; 0 is empty. As many as a power of two.
    slots: Vec<u64>,
    records: usize,
}

const OFFSET_BITS: u32 = 48;

/// How a record's end is told.
#[derive(Clone, Copy)]
enum Frame {
    /// Length, body, four bytes of checksum; found by offset.
    Counted,
    /// Body and three bytes of checksum, [`TERMS_BYTES`] in all; found by number.
    Fixed,
}

impl Pool {
    /// A pool of records of any length.
    pub(super) fn new(section: Section, seed: u64) -> Self {
        Self { section, frame: Frame::Counted, seed, bytes: Vec::new(), slots: vec![0; 256], records: 0 }
    }

    /// A pool of terms, which are of one length.
    pub(super) fn of_terms(seed: u64) -> Self {
        Self { frame: Frame::Fixed, ..Self::new(Section::Terms, seed) }
    }

    /// The section's bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The place of the record with this body, which is appended if there is none: its offset, of terms its number.
    pub(super) fn place(&mut self, body: &[u8]) -> u64 {
        let hash = self.hash(body);
        let mut at = self.start(hash);
        while let Some(slot @ 1..) = self.slots.get(at).copied() {
            let place = (slot & ((1 << OFFSET_BITS) - 1)) - 1;
            if slot >> OFFSET_BITS == hash >> OFFSET_BITS && self.body(place) == Some(body) {
                return place;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        let place = self.append(body);
        self.put(at, hash, place);
        self.records += 1;
        if self.records * 4 > self.slots.len() * 3 {
            self.grow();
        }
        place
    }

    fn append(&mut self, body: &[u8]) -> u64 {
        match self.frame {
            Frame::Counted => {
                let place = wide(self.bytes.len());
                push_counted(&mut self.bytes, body);
                self.bytes.extend(sum(self.seed, self.section, place, body));
                place
            }
            Frame::Fixed => {
                let place = wide(self.records);
                self.bytes.extend_from_slice(body);
                self.bytes.extend(short_sum(self.seed, self.section, place, body));
                place
            }
        }
    }

    fn body(&self, place: u64) -> Option<&[u8]> {
        let place = usize::try_from(place).ok()?;
        match self.frame {
            Frame::Counted => Cursor(self.bytes.get(place..)?).counted(),
            Frame::Fixed => Cursor(self.bytes.get(place * TERMS_BYTES..)?).take(TERMS_BYTES - 3),
        }
    }

    fn hash(&self, body: &[u8]) -> u64 {
        xxh3_64_with_seed(body, self.seed)
    }

    fn start(&self, hash: u64) -> usize {
        usize::try_from(hash & (wide(self.slots.len()) - 1)).unwrap_or(0)
    }

    fn put(&mut self, at: usize, hash: u64, place: u64) {
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = (hash >> OFFSET_BITS << OFFSET_BITS) | (place + 1);
        }
    }

    fn grow(&mut self) {
        let old = core::mem::take(&mut self.slots);
        self.slots = vec![0; old.len() * 2];
        for slot in old.into_iter().filter(|slot| *slot != 0) {
            let place = (slot & ((1 << OFFSET_BITS) - 1)) - 1;
            let Some(hash) = self.body(place).map(|body| self.hash(body)) else { continue };
            let mut at = self.start(hash);
            while self.slots.get(at).is_some_and(|slot| *slot != 0) {
                at = (at + 1) & (self.slots.len() - 1);
            }
            self.put(at, hash, place);
        }
    }
}

/// The body of the record at an offset of a section, once its checksum is known to fit.
pub(super) fn record(seed: u64, section: Section, bytes: &[u8], place: u64) -> Part<&[u8]> {
    let read = || {
        let mut cursor = Cursor(bytes.get(usize::try_from(place).ok()?..)?);
        let body = cursor.counted()?;
        (cursor.array() == Some(sum(seed, section, place, body))).then_some(body)
    };
    read().ok_or(section.damaged(place))
}

#[cfg(test)]
mod records {
    use super::*;

    #[test]
    fn are_kept_once_however_many_there_are() {
        let mut pool = Pool::new(Section::Labels, 7);
        let body = |number: u32| number.to_le_bytes().repeat(usize::try_from(number % 50).unwrap());
        let places: Vec<u64> = (0..5_000).map(|number| pool.place(&body(number))).collect();
        let length = pool.bytes().len();
        for (number, place) in (0..5_000).zip(&places) {
            assert_eq!(pool.place(&body(number)), *place);
            assert_eq!(record(7, Section::Labels, pool.bytes(), *place).unwrap(), body(number));
        }
        assert_eq!(pool.bytes().len(), length);
    }

    #[test]
    fn of_one_size_have_numbers() {
        let mut pool = Pool::of_terms(7);
        let body = |number: u16| [number.to_le_bytes().as_slice(), &[9; 11]].concat();
        assert!((0..1_000).all(|number| pool.place(&body(number)) == u64::from(number)));
        assert!((0..1_000).all(|number| pool.place(&body(number)) == u64::from(number)));
        assert_eq!(pool.bytes().len(), 1_000 * TERMS_BYTES);
    }
}
