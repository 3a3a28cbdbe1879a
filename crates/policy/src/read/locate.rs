//! Finds the place of a fault in the text: the slow walk that only happens once something is wrong.

use alloc::borrow::Cow;
use alloc::string::String;

use super::BYTE_ORDER_MARK;
use super::error::{At, Excerpt, Failure, Fault, Path, ReadError, Step};
use crate::domain::Domain;
use crate::name::printable;

/// Characters shown before and after the offending one; a list on a single line may have a gigabyte.
const EXCERPT_CHARS: usize = 60;

/// Which part of a member is meant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Part {
    Name,
    Value,
}

/// Line, column and the line's text.
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) excerpt: Excerpt,
}

impl Place {
    /// The place of a byte.
    pub(super) fn of(bytes: &[u8], offset: usize) -> Self {
        let offset = offset.min(bytes.len()).max(text_start(bytes));
        let (before, after) = bytes.split_at_checked(offset).unwrap_or((bytes, &[]));
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let line_start = memchr::memrchr(b'\n', before).map_or(text_start(bytes), |newline| newline + 1);
        let line_end = memchr::memchr(b'\n', after).map_or(bytes.len(), |newline| offset + newline);
        let lead = bytes.get(line_start..offset).unwrap_or_default();
        let rest = bytes.get(offset..line_end).unwrap_or_default();
        let column = lead.iter().filter(|byte| is_char_start(**byte)).count() + 1;
        Self { line, column, excerpt: excerpt(lead, rest) }
    }
}

impl Failure {
    /// Finds the place in the text, which is walked again for it.
    pub(super) fn locate(self, original: &[u8], blanked: &[u8]) -> ReadError {
        let offset = match self.at {
            At::Position(line, column) => offset_of(original, line, column),
            At::Name => find(blanked, &self.path, Part::Name),
            At::Value => find(blanked, &self.path, Part::Value),
        };
        ReadError { path: self.path, ..ReadError::at_offset(original, offset, self.fault) }
    }
}

impl ReadError {
    pub(super) fn at_offset(bytes: &[u8], offset: usize, fault: Fault) -> Self {
        let place = Place::of(bytes, offset);
        Self { fault, path: Path::default(), line: place.line, column: place.column, excerpt: place.excerpt }
    }
}

fn excerpt(lead: &[u8], rest: &[u8]) -> Excerpt {
    let lead_window = lead.get(lead.len().saturating_sub(EXCERPT_CHARS * 4)..).unwrap_or_default();
    let rest_window = rest.get(..EXCERPT_CHARS * 4).unwrap_or(rest);
    let lead_text = String::from_utf8_lossy(lead_window);
    let cut = lead_text.chars().count().saturating_sub(EXCERPT_CHARS);
    let front: String = if cut > 0 || lead_window.len() < lead.len() { "…".into() } else { String::new() };
    let shown_lead = front + &printable(&lead_text.chars().skip(cut).collect::<String>().replace('\t', " "));
    let rest_text = String::from_utf8_lossy(rest_window);
    let shown_rest = printable(rest_text.trim_end_matches('\r').get(..).unwrap_or_default());
    let mut tail: String = shown_rest.chars().take(EXCERPT_CHARS).collect();
    if tail.len() < shown_rest.len() || rest_window.len() < rest.len() {
        tail.push('…');
    }
    Excerpt { caret: shown_lead.chars().count(), text: shown_lead + &tail }
}

fn is_char_start(byte: u8) -> bool {
    byte & 0xc0 != 0x80
}

/// The offset behind the byte order mark, which the JSON reader does not see.
fn text_start(bytes: &[u8]) -> usize {
    if bytes.starts_with(BYTE_ORDER_MARK.as_bytes()) { BYTE_ORDER_MARK.len() } else { 0 }
}

/// The offset of a line and column as serde_json counts them.
pub(super) fn offset_of(bytes: &[u8], line: usize, column: usize) -> usize {
    let line_start = match line {
        0 | 1 => text_start(bytes),
        _ => memchr::memchr_iter(b'\n', bytes).nth(line - 2).map_or(bytes.len(), |newline| newline + 1),
    };
    (line_start + column.saturating_sub(1)).min(bytes.len())
}

/// The offset of what a path leads to; as far as the path can be followed.
pub(super) fn find(blanked: &[u8], path: &Path, part: Part) -> usize {
    let mut walk = Walk { bytes: blanked, at: text_start(blanked) };
    walk.blanks();
    let mut offset = walk.at;
    for (index, step) in path.0.iter().enumerate() {
        let is_last = index + 1 == path.0.len();
        let Some(found) = walk.enter(step) else { return offset };
        offset = if is_last && part == Part::Name { found.name } else { found.value };
        walk.at = found.value;
    }
    offset
}

struct Found {
    name: usize,
    value: usize,
}

/// A walk over text that serde_json has already read up to the fault; knows nesting and strings, nothing else.
struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Walk<'_> {
    /// Steps into an object or array that begins here.
    fn enter(&mut self, step: &Step) -> Option<Found> {
        let opening = self.peek()?;
        self.at += 1;
        let mut best = None;
        let mut index = 0_usize;
        loop {
            self.blanks();
            if matches!(self.peek(), None | Some(b'}' | b']')) {
                return best;
            }
            let name = self.at;
            let matched = match (opening, step) {
                (b'{', _) => {
                    let key = self.string()?;
                    self.blanks();
                    self.at += 1;
                    self.blanks();
                    step_names(step, &key)
                }
                (b'[', Step::Item(wanted)) => index == *wanted,
                _ => return None,
            };
            if matched {
                best = Some(Found { name, value: self.at });
                // The last of several equal names is the offending one; an item is found at once.
                if opening == b'[' {
                    return best;
                }
            }
            if self.skip_value().is_none() {
                return best;
            }
            self.blanks();
            if self.peek() == Some(b',') {
                self.at += 1;
            }
            index += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Reads a string that begins here, escapes decoded.
    fn string(&mut self) -> Option<Cow<'static, str>> {
        let start = self.at;
        self.skip_string()?;
        let raw = self.bytes.get(start..self.at)?;
        serde_json::from_slice::<String>(raw).ok().map(Cow::Owned)
    }

    fn skip_string(&mut self) -> Option<()> {
        if self.peek()? != b'"' {
            return None;
        }
        self.at += 1;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(())
    }

    /// Skips a value without recursion, so that deep nesting costs nothing but time.
    fn skip_value(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.skip_string()?;
                    if depth == 0 {
                        return Some(());
                    }
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => match depth {
                    0 => return Some(()),
                    1 => {
                        self.at += 1;
                        return Some(());
                    }
                    _ => depth -= 1,
                },
                b',' if depth == 0 => return Some(()),
                _ => {}
            }
            self.at += 1;
        }
    }
}

fn step_names(step: &Step, key: &str) -> bool {
    match step {
        // Lists of 2014 write an mx-domain with or without `*.` or `.`; paths may carry the bare name.
        Step::Member(name) => key.trim_start_matches(['*', '.']) == name.trim_start_matches(['*', '.']),
        Step::Domain(domain) => Domain::parse(key).is_ok_and(|parsed| parsed == *domain),
        Step::Item(_) => false,
    }
}
