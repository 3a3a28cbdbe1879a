//! Why nothing was fetched.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::{HttpsUrl, MAX_HEADER_BYTES, MAX_REDIRECTS};

/// A fetch that came to nothing, from where, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot fetch `{url}`")]
pub struct FetchError {
    /// What was asked for.
    pub url: HttpsUrl,
    /// What went wrong.
    #[source]
    pub cause: Box<FetchFailure>,
}

/// What went wrong with a fetch.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchFailure {
    /// The server's certificate is not accepted: wrong name, out of date, or signed by nobody we trust.
    #[error("the certificate of `{host}` is not accepted")]
    Certificate {
        /// Who should have shown it.
        host: String,
        /// What is wrong with it.
        #[source]
        source: rustls::Error,
    },
    /// The connection ended before there was an answer.
    #[error("`{host}` closed the connection without an answer")]
    Closed {
        /// Who was asked.
        host: String,
    },
    /// The body is compressed, though nobody asked for that.
    #[error("the body is coded as `{coding}`, though only `identity` was asked for")]
    Coded {
        /// As the server calls it.
        coding: String,
    },
    /// No connection: no address, nobody there, or the proxy refused.
    #[error("cannot connect to `{host}`")]
    Connect {
        /// Who was called.
        host: String,
        /// The error of the system or of the proxy.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No connection in time.
    #[error("no connection to `{host}` within {}", seconds(*waited))]
    ConnectTimedOut {
        /// Who was called.
        host: String,
        /// The limit.
        waited: Duration,
    },
    /// All of it took too long.
    #[error("not done within {}; {got_bytes} bytes had come", seconds(*deadline))]
    DeadlinePassed {
        /// The limit.
        deadline: Duration,
        /// How far it came.
        got_bytes: u64,
    },
    /// A file cannot be written or read.
    #[error("cannot use the file `{}`", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
    /// The head of the response is too long.
    #[error("the response has more than {MAX_HEADER_BYTES} bytes or too many lines of headers")]
    HeadersTooLarge,
    /// What came is not HTTP, or not all of it is.
    #[error("`{host}` does not speak HTTP properly")]
    Protocol {
        /// Who was asked.
        host: String,
        /// What the library said.
        #[source]
        source: hyper::Error,
    },
    /// The server sends us to something that cannot be fetched.
    #[error("redirected to a place that cannot be fetched from")]
    RedirectRefused {
        /// What is wrong with it.
        #[source]
        source: super::UrlError,
    },
    /// The server sends us to another host.
    #[error("redirected to another host, `{to}`; name that one, or allow redirects to any host")]
    RedirectToOtherHost {
        /// Where to.
        to: HttpsUrl,
    },
    /// The server sends us on without saying where to.
    #[error("status {status} without a usable `Location`")]
    RedirectWithoutTarget {
        /// The status.
        status: u16,
    },
    /// The server sends us on and on.
    #[error("redirected more than {MAX_REDIRECTS} times")]
    RedirectLoop,
    /// Silence.
    #[error("no byte for {}; {got_bytes} bytes had come", seconds(*waited))]
    Stalled {
        /// The limit.
        waited: Duration,
        /// How far it came.
        got_bytes: u64,
    },
    /// The answer is neither a body nor "not modified".
    #[error("the server answered with status {status}")]
    Status {
        /// The status.
        status: u16,
    },
    /// TLS did not come about.
    #[error("no TLS session with `{host}`")]
    Tls {
        /// Who was called.
        host: String,
        /// What went wrong.
        #[source]
        source: rustls::Error,
    },
    /// The body is too large, or says so.
    #[error("the body is larger than {max_bytes} bytes")]
    TooLarge {
        /// The limit.
        max_bytes: u64,
        /// What the server announced, if it did.
        announced: Option<u64>,
    },
    /// The body ended early.
    #[error("{}", truncated(*got_bytes, *announced))]
    Truncated {
        /// What came.
        got_bytes: u64,
        /// What the server announced, if it did.
        announced: Option<u64>,
    },
    /// The content is not what was expected. What had come is deleted.
    #[error(
        "the content is not the expected one: its SHA-256 is {}, want {}; deleted what had come",
        base16ct::lower::encode_string(got),
        base16ct::lower::encode_string(want)
    )]
    WrongDigest {
        /// Of what came.
        got: [u8; 32],
        /// Of what was expected.
        want: [u8; 32],
    },
    /// The content has another size than expected. What had come is deleted.
    #[error("the content is not the expected one: it has {got} bytes, want {want}; deleted what had come")]
    WrongSize {
        /// What came or was announced.
        got: u64,
        /// What was expected.
        want: u64,
    },
}

impl FetchFailure {
    /// Tells whether the connection failed rather than the server: trying again may help at once.
    pub fn is_connection_level(&self) -> bool {
        matches!(self, Self::Closed { .. } | Self::Connect { .. } | Self::ConnectTimedOut { .. })
    }

    pub(super) fn of(self, url: &HttpsUrl) -> FetchError {
        FetchError { url: url.clone(), cause: Box::new(self) }
    }
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f32())
}

fn truncated(got_bytes: u64, announced: Option<u64>) -> String {
    match announced {
        Some(announced) => format!("the body was cut off after {got_bytes} of {announced} bytes"),
        None => format!("the body was cut off after {got_bytes} bytes"),
    }
}
