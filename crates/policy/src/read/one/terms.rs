//! What an entry or a provider of version 1 says of its policy.

use alloc::string::String;
use alloc::vec::Vec;

use serde::de::MapAccess;

use super::super::MAX_REPORT_TO;
use super::super::build;
use super::super::error::{Fault, shortened};
use super::super::json::{Member, Object};
use crate::list::{Dialect, Extensions, Notes};
use crate::mode::{Mode, Requirement, TlsVersion};
use crate::mx::MxPattern;
use crate::pin::Label;
use crate::policy::Policy;
use crate::report_to::ReportTo;
use crate::timestamp::Date;

/// Longest evidence URL and most of them per entry.
const MAX_EVIDENCE: usize = 16;

/// The members of an entry or of a provider.
#[derive(Default)]
pub(super) struct Body {
    pub(super) provider: Option<Label>,
    mode: Option<Mode>,
    mx: Option<Vec<MxPattern>>,
    requirement: Option<Requirement>,
    min_tls: Option<TlsVersion>,
    pinset: Option<Label>,
    report_to: Option<Vec<ReportTo>>,
    since: Option<Date>,
    evidence: Option<Vec<String>>,
    extensions: Extensions,
}

impl Body {
    /// The first member that stands beside a reference although it may not.
    pub(super) fn says(&self) -> Option<&'static str> {
        let said = [
            (self.mode.is_some(), "mode"),
            (self.mx.is_some(), "mx"),
            (self.requirement.is_some(), "require"),
            (self.min_tls.is_some(), "min-tls-version"),
            (self.pinset.is_some(), "pinset"),
            (self.report_to.is_some(), "report-to"),
        ];
        said.into_iter().find_map(|(is_there, name)| is_there.then_some(name))
    }

    pub(super) fn notes(self) -> Notes {
        Notes { since: self.since, evidence: self.evidence.unwrap_or_default(), extensions: self.extensions }
    }

    pub(super) fn own(mut self) -> Result<(Policy, Notes, Option<Label>), Fault> {
        let mode = self.mode.ok_or(Fault::MissingMember { name: "mode" })?;
        let mx = self.mx.take().unwrap_or_default();
        if mx.is_empty() && mode != Mode::None {
            return Err(Fault::NoMx);
        }
        let policy = Policy {
            mode,
            requirement: self.requirement.unwrap_or(Requirement::Certificate),
            min_tls: self.min_tls,
            mx: mx.into(),
            pinset: None,
            report_to: self.report_to.take().unwrap_or_default().into(),
        };
        let pinset = self.pinset.take();
        Ok((policy, self.notes(), pinset))
    }
}

impl<'de> Object<'de> for Body {
    fn member<A: MapAccess<'de>>(&mut self, mut member: Member<'_, 'de, A>) -> Result<(), A::Error> {
        match &*member.name {
            "provider" => member.fill(&mut self.provider, |m| m.parsed(build::label))?,
            "mode" => member.fill(&mut self.mode, |m| m.parsed(mode))?,
            "mx" => {
                let push =
                    |mx: &mut Vec<MxPattern>, text: &str| build::push_pattern(mx, build::pattern(text)?);
                member.fill(&mut self.mx, |m| m.collected(push))?;
            }
            "require" => member.fill(&mut self.requirement, |m| m.parsed(requirement))?,
            "min-tls-version" => member.fill(&mut self.min_tls, |m| m.parsed(tls_version))?,
            "pinset" => member.fill(&mut self.pinset, |m| m.parsed(build::label))?,
            "report-to" => member.fill(&mut self.report_to, |m| m.collected(push_report_to))?,
            "since" => member.fill(&mut self.since, |m| m.parsed(day))?,
            "evidence" => member.fill(&mut self.evidence, |m| m.collected(push_evidence))?,
            _ => member.extension(&mut self.extensions, Dialect::One)?,
        }
        Ok(())
    }
}

fn mode(text: &str) -> Result<Mode, Fault> {
    Mode::from_name(text)
        .ok_or_else(|| Fault::Word { got: shortened(text), want: "`enforce`, `testing` or `none`" })
}

fn requirement(text: &str) -> Result<Requirement, Fault> {
    Requirement::from_name(text)
        .ok_or_else(|| Fault::Word { got: shortened(text), want: "`certificate` or `tls`" })
}

/// Reads `TLSv1` to `TLSv1.3`.
pub(in crate::read) fn tls_version(text: &str) -> Result<TlsVersion, Fault> {
    let want = "`TLSv1`, `TLSv1.1`, `TLSv1.2` or `TLSv1.3`";
    TlsVersion::from_name(text).ok_or_else(|| Fault::Word { got: shortened(text), want })
}

fn day(text: &str) -> Result<Date, Fault> {
    Date::parse(text).map_err(|cause| Fault::Time { got: shortened(text), cause })
}

fn push_report_to(addresses: &mut Vec<ReportTo>, text: &str) -> Result<(), Fault> {
    let address = build::report_to(text)?;
    if addresses.contains(&address) {
        return Err(Fault::DuplicateValue { value: shortened(text) });
    }
    if addresses.len() >= MAX_REPORT_TO {
        return Err(Fault::TooManyReportTo);
    }
    addresses.push(address);
    Ok(())
}

fn push_evidence(urls: &mut Vec<String>, text: &str) -> Result<(), Fault> {
    let want = "`https:` URLs, at most 16 of them";
    let good = text.starts_with("https://") && ReportTo::parse(text).is_ok() && urls.len() < MAX_EVIDENCE;
    if !good {
        return Err(Fault::Word { got: shortened(text), want });
    }
    urls.push(text.into());
    Ok(())
}
