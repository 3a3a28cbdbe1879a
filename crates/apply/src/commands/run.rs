//! One bounded run of one tool.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, Signal, kill_process_group};

use super::{Answer, Call, CommandError, Messages, terminal};

const READ_BYTES: usize = 64 * 1024;

/// What we read of one of the tool's outputs.
struct Stream {
    /// `None` after its end.
    end: Option<OwnedFd>,
    bytes: Vec<u8>,
}

/// Why listening stopped before the tool ended.
enum Stopped {
    TimedOut,
    TooMuchOutput,
    Io(io::Error),
}

pub(super) fn run(path: &Path, search_path: &OsStr, call: Call) -> Result<Answer, CommandError> {
    let command = call.spelled();
    let (deadline, max_bytes) = (call.deadline, call.max_bytes);
    match run_bounded(path, search_path, call) {
        Ok((status, [output, messages])) => Ok(Answer {
            code: status.code(),
            output: text(&output.bytes),
            messages: text(&messages.bytes).replace('\r', ""),
        }),
        Err(Stopped::TimedOut) => Err(CommandError::TimedOut { command, deadline }),
        Err(Stopped::TooMuchOutput) => Err(CommandError::TooMuchOutput { command, max_bytes }),
        Err(Stopped::Io(source)) => Err(CommandError::Run { command, source }),
    }
}

fn run_bounded(path: &Path, search_path: &OsStr, call: Call) -> Result<(ExitStatus, [Stream; 2]), Stopped> {
    let give_up_at = Instant::now() + call.deadline;
    let max_bytes = call.max_bytes;
    let (child, mut streams) = start(path, search_path, call)?;
    let group = Pid::from_child(&child);
    let (ended, status) = wait_aside(child)?;
    let listened = listen(&mut streams, &ended, give_up_at, max_bytes);
    if let Err(stopped) = listened {
        // It may have ended meanwhile, which is as good.
        let _ = kill_process_group(group, Signal::KILL);
        return Err(stopped);
    }
    let status = status.recv().map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))??;
    Ok((status, streams))
}

fn start(path: &Path, search_path: &OsStr, call: Call) -> io::Result<(Child, [Stream; 2])> {
    let (output, their_output) = io::pipe()?;
    let (messages, their_messages): (OwnedFd, OwnedFd) = match call.messages {
        Messages::Pipe => {
            let (ours, theirs) = io::pipe()?;
            (ours.into(), theirs.into())
        }
        Messages::Terminal => terminal::open()?,
    };
    let streams = [Stream::new(output.into())?, Stream::new(messages)?];
    let child = Command::new(path)
        .args(&call.arguments)
        .env_clear()
        .env("LC_ALL", "C")
        .env("PATH", search_path)
        .envs(call.environment)
        .current_dir("/")
        .stdin(call.input.map_or_else(Stdio::null, Stdio::from))
        .stdout(their_output)
        .stderr(Stdio::from(their_messages))
        // A group of its own, so that what it starts can be killed with it.
        .process_group(0)
        .spawn()?;
    Ok((child, streams))
}

/// Waits for the child on a thread; the returned pipe closes when it has ended.
fn wait_aside(mut child: Child) -> io::Result<(OwnedFd, Receiver<io::Result<ExitStatus>>)> {
    let (ended, ending) = io::pipe()?;
    let (sender, receiver) = sync_channel(1);
    std::thread::Builder::new().name("wait".into()).spawn(move || {
        // Nobody listens any more after a time-out.
        let _ = sender.send(child.wait());
        drop(ending);
    })?;
    Ok((ended.into(), receiver))
}

/// Reads both outputs until the tool has ended; what its own children still hold open is not waited for.
fn listen(
    streams: &mut [Stream; 2],
    ended: &OwnedFd,
    give_up_at: Instant,
    max_bytes: usize,
) -> Result<(), Stopped> {
    loop {
        let left = give_up_at.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Stopped::TimedOut);
        }
        let has_ended = wait_for_something(streams, ended, left)?;
        for stream in &mut *streams {
            stream.read_what_is_there(max_bytes)?;
        }
        if has_ended {
            return Ok(());
        }
    }
}

fn wait_for_something(streams: &[Stream], ended: &OwnedFd, left: Duration) -> io::Result<bool> {
    let timeout = Timespec::try_from(left).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let mut watched = vec![PollFd::new(ended, PollFlags::IN)];
    let open = streams.iter().filter_map(|stream| stream.end.as_ref());
    watched.extend(open.map(|end| PollFd::new(end, PollFlags::IN)));
    match poll(&mut watched, Some(&timeout)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(watched.first().is_some_and(|first| !first.revents().is_empty()))
}

impl Stream {
    fn new(end: OwnedFd) -> io::Result<Self> {
        fcntl_setfl(&end, fcntl_getfl(&end)? | OFlags::NONBLOCK)?;
        Ok(Self { end: Some(end), bytes: Vec::new() })
    }

    fn read_what_is_there(&mut self, max_bytes: usize) -> Result<(), Stopped> {
        let mut buffer = vec![0; READ_BYTES];
        while let Some(end) = &self.end {
            match rustix::io::read(end, &mut buffer) {
                // A terminal whose other end is closed answers IO.
                Ok(0) | Err(rustix::io::Errno::IO) => self.end = None,
                Ok(length) => self.bytes.extend(buffer.iter().take(length)),
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(Stopped::Io(error.into())),
            }
            if self.bytes.len() > max_bytes {
                return Err(Stopped::TooMuchOutput);
            }
        }
        Ok(())
    }
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
