//! Root templates: TOML or JSON that people write, with defaults where nearly everybody wants the same.
//!
//! Spec: docs/maintainer-ceremony.md, "The template".

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use starttls_policy::Timestamp;
use starttls_trust::document::{Limits, Log, Organisation, Role, Roles, Root, Witness};

/// All that a root says, but its version and time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Template {
    organisations: BTreeMap<String, Organisation>,
    roles: TemplateRoles,
    log: Log,
    witnesses: Vec<Witness>,
    quorum: u32,
    #[serde(default)]
    limits: TemplateLimits,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct TemplateRoles {
    root: TemplateRole,
    list: TemplateRole,
    relax: TemplateRole,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct TemplateRole {
    threshold: u32,
    /// All, if it is left out.
    organisations: Option<BTreeSet<String>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct TemplateLimits {
    ageing_days: u32,
    max_stale_days: u32,
}

impl Default for TemplateLimits {
    fn default() -> Self {
        // Design §6: 30 days; a week without a witness is worth a word.
        Self { ageing_days: 7, max_stale_days: 30 }
    }
}

/// Why a text is no template.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// Wrong TOML, or something that is missing, unknown or of another kind.
    #[error("it is no template in TOML: {0}")]
    Toml(#[from] toml::de::Error),
    /// The same of JSON.
    #[error("it is no template in JSON: {message}")]
    Json {
        /// What is wrong, with its place.
        message: String,
    },
}

/// Largest template: a root's members are limited far below.
pub const MAX_TEMPLATE_BYTES: u64 = 1_000_000;

impl Template {
    /// Reads TOML; or JSON, of which the first character is `{`.
    ///
    /// # Errors
    /// [`TemplateError`].
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        if text.trim_start().starts_with('{') {
            let json = serde_json::from_str(text);
            return json.map_err(|error| TemplateError::Json { message: error.to_string() });
        }
        Ok(toml::from_str(text)?)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`ReadTemplateError`].
    pub fn read(path: &std::path::Path) -> Result<Self, super::ReadTemplateError> {
        let text = crate::file::read_text(path, MAX_TEMPLATE_BYTES)?;
        Self::parse(&text).map_err(|source| super::ReadTemplateError::Template { path: path.into(), source })
    }

    pub(super) fn root(&self, version: u64, timestamp: Timestamp) -> Root {
        let role = |role: &TemplateRole| Role {
            threshold: role.threshold,
            organisations: role
                .organisations
                .clone()
                .unwrap_or_else(|| self.organisations.keys().cloned().collect()),
        };
        Root {
            version,
            timestamp,
            organisations: self.organisations.clone(),
            roles: Roles {
                root: role(&self.roles.root),
                list: role(&self.roles.list),
                relax: role(&self.roles.relax),
            },
            log: self.log.clone(),
            witnesses: self.witnesses.clone(),
            quorum: self.quorum,
            limits: Limits {
                ageing_days: self.limits.ageing_days,
                max_stale_days: self.limits.max_stale_days,
            },
        }
    }
}
