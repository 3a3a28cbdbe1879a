//! What the operating system gives, done once and safely.
//!
//! ```text
//! program   one program run within limits
//! ```

pub mod program;
