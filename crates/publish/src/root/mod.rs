//! Roots made: from a template that people write, and from the root before it.
//!
//! What a root means, and who must sign it, is `starttls-trust`.

mod change;
mod files;
mod template;

pub(crate) use change::in_words;
pub use change::{Change, changes};
pub use files::{RootFilesError, RootNote, read_all};
pub use template::{MAX_TEMPLATE_BYTES, Template, TemplateError};

use std::path::PathBuf;

use starttls_policy::Timestamp;
use starttls_trust::document::Root;
use starttls_trust::{Document, DocumentError};

use crate::file::{FileError, shown};

/// Why a file holds no template.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadTemplateError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is no template.
    #[error("{}", shown(path))]
    Template {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: TemplateError,
    },
}

/// Why a template makes no root.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RootError {
    /// Its parts contradict one another.
    #[error("the template makes no root")]
    Sense(#[from] DocumentError),
    /// It says what the root before it says.
    #[error("the template changes nothing in root {version}; there is nothing to sign")]
    Unchanged {
        /// The root before it.
        version: u64,
    },
    /// Made before the root that it follows.
    #[error("root {version} is of {before}, later than {timestamp}; check the clock")]
    Earlier {
        /// The root before it.
        version: u64,
        /// When that was made.
        before: Timestamp,
        /// When this one would be.
        timestamp: Timestamp,
    },
}

/// Makes version 1.
///
/// # Errors
/// [`RootError::Sense`].
pub fn first(template: &Template, timestamp: Timestamp) -> Result<Root, RootError> {
    Ok(checked(template.root(1, timestamp))?)
}

/// Makes the version after `current`.
///
/// # Errors
/// [`RootError`].
pub fn next(template: &Template, current: &Root, timestamp: Timestamp) -> Result<Root, RootError> {
    let version = current.version;
    if timestamp < current.timestamp {
        return Err(RootError::Earlier { version, before: current.timestamp, timestamp });
    }
    let root = checked(template.root(version.saturating_add(1), timestamp))?;
    if changes(current, &root).is_empty() { Err(RootError::Unchanged { version }) } else { Ok(root) }
}

/// The same root, if its parts go together.
fn checked(root: Root) -> Result<Root, DocumentError> {
    Root::parse(&Document::from(root).to_text())
}

#[cfg(test)]
mod tests;
