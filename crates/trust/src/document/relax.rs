//! Orders to relax: the short-lived lane for emergencies, which can only weaken.
//!
//! Whether an order holds is `crate::relax`.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use starttls_policy::{Domain, Label, Timestamp};

use super::{DocumentError, senseless};
use crate::digest::Digest;
use crate::text;

/// Lets entries count as `testing` for some days.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RelaxOrder {
    /// Who orders it.
    pub organisation: String,
    /// From when on.
    #[serde(with = "text::time")]
    pub timestamp: Timestamp,
    /// Until when; at most [`MAX_RELAX_DAYS`] later.
    #[serde(with = "text::time")]
    pub expires: Timestamp,
    /// Why, for the public.
    pub reason: String,
    /// These domains.
    #[serde(with = "text::domains")]
    pub domains: Vec<Domain>,
    /// All domains of these providers.
    #[serde(with = "text::labels")]
    pub providers: Vec<Label>,
}

/// Takes an order back.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RelaxCancel {
    /// Hash of the order's text.
    pub order: Digest,
    /// Who takes it back.
    pub organisation: String,
    /// When.
    #[serde(with = "text::time")]
    pub timestamp: Timestamp,
    /// Why, for the public.
    pub reason: String,
}

/// All orders that may still matter: those in force, and those that ended lately, so that none is renewed unnoticed.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RelaxSet {
    /// Signed notes of [`RelaxOrder`], oldest first.
    pub orders: Vec<String>,
    /// Signed notes of [`RelaxCancel`].
    pub cancels: Vec<String>,
}

/// Longest life of an order, in days.
pub const MAX_RELAX_DAYS: u32 = 14;

impl RelaxOrder {
    pub(super) fn check(&self) -> Result<(), DocumentError> {
        let life = self.timestamp.until(self.expires).as_secs();
        if life == 0 || life > u64::from(MAX_RELAX_DAYS) * 86_400 {
            return senseless(format!(
                "the order holds from {} to {}; want at most {MAX_RELAX_DAYS} days",
                self.timestamp, self.expires
            ));
        }
        if self.domains.is_empty() && self.providers.is_empty() {
            return senseless("the order names no domain");
        }
        Ok(())
    }
}
