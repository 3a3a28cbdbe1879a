//! Signals: SIGTERM and SIGINT stop, SIGHUP reads lists and overrides anew; others that would end the process do nothing.

use std::future::pending;

use rustix::process::Signal;
use starttls_daemon::operations::Notifier;
use tokio::signal::unix::{Signal as Waiting, SignalKind, signal};

use super::keeper::Keeper;

/// Signals that end a process unless it says otherwise, and mean nothing to the daemon. SIGXFSZ comes with a write beyond the limit of
/// file sizes, which then fails like one to a full disk. SIGQUIT is left: it makes a core dump of a process that hangs.
const MEANINGLESS: [Signal; 10] = [
    Signal::USR1,
    Signal::USR2,
    Signal::ALARM,
    Signal::PIPE,
    Signal::VTALARM,
    Signal::PROF,
    Signal::IO,
    Signal::POWER,
    Signal::XFSZ,
    Signal::XCPU,
];

/// The signals that the daemon obeys, from now on.
pub(super) struct Signals {
    terminate: Option<Waiting>,
    interrupt: Option<Waiting>,
    hangup: Option<Waiting>,
}

impl Signals {
    /// Takes signals over from the system, whose way is to end the process; must be called within the runtime.
    pub(super) fn take_over() -> Self {
        let listen = |kind| {
            signal(kind).inspect_err(|error| tracing::warn!("a signal cannot be waited for: {error}")).ok()
        };
        for meaningless in MEANINGLESS {
            // One that is listened to once ends the process no more.
            drop(listen(SignalKind::from_raw(meaningless.as_raw())));
        }
        Self {
            terminate: listen(SignalKind::terminate()),
            interrupt: listen(SignalKind::interrupt()),
            hangup: listen(SignalKind::hangup()),
        }
    }

    /// Obeys signals until one says stop.
    pub(super) async fn until_stopped(mut self, keeper: &Keeper, notifier: &Notifier) {
        loop {
            tokio::select! {
                () = next(&mut self.terminate) => return,
                () = next(&mut self.interrupt) => return,
                () = next(&mut self.hangup) => reload(keeper, notifier).await,
            }
        }
    }
}

async fn next(signal: &mut Option<Waiting>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => pending().await,
    }
}

async fn reload(keeper: &Keeper, notifier: &Notifier) {
    notifier.reloading();
    match keeper.reload().await {
        Ok(words) => {
            // What is wrong with a list follows in lines of its own, and is in the log already.
            let words = words.lines().next().unwrap_or_default();
            tracing::info!("{words}");
            notifier.ready(words);
        }
        Err(error) => {
            tracing::error!("nothing was read anew, everything is as it was: {error:#}");
            notifier.ready("the last reload failed; everything is as it was");
        }
    }
}
