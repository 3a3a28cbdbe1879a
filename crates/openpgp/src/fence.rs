//! A fence around the library: should it panic on bytes nobody thought of, that is one refusal and not the end of the program.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// The library panicked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Panicked;

/// What `work` gives, or that it panicked. Nothing that `work` changes may be used after a panic.
pub(crate) fn fenced<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Panicked)
}

#[cfg(test)]
mod a_panic {
    use super::*;

    #[test]
    fn is_an_error() {
        assert_eq!(fenced(|| 1), Ok(1));
        assert_eq!(fenced(|| -> u8 { panic!("on purpose") }), Err(Panicked));
    }
}
