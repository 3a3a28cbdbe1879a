//! Programs of the machine, each run with bounds: no shell, a clean environment, a deadline, byte limits, a process group of
//! its own.
//!
//! What a program is asked and what its answer means is the business of those who run it: `starttls-apply` (the mail
//! server's tools) and `starttls-sources` (`git`).

mod listen;
mod search_path;
mod stream;
mod terminal;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

pub use search_path::SearchPath;

use stream::Stream;

/// One run to be made.
#[derive(Debug)]
pub struct Call<'a> {
    /// Where the program is.
    pub program: &'a Path,
    /// What it is called with.
    pub arguments: &'a [OsString],
    /// All variables that it sees.
    pub environment: &'a [(&'a str, OsString)],
    /// What it reads, from where the file stands; nothing when `None`.
    pub input: Option<File>,
    /// What its standard error looks like to it.
    pub messages: Messages,
}

/// What the program's standard error looks like to it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Messages {
    /// A pipe.
    Pipe,
    /// A terminal: some programs say nothing when they are not looked at.
    Terminal,
}

/// What a run may use up.
#[derive(Clone, Copy)]
pub struct Bounds<'a> {
    /// From its start to its end.
    pub deadline: Duration,
    /// Most that it may write to its standard output.
    pub max_output_bytes: usize,
    /// Most that it may write to its standard error.
    pub max_message_bytes: usize,
    /// Asked now and then while the program runs; it is killed when this answers something.
    pub watch: Option<Watch<'a>>,
}

/// Answers why the program is to be killed, if it is.
pub type Watch<'a> = &'a dyn Fn() -> Option<String>;

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code, or the signal that killed it.
    pub status: ExitStatus,
    /// What it wrote to its standard output.
    pub output: Vec<u8>,
    /// What it wrote to its standard error.
    pub messages: Vec<u8>,
}

/// Why there is no end to tell of; whatever still ran was killed.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// It was still running at its deadline.
    #[error("it had not ended after {} s and was killed", .0.as_secs())]
    TimedOut(Duration),
    /// It wrote more than this many bytes to one of its outputs.
    #[error("it wrote more than {0} bytes and was killed")]
    TooMuchOutput(usize),
    /// The watch objected, in these words.
    #[error("{0}")]
    Watch(String),
    /// It could not be started or listened to.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Runs a program to its end, whatever its exit code. What its own children still hold open then is not waited for.
///
/// # Errors
/// [`Stopped`].
pub fn run(call: Call<'_>, bounds: &Bounds<'_>) -> Result<Ended, Stopped> {
    let give_up_at = Instant::now() + bounds.deadline;
    let (child, mut streams) = start(call, bounds)?;
    let group = Pid::from_child(&child);
    let (ended, status) = listen::wait_aside(child)?;
    if let Err(stopped) = listen::listen(&mut streams, &ended, give_up_at, bounds) {
        // It may have ended meanwhile, which is as good.
        let _ = kill_process_group(group, Signal::KILL);
        return Err(stopped);
    }
    let status = status.recv().map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))??;
    let [output, messages] = streams.map(Stream::into_bytes);
    Ok(Ended { status, output, messages })
}

fn start(call: Call<'_>, bounds: &Bounds<'_>) -> io::Result<(Child, [Stream; 2])> {
    let (output, their_output) = io::pipe()?;
    let (messages, their_messages): (OwnedFd, OwnedFd) = match call.messages {
        Messages::Pipe => {
            let (ours, theirs) = io::pipe()?;
            (ours.into(), theirs.into())
        }
        Messages::Terminal => terminal::open()?,
    };
    let streams = [
        Stream::new(output.into(), bounds.max_output_bytes)?,
        Stream::new(messages, bounds.max_message_bytes)?,
    ];
    let child = Command::new(call.program)
        .args(call.arguments)
        .env_clear()
        .envs(call.environment.iter().map(|(name, value)| (name, value)))
        .current_dir("/")
        .stdin(call.input.map_or_else(Stdio::null, Stdio::from))
        .stdout(their_output)
        .stderr(Stdio::from(their_messages))
        // A group of its own, so that what it starts can be killed with it.
        .process_group(0)
        .spawn()?;
    Ok((child, streams))
}
