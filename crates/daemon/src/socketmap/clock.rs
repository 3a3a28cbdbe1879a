//! The coarse clock of the serving thread.
//!
//! Waiting with a time-out would arm a timer for each request; a tick from beside costs one wake-up.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::finding::Mailbox;

/// Rings from now on, until nobody else holds the mailbox.
pub(super) fn start(period: Duration, mailbox: &Arc<Mailbox>) -> io::Result<()> {
    let mailbox = Arc::downgrade(mailbox);
    thread::Builder::new().name("socketmap-clock".into()).spawn(move || {
        loop {
            thread::sleep(period);
            match mailbox.upgrade() {
                Some(mailbox) => mailbox.tick(),
                None => return,
            }
        }
    })?;
    Ok(())
}
