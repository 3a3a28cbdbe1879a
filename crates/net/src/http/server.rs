//! Listening, the limit of connections, and stopping.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::{Semaphore, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::connection;
use super::settings::ServerSettings;
use super::{Request, Response};

/// After the system refused a connection, as it does when files run out: trying at once would only burn time.
const PAUSE_AFTER_REFUSAL: Duration = Duration::from_millis(100);

/// An address that is listened at.
#[derive(Debug)]
pub struct Server {
    listener: StdListener,
    address: SocketAddr,
    settings: ServerSettings,
    stop: watch::Sender<bool>,
}

/// Stops a server from elsewhere.
#[derive(Clone, Debug)]
pub struct StopHandle(watch::Sender<bool>);

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address cannot be had.
    #[error("cannot listen at `{address}`")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
    /// No runtime.
    #[error("the server cannot be started")]
    Runtime {
        /// What the system answered.
        #[source]
        source: io::Error,
    },
}

impl Server {
    /// Listens; connections wait until [`Server::run`].
    ///
    /// # Errors
    /// When the address is taken, or not ours.
    pub fn bind(address: SocketAddr, settings: ServerSettings) -> Result<Self, ServeError> {
        let bound = |source| ServeError::Bind { address, source };
        let listener = StdListener::bind(address).map_err(bound)?;
        listener.set_nonblocking(true).map_err(bound)?;
        let address = listener.local_addr().map_err(bound)?;
        Ok(Self { listener, address, settings, stop: watch::Sender::new(false) })
    }

    /// Where it listens, with the port that the system chose if 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Something to stop it with.
    pub fn stop_handle(&self) -> StopHandle {
        StopHandle(self.stop.clone())
    }

    /// Serves until it is stopped. Handlers run on threads of their own, several at once; one that panics is a 500.
    ///
    /// # Errors
    /// When the system gives no threads or no event queue.
    pub fn run<H>(self, handler: H) -> Result<(), ServeError>
    where
        H: Fn(Request) -> Response + Send + Sync + 'static,
    {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(self.settings.max_handlers.clamp(1, 1000))
            .build()
            .map_err(|source| ServeError::Runtime { source })?;
        let ended = runtime.block_on(self.serve(Arc::new(handler)));
        // A handler that hangs must not keep us.
        runtime.shutdown_background();
        ended
    }

    async fn serve<H>(self, handler: Arc<H>) -> Result<(), ServeError>
    where
        H: Fn(Request) -> Response + Send + Sync + 'static,
    {
        let listener =
            TcpListener::from_std(self.listener).map_err(|source| ServeError::Runtime { source })?;
        let mut stopped = self.stop.subscribe();
        let places = Arc::new(Semaphore::new(self.settings.max_handlers.clamp(1, 1000)));
        let mut connections = JoinSet::new();
        let mut by_age = VecDeque::new();
        loop {
            let next = tokio::select! {
                // The sender lives in `self`, so this is never an error.
                _ = stopped.wait_for(|stopped| *stopped) => break,
                next = listener.accept() => next,
            };
            while connections.try_join_next().is_some() {}
            match next {
                Ok((stream, _)) => {
                    make_room(&mut by_age, self.settings.max_connections.max(1));
                    let (places, handler) = (Arc::clone(&places), Arc::clone(&handler));
                    by_age.push_back(connections.spawn(connection::serve(
                        stream,
                        places,
                        self.settings,
                        handler,
                    )));
                }
                Err(_) => sleep(PAUSE_AFTER_REFUSAL).await,
            }
        }
        drop(listener);
        // Whoever is not done by then is cut off.
        let all = async { while connections.join_next().await.is_some() {} };
        let _ = timeout(self.settings.grace, all).await;
        Ok(())
    }
}

/// Makes room for one more connection: those that have ended are forgotten, and where that is not enough the oldest is cut off.
fn make_room(by_age: &mut VecDeque<AbortHandle>, limit: usize) {
    if by_age.len() < limit {
        return;
    }
    by_age.retain(|connection| !connection.is_finished());
    while by_age.len() >= limit
        && let Some(oldest) = by_age.pop_front()
    {
        oldest.abort();
    }
}

impl StopHandle {
    /// Lets the server end: no new connections, and those that are open have the grace of the settings. Once is enough.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}
