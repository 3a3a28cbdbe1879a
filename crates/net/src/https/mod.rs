//! Fetching over HTTPS: conditional, bounded, resumable, from one of several mirrors.
//!
//! [`Client`] waits for the answer and is what commands use; [`AsyncClient`] is the same for those who have a runtime.
//! [`Client::fetch`] keeps the body in memory, [`Client::download`] writes a large one to a file and goes on where an
//! earlier attempt was cut off. [`Client::fetch_any`] and [`Client::download_any`] try mirrors in random order until
//! the caller accepts what one of them served.
//!
//! Nothing that a server does takes longer than the deadline or fills more than the limit. A certificate proves who
//! serves, never that the content is right: that is for the caller to verify.
//!
//! ```no_run
//! use starttls_net::https::{Client, ClientSettings, Request, Response};
//!
//! let client = Client::new(&ClientSettings::default())?;
//! let request = Request::new("https://lists.example.org/list.json".parse()?, 1_000_000);
//! match client.fetch(&request)? {
//!     Response::NotModified => println!("nothing new"),
//!     Response::Body(body) => println!("{} bytes", body.bytes.len()),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Each fetch uses a connection of its own: nothing is kept open between calls, and a connection that the server closed
//! meanwhile is no failure to be told from a real one.
//!
//! Spec: RFC 9110, RFC 9112.

mod blocking;
mod body;
mod chance;
mod client;
mod connector;
mod download;
mod error;
mod exchange;
mod limits;
mod mirrors;
mod partial;
mod proxy;
mod request;
mod settings;
mod url;
mod validators;

pub use self::url::{HttpsUrl, UrlError};
pub use blocking::Client;
pub use chance::Chance;
pub use client::AsyncClient;
pub(crate) use connector::{Connector, ExchangeError};
pub use download::{Download, Downloaded, Expected, Saved};
pub use error::{FetchError, FetchFailure};
pub use mirrors::{MirrorFailure, MirrorFailures, MirrorProblem};
pub use proxy::{Proxy, ProxyError, ProxyRoute, ProxyUrl};
pub use request::{Body, Request, Response};
pub use settings::{ClientError, ClientSettings, Redirects};
pub use validators::{ETag, ETagError, Validators};

/// More header lines than any web server sends; the library stops at them.
const MAX_HEADERS: usize = 64;

/// What web servers accept at most as a rule. The library itself stops a head without end at about 400 KiB.
const MAX_HEADER_BYTES: usize = 32 * 1024;

/// One to another path, one for a release, one to spare.
const MAX_REDIRECTS: usize = 3;
