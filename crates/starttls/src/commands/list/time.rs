//! Times on the command line of whoever makes documents.

use std::str::FromStr;

use anyhow::Context as _;
use starttls_policy::Timestamp;

use crate::clock;

/// A time, or the present second if that is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum When {
    Now,
    At(Timestamp),
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "now" {
            return Ok(Self::Now);
        }
        let seconds = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        let parsed = seconds.map_or_else(|| Timestamp::parse(text), Timestamp::from_seconds);
        parsed.map(Self::At).map_err(|error| format!("{error}; or `now`"))
    }
}

impl When {
    pub(super) fn time(self) -> Timestamp {
        match self {
            Self::Now => clock::now(),
            Self::At(time) => time,
        }
    }

    /// What was asked for, else what the environment says, for builds that others can repeat.
    pub(super) fn or_source_date_epoch(asked: Option<Self>) -> anyhow::Result<Option<Self>> {
        match (asked, std::env::var("SOURCE_DATE_EPOCH")) {
            (None, Ok(text)) => {
                let time = text.parse().map_err(anyhow::Error::msg).context("SOURCE_DATE_EPOCH")?;
                Ok(Some(time))
            }
            (asked, _) => Ok(asked),
        }
    }
}

/// A time, or so many days after another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum End {
    After { days: u32 },
    At(Timestamp),
}

impl FromStr for End {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(days) = text.strip_suffix('d').and_then(|days| days.parse().ok()) {
            return Ok(Self::After { days });
        }
        Timestamp::parse(text).map(Self::At).map_err(|error| format!("{error}; or days as in `90d`"))
    }
}

impl End {
    pub(super) fn from(self, begin: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::After { days } => {
                let seconds = begin.seconds().saturating_add(u64::from(days) * 86_400);
                Timestamp::from_seconds(seconds).unwrap_or(Timestamp::MAX)
            }
        }
    }
}

#[cfg(test)]
mod times {
    use super::*;

    #[test]
    fn are_said_in_three_ways() {
        let time = Timestamp::parse("2026-11-22T00:00:00Z").unwrap();
        assert_eq!("now".parse(), Ok(When::Now));
        assert_eq!("2026-11-22T00:00:00Z".parse(), Ok(When::At(time)));
        assert_eq!("1795305600".parse(), Ok(When::At(time)));
        let end = |text: &str| text.parse::<End>().unwrap().from(time).to_string();
        assert_eq!(end("90d"), "2027-02-20T00:00:00Z");
        assert_eq!(end("2027-01-01T00:00:00Z"), "2027-01-01T00:00:00Z");
        for bad in ["", "d", "90", "soon", "-1d", "2026-11-22"] {
            assert!(bad.parse::<End>().is_err(), "{bad}");
        }
        for bad in ["", "soon", "-1", "2026-11-22"] {
            assert!(bad.parse::<When>().is_err(), "{bad}");
        }
    }
}
