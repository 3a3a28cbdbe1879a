//! One bounded run of `git`: no shell, a clean environment, a deadline, a byte limit, a process group of its own.

use std::ffi::OsString;
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

/// Read at a time.
const READ_BYTES: usize = 64 << 10;

/// What a tool may say on standard error before it counts as gone mad.
const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// How often the watch looks while the tool is silent.
const WATCH_EVERY: Duration = Duration::from_millis(200);

/// What a run may use up.
pub(super) struct Bounds<'a> {
    pub(super) deadline: Duration,
    pub(super) max_bytes: usize,
    /// Asked now and then while the tool runs; it is killed when this answers something.
    pub(super) watch: &'a dyn Fn() -> Option<String>,
}

/// How a run ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    pub(super) output: Vec<u8>,
    pub(super) messages: Vec<u8>,
}

/// Why there is no end to tell of.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stopped {
    #[error("it had not ended after {} s and was killed", .0.as_secs())]
    TimedOut(Duration),
    #[error("it wrote more than {0} bytes and was killed")]
    TooMuchOutput(usize),
    #[error("{0}")]
    Watch(String),
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// What we read of one of the outputs.
struct Stream {
    /// `None` after its end.
    end: Option<OwnedFd>,
    bytes: Vec<u8>,
    max_bytes: usize,
}

pub(super) fn run(
    program: &Path,
    arguments: &[OsString],
    environment: &[(&str, OsString)],
    bounds: &Bounds<'_>,
) -> Result<Ended, Stopped> {
    let give_up_at = Instant::now() + bounds.deadline;
    let (child, mut streams) = start(program, arguments, environment, bounds.max_bytes)?;
    let group = Pid::from_child(&child);
    let (ended, status) = wait_aside(child)?;
    if let Err(stopped) = listen(&mut streams, &ended, give_up_at, bounds) {
        // It may have ended meanwhile, which is as good.
        let _ = kill_process_group(group, Signal::KILL);
        return Err(stopped);
    }
    let status = status.recv().map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))??;
    let [output, messages] = streams.map(|stream| stream.bytes);
    Ok(Ended { status, output, messages })
}

fn start(
    program: &Path,
    arguments: &[OsString],
    environment: &[(&str, OsString)],
    max_bytes: usize,
) -> io::Result<(Child, [Stream; 2])> {
    let (output, their_output) = io::pipe()?;
    let (messages, their_messages) = io::pipe()?;
    let streams = [Stream::new(output.into(), max_bytes)?, Stream::new(messages.into(), MAX_MESSAGE_BYTES)?];
    let child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(their_output)
        .stderr(their_messages)
        // What it starts is killed with it.
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
    bounds: &Bounds<'_>,
) -> Result<(), Stopped> {
    loop {
        let left = give_up_at.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Stopped::TimedOut(bounds.deadline));
        }
        if let Some(why) = (bounds.watch)() {
            return Err(Stopped::Watch(why));
        }
        let has_ended = wait_for_something(streams, ended, left.min(WATCH_EVERY))?;
        for stream in &mut *streams {
            stream.read_what_is_there()?;
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
    fn new(end: OwnedFd, max_bytes: usize) -> io::Result<Self> {
        fcntl_setfl(&end, fcntl_getfl(&end)? | OFlags::NONBLOCK)?;
        Ok(Self { end: Some(end), bytes: Vec::new(), max_bytes })
    }

    fn read_what_is_there(&mut self) -> Result<(), Stopped> {
        let mut buffer = vec![0; READ_BYTES];
        while let Some(end) = &self.end {
            match rustix::io::read(end, &mut buffer) {
                Ok(0) => self.end = None,
                Ok(length) => self.bytes.extend(buffer.iter().take(length)),
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(Stopped::Io(error.into())),
            }
            if self.bytes.len() > self.max_bytes {
                return Err(Stopped::TooMuchOutput(self.max_bytes));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, deadline: Duration, watch: &dyn Fn() -> Option<String>) -> Result<Ended, Stopped> {
        let bounds = Bounds { deadline, max_bytes: 100, watch };
        let path = [("PATH", OsString::from("/usr/bin:/bin"))];
        run(Path::new("/bin/sh"), &["-c".into(), script.into()], &path, &bounds)
    }

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn what_a_tool_says_and_how_it_ends_is_told() {
        let ended = shell("echo out; echo err >&2; exit 3", LONG, &|| None).unwrap();
        assert_eq!(
            (ended.status.code(), ended.output, ended.messages),
            (Some(3), b"out\n".into(), b"err\n".into())
        );
    }

    #[test]
    fn a_tool_without_end_is_killed_with_all_that_it_started() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("child");
        // The child would hold our pipes open.
        let script = format!("sleep 600 & echo $! > '{}'; wait", file.display());
        let stopped = shell(&script, Duration::from_millis(500), &|| None).unwrap_err();
        assert!(matches!(stopped, Stopped::TimedOut(_)), "{stopped}");
        let child = std::fs::read_to_string(file).unwrap();
        let state = || std::fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
        // It was sent the signal; when it dies of it is up to the system.
        let give_up_at = Instant::now() + LONG;
        while !state().is_empty() && !state().contains(") Z ") {
            assert!(Instant::now() < give_up_at, "{}", state());
            std::thread::yield_now();
        }
    }

    #[test]
    fn too_much_output_and_a_watch_that_objects_end_it() {
        let flood = shell("while :; do echo 0123456789; done", LONG, &|| None).unwrap_err();
        assert!(matches!(flood, Stopped::TooMuchOutput(100)), "{flood}");
        let watched = shell("sleep 600", LONG, &|| Some("too large".into())).unwrap_err();
        assert!(matches!(watched, Stopped::Watch(_)), "{watched}");
    }

    #[test]
    fn nothing_of_our_environment_is_handed_on() {
        let ended = shell("echo \"${HOME-none} ${CARGO_PKG_NAME-none}\"", LONG, &|| None).unwrap();
        assert_eq!(ended.output, b"none none\n");
    }
}
