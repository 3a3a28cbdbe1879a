//! Every socket: bounded HTTPS, message submission, a small HTTP shell. Every call has a deadline and a byte limit.
//!
//! - [`https`] fetches: conditional, resumable, from one of several mirrors.
//! - [`submit`] hands a finished mail to a mail server.
//! - [`post`] posts a short text and brings back the short answer.
//! - [`http`] serves small answers on a local address, behind a reverse proxy.
//!
//! Knows no feature: what is fetched and what it means is `starttls-sources`. TLS is rustls with ring, 1.2 at least, and the
//! provider is always named, so that nothing depends on a process-wide default.

pub mod http;
pub mod https;
pub mod post;
pub mod roots;
pub mod submit;
