//! Progress on a terminal for what takes longer than a second; nothing in a pipe.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Bytes above which reading a list may take longer than a second.
const SLOW_BYTES: u64 = 32 << 20;

/// Domains above which writing a policy may take longer than a second.
const SLOW_DOMAINS: u64 = 500_000;

/// A line on stderr that goes away when the work is done.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Work on so many bytes, of which only the end can be told.
    pub(crate) fn over_bytes(what: String, bytes: u64) -> Self {
        let bar = Self::bar(None, bytes >= SLOW_BYTES, "{spinner} {msg} ({elapsed})");
        bar.set_message(what);
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        Self(bar)
    }

    /// Work on so many domains, one after another.
    pub(crate) fn over_domains(what: &'static str, domains: u64) -> Self {
        let template = "{msg} {bar:40} {human_pos} of {human_len} domains, {eta} left";
        let bar = Self::bar(Some(domains), domains >= SLOW_DOMAINS, template);
        bar.set_message(what);
        Self(bar)
    }

    /// Work that may wait for others.
    pub(crate) fn waiting(what: String) -> Self {
        Self::over_bytes(what, SLOW_BYTES)
    }

    /// One more domain is done.
    pub(crate) fn step(&self) {
        self.0.inc(1);
    }

    fn bar(length: Option<u64>, is_slow: bool, template: &str) -> ProgressBar {
        let target = if is_slow { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(length, target);
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
