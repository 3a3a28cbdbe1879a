//! What an entry says, as bytes: policy, shared policy's name, date; and pinsets.
//!
//! Reading goes through the constructors of each type, so that whatever the bytes are, no name or address comes out
//! that could not stand in a list.
//!
//! Spec: docs/list-index.md, "Terms", "Policies", "Pinsets".

use alloc::string::String;
use alloc::vec::Vec;

use super::cursor::{Cursor, push_counted, push_varint, wide};
use super::template::{fold, unfold};
use crate::mode::{Mode, Requirement, TlsVersion};
use crate::mx::{MxPattern, Reach};
use crate::name::MAX_NAME_CHARS;
use crate::pin::{Label, Pin, PinKind, Pinset, Spki};
use crate::policy::Policy;
use crate::read::{MAX_MX_PATTERNS, MAX_PINS, MAX_REPORT_TO};
use crate::report_to::{MAX_REPORT_TO_CHARS, ReportTo};
use crate::timestamp::Date;

/// What a record of the terms holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Terms {
    /// Offset of the policy.
    pub(super) policy: u64,
    /// Offset of the shared policy's name.
    pub(super) label: Option<u64>,
    /// The date that counts.
    pub(super) since: Option<Date>,
}

impl Terms {
    /// The record without its checksum; `None` if an offset is too large for it.
    pub(super) fn to_bytes(self) -> Option<[u8; 13]> {
        let [p @ .., 0, 0] = self.policy.to_le_bytes() else { return None };
        let label = self.label.map_or(Some(0), |offset| offset.checked_add(1))?;
        let [l @ .., 0, 0, 0, 0] = label.to_le_bytes() else { return None };
        let [s @ .., 0] = self.since.map_or(0, Date::to_number).to_le_bytes() else { return None };
        let mut bytes = [0; 13];
        for (byte, field) in bytes.iter_mut().zip(p.into_iter().chain(l).chain(s)) {
            *byte = field;
        }
        Some(bytes)
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor(bytes);
        let (policy, label) = (cursor.number(6)?, cursor.number(4)?);
        let since = match u32::try_from(cursor.number(3)?).ok()? {
            0 => None,
            number => Some(Date::from_number(number)?),
        };
        cursor.0.is_empty().then_some(Self { policy, label: label.checked_sub(1), since })
    }
}

/// Appends a policy; texts are folded where it is one domain's own.
pub(super) fn push_policy(out: &mut Vec<u8>, policy: &Policy, domain: Option<&str>, pinset: Option<u64>) {
    let mode = match policy.mode {
        Mode::None => 0,
        Mode::Testing => 1,
        Mode::Enforce => 2,
    };
    let requirement = match policy.requirement {
        Requirement::Tls => 0,
        Requirement::Certificate => 1 << 2,
    };
    let version = match policy.min_tls {
        None => 0,
        Some(TlsVersion::Tls10) => 1 << 3,
        Some(TlsVersion::Tls11) => 2 << 3,
        Some(TlsVersion::Tls12) => 3 << 3,
        Some(TlsVersion::Tls13) => 4 << 3,
    };
    out.push(mode | requirement | version | if pinset.is_some() { PINNED } else { 0 });
    if let Some(offset) = pinset {
        push_varint(out, offset);
    }
    push_varint(out, wide(policy.mx.len()));
    for pattern in &policy.mx {
        let reach = match pattern.reach() {
            Reach::Exact => 0,
            Reach::OneLabel => 1,
            Reach::AnyDepth => 2,
        };
        push_text(out, reach, pattern.name(), domain);
    }
    push_varint(out, wide(policy.report_to.len()));
    for address in &policy.report_to {
        push_text(out, 0, address.as_str(), domain);
    }
}

/// The bit that tells of a pinset.
const PINNED: u8 = 1 << 6;

/// A text's length times three plus a number from 0 to 2, then the text.
fn push_text(out: &mut Vec<u8>, number: u64, text: &str, domain: Option<&str>) {
    let start = out.len();
    out.push(0);
    fold(text, domain, out);
    let front = wide(out.len() - start - 1) * 3 + number;
    match (out.get_mut(start), u8::try_from(front)) {
        // Most are short enough for the byte that was kept free.
        (Some(byte), Ok(short @ ..0x80)) => *byte = short,
        _ => {
            let mut long = Vec::new();
            push_varint(&mut long, front);
            out.splice(start..=start, long);
        }
    }
}

/// Reads a policy of a domain; the pinset's offset is told apart.
pub(super) fn read_policy(bytes: &[u8], domain: &str) -> Option<(Policy, Option<u64>)> {
    let mut cursor = Cursor(bytes);
    let flags = cursor.byte()?;
    let mode = match flags & 3 {
        0 => Mode::None,
        1 => Mode::Testing,
        2 => Mode::Enforce,
        _ => return None,
    };
    let requirement = if flags & 4 == 0 { Requirement::Tls } else { Requirement::Certificate };
    let min_tls = match flags >> 3 & 7 {
        0 => None,
        number => Some(*TlsVersion::ALL.get(usize::from(number) - 1)?),
    };
    let pinset = if flags & PINNED == 0 { None } else { Some(cursor.varint()?) };
    let mut text = String::new();
    let count = cursor.count().filter(|count| *count <= MAX_MX_PATTERNS)?;
    let mut mx = Vec::with_capacity(count);
    for _ in 0..count {
        let number = read_text(&mut cursor, domain, MAX_NAME_CHARS, &mut text)?;
        let reach = match number {
            0 => Reach::Exact,
            1 => Reach::OneLabel,
            _ => Reach::AnyDepth,
        };
        mx.push(MxPattern::new(reach, &text).ok().filter(|pattern| pattern.name() == text)?);
    }
    let count = cursor.count().filter(|count| *count <= MAX_REPORT_TO)?;
    let mut report_to = Vec::with_capacity(count);
    for _ in 0..count {
        let number = read_text(&mut cursor, domain, MAX_REPORT_TO_CHARS, &mut text)?;
        report_to.push(ReportTo::parse(&text).ok().filter(|_| number == 0)?);
    }
    let is_whole = cursor.0.is_empty() && flags < 1 << 7 && (!mx.is_empty() || mode == Mode::None);
    let (mx, report_to) = (mx.into(), report_to.into());
    is_whole.then_some((Policy { mode, requirement, min_tls, mx, pinset: None, report_to }, pinset))
}

fn read_text(cursor: &mut Cursor<'_>, domain: &str, max: usize, text: &mut String) -> Option<u64> {
    let front = cursor.varint()?;
    let folded = cursor.take(usize::try_from(front / 3).ok()?)?;
    unfold(folded, domain, max, text)?;
    Some(front % 3)
}

/// Appends a pinset.
pub(super) fn push_pinset(out: &mut Vec<u8>, pinset: &Pinset) {
    push_counted(out, pinset.name.as_str().as_bytes());
    out.push(match pinset.kind {
        PinKind::TrustAnchor => 0,
        PinKind::Leaf => 1,
    });
    for pins in [&pinset.pins, &pinset.bad] {
        push_varint(out, wide(pins.len()));
        for pin in pins {
            match pin {
                Pin::Key(key) => push_pin(out, 0, key.der()),
                Pin::Sha256(hash) => push_pin(out, 1, hash),
                Pin::Unusable(text) => push_pin(out, 2, text.as_bytes()),
            }
        }
    }
}

fn push_pin(out: &mut Vec<u8>, kind: u8, bytes: &[u8]) {
    out.push(kind);
    push_counted(out, bytes);
}

/// Reads a pinset.
pub(super) fn read_pinset(bytes: &[u8]) -> Option<Pinset> {
    let mut cursor = Cursor(bytes);
    let name = read_label(cursor.counted()?)?;
    let kind = match cursor.byte()? {
        0 => PinKind::TrustAnchor,
        1 => PinKind::Leaf,
        _ => return None,
    };
    let pins = read_pins(&mut cursor)?;
    let bad = read_pins(&mut cursor)?;
    cursor.0.is_empty().then(|| Pinset::new(name, kind, pins, bad))
}

fn read_pins(cursor: &mut Cursor<'_>) -> Option<Vec<Pin>> {
    let count = cursor.count().filter(|count| *count <= MAX_PINS)?;
    let read = |_| {
        let kind = cursor.byte()?;
        let bytes = cursor.counted()?;
        match kind {
            0 => Spki::from_der(bytes.to_vec()).ok().map(Pin::Key),
            1 => <[u8; 32]>::try_from(bytes).ok().map(Pin::Sha256),
            2 => {
                let pin = Pin::parse_hash(core::str::from_utf8(bytes).ok()?).ok()?;
                matches!(pin, Pin::Unusable(_)).then_some(pin)
            }
            _ => None,
        }
    };
    (0..count).map(read).collect()
}

/// Reads the name of a shared policy or pinset.
pub(super) fn read_label(bytes: &[u8]) -> Option<Label> {
    Label::parse(core::str::from_utf8(bytes).ok()?).ok()
}
