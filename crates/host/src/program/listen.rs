//! Waiting for a program: for what it writes, and for its end.

use std::io;
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::stream::Stream;
use super::{Bounds, Pipes, Stopped};

/// How often the watch looks while the program is silent.
const WATCH_EVERY: Duration = Duration::from_millis(200);

/// Waits for the child on a thread; the returned pipe closes when it has ended.
pub(super) fn wait_aside(mut child: Child) -> io::Result<(OwnedFd, Receiver<io::Result<ExitStatus>>)> {
    let (ended, ending) = io::pipe()?;
    let (sender, receiver) = sync_channel(1);
    std::thread::Builder::new().name("wait".into()).spawn(move || {
        // Nobody listens any more after a time-out.
        let _ = sender.send(child.wait());
        drop(ending);
    })?;
    Ok((ended.into(), receiver))
}

/// Feeds the program and reads both outputs until the program has ended; what its own children still hold open is not waited for.
pub(super) fn listen(
    pipes: &mut Pipes<'_>,
    ended: &OwnedFd,
    give_up_at: Instant,
    bounds: &Bounds<'_>,
) -> Result<(), Stopped> {
    loop {
        let left = give_up_at.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Stopped::TimedOut(bounds.deadline));
        }
        let wait = match bounds.watch {
            None => left,
            Some(watch) => {
                if let Some(why) = watch() {
                    return Err(Stopped::Watch(why));
                }
                left.min(WATCH_EVERY)
            }
        };
        let has_ended = wait_for_something(pipes, ended, wait)?;
        pipes.feed.write_what_fits()?;
        for stream in &mut pipes.streams {
            stream.read_what_is_there()?;
        }
        if has_ended {
            return Ok(());
        }
    }
}

/// Tells whether the program has ended.
fn wait_for_something(pipes: &Pipes<'_>, ended: &OwnedFd, wait: Duration) -> io::Result<bool> {
    let timeout = Timespec::try_from(wait).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let mut watched = vec![PollFd::new(ended, PollFlags::IN)];
    watched.extend(pipes.feed.end().map(|end| PollFd::new(end, PollFlags::OUT)));
    let open = pipes.streams.iter().filter_map(Stream::end);
    watched.extend(open.map(|end| PollFd::new(end, PollFlags::IN)));
    match poll(&mut watched, Some(&timeout)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(watched.first().is_some_and(|first| !first.revents().is_empty()))
}
