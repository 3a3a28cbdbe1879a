//! Programs of the machine, each run with bounds: no shell, a clean environment, a deadline, byte limits, a process group of
//! its own.
//!
//! What a program is asked and what its answer means is the business of those who run it: `starttls-apply` (the mail
//! server's tools) and `starttls-sources` (`git`).

mod feed;
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

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

pub use search_path::SearchPath;

use feed::Feed;
use stream::Stream;

/// One run of a program.
#[derive(Debug)]
pub struct Call<'a> {
    /// The program's path.
    pub program: &'a Path,
    /// Its arguments.
    pub arguments: &'a [OsString],
    /// Its environment.
    pub environment: Environment<'a>,
    /// Its working directory.
    pub directory: &'a Path,
    /// Its standard input.
    pub input: Input<'a>,
    /// Its standard output.
    pub output: Output,
    /// Its standard error.
    pub messages: Messages,
    /// Its process group.
    pub group: Group,
}

/// The variables that a program sees.
#[derive(Clone, Copy, Debug)]
pub enum Environment<'a> {
    /// These.
    Only(&'a [(&'a str, OsString)]),
    /// Those of this process and these: for programs of the operator.
    Inherited(&'a [(&'a str, OsString)]),
}

/// The standard input of a program.
#[derive(Debug)]
pub enum Input<'a> {
    /// Empty.
    Nothing,
    /// A file, from its current position.
    File(File),
    /// These bytes, through a pipe. A program that does not read them is not waited for.
    Bytes(&'a [u8]),
}

/// What becomes of a program's standard output.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Output {
    /// It is read.
    Read,
    /// It is discarded.
    Discarded,
}

/// What becomes of a program's standard error.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Messages {
    /// It is read from a pipe.
    Pipe,
    /// It is read from a terminal: some programs write no messages to a pipe.
    Terminal,
    /// It goes where that of this process goes.
    Inherited,
    /// It is discarded.
    Discarded,
}

/// The process group of a program.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Group {
    /// One of its own, which is killed as a whole.
    Own,
    /// That of this process: the program may ask at the terminal. Programs that it started outlive its being killed.
    Shared,
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
    /// Tells whether it had taken all of [`Input::Bytes`] when it ended.
    pub took_input: bool,
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
    let group = call.group;
    let (child, mut pipes) = start(call, bounds)?;
    let pid = Pid::from_child(&child);
    let (ended, status) = listen::wait_aside(child)?;
    if let Err(stopped) = listen::listen(&mut pipes, &ended, give_up_at, bounds) {
        // It may have ended meanwhile, which is as good.
        let _ = match group {
            Group::Own => kill_process_group(pid, Signal::KILL),
            Group::Shared => kill_process(pid, Signal::KILL),
        };
        return Err(stopped);
    }
    let status = status.recv().map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))??;
    let [output, messages] = pipes.streams.map(Stream::into_bytes);
    Ok(Ended { status, output, messages, took_input: pipes.feed.is_empty() })
}

/// Our ends of a program's pipes.
struct Pipes<'a> {
    feed: Feed<'a>,
    streams: [Stream; 2],
}

fn start<'a>(call: Call<'a>, bounds: &Bounds<'_>) -> io::Result<(Child, Pipes<'a>)> {
    let (feed, their_input) = match call.input {
        Input::Nothing => (Feed::nothing(), Stdio::null()),
        Input::File(file) => (Feed::nothing(), file.into()),
        Input::Bytes(bytes) => {
            let (theirs, ours) = io::pipe()?;
            (Feed::new(ours.into(), bytes)?, theirs.into())
        }
    };
    let (output, their_output) = io::pipe()?;
    let their_output = match call.output {
        Output::Read => Stdio::from(their_output),
        Output::Discarded => Stdio::null(),
    };
    let (messages, their_messages): (OwnedFd, Stdio) = match call.messages {
        Messages::Terminal => {
            let (ours, theirs) = terminal::open()?;
            (ours, theirs.into())
        }
        other => {
            let (ours, theirs) = io::pipe()?;
            let theirs = match other {
                Messages::Inherited => Stdio::inherit(),
                Messages::Discarded => Stdio::null(),
                Messages::Pipe | Messages::Terminal => theirs.into(),
            };
            (ours.into(), theirs)
        }
    };
    let streams = [
        Stream::new(output.into(), bounds.max_output_bytes)?,
        Stream::new(messages, bounds.max_message_bytes)?,
    ];
    let mut command = Command::new(call.program);
    let variables = match call.environment {
        Environment::Only(variables) => {
            command.env_clear();
            variables
        }
        Environment::Inherited(variables) => variables,
    };
    if call.group == Group::Own {
        // So that the programs that it starts can be killed with it.
        command.process_group(0);
    }
    let child = command
        .args(call.arguments)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .current_dir(call.directory)
        .stdin(their_input)
        .stdout(their_output)
        .stderr(their_messages)
        .spawn()?;
    Ok((child, Pipes { feed, streams }))
}
