//! main.cf with the original lines of some parameters, whatever else has changed in it since.

use std::collections::BTreeSet;
use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::logical_lines::{LogicalLine, logical, physical};

/// The text `now` in which the parameters `names` have the lines that they have in `before`, to the byte: none, empty,
/// continued, with comments in between or given twice. Everything else stays as it is in `now`.
///
/// A line comes back where the parameter stands now, or else between the lines that were its neighbours.
pub(super) fn restored(before: &[u8], now: &[u8], names: &BTreeSet<&str>) -> Vec<u8> {
    let (before, now) = (Text::new(before, names), Text::new(now, names));
    let matching = matching(&before.rest, &now.rest);
    // What comes before which line of the rest; `now.rest.len()` is the end.
    let mut insertions: Vec<(usize, &[u8])> = Vec::new();
    for (number, parameter) in before.ours.iter().enumerate() {
        let stands = before.same_in(&now, number).and_then(|same| same.lines.first()).map(|(at, _)| *at);
        let mut place = 0;
        for (index, (at, line)) in parameter.lines.iter().enumerate() {
            let wanted = neighbours(&matching, *at, now.rest.len());
            place = if index == 0 {
                let stands = stands.filter(|at| (wanted.start..=wanted.end).contains(at));
                now.boundary(stands.unwrap_or(wanted.start))
            } else if now.is_passable(place..wanted.start) {
                wanted.start.max(place)
            } else {
                place
            };
            insertions.push((place, line));
        }
    }
    insertions.sort_by_key(|(at, _)| *at);
    let mut lines = Vec::with_capacity(now.rest.len() + insertions.len());
    let mut insertions = insertions.into_iter().peekable();
    for at in 0..=now.rest.len() {
        while let Some((_, line)) = insertions.next_if(|(place, _)| *place == at) {
            lines.push(line);
        }
        lines.extend(now.rest.get(at));
    }
    joined(&lines)
}

/// A text, taken apart into the lines of some parameters and the rest.
struct Text<'a> {
    ours: Vec<Definition<'a>>,
    rest: Vec<&'a [u8]>,
    /// The logical lines of the rest that have several physical ones, by first and last.
    continued: Vec<Range<usize>>,
}

/// One definition of a parameter.
struct Definition<'a> {
    name: String,
    /// Its lines, with the number of lines of the rest before each.
    lines: Vec<(usize, &'a [u8])>,
}

impl<'a> Text<'a> {
    fn new(text: &'a [u8], names: &BTreeSet<&str>) -> Self {
        let is_ours = |line: &LogicalLine| line.parameter().is_some_and(|(name, _)| names.contains(name));
        let (ours, others): (Vec<_>, Vec<_>) = logical(text).into_iter().partition(is_ours);
        let taken: BTreeSet<usize> = ours.iter().flat_map(|line| line.lines.iter().copied()).collect();
        let lines: Vec<&[u8]> = physical(text).collect();
        // The number of lines of the rest before each line.
        let mut above = Vec::with_capacity(lines.len());
        let mut rest = Vec::new();
        for (number, line) in lines.iter().enumerate() {
            above.push(rest.len());
            if !taken.contains(&number) {
                rest.push(*line);
            }
        }
        let place = |number: &usize| Some((*above.get(*number)?, *lines.get(*number)?));
        let span = |line: &LogicalLine| {
            let (first, last) = (above.get(*line.lines.first()?)?, above.get(*line.lines.last()?)?);
            (first < last).then_some(*first..*last)
        };
        let definition = |line: &LogicalLine| {
            let (name, _) = line.parameter()?;
            let lines = line.lines.iter().filter_map(place).collect();
            Some(Definition { name: name.to_owned(), lines })
        };
        Self {
            ours: ours.iter().filter_map(definition).collect(),
            continued: others.iter().filter_map(span).collect(),
            rest,
        }
    }

    /// The definition in another text that is this one's: of the same parameter, which both give as often.
    fn same_in<'b>(&self, other: &'b Text<'a>, number: usize) -> Option<&'b Definition<'a>> {
        let name = &self.ours.get(number)?.name;
        let count =
            |definitions: &[Definition<'_>]| definitions.iter().filter(|one| one.name == *name).count();
        let before = count(self.ours.get(..number)?);
        let same = other.ours.iter().filter(|one| one.name == *name).nth(before);
        same.filter(|_| count(&self.ours) == count(&other.ours))
    }

    /// The next place that is not within a continued value.
    fn boundary(&self, place: usize) -> usize {
        let within = self.continued.iter().find(|span| span.start < place && place <= span.end);
        within.map_or(place, |span| span.end + 1)
    }

    /// Tells whether a value can be continued behind these lines: there are only comments and empty ones.
    fn is_passable(&self, lines: Range<usize>) -> bool {
        let between = self.rest.get(lines).unwrap_or_default();
        between.iter().map(|line| line.trim_ascii()).all(|line| line.is_empty() || line.starts_with(b"#"))
    }
}

/// For each line of `before` its number in `now`, if it is still there.
fn matching(before: &[&[u8]], now: &[&[u8]]) -> Vec<Option<usize>> {
    let trimmed =
        |lines: &[&[u8]]| lines.iter().map(|line| line.trim_ascii_end().to_vec()).collect::<Vec<_>>();
    let mut matching = vec![None; before.len()];
    for operation in capture_diff_slices(Algorithm::Myers, &trimmed(before), &trimmed(now)) {
        if let DiffOp::Equal { old_index, new_index, len } = operation {
            for (old, new) in (old_index..old_index + len).zip(new_index..) {
                if let Some(entry) = matching.get_mut(old) {
                    *entry = Some(new);
                }
            }
        }
    }
    matching
}

/// The places between what stood above and below a place, as far as that is still there.
fn neighbours(matching: &[Option<usize>], place: usize, end: usize) -> Range<usize> {
    let (above, below) = matching.split_at(place.min(matching.len()));
    let start = above.iter().rev().flatten().next().map_or(0, |line| line + 1);
    start..below.iter().flatten().next().copied().unwrap_or(end)
}

/// The lines with an end after each but the last.
fn joined(lines: &[&[u8]]) -> Vec<u8> {
    let mut text = Vec::new();
    for line in lines {
        if text.last().is_some_and(|last| *last != b'\n') {
            text.push(b'\n');
        }
        text.extend_from_slice(line);
    }
    text
}

#[cfg(test)]
mod tests;
