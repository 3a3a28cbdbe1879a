//! Result of a withdrawal, and why one failed.

use std::io;
use std::path::PathBuf;

use starttls_policy::Timestamp;

use super::{DetectError, ExchangeError, TakenOut};
use crate::validity::{Part, ValidityError};

/// Result of a withdrawal.
#[derive(Debug)]
#[non_exhaustive]
pub enum Withdrawal {
    /// Nothing of ours is in force, or nothing of it has expired.
    NothingExpired,
    /// The mail server does not use our table.
    NotInForce,
    /// A table without what has expired is in force.
    Exchanged {
        /// What had expired.
        expired: Vec<Part>,
        /// How many lines are left.
        lines: u64,
    },
    /// Our table was taken out of the mail server's configuration.
    TakenOut {
        /// What had expired.
        expired: Vec<Part>,
        /// Why what is left could not be put in force; `None` when nothing is left.
        cause: Option<String>,
    },
    /// Our table is still named, and has no lines.
    Emptied {
        /// What had expired.
        expired: Vec<Part>,
        /// Why it could not be taken out of the mail server's configuration.
        cause: String,
    },
    /// The mail server was configured to use our table, which is gone: all mail was deferred.
    WasMissing(TakenOut),
}

fn until(expires: Option<&Timestamp>) -> String {
    expires.map_or_else(String::new, |end| format!(" (by a copy it expires at {end})"))
}

/// Why nothing could be withdrawn; what was in force still is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WithdrawError {
    /// Postfix uses our table, and its record is missing or damaged, so that nobody knows when it expires.
    #[error(
        "the record in `{path}` of when the policy in force expires is missing or damaged{}; \
         run `starttls update`, which writes it anew",
        until(.expires.as_ref())
    )]
    NoRecord {
        /// The output directory.
        path: PathBuf,
        /// When it expires, as far as a second copy of the record says; it is withdrawn then.
        expires: Option<Timestamp>,
        /// What is wrong with it; `None` when it is missing.
        #[source]
        source: Option<ValidityError>,
    },
    /// Nothing records an activation, and Postfix does not use the directory.
    #[error(
        "nothing in `{path}` records an activation, and Postfix does not use it; run `starttls withdraw --record DIR` with the \
         output directory of the activation, or no longer run it for this one"
    )]
    NoActivation {
        /// The output directory.
        path: PathBuf,
    },
    /// Postfix uses the output directory, which is gone together with the directory above it.
    #[error(
        "cannot make `{path}`; make it, or take our table out of `smtp_tls_policy_maps` in main.cf by hand: Postfix defers all \
         mail while it is missing"
    )]
    NoParent {
        /// The directory above.
        path: PathBuf,
        /// The underlying I/O error.
        #[source]
        source: io::Error,
    },
    /// Postfix could not be asked.
    #[error(transparent)]
    Detect(#[from] DetectError),
    /// Our table could neither be taken out of main.cf nor be emptied.
    #[error("{cause}; and the table could not be emptied either")]
    NotEmptied {
        /// Why it could not be taken out.
        cause: String,
        /// Why it could not be emptied.
        #[source]
        source: Box<ExchangeError>,
    },
    /// The files, which others put in force, could not be exchanged.
    #[error("the files could not be exchanged")]
    Exchange(#[from] ExchangeError),
}
