//! Reads a policy table back, line by line, with the closed grammar of [`Line`].

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::TABLE_HEADER;
use super::line::Line;

/// Reads a whole table: our header, then lines that we could have written, each domain once.
///
/// # Errors
/// The number of the first line (from 1) that is none of ours, and what is wrong with it.
pub fn check_table(text: &str) -> Result<(), (usize, String)> {
    let Some(body) = text.strip_prefix(TABLE_HEADER) else {
        return Err((1, "the table does not begin with our header".into()));
    };
    let first = TABLE_HEADER.lines().count() + 1;
    if !text.ends_with('\n') {
        return Err((text.split('\n').count(), "the last line is cut off".into()));
    }
    // `lines` would drop a carriage return, which is no part of the grammar.
    let lines = || body.split_terminator('\n').zip(first..);
    let (mut previous, mut is_sorted) = ("", true);
    for (line, number) in lines() {
        Line::parse(line).map_err(|error| (number, format!("{error}")))?;
        let key = key_of(line);
        is_sorted &= previous < key;
        previous = key;
    }
    // A second line for a domain makes Postfix give up on the whole table.
    if is_sorted {
        Ok(())
    } else {
        find_twice(lines().map(|(line, number)| (key_of(line), number)).collect())
    }
}

fn find_twice(mut keys: Vec<(&str, usize)>) -> Result<(), (usize, String)> {
    keys.sort_unstable();
    let twice = keys.windows(2).filter_map(|pair| match pair {
        [(one, _), (other, number)] if one == other => Some((*number, *one)),
        _ => None,
    });
    match twice.min() {
        Some((number, domain)) => Err((number, format!("`{domain}` stands there twice"))),
        None => Ok(()),
    }
}

fn key_of(line: &str) -> &str {
    line.split_once(' ').map_or(line, |(key, _)| key)
}
