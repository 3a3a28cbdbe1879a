//! Serves the status: a thread of its own, so that whoever looks never delays whoever asks.

use std::io;
use std::net::SocketAddr;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use starttls_net::http::{Request, Response, ServeError, Server, ServerSettings, StopHandle};

use super::page;
use super::view::View;
use crate::operations::HealthState;

/// Requests that are answered at once: a few people and a few Prometheus servers.
const MAX_HANDLERS: usize = 8;

/// Connections that may be open; the oldest goes when there are more, so that slow clients keep nobody out.
const MAX_CONNECTIONS: usize = 256;

/// Nothing here takes longer than to write a page.
const DEADLINE: Duration = Duration::from_secs(5);

/// The page fetches its own style and nothing else, runs nothing, and is shown in no frame.
const SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What Prometheus asks for and reads.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The status address, served until this is dropped.
#[derive(Debug)]
pub struct StatusServer {
    address: SocketAddr,
    stop: StopHandle,
    serving: Option<JoinHandle<()>>,
}

impl StatusServer {
    /// Listens and serves. Threads that it starts are held by a sandbox that was enforced before.
    ///
    /// # Errors
    /// When the address is taken or not ours, or no thread is to be had.
    pub fn start(address: SocketAddr, view: View) -> Result<Self, ServeError> {
        let settings = ServerSettings {
            max_handlers: MAX_HANDLERS,
            max_connections: MAX_CONNECTIONS,
            max_body_bytes: 0,
            header_timeout: DEADLINE,
            body_timeout: DEADLINE,
            handler_timeout: DEADLINE,
            write_timeout: DEADLINE,
            grace: Duration::from_millis(200),
        };
        let server = Server::bind(address, settings)?;
        let (address, stop) = (server.address(), server.stop_handle());
        let serve = move || {
            if let Err(error) = server.run(move |request| answer(&view, &request)) {
                tracing::error!("the status address {address} is not served: {error}");
            }
        };
        let serving = Builder::new().name("status".into()).spawn(serve);
        let serving = serving.map_err(|source: io::Error| ServeError::Runtime { source })?;
        Ok(Self { address, stop, serving: Some(serving) })
    }

    /// Where it listens, with the port that the system chose if 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for StatusServer {
    fn drop(&mut self) {
        self.stop.stop();
        if let Some(serving) = self.serving.take() {
            // A panic there was told when it happened.
            let _ = serving.join();
        }
    }
}

fn answer(view: &View, request: &Request) -> Response {
    // HEAD is GET whose body is left out further below.
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        return guarded(Response::text(405, "read only\n")).with_header("Allow", "GET, HEAD");
    }
    guarded(match request.path.as_str() {
        "/" => {
            let page = page::render(&view.document(), (view.now)());
            Response::new(200, "text/html; charset=utf-8", page)
        }
        "/page.css" => Response::new(200, "text/css; charset=utf-8", page::STYLE),
        "/status.json" => status(view),
        "/metrics" => Response::new(200, OPEN_METRICS, view.exposition()),
        "/healthz" => match view.health() {
            HealthState::Serving => Response::text(200, serving(view)),
            HealthState::Starting(words) | HealthState::Failing(words) => Response::text(503, words + "\n"),
        },
        _ => Response::text(404, "here are /, /status.json, /metrics and /healthz\n"),
    })
}

/// `ok`, and what the daemon has to do without.
fn serving(view: &View) -> String {
    let troubles = (view.snapshot)().troubles;
    troubles.into_iter().fold("ok\n".to_owned(), |words, trouble| words + "degraded: " + &trouble + "\n")
}

fn status(view: &View) -> Response {
    match serde_json::to_vec_pretty(&view.document()) {
        Ok(body) => Response::new(200, "application/json", body),
        Err(error) => Response::text(500, format!("{error}\n")),
    }
}

/// With what a browser needs to know.
fn guarded(response: Response) -> Response {
    response
        .with_header("Content-Security-Policy", SECURITY_POLICY)
        .with_header("X-Content-Type-Options", "nosniff")
        .with_header("Referrer-Policy", "no-referrer")
        .with_header("Cache-Control", "no-store")
}
