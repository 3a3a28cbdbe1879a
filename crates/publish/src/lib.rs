//! The maintainer's side: lists built, reviewed, signed, logged and published; a witness that any organisation can run.
//!
//! Accepting what is published here is `starttls-sources`.
