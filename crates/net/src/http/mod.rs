//! A small HTTP/1.1 server for short answers, meant to stand behind a reverse proxy that does TLS.
//!
//! One function answers all requests; it may block. Each connection carries one request, has a deadline for each of its
//! phases, and counts against a limit, beyond which new ones wait until one ends.
//!
//! ```
//! use starttls_net::http::{Response, Server, ServerSettings};
//!
//! let server = Server::bind("127.0.0.1:0".parse()?, ServerSettings::default())?;
//! let stop = server.stop_handle();
//! let serving = std::thread::spawn(move || server.run(|request| Response::text(200, format!("{}\n", request.path))));
//! stop.stop();
//! serving.join().unwrap()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Spec: RFC 9110, RFC 9112.

mod connection;
mod message;
mod server;
mod settings;

pub use message::{Request, Response};
pub use server::{ServeError, Server, StopHandle};
pub use settings::ServerSettings;
