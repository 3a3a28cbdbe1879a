//! Every socket: DNS, bounded HTTPS, message submission, a small HTTP shell. Every call has a deadline and a byte limit.
//!
//! - [`dns`] asks a validating resolver, and says of each answer whether it was verified.
//! - [`https`] fetches: conditional, resumable, from one of several mirrors.
//! - [`policy_host`] fetches the small texts that domains publish about their mail.
//! - [`submit`] hands a finished mail to a mail server.
//! - [`post`] posts a short text and brings back the short answer.
//! - [`http`] serves small answers on a local address, behind a reverse proxy.
//!
//! Knows no feature: what is fetched and what it means is `starttls-sources`. TLS is rustls with ring, 1.2 at least, and the
//! provider is always named, so that nothing depends on a process-wide default.

pub mod dns;
pub mod http;
pub mod https;
pub mod policy_host;
pub mod post;
pub mod roots;
pub mod submit;
