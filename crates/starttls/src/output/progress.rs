//! Progress on a terminal for what takes longer than a second; nothing in a pipe.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Bytes above which reading a list may take longer than a second.
const SLOW_BYTES: u64 = 32 << 20;

/// A line on stderr that goes away when the work is done.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Work on so many bytes; shown only if they are many.
    pub(crate) fn over_bytes(what: String, bytes: u64) -> Self {
        Self::new(what, bytes >= SLOW_BYTES)
    }

    fn new(what: String, is_slow: bool) -> Self {
        let target = if is_slow { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        bar.set_style(style);
        bar.set_message(what);
        if is_slow && !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        Self(bar)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
