//! The header: where each part of the file begins, and what it was made of.
//!
//! Spec: docs/list-index.md, "Header".

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::FORMAT;
use super::cursor::{Cursor, wide};
use super::error::{IndexError, Part};

/// What an index begins with. No text does, and line ends and the eighth bit that do not survive a transfer show.
const MAGIC: [u8; 8] = *b"\x89STLSI\r\n";

/// Bytes of the header; the caller of the builder puts it in front when all else is written.
pub const HEADER_BYTES: usize = 160;

/// Bytes that the header's own checksum covers.
const SUMMED_BYTES: usize = HEADER_BYTES - 8;

/// Names in one block: enough for names to share beginnings, few enough to read through.
pub(super) const BLOCK_NAMES: u32 = 16;

/// Names in one bucket on average.
pub(super) const BUCKET_NAMES: u32 = 8;

/// Bytes of one record of the parts whose records are of one size.
pub(super) const BLOCK_BYTES: usize = 8;
pub(super) const TERMS_BYTES: usize = 16;
pub(super) const BUCKET_BYTES: usize = 8;
pub(super) const SLOT_BYTES: usize = 6;

/// A part of the file, in the order in which they stand.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Section {
    /// Names, front-coded, each with the number of its terms.
    Names = 0,
    /// Where each block of names begins.
    Blocks = 1,
    /// Policy, shared policy's name and date, each combination once.
    Terms = 2,
    /// Policies.
    Policies = 3,
    /// Names of shared policies.
    Labels = 4,
    /// Pinsets.
    Pinsets = 5,
    /// Where each bucket begins.
    Buckets = 6,
    /// What is in the buckets.
    Slots = 7,
    /// The list's head.
    Head = 8,
}

/// Where everything is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Layout {
    pub(super) seed: u64,
    pub(super) domains: u32,
    pub(super) buckets: u32,
    /// Where each section begins, and behind them the end of the file.
    pub(super) bounds: [u64; 10],
    pub(super) list_sha256: [u8; 32],
}

impl Section {
    /// The word for messages.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Names => "names",
            Self::Blocks => "block offsets",
            Self::Terms => "terms",
            Self::Policies => "policies",
            Self::Labels => "labels",
            Self::Pinsets => "pinsets",
            Self::Buckets => "buckets",
            Self::Slots => "slots",
            Self::Head => "head",
        }
    }

    /// Damage at a place of this section.
    pub(super) const fn damaged(self, place: u64) -> IndexError {
        IndexError::Damaged { part: self.name(), place }
    }
}

/// Tells whether these bytes begin as an index does.
pub fn is_index(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

impl Layout {
    /// Reads the header and holds it against the length of the file.
    pub(super) fn parse(bytes: &[u8]) -> Part<Self> {
        if !is_index(bytes) {
            return Err(IndexError::NotAnIndex);
        }
        let length = |expected| IndexError::Length { found: wide(bytes.len()), expected };
        let header = bytes.get(..HEADER_BYTES).ok_or(length(wide(HEADER_BYTES)))?;
        let mut cursor = Cursor(header);
        let damaged = || IndexError::Damaged { part: "header", place: 0 };
        cursor.take(MAGIC.len());
        // Another format may have its checksum elsewhere.
        let format = cursor.u32().ok_or_else(damaged)?;
        if format != FORMAT {
            return Err(IndexError::OtherFormat { found: format });
        }
        let sum = header.get(SUMMED_BYTES..).and_then(|sum| Cursor(sum).u64());
        if sum != header.get(..SUMMED_BYTES).map(xxh3_64) {
            return Err(damaged());
        }
        let layout = Self::read(&mut cursor).ok_or_else(damaged)?;
        let [.., end] = layout.bounds;
        match end == wide(bytes.len()) {
            true if layout.is_sound() => Ok(layout),
            true => Err(damaged()),
            false => Err(length(end)),
        }
    }

    fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        let reserved = cursor.u32()?;
        let end = cursor.u64()?;
        let seed = cursor.u64()?;
        let domains = u32::try_from(cursor.u64()?).ok()?;
        let buckets = u32::try_from(cursor.u64()?).ok()?;
        let mut bounds = [end; 10];
        let (first, rest) = bounds.split_first_mut()?;
        *first = wide(HEADER_BYTES);
        for bound in rest.iter_mut().take(8) {
            *bound = cursor.u64()?;
        }
        let list_sha256 = cursor.array()?;
        (reserved == 0 && cursor.u64()? == 0).then_some(Self { seed, domains, buckets, bounds, list_sha256 })
    }

    /// The parts follow one another, and those of counted records have room for just these.
    fn is_sound(&self) -> bool {
        let has = |section, count: u32, size: usize| {
            self.length(section) == u64::from(count).saturating_mul(wide(size))
        };
        self.bounds.is_sorted()
            && self.buckets > 0
            && has(Section::Blocks, self.domains.div_ceil(BLOCK_NAMES), BLOCK_BYTES)
            && self.length(Section::Terms).is_multiple_of(wide(TERMS_BYTES))
            && has(Section::Buckets, self.buckets, BUCKET_BYTES)
            && has(Section::Slots, self.domains, SLOT_BYTES)
    }

    fn bounds_of(&self, section: Section) -> (u64, u64) {
        let at = section as usize;
        let bound = |at| self.bounds.get(at).copied().unwrap_or_default();
        (bound(at), bound(at + 1))
    }

    fn length(&self, section: Section) -> u64 {
        let (start, end) = self.bounds_of(section);
        end.saturating_sub(start)
    }

    /// The bytes of a part.
    pub(super) fn section<'a>(&self, bytes: &'a [u8], section: Section) -> &'a [u8] {
        let (start, end) = self.bounds_of(section);
        let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
        range.and_then(|(start, end)| bytes.get(start..end)).unwrap_or_default()
    }

    /// The header's bytes.
    pub(super) fn to_bytes(&self) -> [u8; HEADER_BYTES] {
        let [_, starts @ .., end] = self.bounds;
        let numbers = [end, self.seed, u64::from(self.domains), u64::from(self.buckets)];
        let numbers = numbers.into_iter().chain(starts).flat_map(u64::to_le_bytes);
        let fields = MAGIC.into_iter().chain(FORMAT.to_le_bytes()).chain([0; 4]).chain(numbers);
        let mut header = [0; HEADER_BYTES];
        for (byte, field) in header.iter_mut().zip(fields.chain(self.list_sha256)) {
            *byte = field;
        }
        if let Some((summed, sum)) = header.split_last_chunk_mut::<8>() {
            *sum = xxh3_64(summed).to_le_bytes();
        }
        header
    }
}

/// The checksum of one record: against damage, not against a forger, who could as well write another file.
///
/// Section and place go in, so that a record that stands in another's place is noticed.
pub(super) fn sum(seed: u64, section: Section, place: u64, bytes: &[u8]) -> [u8; 4] {
    let seed = seed ^ ((section as u64) << 56) ^ place;
    let [a, b, c, d, ..] = xxh3_64_with_seed(bytes, seed).to_le_bytes();
    [a, b, c, d]
}

/// The first three bytes of [`sum`], for small records.
pub(super) fn short_sum(seed: u64, section: Section, place: u64, bytes: &[u8]) -> [u8; 3] {
    let [a, b, c, _] = sum(seed, section, place, bytes);
    [a, b, c]
}
