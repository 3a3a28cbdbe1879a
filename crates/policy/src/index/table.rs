//! The hash table: from a name's hash to the places where the name may stand.
//!
//! Places are sorted into buckets by hash, and beside each stand 16 bits of it; so nearly all names that are not there
//! are known not to be from one bucket alone, and any other is compared with the stored name by the caller. Nothing
//! depends on hashes being different.
//!
//! Spec: docs/list-index.md, "Buckets and slots".

use alloc::vec;
use alloc::vec::Vec;

use super::cursor::{Cursor, wide};
use super::error::Part;
use super::layout::{BUCKET_BYTES, BUCKET_NAMES, SLOT_BYTES, Section, short_sum};

/// Most names in a bucket. Chance brings some forty at a hundred million names; more is no chance.
const MAX_BUCKET_NAMES: u8 = u8::MAX;

/// Buckets and slots of a file.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    pub(super) seed: u64,
    pub(super) count: u32,
    pub(super) buckets: &'a [u8],
    pub(super) slots: &'a [u8],
}

/// How many buckets so many names get.
pub(super) fn bucket_count(names: u32) -> u32 {
    names.div_ceil(BUCKET_NAMES).max(1)
}

/// The bucket of a hash: its place in proportion.
fn bucket_of(hash: u64, count: u32) -> u64 {
    let scaled = u128::from(hash) * u128::from(count);
    u64::try_from(scaled >> 64).unwrap_or(0)
}

/// What of a hash stands in its slot; the bucket is told by the other end.
fn tag_of(hash: u64) -> [u8; 2] {
    let [a, b, ..] = hash.to_le_bytes();
    [a, b]
}

impl<'a> Table<'a> {
    /// The places at which the name with this hash may stand, once the bucket's checksum is known to fit.
    pub(super) fn candidates(&self, hash: u64) -> Part<impl Iterator<Item = u32> + 'a> {
        let number = bucket_of(hash, self.count);
        let slots = self.bucket(number).ok_or(Section::Buckets.damaged(number))?;
        let tag = tag_of(hash);
        let tagged =
            slots.iter().filter_map(|slot| slot.split_first_chunk()).filter(move |(its, _)| **its == tag);
        Ok(tagged.filter_map(|(_, place)| Cursor(place).u32()))
    }

    fn bucket(&self, number: u64) -> Option<&'a [[u8; SLOT_BYTES]]> {
        let at = usize::try_from(number).ok()?.checked_mul(BUCKET_BYTES)?;
        let mut cursor = Cursor(self.buckets.get(at..)?);
        let start = usize::try_from(cursor.u32()?).ok()?.checked_mul(SLOT_BYTES)?;
        let count = usize::from(cursor.byte()?);
        let bytes = Cursor(self.slots.get(start..)?).take(count * SLOT_BYTES)?;
        let fits = cursor.array() == Some(short_sum(self.seed, Section::Buckets, number, bytes));
        fits.then_some(bytes.as_chunks().0)
    }
}

/// Makes buckets and slots of the hashes of all names, in the order of their places.
///
/// # Errors
/// How many names there are in a bucket that has too many.
pub(super) fn build(hashes: &[u64], seed: u64) -> Result<(Vec<u8>, Vec<u8>), usize> {
    let count = bucket_count(u32::try_from(hashes.len()).unwrap_or(u32::MAX));
    let bucket = |hash: u64| usize::try_from(bucket_of(hash, count)).unwrap_or(0);
    let mut ends = vec![0_u32; usize::try_from(count).unwrap_or(0)];
    for hash in hashes {
        if let Some(names) = ends.get_mut(bucket(*hash)) {
            *names += 1;
        }
    }
    let mut end = 0;
    for names in &mut ends {
        end += *names;
        *names = end;
    }
    // Filled from the back: when all is in its place, each end has become a start, and places stand in order.
    let mut slots = vec![[0; SLOT_BYTES]; hashes.len()];
    for (place, hash) in hashes.iter().enumerate().rev() {
        let Some(end) = ends.get_mut(bucket(*hash)) else { continue };
        *end -= 1;
        let slot = usize::try_from(*end).ok().and_then(|at| slots.get_mut(at));
        if let Some((tag, its_place)) = slot.and_then(|slot| slot.split_first_chunk_mut()) {
            *tag = tag_of(*hash);
            its_place.copy_from_slice(&u32::try_from(place).unwrap_or(u32::MAX).to_le_bytes());
        }
    }
    let slots = slots.into_flattened();
    let starts = ends;
    let next = starts.iter().skip(1).copied().chain([end]);
    let mut buckets = Vec::with_capacity(starts.len() * BUCKET_BYTES);
    for (number, (start, next)) in starts.iter().zip(next).enumerate() {
        let names = usize::try_from(next - start).unwrap_or(usize::MAX);
        let Ok(short @ ..=MAX_BUCKET_NAMES) = u8::try_from(names) else { return Err(names) };
        let at = |place: u32| usize::try_from(place).unwrap_or(0) * SLOT_BYTES;
        let bytes = slots.get(at(*start)..at(next)).unwrap_or_default();
        buckets.extend(start.to_le_bytes());
        buckets.push(short);
        buckets.extend(short_sum(seed, Section::Buckets, wide(number), bytes));
    }
    Ok((buckets, slots))
}

#[cfg(test)]
mod buckets {
    use super::*;

    #[test]
    fn hold_every_name_and_few_others() {
        let hashes: Vec<u64> = (0..10_000_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
        let (buckets, slots) = build(&hashes, 7).unwrap();
        let count = bucket_count(10_000);
        let table = Table { seed: 7, count, buckets: &buckets, slots: &slots };
        for (place, hash) in hashes.iter().enumerate() {
            assert!(table.candidates(*hash).unwrap().any(|found| usize::try_from(found) == Ok(place)));
        }
        let missed = (10_000..20_000_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let false_hits: usize = missed.map(|hash| table.candidates(hash).unwrap().count()).sum();
        assert!(false_hits < 20, "{false_hits}");
    }

    #[test]
    fn with_more_names_than_chance_brings_are_refused() {
        let most = usize::from(MAX_BUCKET_NAMES);
        assert!(build(&vec![5; most], 7).is_ok());
        assert_eq!(build(&vec![5; most + 1], 7).unwrap_err(), most + 1);
    }
}
