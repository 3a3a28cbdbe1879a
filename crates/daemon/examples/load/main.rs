//! Asks a socketmap server and measures what it takes, from outside.
//!
//! Usage: load run ADDRESS --keys FILE [--map NAME] [--connections N] [--depth D] [--seconds S | --once yes] [--pid PID]
//!        load behind ADDRESS --key KEY [--map NAME] [--idle N] [--half N] [--times N]
//!        load ask ADDRESS --key KEY [--map NAME] [--times N]
//!        load start ADDRESS --key KEY [--map NAME] -- COMMAND…
//!        load memory PID
//!
//! `run` keeps D requests in flight on each of N connections and prints one line: replies per second, percentiles of the time
//! per request, CPU time of PID per request, replies by kind. With `--once` each key is asked once. `behind` is a new client
//! behind N connections that say nothing and N that sent one byte; `ask` a client that asks the same again; `start` starts
//! COMMAND and waits for its first answer. Times are in microseconds, memory in kilobytes. `ADDRESS` may be `unix:/path`.
//!
//! Exit: 0 done, 1 something was no reply, or could not be measured.
#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a measuring tool"
)]

mod arguments;
mod behind;
mod client;
mod histogram;
mod process;
mod run;

use std::env;
use std::process::ExitCode;

use anyhow::{Result, bail};

use arguments::Arguments;

fn main() -> ExitCode {
    match measure() {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("load: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<String> {
    let mut arguments = Arguments::read(env::args().skip(1))?;
    match arguments.next()?.as_str() {
        "run" => run::run(&mut arguments),
        "behind" => behind::behind(&mut arguments),
        "ask" => behind::ask(&mut arguments),
        "start" => behind::start(&mut arguments),
        "memory" => process::memory(arguments.next()?.parse()?),
        other => bail!("no measurement `{other}`; see the head of main.rs"),
    }
}
