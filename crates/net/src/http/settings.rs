//! The limits of a server.

use std::time::Duration;

/// The limits of a server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ServerSettings {
    /// How many handlers run at once; 1 to 1000. A request needs a place once it has come, and not before.
    pub max_handlers: usize,
    /// How many connections may be open. When there are more, the oldest is closed: a client that sends slowly, sends nothing
    /// or does not read keeps nobody else out.
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

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            max_handlers: 64,
            max_connections: 512,
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
