//! Fault points: the places at which a run can be cut short. Outside tests they do nothing.

#[cfg(test)]
pub(crate) use armed::{Fault, arm, reached};

/// Marks a place between two steps on disk.
///
/// # Errors
/// Only in tests, when the fault was armed for this place.
#[cfg(not(test))]
#[expect(clippy::unnecessary_wraps, reason = "in tests it fails")]
#[inline]
pub(crate) fn point() -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
pub(crate) use armed::point;

#[cfg(test)]
mod armed {
    use std::cell::Cell;
    use std::io;

    /// What happens when the armed place is reached.
    #[derive(Clone, Copy, Debug, Eq, PartialEq)]
    pub(crate) enum Fault {
        /// The step answers an error.
        Fail,
        /// The process dies as under `kill -9`.
        Kill,
    }

    thread_local! {
        static ARMED: Cell<Option<(usize, Fault)>> = const { Cell::new(None) };
    }

    /// Lets the place counted `skip` from now (from 0) be the faulty one, on this thread.
    pub(crate) fn arm(skip: usize, fault: Fault) {
        ARMED.set(Some((skip, fault)));
    }

    /// Tells whether the armed place was reached, and disarms.
    pub(crate) fn reached() -> bool {
        ARMED.take().is_none()
    }

    /// Counts down to the armed place.
    pub(crate) fn point() -> io::Result<()> {
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
}
