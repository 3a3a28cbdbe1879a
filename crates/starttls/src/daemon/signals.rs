//! Signals: SIGTERM and SIGINT stop, SIGHUP reads lists and overrides anew.

use std::future::pending;

use starttls_daemon::operations::Notifier;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::keeper::Keeper;

/// Obeys signals until one says stop.
pub(super) async fn until_stopped(keeper: &Keeper, notifier: &Notifier) {
    let listen = |kind| {
        signal(kind).inspect_err(|error| tracing::warn!("a signal cannot be waited for: {error}")).ok()
    };
    let mut terminate = listen(SignalKind::terminate());
    let mut interrupt = listen(SignalKind::interrupt());
    let mut hangup = listen(SignalKind::hangup());
    loop {
        tokio::select! {
            () = next(&mut terminate) => return,
            () = next(&mut interrupt) => return,
            () = next(&mut hangup) => reload(keeper, notifier).await,
        }
    }
}

async fn next(signal: &mut Option<Signal>) {
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
