//! The matrix that a test prints: a row per case, a column per configuration, and what was not as it should be.

use std::fmt::Write as _;

use anyhow::{Result, ensure};

/// Rows, columns and complaints.
#[derive(Debug, Default)]
pub struct Matrix {
    columns: Vec<String>,
    rows: Vec<(String, Vec<String>)>,
    complaints: Vec<String>,
}

impl Matrix {
    /// Adds a column.
    pub fn column(&mut self, title: &str) {
        self.columns.push(title.to_owned());
    }

    /// Fills in the next cell of a case. Any `complaint` marks the cell and is kept.
    pub fn cell(&mut self, case: &str, outcome: &str, complaint: Option<String>) {
        let mark = if complaint.is_some() { "  ✗ " } else { "" };
        let cell = format!("{mark}{outcome}");
        match self.rows.iter_mut().find(|(name, _)| name == case) {
            Some((_, cells)) => cells.push(cell),
            None => self.rows.push((case.to_owned(), vec![cell])),
        }
        let column = self.columns.last().map_or("", String::as_str);
        self.complaints.extend(complaint.map(|words| format!("{case}, {column}: {words}")));
    }

    /// What was not as it should be.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// Prints the matrix and fails with whatever was not as it should be, or was in the way of filling it.
    ///
    /// # Errors
    /// When there is such a thing.
    pub fn conclude(&self, title: &str, result: Result<()>) -> Result<()> {
        println!("{}", self.table(title));
        let error = result.err().map(|error| format!("{error:#}"));
        let words: Vec<_> = self.complaints.iter().cloned().chain(error).collect();
        ensure!(words.is_empty(), "{}", words.join("\n"));
        Ok(())
    }

    /// The matrix as a table.
    pub fn table(&self, title: &str) -> String {
        let width = |texts: &mut dyn Iterator<Item = &String>| {
            texts.map(|text| text.chars().count()).max().unwrap_or(0)
        };
        let first = width(&mut self.rows.iter().map(|(name, _)| name));
        let widths: Vec<_> = (0..self.columns.len())
            .map(|index| {
                let cells = self.rows.iter().filter_map(|(_, cells)| cells.get(index));
                width(&mut self.columns.get(index).into_iter().chain(cells))
            })
            .collect();
        let mut text = format!("{title}\n");
        let head = (&String::from("case"), &self.columns);
        for (name, cells) in std::iter::once(head).chain(self.rows.iter().map(|(name, cells)| (name, cells)))
        {
            let _ = write!(text, "  {name:first$}");
            for (cell, width) in cells.iter().zip(&widths) {
                let _ = write!(text, "  {cell:width$}");
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        text
    }
}
