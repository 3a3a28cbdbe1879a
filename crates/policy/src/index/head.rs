//! The head of the list that an index was made of.
//!
//! Spec: docs/list-index.md, "Head".

use alloc::borrow::ToOwned;
use alloc::vec::Vec;

use super::cursor::{Cursor, push_counted};
use crate::list::{Dialect, Extensions, Head};
use crate::name::is_printable;
use crate::read::MAX_AUTHOR_CHARS;
use crate::timestamp::Timestamp;

/// Appends a head; its `x-` members are left out.
pub(super) fn push(out: &mut Vec<u8>, head: &Head) {
    out.push(match head.dialect {
        Dialect::Original => 0,
        Dialect::Eff => 1,
        Dialect::One => 2,
    });
    out.extend(head.serial.to_le_bytes());
    for time in [head.timestamp, head.expires] {
        out.extend(time.map_or(NO_TIME, Timestamp::seconds).to_le_bytes());
    }
    if let Some(author) = &head.author {
        push_counted(out, author.as_bytes());
    }
}

/// Stands for a time that the list does not tell.
const NO_TIME: u64 = u64::MAX;

/// Reads a head.
pub(super) fn read(bytes: &[u8]) -> Option<Head> {
    let mut cursor = Cursor(bytes);
    let dialect = match cursor.byte()? {
        0 => Dialect::Original,
        1 => Dialect::Eff,
        2 => Dialect::One,
        _ => return None,
    };
    let serial = cursor.u64()?;
    let mut time = || match cursor.u64()? {
        NO_TIME => Some(None),
        seconds => Timestamp::from_seconds(seconds).ok().map(Some),
    };
    let (timestamp, expires) = (time()?, time()?);
    let author = if cursor.0.is_empty() {
        None
    } else {
        let text = core::str::from_utf8(cursor.counted()?).ok()?;
        if text.chars().count() > MAX_AUTHOR_CHARS || !text.chars().all(is_printable) {
            return None;
        }
        Some(text.to_owned())
    };
    let head = Head { dialect, author, serial, timestamp, expires, extensions: Extensions::new() };
    cursor.0.is_empty().then_some(head)
}
