//! Every socket: bounded HTTPS, message submission, a small HTTP shell. Every call has a deadline and a byte limit.
//!
//! Knows no feature: what is fetched and what it means is `starttls-sources`.
