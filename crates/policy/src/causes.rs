//! Errors in words.

use alloc::string::{String, ToString};
use core::error::Error;

/// An error with all its causes, in one line: `what failed: why: why that`.
pub fn with_causes(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words += ": ";
        words += &error.to_string();
        cause = error.source();
    }
    words
}

#[cfg(test)]
mod errors_in_one_line {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{words}")]
    struct Failure {
        words: &'static str,
        source: Option<alloc::boxed::Box<Failure>>,
    }

    #[test]
    fn name_every_cause_from_the_outermost_to_the_first() {
        let of = |words, source: Option<Failure>| Failure { words, source: source.map(Into::into) };
        let first = of("no route", None);
        assert_eq!(with_causes(&first), "no route");
        let all = of("cannot fetch", Some(of("cannot connect", Some(first))));
        assert_eq!(with_causes(&all), "cannot fetch: cannot connect: no route");
    }
}
