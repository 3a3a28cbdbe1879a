//! Manifests in the order of the log: what is in force never goes back.

use std::collections::BTreeSet;

use starttls_trust::Digest;
use starttls_trust::document::Manifest;

/// The manifests so far.
#[derive(Debug, Default)]
pub(super) struct Manifests {
    last: Option<Manifest>,
}

impl Manifests {
    /// Takes the next one; tells what is wrong with it, when `logged` are the documents before it.
    pub(super) fn next(&mut self, next: &Manifest, logged: &BTreeSet<Digest>) -> Vec<String> {
        let mut facts = Vec::new();
        if let Some(before) = &self.last {
            if next.root.version < before.root.version {
                facts.push(format!("root {} after root {}", next.root.version, before.root.version));
            }
            if next.root.version == before.root.version && next.root != before.root {
                facts.push(format!("root {} is another than before", next.root.version));
            }
            if next.list.serial < before.list.serial {
                facts.push(format!("list {} after list {}", next.list.serial, before.list.serial));
            }
            if next.list.serial == before.list.serial && next.list.sha256 != before.list.sha256 {
                facts.push(format!("list {} is another than before", next.list.serial));
            }
        }
        if !logged.contains(&next.root.sha256) {
            facts.push("its root is not in the log before it".into());
        }
        if !logged.contains(&next.list.statement) {
            facts.push("its list statement is not in the log before it".into());
        }
        self.last = Some(next.clone());
        facts
    }

    /// The one in force.
    pub(super) const fn last(&self) -> Option<&Manifest> {
        self.last.as_ref()
    }
}
