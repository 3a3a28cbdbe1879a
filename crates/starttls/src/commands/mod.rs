//! One file per command: its arguments, one call below, its output.

pub(crate) mod cache;
pub(crate) mod completions;
pub(crate) mod daemon;
pub(crate) mod generate;
pub(crate) mod list;
pub(crate) mod man;
pub(crate) mod overrides;
pub(crate) mod query;
pub(crate) mod reload;
pub(crate) mod settings;
pub(crate) mod status;
pub(crate) mod update;
pub(crate) mod why;
pub(crate) mod withdraw;
