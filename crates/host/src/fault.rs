//! Fault points: the places at which a test can cut work on disk short. Outside tests they do nothing.

use std::cell::Cell;
use std::io;

/// Decides at a fault point whether the step that follows fails.
pub type Hook = fn() -> io::Result<()>;

thread_local! {
    static HOOK: Cell<Option<Hook>> = const { Cell::new(None) };
}

/// Marks a place between two steps on disk.
///
/// # Errors
/// Only in tests, when the hook of this thread says so.
pub fn point() -> io::Result<()> {
    HOOK.get().map_or(Ok(()), |hook| hook())
}

/// Sets the hook of this thread; for tests only.
#[doc(hidden)]
pub fn set_hook(hook: Option<Hook>) {
    HOOK.set(hook);
}
