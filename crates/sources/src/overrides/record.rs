//! One line of the overrides file: who said what of which domain, when, until when and why.

use std::fmt;

use serde::{Deserialize, Serialize};
use starttls_policy::decide::overrides::Ruling;
use starttls_policy::{Domain, Mode, MxPattern, Policy, Requirement, Timestamp, TlsVersion};

use super::reason::{ReasonError, ReasonText};
use super::until::{UntilError, check_until};

/// Most MX patterns of one override; a provider's policy has about ten.
pub const MAX_PATTERNS: usize = 100;

/// Longest login name; Linux allows 32, directories more.
const MAX_ACTOR_CHARS: usize = 64;

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// When it was said.
    pub at: Timestamp,
    /// Who said it.
    pub by: Actor,
    /// Of which domain.
    pub domain: Domain,
    /// What.
    pub act: Act,
}

/// What was said.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// From now on this holds.
    Add {
        /// What holds.
        ruling: Ruling,
        /// The first second at which it no longer does.
        until: Timestamp,
        /// Why.
        reason: ReasonText,
    },
    /// What was said before no longer holds.
    Remove {
        /// Why, if it was said.
        reason: Option<ReasonText>,
    },
}

/// A local login name, or `uid:1000`; never a mail address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Actor(Box<str>);

/// What is wrong with a line.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// No JSON, or members that do not belong there.
    #[error("it is no override: {0}")]
    Json(String),
    /// A member's value.
    #[error("`{member}`: {text}")]
    Value {
        /// The member.
        member: &'static str,
        /// What is wrong with it.
        text: String,
    },
    /// A member is missing.
    #[error("`{member}` is missing")]
    Missing {
        /// The member.
        member: &'static str,
    },
    /// A member that this action or ruling does not have.
    #[error("`{member}` does not belong to `{to}`")]
    Misplaced {
        /// The member.
        member: &'static str,
        /// The action or ruling.
        to: &'static str,
    },
}

/// The line as JSON has it; members in this order.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Line {
    at: String,
    by: String,
    action: String,
    domain: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ruling: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mx: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    require: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_tls_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Record {
    /// Reads a line, without its line end.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn parse(line: &[u8]) -> Result<Self, RecordError> {
        let line: Line =
            serde_json::from_slice(line).map_err(|error| RecordError::Json(error.to_string()))?;
        let at = Timestamp::parse(&line.at).map_err(value("at"))?;
        let by =
            Actor::parse(&line.by).ok_or_else(|| value("by")("want a login name, or `uid:` and a number"))?;
        let domain = Domain::parse(&line.domain).map_err(value("domain"))?;
        let reason = line.reason.as_deref().map(ReasonText::parse).transpose();
        let reason = reason.map_err(|error: ReasonError| value("reason")(error))?;
        let act = match line.action.as_str() {
            "add" => {
                let until = line.until.as_deref().ok_or(RecordError::Missing { member: "until" })?;
                let until = Timestamp::parse(until).map_err(value("until"))?;
                // Whoever edits the file by hand is held to the same limits.
                check_until(until, at).map_err(|error: UntilError| value("until")(error))?;
                let reason = reason.ok_or(RecordError::Missing { member: "reason" })?;
                Act::Add { ruling: line.ruling()?, until, reason }
            }
            "remove" => {
                line.refuse("remove", true)?;
                Act::Remove { reason }
            }
            _ => return Err(value("action")("want `add` or `remove`")),
        };
        Ok(Self { at, by, domain, act })
    }

    /// Writes the line, with its line end.
    pub fn render(&self) -> String {
        let mut line = Line {
            at: self.at.to_string(),
            by: self.by.0.to_string(),
            action: self.act.name().into(),
            domain: self.domain.as_str().into(),
            ruling: None,
            mx: None,
            require: None,
            min_tls_version: None,
            until: None,
            reason: None,
        };
        match &self.act {
            Act::Add { ruling, until, reason } => {
                line.ruling = Some(ruling.name().into());
                line.until = Some(until.to_string());
                line.reason = Some(reason.as_str().into());
                if let Ruling::Require(policy) = ruling {
                    line.mx = Some(policy.mx.iter().map(ToString::to_string).collect());
                    line.require = Some(policy.requirement.name().into());
                    line.min_tls_version = policy.min_tls.map(|version| version.name().into());
                }
            }
            Act::Remove { reason } => line.reason = reason.as_ref().map(|reason| reason.as_str().into()),
        }
        // Strings and lists of strings: there is nothing that JSON could not say.
        let mut text = serde_json::to_string(&line).unwrap_or_default();
        text.push('\n');
        text
    }
}

impl Line {
    fn ruling(&self) -> Result<Ruling, RecordError> {
        let ruling = self.ruling.as_deref().ok_or(RecordError::Missing { member: "ruling" })?;
        match ruling {
            "relax" => self.refuse("relax", false).map(|()| Ruling::Relax),
            "testing" => self.refuse("testing", false).map(|()| Ruling::Testing),
            "require" => self.policy().map(Ruling::Require),
            _ => Err(value("ruling")("want `relax`, `testing` or `require`")),
        }
    }

    fn policy(&self) -> Result<Policy, RecordError> {
        let mx = self.mx.as_deref().ok_or(RecordError::Missing { member: "mx" })?;
        if mx.is_empty() || mx.len() > MAX_PATTERNS {
            return Err(value("mx")(format!("want 1 to {MAX_PATTERNS} patterns")));
        }
        let mx: Result<Vec<_>, _> = mx.iter().map(|pattern| MxPattern::parse(pattern)).collect();
        let require = self.require.as_deref().ok_or(RecordError::Missing { member: "require" })?;
        let requirement =
            Requirement::from_name(require).ok_or_else(|| value("require")("want `certificate` or `tls`"))?;
        let version =
            |name| TlsVersion::from_name(name).ok_or_else(|| value("min-tls-version")("no such version"));
        let min_tls = self.min_tls_version.as_deref().map(version).transpose()?;
        let mx = mx.map_err(value("mx"))?;
        Ok(Policy { requirement, min_tls, ..Policy::new(Mode::Enforce, mx) })
    }

    /// Refuses what only `require` has, and with `all` what only `add` has.
    fn refuse(&self, to: &'static str, all: bool) -> Result<(), RecordError> {
        let policy = [
            ("mx", self.mx.is_some()),
            ("require", self.require.is_some()),
            ("min-tls-version", self.min_tls_version.is_some()),
        ];
        let add = [("ruling", self.ruling.is_some()), ("until", self.until.is_some())];
        let add = add.iter().filter(|_| all);
        match policy.iter().chain(add).find(|(_, is_there)| *is_there) {
            Some((member, _)) => Err(RecordError::Misplaced { member, to }),
            None => Ok(()),
        }
    }
}

fn value<E: ToString>(member: &'static str) -> impl Fn(E) -> RecordError {
    move |error| RecordError::Value { member, text: error.to_string() }
}

impl Act {
    /// The word used in the file and in output.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Add { .. } => "add",
            Self::Remove { .. } => "remove",
        }
    }
}

impl Actor {
    /// Reads a login name or `uid:NUMBER`; anything that could be an address or hide something is none.
    pub fn parse(text: &str) -> Option<Self> {
        let is_name = |name: &str| {
            (1..=MAX_ACTOR_CHARS).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'$'))
                && !name.starts_with('-')
        };
        let is_uid = |text: &str| {
            text.strip_prefix("uid:").is_some_and(|uid| {
                !uid.is_empty() && uid.len() <= 10 && uid.bytes().all(|b| b.is_ascii_digit())
            })
        };
        (is_name(text) || is_uid(text)).then(|| Self(text.into()))
    }

    /// A user of this machine by number.
    pub fn uid(uid: u32) -> Self {
        Self(format!("uid:{uid}").into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
