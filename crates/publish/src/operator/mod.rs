//! The operator's own tools: `gpg` signs, `git` tags; what they made is verified here before anybody sees it.
//!
//! They run with the operator's environment, since keys, agent and identity are there.

mod git;
mod gpg;
mod tool;

use starttls_openpgp::{CertificateError, VerifyError};
use starttls_trust::GitTagError;

pub use git::{Tagged, tag};
pub use gpg::{Forms, Gpg};

use crate::file::FileError;

/// Why a tool of the operator was of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OperatorError {
    /// It could not be started or listened to.
    #[error("cannot run `{tool}`; is it installed, and in `PATH`?")]
    Run {
        /// Which.
        tool: String,
        /// What the system answered.
        #[source]
        source: std::io::Error,
    },
    /// It was still running.
    #[error("`{tool}` had not ended after {seconds} s and was killed; does it wait for a passphrase?")]
    TimedOut {
        /// Which, with its arguments.
        tool: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// It ended with an error.
    #[error("`{tool}` did not do it: {messages}")]
    Failed {
        /// Which, with its arguments.
        tool: String,
        /// What it said.
        messages: String,
    },
    /// It has no such key, or several.
    #[error("`gpg` exports no single certificate for `{key}`; give the key's whole fingerprint")]
    Certificate {
        /// What was asked for.
        key: String,
        /// What is wrong.
        #[source]
        source: CertificateError,
    },
    /// What it made does not verify.
    #[error("{what}, which `gpg` just made, does not verify; nothing was published")]
    Signature {
        /// Which form.
        what: &'static str,
        /// Why.
        #[source]
        source: VerifyError,
    },
    /// What it signed is something else.
    #[error("the clearsigned text is not that of the list; nothing was published")]
    OtherText,
    /// The tag is none that clients take.
    #[error("the tag is none that clients would take")]
    Tag(#[from] GitTagError),
    /// A tag of that name is on another list.
    #[error("the tag `{name}` is there already, on another list; a tag is never moved")]
    OtherTag {
        /// Its name.
        name: String,
    },
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
}
