//! Logs on standard error, as text or JSON; RUST_LOG is not consulted, so that nobody's shell makes them say more.

use std::io::IsTerminal as _;

use tracing::level_filters::LevelFilter;

use crate::settings::LogFormat;

/// Sets logs up, once.
pub(super) fn start(format: LogFormat) {
    // The journal has times of its own.
    let has_journal = std::env::var_os("JOURNAL_STREAM").is_some();
    let has_colours =
        std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    let builder = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::INFO)
        .with_target(false)
        .with_ansi(has_colours)
        .with_writer(std::io::stderr);
    // Only a second start would fail, and there is none.
    let _ = match (format, has_journal) {
        (LogFormat::Json, _) => builder.json().flatten_event(true).try_init(),
        (LogFormat::Text, true) => builder.without_time().try_init(),
        (LogFormat::Text, false) => builder.try_init(),
    };
}
