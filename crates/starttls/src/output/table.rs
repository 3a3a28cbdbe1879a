//! Tables whose columns align, on a terminal and in a pipe alike; rows are made twice and never kept.

use std::io::Write;

use owo_colors::{OwoColorize, Style};

/// One cell: its text and how it looks on a terminal.
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A cell in a style of its own.
    pub(crate) fn styled(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::styled(text, Style::new())
    }
}

/// Where the text of a column stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// Prints a table: two blanks between columns, as many rows as `rows` makes.
///
/// `rows` is called twice, first to measure: a list of a million domains is shown without a copy of it.
pub(crate) fn print<const N: usize, I: Iterator<Item = [Cell; N]>>(
    columns: [(&str, Align); N],
    rows: impl Fn() -> I,
) -> std::io::Result<()> {
    let mut widths = columns.map(|(heading, _)| heading.chars().count());
    for row in rows() {
        for (width, cell) in widths.iter_mut().zip(&row) {
            *width = cell.width().max(*width);
        }
    }
    let mut out = std::io::BufWriter::new(anstream::stdout().lock());
    let layout: Vec<(usize, Align)> =
        widths.into_iter().zip(columns).map(|(width, (_, align))| (width, align)).collect();
    write_row(&mut out, &layout, &columns.map(|(heading, _)| Cell::styled(heading, Style::new().bold())))?;
    rows().try_for_each(|row| write_row(&mut out, &layout, &row))?;
    out.flush()
}

fn write_row(out: &mut dyn Write, layout: &[(usize, Align)], row: &[Cell]) -> std::io::Result<()> {
    let last = row.iter().rposition(|cell| !cell.text.is_empty());
    for (index, (cell, (width, align))) in
        row.iter().zip(layout).enumerate().take(last.map_or(0, |last| last + 1))
    {
        let gap = if index == 0 { "" } else { "  " };
        let blanks = " ".repeat(width.saturating_sub(cell.width()));
        let text = cell.text.style(cell.style);
        match align {
            Align::Right => write!(out, "{gap}{blanks}{text}")?,
            Align::Left if Some(index) == last => write!(out, "{gap}{text}")?,
            Align::Left => write!(out, "{gap}{text}{blanks}")?,
        }
    }
    writeln!(out)
}
