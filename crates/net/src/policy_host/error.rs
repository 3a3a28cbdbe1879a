//! Why a policy was not fetched.
//!
//! Spec: RFC 8460 §4.3.2.2 (result types).

use std::io;
use std::time::Duration;

use starttls_policy::decide::evidence::Cause;

use super::{MAX_BODY_BYTES, MAX_HEAD_BYTES};
use crate::dns::DnsFailure;
use crate::roots::RootsError;

/// Why a policy was not fetched. No text of the host's own is shown without its control characters.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyHostError {
    /// The certificate is not accepted: wrong name, out of date, or signed by nobody we trust.
    #[error("the certificate of `{host}` is not accepted: {source}")]
    Certificate {
        /// The policy host.
        host: String,
        /// What is wrong with it.
        source: rustls::Error,
    },
    /// The body is compressed, though nobody asked for that.
    #[error("`{host}` codes the policy as `{coding}`, though only `identity` was asked for")]
    Coded {
        /// The policy host.
        host: String,
        /// As it calls it.
        coding: String,
    },
    /// None of its addresses could be reached.
    #[error("no connection to `{host}`: {source}")]
    Connect {
        /// The policy host.
        host: String,
        /// What the system answered, for the last address.
        source: io::Error,
    },
    /// The fetch as a whole, or the answer to the request, took too long.
    #[error("`{host}` did not serve the policy within {} s", deadline.as_secs_f32())]
    DeadlinePassed {
        /// The policy host.
        host: String,
        /// The limit.
        deadline: Duration,
    },
    /// What came is not HTTP, or not all of it came.
    #[error("`{host}` does not speak HTTP properly: {source}")]
    Http {
        /// The policy host.
        host: String,
        /// What the library said.
        source: hyper::Error,
    },
    /// The domain is so long that there is no room for `mta-sts.`.
    #[error("`{host}` cannot be the name of a host")]
    ImpossibleName {
        /// What the policy host would be.
        host: String,
    },
    /// Its addresses could not be told.
    #[error("no address of `{host}`: {source}")]
    Lookup {
        /// The policy host.
        host: String,
        /// What the resolver said.
        source: DnsFailure,
    },
    /// The policy is of another media type.
    #[error("`{host}` serves `{}`, not `text/plain`", got.as_deref().unwrap_or("something of no type"))]
    MediaType {
        /// The policy host.
        host: String,
        /// What it says, if anything.
        got: Option<String>,
    },
    /// It has no address.
    #[error("`{host}` has no address")]
    NoAddress {
        /// The policy host.
        host: String,
    },
    /// All its addresses are private ones or the like.
    #[error(
        "`{host}` has no address of the public Internet; in a closed network, allow all addresses in the settings"
    )]
    NotGlobal {
        /// The policy host.
        host: String,
    },
    /// There is nobody whose certificates could be trusted.
    #[error("no certificate can be judged: {source}")]
    Roots {
        /// What is wrong.
        source: RootsError,
    },
    /// The answer is no policy; redirects are not followed.
    #[error("`{host}` answered with status {status}, not 200")]
    Status {
        /// The policy host.
        host: String,
        /// The status.
        status: u16,
    },
    /// TLS did not come about.
    #[error("no TLS session with `{host}`: {source}")]
    Tls {
        /// The policy host.
        host: String,
        /// What went wrong.
        source: rustls::Error,
    },
    /// The body or the head is too large, or says so.
    #[error("`{host}` serves more than {MAX_BODY_BYTES} bytes of policy, or {MAX_HEAD_BYTES} of headers")]
    TooLarge {
        /// The policy host.
        host: String,
    },
}

impl PolicyHostError {
    pub(super) fn of_connection(host: &str, error: io::Error) -> Self {
        let host = host.to_owned();
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()).cloned() {
            Some(
                source @ (rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented),
            ) => Self::Certificate { host, source },
            Some(source) => Self::Tls { host, source },
            None => Self::Connect { host, source: error },
        }
    }

    /// The name registered for reports (RFC 8460 §4.3.2.2).
    pub fn result_type(&self) -> &'static str {
        match self {
            Self::Certificate { .. } => "sts-webpki-invalid",
            _ => "sts-policy-fetch-error",
        }
    }

    /// The kind of failure.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Certificate { .. } => Cause::Certificate,
            Self::DeadlinePassed { .. } => Cause::Timeout,
            Self::Connect { source, .. } if source.kind() == io::ErrorKind::TimedOut => Cause::Timeout,
            Self::Lookup { source, .. } => source.cause,
            _ => Cause::Failure,
        }
    }
}
