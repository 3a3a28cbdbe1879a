//! Why a decision is as it is: facts in the order in which they were weighed.

use core::fmt;

use super::evidence::{Cause, ReleasingMode, Security};
use crate::merge::PassedOverCause;
use crate::mode::{Mode, TlsVersion};
use crate::name::printable;
use crate::pin::Label;
use crate::timestamp::{Date, Timestamp};

/// One fact that bore on a decision.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reason<'a> {
    /// The operator's override holds.
    Override {
        /// `relax`, `testing` or `require`.
        ruling: &'static str,
        /// Its end.
        until: Timestamp,
        /// The operator's words.
        reason: &'a str,
    },
    /// The operator's override is over.
    OverrideEnded {
        /// Its end.
        until: Timestamp,
    },
    /// Nobody looked for TLSA records.
    DaneNotAsked,
    /// The MX look-up failed.
    MxInconclusive {
        /// What happened.
        cause: Cause,
    },
    /// DANE protected the domain, and the resolver proves nothing.
    DaneUnproven,
    /// TLSA records were looked for.
    Dane {
        /// State of the MX RRset.
        mx: Security,
        /// Hosts with usable records.
        usable: usize,
        /// Hosts with records none of which is usable.
        unusable: usize,
        /// Hosts whose records could not be told; they count as having some.
        inconclusive: usize,
        /// All hosts.
        hosts: usize,
        /// When.
        seen: Timestamp,
    },
    /// Nobody looked for an MTA-STS policy.
    StsNotAsked,
    /// No MTA-STS policy is published.
    StsAbsent {
        /// When it was asked.
        seen: Timestamp,
    },
    /// It could not be told whether an MTA-STS policy is published.
    StsInconclusive {
        /// What happened.
        cause: Cause,
    },
    /// An MTA-STS policy is valid.
    Sts {
        /// Its mode.
        mode: Mode,
        /// When it was fetched.
        fetched: Timestamp,
        /// Its end.
        ends: Timestamp,
    },
    /// An MTA-STS policy was there and has ended.
    StsEnded {
        /// Its end.
        ends: Timestamp,
    },
    /// Another node says that it fetched an MTA-STS policy that enforces; this one could not yet see for itself.
    StsElsewhere {
        /// When it was fetched there.
        fetched: Timestamp,
        /// Its end.
        ends: Timestamp,
    },
    /// A fetched `none` or `testing` releases the list entry.
    StsReleases {
        /// The mode that was fetched.
        mode: ReleasingMode,
        /// When.
        at: Timestamp,
    },
    /// The list entry is newer than the release.
    ListedAfterRelease {
        /// Since when the entry stands.
        since: Date,
        /// When it was released.
        at: Timestamp,
    },
    /// The operator lets the list stand against MTA-STS `testing`.
    ListStandsAgainstTesting,
    /// No list names the domain.
    NotListed,
    /// A list names the domain.
    Listed {
        /// The list's name.
        list: &'a str,
        /// Who speaks there.
        author: Option<&'a str>,
        /// Its serial.
        serial: u64,
        /// Its end.
        expires: Option<Timestamp>,
        /// The entry's mode, after any cap.
        mode: Mode,
        /// The shared policy that it refers to.
        alias: Option<&'a Label>,
        /// Since when the entry stands.
        since: Option<Date>,
    },
    /// An order of the list's organisations lets the entry count as `testing` for a while.
    Relaxed {
        /// Who signed it.
        by: &'a str,
        /// Its hash.
        order: &'a str,
        /// Its end.
        until: Timestamp,
        /// Their words.
        reason: &'a str,
    },
    /// A list names the domain and does not hold.
    PassedOver {
        /// The list's name.
        list: &'a str,
        /// Why.
        cause: PassedOverCause,
    },
    /// The operator's floor is above what is asked.
    FloorRaised {
        /// What is asked.
        listed: TlsVersion,
        /// The floor.
        floor: TlsVersion,
    },
    /// The list entry's TLS version and pins hold beside the MTA-STS policy.
    ListAdds,
    /// Pins or a TLS version are asked that DANE leaves no room for.
    DaneLeavesNoRoom,
}

impl Reason<'_> {
    /// The rule behind it, as `RFC 8461 §5`.
    pub fn spec(&self) -> Option<&'static str> {
        match self {
            Self::MxInconclusive { .. } => Some("RFC 7672 §2.1.2"),
            Self::Dane { mx: Security::Secure, .. } => Some("RFC 7672 §2.2"),
            Self::Dane { mx: Security::Insecure, .. } => Some("RFC 7672 §2.2.1"),
            Self::DaneUnproven => Some("RFC 7672 §2.1.1"),
            Self::DaneLeavesNoRoom => Some("RFC 8461 §2"),
            Self::StsInconclusive { .. } => Some("RFC 8461 §3.3"),
            Self::Sts { .. } | Self::StsReleases { .. } => Some("RFC 8461 §5"),
            Self::StsEnded { .. } => Some("RFC 8461 §3.2"),
            Self::FloorRaised { .. } => Some("RFC 9325 §3.1.1"),
            _ => None,
        }
    }
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Override { ruling, until, reason } => {
                write!(f, "your override `{ruling}` holds until {until}: {}", printable(reason))
            }
            Self::OverrideEnded { until } => write!(f, "your override ended at {until}"),
            Self::DaneNotAsked => f.write_str("DANE was not looked up"),
            Self::MxInconclusive { cause } => write!(f, "the MX look-up is inconclusive ({cause}), so mail waits"),
            Self::DaneUnproven => f.write_str(
                "DANE protected this domain, and the resolver does not prove that it validates DNSSEC, so mail waits",
            ),
            Self::Dane { mx, hosts: 0, seen, .. } => {
                write!(f, "the MX record is {mx}; it names no host that mail could go to (looked up at {seen})")
            }
            Self::Dane { mx, usable, unusable, inconclusive, hosts, seen } => write!(
                f,
                "the MX record is {mx}; of {hosts} hosts {usable} have usable TLSA records, {unusable} only unusable ones, \
                 {inconclusive} could not be asked (looked up at {seen})"
            ),
            Self::StsNotAsked => f.write_str("MTA-STS was not looked up"),
            Self::StsAbsent { seen } => write!(f, "no MTA-STS policy was published at {seen}"),
            Self::StsInconclusive { cause } => write!(f, "MTA-STS is inconclusive: {cause}"),
            Self::Sts { mode, fetched, ends } => {
                write!(f, "the domain's MTA-STS policy, fetched at {fetched} and good until {ends}, says `{mode}`")
            }
            Self::StsElsewhere { fetched, ends } => write!(
                f,
                "an MTA-STS policy seen by another node at {fetched}, good until {ends}, says `enforce`; this node could not see for itself yet"
            ),
            Self::StsEnded { ends } => write!(f, "the last MTA-STS policy ended at {ends}"),
            Self::StsReleases { mode, at } => {
                write!(f, "the domain's MTA-STS policy said `{mode}` at {at}, which releases the list entry")
            }
            Self::ListedAfterRelease { since, at } => {
                write!(f, "the list entry stands since {since}, later than its release at {at}")
            }
            Self::ListStandsAgainstTesting => {
                f.write_str("by your setting the list stands against MTA-STS `testing`")
            }
            Self::NotListed => f.write_str("no policy list names the domain"),
            Self::Listed { .. } => self.fmt_listed(f),
            Self::Relaxed { by, order, until, reason } => write!(
                f,
                "{} ordered that the entry counts as `testing` until {until} (order {}): {}",
                printable(by),
                printable(order.get(..16).unwrap_or(order)),
                printable(reason)
            ),
            Self::PassedOver { list, cause } => {
                write!(f, "the list {} names the domain too: {cause}", printable(list))
            }
            Self::FloorRaised { listed, floor } => {
                write!(f, "{listed} is asked; your floor raises it to {floor}")
            }
            Self::ListAdds => {
                f.write_str("the list entry's TLS version and pins hold beside the MTA-STS policy")
            }
            Self::DaneLeavesNoRoom => {
                f.write_str("DANE decides the certificate; pins, MX patterns and TLS version of the list are not checked beside it")
            }
        }
    }
}

impl Reason<'_> {
    fn fmt_listed(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Listed { list, author, serial, expires, mode, alias, since } = self else { return Ok(()) };
        write!(f, "the list {} (serial {serial}", printable(list))?;
        if let Some(author) = author {
            write!(f, " by {}", printable(author))?;
        }
        match expires {
            Some(end) => write!(f, ", ends {end})")?,
            None => f.write_str(", without an end)")?,
        }
        write!(f, " says `{mode}`")?;
        if let Some(alias) = alias {
            write!(f, " through the shared policy `{alias}`")?;
        }
        match since {
            Some(since) => write!(f, " since {since}"),
            None => Ok(()),
        }
    }
}
