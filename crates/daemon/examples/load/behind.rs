//! Single clients: behind a crowd, again and again, at the start of a server.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use starttls_daemon::socketmap::Listen;

use crate::arguments::Arguments;
use crate::client::{Client, frame};
use crate::histogram::Histogram;
use crate::process::memory;

/// A server that has not answered until then does not start.
const START: Duration = Duration::from_mins(1);

/// A new client each time, from connecting to the reply.
pub(crate) fn behind(arguments: &mut Arguments) -> Result<String> {
    let address: Listen = arguments.next()?.parse()?;
    let request = frame(arguments.map(), arguments.text("key")?);
    let idle = arguments.number("idle", 1000)?;
    let half = arguments.number("half", 512)?;
    let mut crowd = Vec::new();
    for index in 0..idle + half {
        let mut client = Client::connect(&address)?;
        if index >= idle {
            client.write(b"1")?;
        }
        crowd.push(client);
    }
    let mut times = Histogram::new();
    for _ in 0..arguments.number("times", 200)? {
        let begin = Instant::now();
        Client::connect(&address)?.ask(&request)?;
        times.add(begin.elapsed());
    }
    Ok(line(&times, ""))
}

/// One client that asks the same again; the first time, which may be slow, stands for itself.
pub(crate) fn ask(arguments: &mut Arguments) -> Result<String> {
    let address: Listen = arguments.next()?.parse()?;
    let request = frame(arguments.map(), arguments.text("key")?);
    let mut client = Client::connect(&address)?;
    let begin = Instant::now();
    let reply = client.ask(&request)?;
    let first = begin.elapsed();
    let mut times = Histogram::new();
    for _ in 0..arguments.number("times", 200)? {
        let begin = Instant::now();
        client.ask(&request)?;
        times.add(begin.elapsed());
    }
    let reply = String::from_utf8_lossy(&reply).into_owned();
    Ok(line(&times, &format!(" first={} reply={reply:?}", first.as_micros())))
}

/// From the start of a program to its first answer; the program is ended then.
pub(crate) fn start(arguments: &mut Arguments) -> Result<String> {
    let address: Listen = arguments.next()?.parse()?;
    let request = frame(arguments.map(), arguments.text("key")?);
    let (program, rest) = arguments.command.split_first().context("no command behind `--`")?;
    let begin = Instant::now();
    let mut child = Command::new(program)
        .args(rest)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .context(program.clone())?;
    let answered = loop {
        match Client::connect(&address) {
            Ok(mut client) => break client.ask(&request),
            Err(error) if begin.elapsed() > START => break Err(error),
            Err(_) => std::thread::sleep(Duration::from_micros(100)),
        }
    };
    let took = begin.elapsed();
    let memory = memory(child.id());
    child.kill()?;
    child.wait()?;
    let reply = String::from_utf8_lossy(&answered?).into_owned();
    Ok(format!("first={} {} reply={reply:?}", took.as_micros(), memory?))
}

fn line(times: &Histogram, more: &str) -> String {
    let [middle, most, worst] = [500, 990, 1000].map(|share| times.of_thousand(share));
    format!("p50={middle:.1} p99={most:.1} max={worst:.1}{more}")
}
