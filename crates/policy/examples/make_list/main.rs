//! Prints a big made-up policy list, for measurements: `make_list COUNT [SEED] > big.json`.
//!
//! The same count and seed always make the same bytes: version 1 in canonical form. Memory stays small, whatever the count.
#![allow(clippy::print_stderr, reason = "this is a program for a terminal")]

mod generate;

use std::io::{BufWriter, Write as _};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let count = arguments.next().and_then(|text| text.parse().ok());
    let seed = arguments.next().map_or(Some(1), |text| text.parse().ok());
    let (Some(count @ 0..=generate::MAX_COUNT), Some(seed)) = (count, seed) else {
        eprintln!("usage: make_list COUNT [SEED], COUNT up to {}", generate::MAX_COUNT);
        return ExitCode::from(2);
    };
    let mut out = BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
    match generate::list(count, seed, &mut out).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("make_list: {error}");
            ExitCode::FAILURE
        }
    }
}
