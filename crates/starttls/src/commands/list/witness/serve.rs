//! `starttls list witness serve`: cosigns the checkpoints of logs that only grow.
//!
//! Exit: 1 could not begin, or could not go on; it serves until it is stopped, which is safe at any moment.

use std::net::SocketAddr;
use std::path::PathBuf;

use starttls_net::http::{Request, Response, Server, ServerSettings};
use starttls_policy::printable;
use starttls_publish::witness::{Config, Service};
use starttls_trust::log::witness::MAX_REQUEST_BYTES;

use crate::clock;
use crate::exit::Exit;

/// Run a witness: it cosigns a log's checkpoint if that continues the one it cosigned before, and keeps what it saw.
///
/// Speaks the witness protocol of C2SP (`/add-checkpoint`, and for monitors `/HASH/checkpoint`) in plain HTTP, meant to stand
/// behind a reverse proxy that does TLS. Never put its state back to an older copy: a witness that forgets can be made to
/// vouch for a fork.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  starttls list witness serve --key witness.key --logs logs --state /var/lib/starttls-witness --listen 127.0.0.1:8047"
)]
pub(crate) struct Args {
    /// The witness's secret key (`starttls list key new --type witness`).
    #[arg(long, value_name = "FILE")]
    key: PathBuf,

    /// The logs that it watches: a line `log KEY` for each.
    #[arg(long, value_name = "FILE")]
    logs: PathBuf,

    /// The directory in which it keeps what it saw; must be there.
    #[arg(long, value_name = "DIR")]
    state: PathBuf,

    /// Where it listens.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8047")]
    listen: SocketAddr,
}

impl Args {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let config = Config { key: self.key, logs: self.logs, state: self.state };
        let service = Service::open(&config)?;
        let settings = ServerSettings { max_body_bytes: MAX_REQUEST_BYTES, ..ServerSettings::default() };
        let server = Server::bind(self.listen, settings)?;
        anstream::eprintln!("witness {} listens at {}", service.key(), server.address());
        for origin in service.origins() {
            anstream::eprintln!("watches {}", printable(origin));
        }
        server.run(move |request| answer(&service, &request))?;
        Ok(Exit::Done)
    }
}

fn answer(service: &Service, request: &Request) -> Response {
    let (reply, alarm) = service.respond(&request.method, &request.path, &request.body, clock::now());
    if let Some(alarm) = alarm {
        let source = std::error::Error::source(&alarm).map(|cause| format!(": {cause}")).unwrap_or_default();
        anstream::eprintln!("alarm: {}", printable(&format!("{alarm}{source}")));
    }
    Response::new(reply.status, reply.content_type, reply.body)
}
