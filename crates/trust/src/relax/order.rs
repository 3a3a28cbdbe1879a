//! Relax orders as a client knows and remembers them: what they say, and who stands behind them.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use starttls_policy::{Domain, Label, Timestamp};

use super::RENEWAL_DAYS;
use crate::digest::Digest;
use crate::term::{DAY_SECONDS, later};
use crate::text;

/// An order that enough organisations signed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Order {
    /// Hash of its text.
    pub sha256: Digest,
    /// Who signed it.
    pub signed_by: BTreeSet<String>,
    /// In which role they were enough.
    pub authority: Authority,
    /// From when on it holds.
    #[serde(with = "text::time")]
    pub timestamp: Timestamp,
    /// Until when.
    #[serde(with = "text::time")]
    pub expires: Timestamp,
    /// Why, in their words.
    pub reason: String,
    /// The domains that it names.
    #[serde(with = "text::domains")]
    pub domains: Vec<Domain>,
    /// The providers that it names.
    #[serde(with = "text::labels")]
    pub providers: Vec<Label>,
    /// Who took it back; never forgotten.
    pub cancelled: Option<Cancelled>,
    /// Whether the set in force has it.
    pub place: Place,
}

/// In which role an order's signers were enough.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Authority {
    /// `relax`: it may begin an exemption.
    Relax,
    /// `list`: it may renew one too.
    List,
}

/// Whether an order stands in the set in force.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// It does.
    InSet,
    /// It did; remembered so that no order renews it unnoticed.
    Gone,
}

/// An order was taken back.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cancelled {
    /// By which organisation.
    pub organisation: String,
    /// Why, in its words.
    pub reason: String,
}

impl Order {
    /// Tells whether it still may matter: until then a later order that covers the same domain renews it.
    pub fn matters(&self, now: Timestamp) -> bool {
        self.blocks_until() > now
    }

    /// Until then a later order that covers the same domain renews it.
    pub(super) fn blocks_until(&self) -> Timestamp {
        later(self.expires, u64::from(RENEWAL_DAYS) * DAY_SECONDS)
    }

    /// Enough of its hash for people to tell orders apart.
    pub(super) fn short(&self) -> String {
        alloc::format!("{}", self.sha256).chars().take(16).collect()
    }
}
