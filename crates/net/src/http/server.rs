//! Listening, the limit of connections, and stopping.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};

use super::connection;
use super::{Request, Response};

/// After the system refused a connection, as it does when files run out: trying at once would only burn time.
const PAUSE_AFTER_REFUSAL: Duration = Duration::from_millis(100);

/// The limits of a server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ServerSettings {
    /// How many connections are served at once, and so how many handlers run; 1 to 1000.
    pub max_connections: usize,
    /// The largest body of a request; a larger one is answered with 413.
    pub max_body_bytes: usize,
    /// Until the head of the request has come.
    pub header_timeout: Duration,
    /// Until its body has come; then 408.
    pub body_timeout: Duration,
    /// Until the handler has answered; then 503. The handler itself is not stopped and keeps its place among the connections.
    pub handler_timeout: Duration,
    /// Until the client has taken the answer.
    pub write_timeout: Duration,
    /// How long connections may go on after the server was stopped.
    pub grace: Duration,
}

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

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            max_connections: 64,
            max_body_bytes: 64 * 1024,
            // A reverse proxy sends all at once.
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            handler_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(10),
            grace: Duration::from_secs(5),
        }
    }
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
            .max_blocking_threads(self.settings.max_connections.clamp(1, 1000))
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
        let limit = self.settings.max_connections.clamp(1, 1000);
        let places = Arc::new(Semaphore::new(limit));
        loop {
            let next = tokio::select! {
                // The sender lives in `self`, so this is never an error.
                _ = stopped.wait_for(|stopped| *stopped) => break,
                next = accept(&listener, &places) => next,
            };
            match next {
                Some((stream, place)) => {
                    tokio::spawn(connection::serve(stream, place, self.settings, Arc::clone(&handler)));
                }
                None => sleep(PAUSE_AFTER_REFUSAL).await,
            }
        }
        drop(listener);
        let all = u32::try_from(limit).unwrap_or(u32::MAX);
        // Whoever is not done by then is cut off.
        let _ = timeout(self.settings.grace, places.acquire_many(all)).await;
        Ok(())
    }
}

impl StopHandle {
    /// Lets the server end: no new connections, and those that are open have the grace of the settings. Once is enough.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

/// The next connection, once there is a place for it; `None` when the system refuses.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    let (stream, _) = listener.accept().await.ok()?;
    Some((stream, place))
}
