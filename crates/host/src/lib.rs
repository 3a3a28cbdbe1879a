//! What the operating system gives, done once and safely.
//!
//! ```text
//! read         a file or stream, up to a limit
//! replacement  a file replaced whole: readers see the old bytes or the new ones
//! directory    a directory held open, which others cannot write and no symbolic link leads out of
//! owner        root acts as the user to whom a directory belongs
//! cure         what an administrator can do about an I/O error
//! program      one program run within limits
//! fault        the places at which a test can cut work on disk short
//! ```

mod cure;
mod directory;
pub mod fault;
mod owner;
pub mod program;
mod read;
mod replacement;

pub use cure::cure;
pub use directory::{Directory, DirectoryError};
pub use owner::{ForeignFile, Owner, SwitchError};
pub use read::{ReadError, read, read_if_exists, read_stream, read_text};
pub use replacement::{ASIDE_SUFFIX, Replacement, remove, remove_aside, replace, sync_parent};
