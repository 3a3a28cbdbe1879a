//! Serves socketmap connections: TCP and Unix sockets, of our own or handed over by systemd.
//!
//! ```text
//! listeners ─┐                          ┌─► connection ─► requests ─► Answering::at_hand ─► reply, in the same turn
//! clock ─────┼─► queue ─► serving thread ┤                    └─ miss: finding ─► Answering::find_out, on another runtime
//! mailbox ───┘                           └─► connections: shed, swept, drained            └─► mailbox
//! ```
//!
//! Nothing else runs on the serving thread, so a slow fetch or a full database cannot hold an answer up that is at
//! hand. A connection that says nothing owns no buffer and no timer. Requests are framed by `starttls_proto::socketmap`,
//! answers come from [`Answering`](crate::Answering).
//!
//! Spec: socketmap_table(5).

mod clock;
mod connection;
mod connections;
mod finding;
mod limits;
mod listen;
mod listener;
mod queue;
mod requests;
mod server;
mod serving;
mod traffic;
mod turn;
mod unknown_maps;

pub use limits::Limits;
pub use listen::{BadListen, Listen};
pub use listener::{BindError, DEFAULT_UNIX_MODE, Listener};
pub use server::{ServeError, Serving, Stop, serve};
pub use traffic::Traffic;
