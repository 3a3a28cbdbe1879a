//! The root document: which organisations there are, and who of them may say what.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use starttls_policy::Timestamp;

use super::{DocumentError, senseless};
use crate::key::{Algorithm, VerifierKey};
use crate::text;

/// Organisations and keys, thresholds, the log, its witnesses, and when a list is too stale.
///
/// Versions count from 1, and each is signed by enough organisations of the one before and of itself.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Root {
    /// Counted from 1, without gaps.
    pub version: u64,
    /// When it was made.
    #[serde(with = "text::time")]
    pub timestamp: Timestamp,
    /// By name: `[a-z0-9-]`.
    pub organisations: BTreeMap<String, Organisation>,
    /// Who may say what.
    pub roles: Roles,
    /// Where everything is recorded.
    pub log: Log,
    /// Who watches the log.
    pub witnesses: Vec<Witness>,
    /// How many organisations' witnesses must have seen the log at a size for it to count.
    pub quorum: u32,
    /// When a list is too stale.
    pub limits: Limits,
}

/// One organisation; it counts once, however many keys it has.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Organisation {
    /// Any of them signs for it.
    pub keys: Vec<VerifierKey>,
}

/// Who may sign what.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Roles {
    /// The next root.
    pub root: Role,
    /// Lists.
    pub list: Role,
    /// Orders to relax.
    pub relax: Role,
}

/// So many of these organisations.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Role {
    /// How many must sign.
    pub threshold: u32,
    /// Which may sign.
    pub organisations: BTreeSet<String>,
}

/// The append-only log.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Log {
    /// Signs checkpoints; its name is the log's origin line.
    pub key: VerifierKey,
}

/// One witness of the log.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Witness {
    /// Who runs it; need not be one of the signing organisations.
    pub organisation: String,
    /// Cosigns checkpoints.
    pub key: VerifierKey,
    /// Where it takes checkpoints (C2SP tlog-witness, "submission prefix"); clients never ask there.
    pub url: String,
}

/// When a list is too stale.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// Days after the quorum time from which on a list is called ageing.
    pub ageing_days: u32,
    /// Days after the quorum time at which a list ends, if its own `expires` does not come first.
    pub max_stale_days: u32,
}

/// Most organisations, keys of one, or witnesses: each signature costs a verification.
const MAX_MEMBERS: usize = 64;

impl Role {
    /// Tells whether so many organisations are enough.
    pub fn is_met(&self, organisations: usize) -> bool {
        organisations >= usize::try_from(self.threshold).unwrap_or(usize::MAX)
    }
}

impl Root {
    pub(super) fn check(&self) -> Result<(), DocumentError> {
        if self.version == 0 {
            return senseless("versions of the root count from 1");
        }
        if self.organisations.len() > MAX_MEMBERS || self.witnesses.len() > MAX_MEMBERS {
            return senseless(format!("at most {MAX_MEMBERS} organisations, keys of each, and witnesses"));
        }
        let mut seen = Keys::default();
        for (name, organisation) in &self.organisations {
            check_name(name)?;
            if organisation.keys.is_empty() || organisation.keys.len() > MAX_MEMBERS {
                return senseless(format!("the organisation `{name}` wants 1 to {MAX_MEMBERS} keys"));
            }
            for key in &organisation.keys {
                seen.add(key)?;
                if key.algorithm() == Algorithm::Cosignature {
                    return senseless(format!("the key {key} of `{name}` is a witness's"));
                }
            }
        }
        self.check_role("root", &self.roles.root)?;
        self.check_role("list", &self.roles.list)?;
        self.check_role("relax", &self.roles.relax)?;
        seen.add(&self.log.key)?;
        if self.log.key.algorithm() != Algorithm::Ed25519 {
            return senseless("the log's key must be of Ed25519 (type 01)");
        }
        let mut witnessing = BTreeSet::new();
        for witness in &self.witnesses {
            check_name(&witness.organisation)?;
            seen.add(&witness.key)?;
            if witness.key.algorithm() == Algorithm::Ed25519 {
                return senseless(format!("the witness key {} is of type 01; want 04", witness.key));
            }
            if witness.key.algorithm() == Algorithm::Cosignature {
                witnessing.insert(witness.organisation.as_str());
            }
        }
        let quorum = usize::try_from(self.quorum).unwrap_or(usize::MAX);
        if quorum == 0 || quorum > witnessing.len() {
            return senseless(format!(
                "the quorum is {quorum}; want 1 to {}, the organisations with a witness",
                witnessing.len()
            ));
        }
        let Limits { ageing_days, max_stale_days } = self.limits;
        if ageing_days == 0 || ageing_days >= max_stale_days || max_stale_days > super::MAX_LIFE_DAYS {
            return senseless(format!(
                "want 0 < `ageing-days` < `max-stale-days` ≤ {}, not {ageing_days} and {max_stale_days}",
                super::MAX_LIFE_DAYS
            ));
        }
        Ok(())
    }

    fn check_role(&self, name: &str, role: &Role) -> Result<(), DocumentError> {
        if let Some(unknown) = role.organisations.iter().find(|name| !self.organisations.contains_key(*name))
        {
            return senseless(format!("the role `{name}` names `{unknown}`, which is no organisation here"));
        }
        let threshold = usize::try_from(role.threshold).unwrap_or(usize::MAX);
        if threshold == 0 || threshold > role.organisations.len() {
            return senseless(format!(
                "the role `{name}` wants {threshold} of {} organisations; want 1 to all",
                role.organisations.len()
            ));
        }
        Ok(())
    }
}

/// The keys of a root, no two of which may be taken for one another.
#[derive(Default)]
struct Keys<'a> {
    bytes: BTreeSet<&'a [u8]>,
    ids: BTreeSet<(&'a str, u32)>,
}

impl<'a> Keys<'a> {
    /// One key under two names would count twice; so would one signature that two keys of one name and id claim (ids
    /// have 32 bits, and are no strong hash).
    fn add(&mut self, key: &'a VerifierKey) -> Result<(), DocumentError> {
        if !self.bytes.insert(key.bytes()) {
            return senseless(format!("the key {key} stands there twice"));
        }
        if !self.ids.insert((key.name(), key.id())) {
            return senseless(format!("two keys have the name and id {}+{:08x}", key.name(), key.id()));
        }
        Ok(())
    }
}

fn check_name(name: &str) -> Result<(), DocumentError> {
    let is_plain =
        name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !is_plain || name.is_empty() || name.len() > 64 {
        return senseless(format!(
            "`{}` names no organisation: want 1 to 64 of a-z, 0-9 and `-`",
            starttls_policy::printable(name)
        ));
    }
    Ok(())
}
