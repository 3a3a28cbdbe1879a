//! A candidate that stands but for the list's bytes, and one that stands.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use starttls_policy::{Dialect, Finding, List, Relaxations, Timestamp};

use super::{Memory, Refusal};
use crate::chain::Anchor;
use crate::digest::Digest;
use crate::document::{ListStatement, Root};
use crate::ladder::Event;
use crate::relax::{InForce, RelaxOrders};
use crate::term::Term;

/// A candidate that stands but for the list's bytes.
#[derive(Clone, Debug)]
pub struct Judged {
    root: Anchor,
    statement: ListStatement,
    memory: Memory,
    findings: Vec<Finding>,
    orders: RelaxOrders,
}

/// A candidate that stands: from now on it is what is known.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// To be stored in place of the one before.
    pub memory: Memory,
    /// Entries of the list that count as `testing` now.
    pub relaxations: Relaxations,
    /// When the relaxations are to be computed anew ([`Memory::relaxed`]).
    pub relaxed_until: Option<Timestamp>,
    /// What an operator should know.
    pub findings: Vec<Finding>,
    /// For the staleness ladder.
    pub event: Event,
}

impl Judged {
    pub(super) const fn new(
        root: Anchor,
        statement: ListStatement,
        memory: Memory,
        findings: Vec<Finding>,
    ) -> Self {
        Self { root, statement, memory, findings, orders: RelaxOrders::Honoured }
    }

    /// By the operator's choice, whether relax orders have effect.
    #[must_use]
    pub fn with_relax_orders(self, orders: RelaxOrders) -> Self {
        Self { orders, ..self }
    }

    /// Where the list stands below the published directory: named by the hash of its bytes.
    pub fn path(&self) -> String {
        format!("list/{}.json", self.statement.sha256)
    }

    /// The root in force.
    pub const fn root(&self) -> &Root {
        self.root.root()
    }

    /// What was signed of the list, its size for one.
    pub const fn statement(&self) -> &ListStatement {
        &self.statement
    }

    /// The organisations that signed it.
    pub const fn signers(&self) -> &BTreeSet<String> {
        &self.memory.signers
    }

    /// The latest time at which enough witnesses vouched for the log.
    pub const fn quorum_time(&self) -> Timestamp {
        self.memory.log.quorum_time
    }

    /// When the list begins to age, and when it ends.
    pub const fn term(&self) -> Term {
        self.memory.term
    }

    /// When the list ends: by itself, or for want of newer cosignatures.
    pub const fn effective_end(&self) -> Timestamp {
        self.memory.term.end
    }

    /// Tells whether the list that is held already is the one that is meant, so that it need not be fetched.
    pub fn is_held(&self, memory: Option<&Memory>) -> bool {
        memory.is_some_and(|memory| memory.list == self.memory.list)
    }

    /// What would be remembered, if the list itself stands; for those who show it. Nothing but an [`Accepted`] may be stored.
    pub const fn would_remember(&self) -> &Memory {
        &self.memory
    }

    /// Judges the list itself. `size` and `sha256` are those of the bytes that `list` was read from; `now` is the local clock.
    ///
    /// # Errors
    /// [`Refusal`] when they are not those that were signed, or the list does not say of itself what was signed.
    pub fn with_list(
        self,
        size: u64,
        sha256: Digest,
        list: &List,
        now: Timestamp,
    ) -> Result<Accepted, Refusal> {
        let statement = &self.statement;
        if size != statement.size {
            return Err(Refusal::OtherSize { size: statement.size, got: size });
        }
        if sha256 != statement.sha256 {
            return Err(Refusal::OtherBytes { sha256: statement.sha256, got: sha256 });
        }
        check_head(statement, list)?;
        let Self { memory, mut findings, orders, .. } = self;
        let InForce { relaxations, findings: of_orders, until } = memory.relaxed(list, orders, now);
        findings.extend(of_orders);
        let event = memory.clock(now).accepted(memory.term);
        Ok(Accepted { memory, relaxations, relaxed_until: until, findings, event })
    }
}

/// What signers saw must be what the list says.
fn check_head(statement: &ListStatement, list: &List) -> Result<(), Refusal> {
    let head = &list.head;
    let shown = |time: Option<Timestamp>| time.map_or_else(String::new, |time| time.to_string());
    let members = [
        ("version", Dialect::One.to_string(), head.dialect.to_string()),
        ("author", statement.author.clone(), head.author.clone().unwrap_or_default()),
        ("serial", statement.serial.to_string(), head.serial.to_string()),
        ("timestamp", statement.timestamp.to_string(), shown(head.timestamp)),
        ("expires", statement.expires.to_string(), shown(head.expires)),
        ("number of entries", statement.entries.to_string(), list.entries.len().to_string()),
    ];
    match members.into_iter().find(|(_, signed, got)| signed != got) {
        Some((member, signed, got)) => Err(Refusal::OtherHead { member, signed, got }),
        None => Ok(()),
    }
}
