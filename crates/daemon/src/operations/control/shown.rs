//! What was learnt of one domain, as it is shown.

use serde::{Deserialize, Serialize};
use starttls_policy::Domain;
use starttls_policy::decide::evidence::ReleasingMode;

use crate::learned::{Learnt, Remembered};

/// What was learnt of one domain.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Shown {
    /// The domain.
    pub domain: String,
    /// Its MTA-STS policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<ShownPolicy>,
    /// What released it from a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<ShownRelease>,
    /// Until when DANE counts should the resolver stop validating, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dane_until: Option<String>,
}

/// An MTA-STS policy that was fetched.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ShownPolicy {
    /// `enforce`, `testing` or `none`.
    pub mode: String,
    /// MX patterns.
    pub mx: Vec<String>,
    /// `id` of the record.
    pub id: String,
    /// When it was fetched, RFC 3339.
    pub fetched: String,
    /// When it ends, RFC 3339.
    pub ends: String,
    /// When the record last named the same `id`, RFC 3339.
    pub confirmed: String,
    /// `here`, or `elsewhere` if another node fetched it.
    pub origin: String,
}

/// A `none` or `testing` that released a list entry.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ShownRelease {
    /// `none` or `testing`.
    pub mode: String,
    /// When it was fetched, RFC 3339.
    pub at: String,
}

impl Shown {
    /// What is remembered of a domain, as it is shown.
    pub fn new(domain: &Domain, remembered: &Remembered) -> Self {
        let policy = remembered.policy.as_ref().map(|kept| ShownPolicy {
            mode: kept.policy.mode.to_string(),
            mx: kept.policy.mx.iter().map(ToString::to_string).collect(),
            id: kept.policy.id.clone(),
            fetched: kept.policy.fetched.to_string(),
            ends: kept.policy.ends().to_string(),
            confirmed: kept.confirmed.to_string(),
            origin: match kept.origin {
                Learnt::Here => "here".into(),
                Learnt::Elsewhere => "elsewhere".into(),
            },
        });
        let release = remembered.release.map(|release| ShownRelease {
            mode: match release.mode {
                ReleasingMode::None => "none".into(),
                ReleasingMode::Testing => "testing".into(),
            },
            at: release.at.to_string(),
        });
        let dane_until = remembered.dane_until.map(|until| until.to_string());
        Self { domain: domain.to_string(), policy, release, dane_until }
    }
}
