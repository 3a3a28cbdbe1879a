//! One list, relax order or override that a policy was made from.

use serde::{Deserialize, Serialize};
use starttls_policy::Timestamp;

use super::time;

/// One list, relax order or override that a policy was made from.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Part {
    /// What it is.
    pub kind: PartKind,
    /// The list's name, `relax orders of LIST`, or `override of DOMAIN`.
    pub name: String,
    /// The list's serial.
    pub serial: Option<u64>,
    /// From when on it must no longer be in force; none if it does not expire.
    #[serde(with = "time::optional")]
    pub expires: Option<Timestamp>,
}

/// What a policy is made from.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartKind {
    /// A list: an update should have replaced it before it expired.
    List,
    /// The operator's decision on one domain: it expires as was said.
    Override,
    /// Orders of a list's organisations that weaken some entries for a few days: they expire as was said.
    RelaxOrders,
}
