//! Tables whose columns align, on a terminal and in a pipe alike.

use std::io::Write;

use comfy_table::{CellAlignment, presets};

/// A table without lines: headings, rows, two blanks between columns.
pub(crate) struct Table(comfy_table::Table);

impl Table {
    pub(crate) fn new(headings: &[&str]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(headings.iter().copied());
        Self(table)
    }

    /// Right-aligns a column of numbers.
    pub(crate) fn numbers(mut self, column: usize) -> Self {
        if let Some(column) = self.0.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        self
    }

    pub(crate) fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.0.add_row(cells.into_iter().map(Into::into));
    }

    pub(crate) fn print(&mut self) -> std::io::Result<()> {
        let mut out = anstream::stdout().lock();
        for line in self.0.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        out.flush()
    }
}
