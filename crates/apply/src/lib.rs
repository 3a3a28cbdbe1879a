//! Puts text into force on a mail server, and takes it out again.
//!
//! Finds the server and its version, writes generations of our own files, has the server's own tools check them,
//! activates and undoes. It does not know where a decision came from: deciding is `starttls-policy`, the text is
//! `starttls-mta`. Nothing is printed here: results, findings and errors are values.

pub mod commands;
#[cfg(test)]
mod fake;
pub mod generations;
pub mod postfix;
pub mod validity;
pub mod withdrawal;

pub use commands::Commands;
pub use generations::Generations;
