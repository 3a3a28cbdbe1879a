//! The daemon's end: who may ask, one request, one answer.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::message::{MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES, MAX_SHOWN, Request, Response};
use super::shown::Shown;
use super::socket::{BindError, OwnSocket};
use super::{Controlled, Purged, Refused};

/// More than administrators there are.
const MAX_CONNECTIONS: usize = 8;

/// A program sends its line at once, and takes the answer at once.
const IO_DEADLINE: Duration = Duration::from_secs(5);

/// Reading all lists anew takes some seconds; finding a domain out as long as a mail server waits.
pub(super) const WORK_DEADLINE: Duration = Duration::from_secs(90);

/// After the system refused a connection, as it does when files run out: trying at once would only burn time.
const PAUSE_AFTER_REFUSAL: Duration = Duration::from_millis(100);

/// The control socket; its file goes when this is dropped.
#[derive(Debug)]
pub struct ControlServer {
    socket: OwnSocket,
    /// Until a request has come, and until its answer is taken.
    pub(super) io_deadline: Duration,
}

impl ControlServer {
    /// Listens at `path`, with mode 0600. Needs a runtime.
    ///
    /// # Errors
    /// When another daemon answers there, something other than a socket is there, or the system refuses.
    pub fn bind(path: &Path) -> Result<Self, BindError> {
        Ok(Self { socket: OwnSocket::bind(path)?, io_deadline: IO_DEADLINE })
    }

    /// Answers until it is dropped; what is being answered ends with it.
    pub async fn serve<C: Controlled>(self, controlled: Arc<C>) {
        let mut connections = JoinSet::new();
        loop {
            if connections.len() >= MAX_CONNECTIONS {
                // Each ends within its deadlines.
                let _ = connections.join_next().await;
            }
            while connections.try_join_next().is_some() {}
            match self.socket.listener.accept().await {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, self.io_deadline, Arc::clone(&controlled)));
                }
                Err(error) => {
                    tracing::warn!("the control socket takes no connection: {error}");
                    tokio::time::sleep(PAUSE_AFTER_REFUSAL).await;
                }
            }
        }
    }
}

/// One request, one answer; whoever breaks off is let go.
async fn converse<C: Controlled>(mut stream: UnixStream, io_deadline: Duration, controlled: Arc<C>) {
    let response = match timeout(io_deadline, request(&mut stream)).await {
        Ok(Ok(request)) => match timeout(WORK_DEADLINE, obey(&*controlled, request)).await {
            Ok(response) => response,
            Err(_) => refused(format!("not done within {} s", WORK_DEADLINE.as_secs())),
        },
        Ok(Err(Refused { words })) => refused(words),
        Err(_) => return,
    };
    let line = fitting(response);
    let _ = timeout(io_deadline, async {
        stream.write_all(&line).await?;
        stream.shutdown().await
    })
    .await;
}

/// Reads the request of one who may ask. That of others is read too, and thrown away: an answer to one who is not done speaking
/// would be lost.
async fn request(stream: &mut UnixStream) -> Result<Request, Refused> {
    let allowed = may_ask(stream);
    let limit = u64::try_from(MAX_REQUEST_BYTES).unwrap_or(u64::MAX);
    let mut line = Vec::new();
    let read = BufReader::new(stream.take(limit)).read_until(b'\n', &mut line).await;
    read.map_err(|error: io::Error| Refused { words: format!("the request cannot be read: {error}") })?;
    allowed?;
    if line.pop() != Some(b'\n') {
        return Err(Refused { words: format!("a request is one line of at most {MAX_REQUEST_BYTES} bytes") });
    }
    serde_json::from_slice(&line).map_err(|error| Refused { words: format!("not a request: {error}") })
}

/// Root, and the user that the daemon runs as; the mode of the socket says the same, but a file can be changed.
fn may_ask(stream: &UnixStream) -> Result<(), Refused> {
    let own = rustix::process::geteuid().as_raw();
    match stream.peer_cred() {
        Ok(peer) if peer.uid() == 0 || peer.uid() == own => Ok(()),
        Ok(peer) => {
            tracing::warn!(
                uid = peer.uid(),
                "the control socket refused a user who is neither root nor ours"
            );
            Err(Refused {
                words: "only root and the daemon's own user may ask; run the command as one of them".into(),
            })
        }
        Err(error) => Err(Refused { words: format!("the system does not tell who asks: {error}") }),
    }
}

async fn obey<C: Controlled>(controlled: &C, request: Request) -> Response {
    let done = match request {
        Request::Reload {} => controlled.reload().await.map(|words| Response::Done { words }),
        Request::Purge { what } => controlled
            .purge(what)
            .await
            .map(|Purged { rows, shared }| Response::Purged { domains: rows, shared_store: shared }),
        Request::Show { after, limit } => {
            let limit = limit.clamp(1, MAX_SHOWN);
            controlled.show(after, limit).await.map(|domains| shown(domains, limit))
        }
        Request::ShowOne { domain } => {
            controlled.show_one(domain).await.map(|one| Response::ShownOne(Box::new(one)))
        }
        Request::Refresh { domain } => controlled.refresh(domain).await.map(|words| Response::Done { words }),
        Request::Status {} => serde_json::to_value(controlled.status().await)
            .map(|status: Value| Response::Status { status })
            .map_err(|error| Refused { words: error.to_string() }),
    };
    done.unwrap_or_else(|Refused { words }| refused(words))
}

fn shown(domains: Vec<Shown>, limit: u32) -> Response {
    let more = u32::try_from(domains.len()).is_ok_and(|count| count >= limit);
    Response::Shown { domains, more }
}

fn refused(words: String) -> Response {
    Response::Refused { words }
}

/// The answer as a line, halved until it fits: what was learnt of a domain may be tens of kilobytes.
fn fitting(mut response: Response) -> Vec<u8> {
    loop {
        let mut line = serde_json::to_vec(&response).unwrap_or_default();
        line.push(b'\n');
        if line.len() <= MAX_RESPONSE_BYTES {
            return line;
        }
        response = match response {
            Response::Shown { mut domains, .. } if domains.len() > 1 => {
                domains.truncate(domains.len() / 2);
                Response::Shown { domains, more: true }
            }
            _ => refused(format!("the answer is larger than {MAX_RESPONSE_BYTES} bytes")),
        };
    }
}
