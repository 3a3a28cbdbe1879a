//! One file per command: its arguments, one call below, its output.

pub(crate) mod completions;
pub(crate) mod generate;
pub(crate) mod list;
pub(crate) mod man;
pub(crate) mod overrides;
pub(crate) mod query;
pub(crate) mod settings;
pub(crate) mod why;
