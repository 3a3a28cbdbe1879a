//! What was learnt of one domain, as it is shown.

use serde::{Deserialize, Serialize};
use starttls_policy::decide::evidence::{ReleasingMode, StsPolicy, StsRelease};
use starttls_policy::{Domain, Mode, MxPattern, Timestamp};

use crate::learned::{KeptPolicy, Learnt, Reach, Remembered};

/// What was learnt of one domain, and how far that is all.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ShownOne {
    /// None where nothing is remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Shown>,
    /// How much of memory was asked.
    pub reach: Reach,
    /// What is known of the daemon's resolver: `proven`, `refuted`, `lost` or `unknown`.
    pub validation: String,
}

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
    /// Whether some of it is held in memory alone, since it is not written yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_memory: bool,
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
    /// When it ends, RFC 3339; of a policy that another node fetched, until when it counts here.
    pub ends: String,
    /// When the record last named the same `id`, RFC 3339; of a policy that another node fetched, when this node first saw it.
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
        Self { domain: domain.to_string(), policy, release, dane_until, in_memory: false }
    }

    /// Tells whether there is nothing to show.
    pub const fn is_empty(&self) -> bool {
        self.policy.is_none() && self.release.is_none() && self.dane_until.is_none()
    }

    /// What is remembered, from what is shown: text becomes values again.
    ///
    /// # Errors
    /// Text that is no such value.
    pub fn remembered(&self) -> Result<Remembered, ShownError> {
        let policy = self.policy.as_ref().map(ShownPolicy::kept).transpose()?;
        let release = self.release.as_ref().map(ShownRelease::release).transpose()?;
        let dane_until = self.dane_until.as_deref().map(time).transpose()?;
        Ok(Remembered { policy, release, dane_until })
    }
}

impl ShownPolicy {
    fn kept(&self) -> Result<KeptPolicy, ShownError> {
        let fetched = time(&self.fetched)?;
        let mx =
            self.mx.iter().map(|pattern| MxPattern::parse(pattern).map_err(|_| no("MX pattern", pattern)));
        let policy = StsPolicy {
            mode: Mode::from_name(&self.mode).ok_or_else(|| no("mode", &self.mode))?,
            mx: mx.collect::<Result<_, _>>()?,
            id: self.id.clone(),
            fetched,
            max_age: fetched.until(time(&self.ends)?),
        };
        let origin = match self.origin.as_str() {
            "here" => Learnt::Here,
            "elsewhere" => Learnt::Elsewhere,
            other => return Err(no("origin", other)),
        };
        Ok(KeptPolicy { policy, confirmed: time(&self.confirmed)?, origin })
    }
}

impl ShownRelease {
    fn release(&self) -> Result<StsRelease, ShownError> {
        let mode = match Mode::from_name(&self.mode) {
            Some(Mode::None) => ReleasingMode::None,
            Some(Mode::Testing) => ReleasingMode::Testing,
            Some(Mode::Enforce) | None => return Err(no("releasing mode", &self.mode)),
        };
        Ok(StsRelease { mode, at: time(&self.at)? })
    }
}

/// What is shown is none of ours.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{got}` is no {what}; is the daemon of another version?")]
pub struct ShownError {
    /// What it should be.
    pub what: &'static str,
    /// The text that came.
    pub got: String,
}

fn time(text: &str) -> Result<Timestamp, ShownError> {
    Timestamp::parse(text).map_err(|_| no("time", text))
}

fn no(what: &'static str, got: &str) -> ShownError {
    ShownError { what, got: got.to_owned() }
}

#[cfg(test)]
mod what_is_shown_of_a_domain {
    use std::time::Duration;

    use super::*;

    fn remembered(mode: Mode, origin: Learnt, releasing: ReleasingMode) -> Remembered {
        let at = |seconds| Timestamp::from_seconds(seconds).unwrap();
        let mx = ["mx.example.org", "*.example.net"].map(|pattern| MxPattern::parse(pattern).unwrap());
        let max_age = Duration::from_hours(8_766);
        let policy = StsPolicy { mode, mx: mx.into(), id: "1".into(), fetched: at(1_000), max_age };
        Remembered {
            policy: Some(KeptPolicy { policy, confirmed: at(2_000), origin }),
            release: Some(StsRelease { mode: releasing, at: at(500) }),
            dane_until: Some(at(9_000)),
        }
    }

    #[test]
    fn is_what_is_remembered() {
        let domain = Domain::parse("example.org").unwrap();
        for remembered in [
            Remembered::default(),
            remembered(Mode::Enforce, Learnt::Here, ReleasingMode::None),
            remembered(Mode::Testing, Learnt::Elsewhere, ReleasingMode::Testing),
            remembered(Mode::None, Learnt::Here, ReleasingMode::None),
        ] {
            let shown = Shown::new(&domain, &remembered);
            let wire = serde_json::to_string(&shown).unwrap();
            let shown: Shown = serde_json::from_str(&wire).unwrap();
            assert_eq!(shown.remembered(), Ok(remembered), "{wire}");
        }
    }

    #[test]
    fn is_refused_where_it_is_no_value_of_ours() {
        let remembered = remembered(Mode::Enforce, Learnt::Here, ReleasingMode::None);
        let good = Shown::new(&Domain::parse("example.org").unwrap(), &remembered);
        let wire = serde_json::to_string(&good).unwrap();
        for (what, text, spoilt) in [
            ("mode", r#""mode":"enforce""#, r#""mode":"Enforce""#),
            ("MX pattern", "*.example.net", "*"),
            ("time", r#""ends":"1971"#, r#""ends":"71"#),
            ("origin", "here", "somewhere"),
            ("releasing mode", r#""mode":"none""#, r#""mode":"enforce""#),
            ("time", "1970-01-01T02:30:00Z", "1970"),
        ] {
            let changed = wire.replace(text, spoilt);
            assert_ne!(changed, wire, "{text}");
            let shown: Shown = serde_json::from_str(&changed).unwrap();
            assert_eq!(shown.remembered().unwrap_err().what, what);
        }
    }
}
