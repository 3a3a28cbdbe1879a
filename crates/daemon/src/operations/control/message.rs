//! What is asked over the control socket, and what is answered: one line of JSON each.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use starttls_policy::Domain;

use super::shown::{Shown, ShownOne};

/// A request fits in a packet; a domain is the longest that it carries.
pub(super) const MAX_REQUEST_BYTES: usize = 4096;

/// An answer: as much as a person pages through.
pub(super) const MAX_RESPONSE_BYTES: usize = 4 * 1024 * 1024;

/// The most domains that are shown at once.
pub(super) const MAX_SHOWN: u32 = 1000;

/// What is asked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Read settings and lists anew.
    Reload {},
    /// Forget what was learnt.
    Purge {
        /// Of whom.
        what: Purge,
    },
    /// Show what was learnt.
    Show {
        /// From the domain after this one on; without it from the first.
        #[serde(default, with = "maybe_domain", skip_serializing_if = "Option::is_none")]
        after: Option<Domain>,
        /// At most so many, and never more than 1000.
        limit: u32,
    },
    /// Show what was learnt of one domain.
    ShowOne {
        /// Which one.
        #[serde(with = "one_domain")]
        domain: Domain,
    },
    /// Find one domain out anew.
    Refresh {
        /// Which one.
        #[serde(with = "one_domain")]
        domain: Domain,
    },
    /// Tell how it stands.
    Status {},
}

/// Of whom to forget what was learnt. Lists and overrides are never forgotten by this.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purge {
    /// Of one domain.
    Domain(#[serde(with = "one_domain")] Domain),
    /// Of those whose policy has ended.
    Ended,
    /// Of all: first contact begins anew for each of them.
    All,
}

/// What became of the store that nodes share.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PurgedShared {
    /// As many rows were removed there.
    Removed(u64),
    /// Nothing was removed there; why, and what to do.
    Not(String),
}

/// What was forgotten.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Purged {
    /// Rows that this node had.
    pub rows: u64,
    /// What became of the store that nodes share; none where there is none.
    pub shared: Option<PurgedShared>,
}

/// What is answered.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Response {
    /// It was done.
    Done {
        /// What came of it.
        words: String,
    },
    /// It was forgotten.
    Purged {
        /// Rows that this node had.
        domains: u64,
        /// What became of the store that nodes share; `null` where there is none.
        #[serde(default, rename = "shared-store")]
        shared_store: Option<PurgedShared>,
    },
    /// What was learnt.
    Shown {
        /// In the order of domains.
        domains: Vec<Shown>,
        /// Whether there may be more after the last.
        more: bool,
    },
    /// What was learnt of one domain.
    ShownOne(Box<ShownOne>),
    /// How it stands: docs/status.md.
    Status {
        /// The document of `/status.json`.
        status: Value,
    },
    /// It was not done.
    Refused {
        /// Why.
        words: String,
    },
}

/// Domains travel as text, and are domains again on the other side.
mod one_domain {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};
    use starttls_policy::Domain;

    pub(super) fn serialize<S: Serializer>(domain: &Domain, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(domain.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Domain, D::Error> {
        let text = String::deserialize(deserializer)?;
        Domain::parse(&text).map_err(|error| D::Error::custom(format_args!("`{text}` is no domain: {error}")))
    }
}

mod maybe_domain {
    use serde::{Deserializer, Serializer};
    use starttls_policy::Domain;

    use super::one_domain;

    #[expect(clippy::ref_option, reason = "the library asks for it so")]
    pub(super) fn serialize<S: Serializer>(
        domain: &Option<Domain>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match domain {
            Some(domain) => one_domain::serialize(domain, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Domain>, D::Error> {
        one_domain::deserialize(deserializer).map(Some)
    }
}
