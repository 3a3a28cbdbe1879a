//! Faults at the places where a run can be cut short: armed by a test, per thread.

use std::cell::Cell;
use std::io;

/// What happens when the armed place is reached.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// The step answers an error.
    Fail,
    /// The process dies as under `kill -9`.
    Kill,
}

thread_local! {
    static ARMED: Cell<Option<(usize, Fault)>> = const { Cell::new(None) };
}

/// Lets the place counted `skip` from now (from 0) be the faulty one, on this thread.
pub fn arm(skip: usize, fault: Fault) {
    ARMED.set(Some((skip, fault)));
    starttls_host::fault::set_hook(Some(passed));
}

/// Tells whether the armed place was reached, and disarms.
pub fn reached() -> bool {
    starttls_host::fault::set_hook(None);
    ARMED.take().is_none()
}

/// A fault point was passed: counts down to the armed one, and fails there.
fn passed() -> io::Result<()> {
    match ARMED.get() {
        None => Ok(()),
        Some((0, Fault::Fail)) => {
            ARMED.set(None);
            Err(io::Error::other("injected fault"))
        }
        Some((0, Fault::Kill)) => {
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)?;
            Err(io::Error::other("still alive"))
        }
        Some((skip, fault)) => {
            ARMED.set(Some((skip - 1, fault)));
            Ok(())
        }
    }
}
