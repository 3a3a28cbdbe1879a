//! Bytes read from the front, and numbers of variable length; nothing is read past the end.

use alloc::vec::Vec;

/// What is left of some bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    /// The next byte.
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    /// The next so many bytes.
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// The next bytes as an array.
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    /// The next so many bytes (eight at most) as a number, the lowest first.
    pub(super) fn number(&mut self, bytes: usize) -> Option<u64> {
        let taken = self.take(bytes)?;
        Some(taken.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// The next 32-bit number.
    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// The next 64-bit number.
    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// The next number of variable length: seven bits to a byte, the lowest first, in as few bytes as it needs.
    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return (byte != 0 || shift == 0).then_some(number);
            }
        }
        None
    }

    /// The next number of variable length, as a count of bytes or items.
    pub(super) fn count(&mut self) -> Option<usize> {
        self.varint().and_then(|number| usize::try_from(number).ok())
    }

    /// The next bytes with their number in front.
    pub(super) fn counted(&mut self) -> Option<&'a [u8]> {
        let count = self.count()?;
        self.take(count)
    }
}

/// Appends a number of variable length (below 2⁶³).
pub(super) fn push_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(u8::try_from(number & 0x7f).unwrap_or(0) | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap_or(0));
}

/// Appends bytes with their number in front.
pub(super) fn push_counted(out: &mut Vec<u8>, bytes: &[u8]) {
    push_varint(out, wide(bytes.len()));
    out.extend_from_slice(bytes);
}

/// A count as a number of the file; no machine has more than 64 bits.
pub(super) fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod numbers {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn of_variable_length_come_back(number in 0..(1_u64 << 63), shift in 0..63_u32) {
            let number = number >> shift;
            let mut bytes = Vec::new();
            push_varint(&mut bytes, number);
            let mut cursor = Cursor(&bytes);
            prop_assert_eq!(cursor.varint(), Some(number));
            prop_assert!(cursor.0.is_empty());
            prop_assert_eq!(Cursor(&bytes[..bytes.len() - 1]).varint(), None);
        }
    }

    #[test]
    fn of_variable_length_have_one_form_and_an_end() {
        assert_eq!(Cursor(&[0x80, 0x00]).varint(), None, "zero in two bytes");
        assert_eq!(Cursor(&[0xff; 20]).varint(), None);
        assert_eq!(Cursor(&[]).varint(), None);
    }
}
