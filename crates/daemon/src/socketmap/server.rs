//! A socketmap server: its start and its end.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::thread::JoinHandle;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::clock;
use super::finding::{Finding, Mailbox};
use super::listener::Socket;
use super::queue::Accepting;
use super::requests::Shared;
use super::serving::Thread;
use super::unknown_maps::UnknownMaps;
use super::{Limits, Listener, Traffic};
use crate::Answering;

/// Answers may be found out for connections that are gone: as many again as for those that are there.
const UNDER_WAY_PER_PLACE: usize = 2;

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
#[error("the socketmap server cannot be started")]
pub struct ServeError(#[from] io::Error);

/// A server that runs. When it goes, it is stopped, and its end waited for: at most the grace.
#[derive(Debug)]
pub struct Serving {
    stop: Stop,
    thread: Option<JoinHandle<()>>,
    ended: oneshot::Receiver<()>,
}

/// Stops a server from elsewhere.
#[derive(Clone, Debug)]
pub struct Stop(Arc<Mailbox>);

/// Serves connections on a thread of its own until it is stopped. Answers that are not at hand are found out on the
/// runtime `elsewhere`, which must have its clock enabled.
///
/// Raises the program's soft limit of open files as far as `limits` need it.
///
/// # Errors
/// When the system gives no thread or no event queue.
pub fn serve<A: Answering>(
    listeners: Vec<Listener>,
    answering: Arc<A>,
    elsewhere: Handle,
    limits: Limits,
    traffic: Arc<Traffic>,
) -> Result<Serving, ServeError> {
    let places = limits.places();
    let mailbox = Arc::new(Mailbox::new()?);
    let finding = Finding {
        answering: Arc::clone(&answering),
        elsewhere,
        limit: limits.answer,
        under_way: Arc::new(AtomicUsize::new(0)),
        max_under_way: places.saturating_mul(UNDER_WAY_PER_PLACE),
        mailbox: Arc::clone(&mailbox),
    };
    let (mut sockets, mut files) = (Vec::new(), Vec::new());
    for listener in listeners {
        sockets.push(match listener.socket {
            Socket::Tcp(socket) => Accepting::Tcp(OwnedFd::from(socket)),
            Socket::Unix(socket) => Accepting::Unix(OwnedFd::from(socket)),
        });
        files.extend(listener.file);
    }
    let server = Thread::new(
        sockets,
        Shared { answering, traffic, unknown_maps: UnknownMaps::default() },
        finding,
        limits,
        places,
    )?;
    clock::start(limits.sweep(), &mailbox)?;
    let (tell, ended) = oneshot::channel();
    let thread = std::thread::Builder::new().name("socketmap".into()).spawn(move || {
        // Whatever ends the thread, the files of its sockets go, and the word that it has ended comes.
        let _files = files;
        let _tell = tell;
        server.run();
    })?;
    Ok(Serving { stop: Stop(mailbox), thread: Some(thread), ended })
}

impl Serving {
    /// Something to stop it with.
    pub fn stop_handle(&self) -> Stop {
        self.stop.clone()
    }

    /// Waits until it has ended: after it was stopped, or because it broke.
    pub async fn ended(&mut self) {
        // It ends without a word, which is an error here.
        let _ = (&mut self.ended).await;
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.stop.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Stop {
    /// Takes no more connections, closes those without use, and gives the others their grace.
    pub fn stop(&self) {
        self.0.stop();
    }
}
