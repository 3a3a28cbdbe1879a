//! Policy lists: fetched, accepted, kept; overrides; the merged view; the status of each source.
//!
//! Decides nothing and writes no mail server's files: those are `starttls_policy::decide` and `starttls-apply`.

pub mod map;
