//! What each mail server's TLS policy looks like as text: one folder per server, [`ALL`] names them.
//!
//! Pure: decisions and facts about the server come in, text goes out. Finding the server, writing files and
//! reloading it is `starttls-apply`; deciding is `starttls-policy`.
//!
//! To add a server: a folder that implements [`Mta`], and a line in [`ALL`].
#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod facts;
pub mod postfix;
mod renderer;
mod setting;
mod summary;

pub use facts::{Facts, LeafPins};
pub use renderer::{Mta, Output, Renderer};
pub use setting::{Need, Setting};
pub use starttls_policy::Code;
pub use summary::{Shortfall, Summary};

/// Every mail server that we can write for.
pub const ALL: &[&dyn Mta] = &[&postfix::Postfix];

/// Finds a server by the name used on the command line.
pub fn by_name(name: &str) -> Option<&'static dyn Mta> {
    ALL.iter().copied().find(|mta| mta.name() == name)
}
