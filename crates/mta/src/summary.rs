//! What became of the entries: enforced, log-only, or not expressible and why.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use starttls_policy::{Domain, Finding, Severity};

use crate::Setting;

/// Counts over one generation, and what goes with it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Summary {
    /// Domains whose demand is enforced, in whole or as far as it can be expressed.
    pub enforced: u64,
    /// Domains that are watched only.
    pub log_only: u64,
    /// Domains that ask for nothing, or are exempt.
    pub none: u64,
    /// Domains of whose demand nothing could be written.
    pub unexpressed: u64,
    /// Lines written to the policy table.
    pub lines: u64,
    /// Parts of policies that the server cannot express, by code.
    pub shortfalls: BTreeMap<&'static str, Shortfall>,
    /// What the server must be set to for these files, required settings first.
    pub settings: Vec<Setting>,
    /// What the operator should know about these files; what holds for any is [`crate::Renderer::advice`].
    pub findings: Vec<Finding>,
}

/// One kind of thing that could not be expressed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Shortfall {
    /// Info: what is checked instead comes close. Warning: something that was demanded goes unchecked.
    pub severity: Severity,
    /// What is missing and what holds instead, in words.
    pub message: String,
    /// How many domains it touches.
    pub count: u64,
    /// The first few of them, in order.
    pub examples: Vec<Domain>,
}
