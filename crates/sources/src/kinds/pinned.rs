//! What the operator pinned: the root or the certificate that the settings name.

use starttls_trust::Anchor;

use super::openpgp::read_certificate;
use super::witnessed::read_anchor;
use crate::settings::Trust;

/// What the operator pinned.
#[derive(Debug)]
pub(crate) enum Pinned {
    /// A root, and the hash that names it.
    Root(Box<Anchor>, String),
    /// A certificate's fingerprint.
    Certificate(String),
}

/// Reads it; `None` when there is nothing to pin, or when it cannot be read.
pub(crate) fn pinned(trust: &Trust) -> Option<Pinned> {
    let certificate =
        |path| read_certificate(path).ok().map(|it| Pinned::Certificate(it.fingerprint().to_string()));
    match trust {
        Trust::Witnessed(witnessed) => read_anchor(witnessed).ok().map(|anchor| {
            let name = anchor.reference().sha256.to_string();
            Pinned::Root(Box::new(anchor), name)
        }),
        Trust::OpenPgp(openpgp) => certificate(&openpgp.certificate),
        Trust::GitTag(tag) => certificate(&tag.certificate),
        Trust::Unsigned(_) => None,
    }
}

impl Pinned {
    /// What names it in the record.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Root(_, name) | Self::Certificate(name) => name,
        }
    }

    /// The root, if it is one.
    pub(crate) fn root(&self) -> Option<&Anchor> {
        match self {
            Self::Root(anchor, _) => Some(anchor),
            Self::Certificate(_) => None,
        }
    }
}
