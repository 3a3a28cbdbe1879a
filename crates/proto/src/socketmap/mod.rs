//! Socketmap: how Postfix and sendmail ask a server for the value of a key.
//!
//! ```text
//! 17:QUERY example.org,   ─►  [`next`] ─► [`Request`] ─► [`Key::parse`]
//! 58:OK secure match=…,   ◄─  [`Reply::push`]
//! ```
//!
//! Requests are read where they lie, without copying; whatever can be told to be wrong is refused before more of it is read.
//! Sockets are `starttls-daemon`; what a policy looks like as text is `starttls-mta`.
//!
//! Spec: socketmap_table(5); netstrings by D. J. Bernstein, as of 1997-02-01.

mod key;
mod reply;
mod request;

pub use key::Key;
pub use reply::{MAX_REPLY_BYTES, Reply};
pub use request::{FrameError, MAX_REQUEST_BYTES, Request, next};
