//! Entry bundles: the log's leaves as they are published, 256 in a file.
//!
//! Spec: C2SP tlog-tiles, "Log entries".

use alloc::vec::Vec;

use crate::log::path::TILE_WIDTH;

/// Why bytes are no entry bundle of a width.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("it is no bundle of {width} entries, each behind its length in two bytes")]
pub struct EntriesError {
    /// How many entries it should have.
    pub width: u64,
}

/// Longest leaf: its length stands in two bytes.
pub const MAX_LEAF_BYTES: usize = 0xffff;

/// Largest bundle: 256 of the longest leaves with their lengths.
pub const MAX_ENTRIES_BYTES: u64 = TILE_WIDTH * (2 + 0xffff);

/// Reads the leaves of a bundle that has `width` of them.
///
/// # Errors
/// [`EntriesError`] when it is cut off, too long or has another number of leaves.
pub fn parse_entries(bytes: &[u8], width: u64) -> Result<Vec<&[u8]>, EntriesError> {
    let error = EntriesError { width };
    let mut entries = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() && u64::try_from(entries.len()).is_ok_and(|count| count < width) {
        let (length, after) = rest.split_first_chunk::<2>().ok_or(error)?;
        let (entry, after) = after.split_at_checked(u16::from_be_bytes(*length).into()).ok_or(error)?;
        entries.push(entry);
        rest = after;
    }
    let is_whole = rest.is_empty() && u64::try_from(entries.len()) == Ok(width);
    if is_whole { Ok(entries) } else { Err(error) }
}

/// Adds a leaf to a bundle.
pub(super) fn push_entry(bundle: &mut Vec<u8>, length: u16, leaf: &[u8]) {
    bundle.extend(length.to_be_bytes());
    bundle.extend(leaf);
}

#[cfg(test)]
mod tlog_tiles {
    use super::*;

    #[test]
    fn bundle_reads_as_it_writes() {
        let mut bundle = Vec::new();
        push_entry(&mut bundle, 3, b"abc");
        push_entry(&mut bundle, 0, b"");
        assert_eq!(bundle, b"\x00\x03abc\x00\x00");
        assert_eq!(parse_entries(&bundle, 2).unwrap(), [b"abc".as_slice(), b""]);
    }

    #[test]
    fn bundle_of_another_width_or_cut_off_is_refused() {
        let bundle = b"\x00\x03abc\x00\x01d";
        for width in [0, 1, 3] {
            assert_eq!(parse_entries(bundle, width), Err(EntriesError { width }));
        }
        for end in 0..bundle.len() {
            assert_eq!(parse_entries(&bundle[..end], 2), Err(EntriesError { width: 2 }), "{end}");
        }
    }
}
