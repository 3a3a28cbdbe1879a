//! Documents: everything that is signed or logged, each a small JSON text that begins with its type.
//!
//! Signing stands in [`note`](crate::note); who may sign what in [`Root`].
//!
//! Spec: docs/list-distribution.md, "Documents".

mod leaf;
mod list_statement;
mod manifest;
mod relax;
mod root;

use alloc::string::{String, ToString};

use serde::{Deserialize, Serialize};
use starttls_policy::printable;

pub use leaf::{Leaf, LeafKind};
pub use list_statement::{Changes, ListStatement, MAX_LIFE_DAYS};
pub use manifest::{ListRef, Manifest, RootRef};
pub use relax::{MAX_RELAX_DAYS, RelaxCancel, RelaxOrder, RelaxSet};
pub use root::{Limits, Log, Organisation, Role, Roles, Root, Witness};

use crate::digest::Digest;

/// One document of any type. Unknown and repeated members are refused: whoever signs must see all that is signed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "type")]
pub enum Document {
    /// Organisations, keys, thresholds.
    #[serde(rename = "starttls-everywhere/root/v1")]
    Root(Root),
    /// What organisations sign of a list.
    #[serde(rename = "starttls-everywhere/list/v1")]
    List(ListStatement),
    /// An order to weaken some entries for a while.
    #[serde(rename = "starttls-everywhere/relax/v1")]
    Relax(RelaxOrder),
    /// Takes such an order back.
    #[serde(rename = "starttls-everywhere/relax-cancel/v1")]
    RelaxCancel(RelaxCancel),
    /// All orders that may still matter; not signed as a whole.
    #[serde(rename = "starttls-everywhere/relax-set/v1")]
    RelaxSet(RelaxSet),
    /// What was in force when the log had its size; the log's last leaf.
    #[serde(rename = "starttls-everywhere/manifest/v1")]
    Manifest(Manifest),
    /// Any other leaf of the log.
    #[serde(rename = "starttls-everywhere/leaf/v1")]
    Leaf(Leaf),
}

/// Why a text is no document.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// No JSON, or not of the form of its type.
    #[error("{}{message}", place(*.line))]
    Form {
        /// Counted from 1; 0 when it is not known, as for most of what a document's type alone tells.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// Of the right form, and yet it cannot be meant.
    #[error("{0}")]
    Sense(String),
    /// A document, but of another type.
    #[error("want a document of type `{want}`, not `{got}`")]
    OtherType {
        /// The type that is needed.
        want: &'static str,
        /// The type that it has.
        got: &'static str,
    },
}

impl Document {
    /// Reads a document of any type, and sees to it that it makes sense in itself.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        let document: Self = serde_json::from_str(text).map_err(|error| {
            let message = error.to_string();
            // The line stands before the message already.
            let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(what, _)| what);
            // It repeats what stands in the text, which comes from anybody.
            DocumentError::Form { line: error.line(), message: printable(message) }
        })?;
        match &document {
            Self::Root(root) => root.check(),
            Self::List(statement) => statement.check(),
            Self::Relax(order) => order.check(),
            Self::RelaxCancel(_) | Self::RelaxSet(_) | Self::Manifest(_) | Self::Leaf(_) => Ok(()),
        }?;
        Ok(document)
    }

    /// The text that is signed and hashed: indented JSON and a line end.
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The hash of [`Document::to_text`]; of a document that was read, take that of the text as it was read.
    pub fn digest(&self) -> Digest {
        Digest::of(self.to_text().as_bytes())
    }

    /// Its type as it stands in the text.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Root(_) => "starttls-everywhere/root/v1",
            Self::List(_) => "starttls-everywhere/list/v1",
            Self::Relax(_) => "starttls-everywhere/relax/v1",
            Self::RelaxCancel(_) => "starttls-everywhere/relax-cancel/v1",
            Self::RelaxSet(_) => "starttls-everywhere/relax-set/v1",
            Self::Manifest(_) => "starttls-everywhere/manifest/v1",
            Self::Leaf(_) => "starttls-everywhere/leaf/v1",
        }
    }
}

/// Documents by their type, read from text.
macro_rules! of_type {
    ($type:ident, $variant:ident, $name:literal) => {
        impl $type {
            /// Reads a document of this type alone.
            ///
            /// # Errors
            /// [`DocumentError`], also for documents of other types.
            pub fn parse(text: &str) -> Result<Self, DocumentError> {
                match Document::parse(text)? {
                    Document::$variant(document) => Ok(document),
                    other => Err(DocumentError::OtherType { want: $name, got: other.type_name() }),
                }
            }
        }

        impl From<$type> for Document {
            fn from(document: $type) -> Self {
                Self::$variant(document)
            }
        }
    };
}

of_type!(Root, Root, "starttls-everywhere/root/v1");
of_type!(ListStatement, List, "starttls-everywhere/list/v1");
of_type!(RelaxOrder, Relax, "starttls-everywhere/relax/v1");
of_type!(RelaxCancel, RelaxCancel, "starttls-everywhere/relax-cancel/v1");
of_type!(RelaxSet, RelaxSet, "starttls-everywhere/relax-set/v1");
of_type!(Manifest, Manifest, "starttls-everywhere/manifest/v1");
of_type!(Leaf, Leaf, "starttls-everywhere/leaf/v1");

/// A fault of sense, in words.
fn senseless<T>(message: impl Into<String>) -> Result<T, DocumentError> {
    Err(DocumentError::Sense(printable(&message.into())))
}

fn place(line: usize) -> String {
    if line == 0 { String::new() } else { alloc::format!("line {line}: ") }
}

#[cfg(test)]
mod tests;
