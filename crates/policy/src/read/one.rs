//! Version 1, our own.
//!
//! Spec: docs/list-format.md.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::ControlFlow;

use serde::de::MapAccess;

use super::build::{self, Builder, Words};
use super::error::{Fault, shortened};
use super::json::{Ctx, Member, Object};
use super::{MAX_PINS, MAX_REPORT_TO, Read};
use crate::domain::Domain;
use crate::list::{Dialect, Extensions, Head, List, Notes, Terms};
use crate::mode::{Mode, Requirement, TlsVersion};
use crate::mx::MxPattern;
use crate::pin::{Label, Pin, PinKind, Pinset, Spki};
use crate::policy::Policy;
use crate::report_to::ReportTo;
use crate::timestamp::{Date, Timestamp};

pub(super) const WORDS: Words =
    Words { entries: "policies", aliases: "providers", reference: "provider", pinset: "pinset" };

/// Longest evidence URL and most of them per entry.
const MAX_EVIDENCE: usize = 16;

/// What becomes of the parts of a list as they are read.
pub(super) trait Taker {
    /// Where pinsets and shared policies go.
    fn shared(&mut self) -> &mut Builder;

    /// Takes an entry, or breaks reading off.
    fn entry(&mut self, entry: Said) -> ControlFlow<()>;
}

/// An entry as it is written, its references not yet followed.
pub(super) struct Said {
    pub(super) domain: Domain,
    pub(super) terms: SaidTerms,
    pub(super) notes: Notes,
}

/// An entry's policy as it is written.
pub(super) enum SaidTerms {
    /// A shared policy, by name.
    Shared(Label),
    /// Its own, and the name of the pinset.
    Own(Policy, Option<Label>),
}

/// The whole list is kept.
impl Taker for Builder {
    fn shared(&mut self) -> &mut Builder {
        self
    }

    fn entry(&mut self, said: Said) -> ControlFlow<()> {
        match said.terms {
            SaidTerms::Shared(alias) => {
                let index = self.mention(alias, &said.domain);
                self.add(said.domain, Terms::Alias(index), said.notes, None);
            }
            SaidTerms::Own(policy, pinset) => {
                self.add(said.domain, Terms::Own(policy.into()), said.notes, pinset);
            }
        }
        ControlFlow::Continue(())
    }
}

/// Reads a list of version 1.
pub(super) fn read(text: &str) -> Read<List> {
    let (head, builder) = read_into(text, Builder::default())?;
    builder.finish(head, &WORDS)
}

/// Reads a list of version 1 into a taker; a taker that breaks off makes a failure without meaning.
pub(super) fn read_into<T: Taker>(text: &str, taker: T) -> Read<(Head, T)> {
    let mut top = Top::of(taker);
    Ctx::default().read(text, &mut top)?;
    let head = Head {
        dialect: Dialect::One,
        author: Some(top.author.ok_or_else(|| build::missing("author"))?),
        serial: top.serial.ok_or_else(|| build::missing("serial"))?,
        timestamp: Some(top.timestamp.ok_or_else(|| build::missing("timestamp"))?),
        expires: Some(top.expires.ok_or_else(|| build::missing("expires"))?),
        extensions: top.extensions,
    };
    top.version.ok_or_else(|| build::missing("version"))?;
    top.policies.ok_or_else(|| build::missing("policies"))?;
    build::check_times(head.timestamp, head.expires)?;
    Ok((head, top.taker))
}

struct Top<T> {
    version: Option<()>,
    author: Option<String>,
    serial: Option<u64>,
    timestamp: Option<Timestamp>,
    expires: Option<Timestamp>,
    pinsets: Option<()>,
    providers: Option<()>,
    policies: Option<()>,
    extensions: Extensions,
    taker: T,
}

impl<T> Top<T> {
    fn of(taker: T) -> Self {
        Self {
            version: None,
            author: None,
            serial: None,
            timestamp: None,
            expires: None,
            pinsets: None,
            providers: None,
            policies: None,
            extensions: Extensions::new(),
            taker,
        }
    }
}

impl<'de, T: Taker> Object<'de> for Top<T> {
    fn member<A: MapAccess<'de>>(&mut self, mut member: Member<'_, 'de, A>) -> Result<(), A::Error> {
        match &*member.name {
            "version" => member.fill(&mut self.version, |m| m.parsed(version))?,
            "author" => member.fill(&mut self.author, |m| m.parsed(build::author))?,
            "serial" => member.fill(&mut self.serial, Member::number)?,
            "timestamp" => member.fill(&mut self.timestamp, read_time)?,
            "expires" => member.fill(&mut self.expires, read_time)?,
            "pinsets" => member.fill(&mut self.pinsets, |m| m.object(&mut Pinsets(self.taker.shared())))?,
            "providers" => {
                member.fill(&mut self.providers, |m| m.object(&mut Providers(self.taker.shared())))?;
            }
            "policies" => member.fill(&mut self.policies, |m| m.object(&mut Policies(&mut self.taker)))?,
            _ => member.extension(&mut self.extensions, Dialect::One)?,
        }
        Ok(())
    }
}

fn version(text: &str) -> Result<(), Fault> {
    if text == "1" { Ok(()) } else { Err(Fault::Version { got: shortened(text) }) }
}

/// Reads a time in either form.
pub(super) fn read_time<'de, A: MapAccess<'de>>(
    member: &mut Member<'_, 'de, A>,
) -> Result<Timestamp, A::Error> {
    let value = member.text_or_number()?;
    build::time(&value).or_else(|fault| member.refuse_value(fault))
}

struct Pinsets<'a>(&'a mut Builder);

impl<'de> Object<'de> for Pinsets<'_> {
    fn member<A: MapAccess<'de>>(&mut self, mut member: Member<'_, 'de, A>) -> Result<(), A::Error> {
        let name = build::label(&member.name).or_else(|fault| member.refuse_name(fault))?;
        let mut body = PinsetBody::default();
        member.object(&mut body)?;
        let extensions = core::mem::take(&mut body.extensions);
        let pinset = body.pinset(name.clone()).or_else(|fault| member.refuse_value(fault))?;
        if !extensions.is_empty() {
            self.0.pinset_extensions.insert(name.clone(), extensions);
        }
        match self.0.pinsets.insert(name, pinset.into()) {
            None => Ok(()),
            Some(old) => member.refuse_name(Fault::DuplicateMember { name: shortened(old.name.as_str()) }),
        }
    }
}

#[derive(Default)]
struct PinsetBody {
    kind: Option<PinKind>,
    keys: Option<()>,
    hashes: Option<()>,
    bad_hashes: Option<()>,
    pins: Vec<Pin>,
    bad: Vec<Pin>,
    extensions: Extensions,
}

impl PinsetBody {
    fn pinset(self, name: Label) -> Result<Pinset, Fault> {
        let kind = self.kind.ok_or(Fault::MissingMember { name: "kind" })?;
        if self.pins.len() < 2 {
            return Err(Fault::NoBackupPin { pins: self.pins.len() });
        }
        Ok(Pinset::new(name, kind, self.pins, self.bad))
    }
}

impl<'de> Object<'de> for PinsetBody {
    fn member<A: MapAccess<'de>>(&mut self, mut member: Member<'_, 'de, A>) -> Result<(), A::Error> {
        match &*member.name {
            "kind" => member.fill(&mut self.kind, |m| m.parsed(pin_kind))?,
            "spki" => {
                let push = &mut |text: &str| push_pin(&mut self.pins, key(text)?);
                member.fill(&mut self.keys, |m| m.texts(push))?;
            }
            "static_spki_hashes" => {
                let push = &mut |text: &str| push_pin(&mut self.pins, hash(text)?);
                member.fill(&mut self.hashes, |m| m.texts(push))?;
            }
            "bad_static_spki_hashes" => {
                let push = &mut |text: &str| push_pin(&mut self.bad, hash(text)?);
                member.fill(&mut self.bad_hashes, |m| m.texts(push))?;
            }
            _ => member.extension(&mut self.extensions, Dialect::One)?,
        }
        Ok(())
    }
}

fn pin_kind(text: &str) -> Result<PinKind, Fault> {
    PinKind::from_name(text)
        .ok_or_else(|| Fault::Word { got: shortened(text), want: "`trust-anchor` or `leaf`" })
}

fn key(text: &str) -> Result<Pin, Fault> {
    Spki::parse(text).map(Pin::Key).map_err(|cause| build::pin_fault(text, cause))
}

/// Reads `sha256/…` or `sha1/…`.
pub(super) fn hash(text: &str) -> Result<Pin, Fault> {
    Pin::parse_hash(text).map_err(|cause| build::pin_fault(text, cause))
}

/// Adds a pin that is not there yet; a key and its own hash are one pin, which would be no backup.
pub(super) fn push_pin(pins: &mut Vec<Pin>, pin: Pin) -> Result<(), Fault> {
    if pins.len() >= MAX_PINS {
        return Err(Fault::TooManyPins);
    }
    if pins.iter().any(|known| known.is_same_key(&pin)) {
        return Err(Fault::DuplicateValue { value: shortened(&alloc::format!("{pin}")) });
    }
    pins.push(pin);
    Ok(())
}

struct Providers<'a>(&'a mut Builder);

impl<'de> Object<'de> for Providers<'_> {
    fn member<A: MapAccess<'de>>(&mut self, mut member: Member<'_, 'de, A>) -> Result<(), A::Error> {
        let name = build::label(&member.name).or_else(|fault| member.refuse_name(fault))?;
        let mut body = Body::default();
        member.object(&mut body)?;
        if let Some(other) = &body.provider {
            return member.refuse_value(Fault::AliasOfAlias { name: shortened(other.as_str()) });
        }
        let (policy, notes, pinset) = body.own().or_else(|fault| member.refuse_value(fault))?;
        if self.0.define(name, policy, notes, pinset) {
            Ok(())
        } else {
            member.refuse_name(Fault::DuplicateMember { name: shortened(&member.name) })
        }
    }
}

struct Policies<'a, T>(&'a mut T);

impl<'de, T: Taker> Object<'de> for Policies<'_, T> {
    fn member<A: MapAccess<'de>>(&mut self, mut member: Member<'_, 'de, A>) -> Result<(), A::Error> {
        let domain: Domain = build::domain(&member.name).or_else(|fault| member.refuse_name(fault))?;
        let mut body = Body::default();
        member.object(&mut body)?;
        let (terms, notes) = if let Some(alias) = body.provider.take() {
            if let Some(said) = body.says() {
                return member
                    .refuse_value(Fault::MixedTerms { alias: shortened(alias.as_str()), member: said });
            }
            (SaidTerms::Shared(alias), body.notes())
        } else {
            let (policy, notes, pinset) = body.own().or_else(|fault| member.refuse_value(fault))?;
            (SaidTerms::Own(policy, pinset), notes)
        };
        match self.0.entry(Said { domain, terms, notes }) {
            ControlFlow::Continue(()) => Ok(()),
            // The taker knows why; this fault never reaches a person.
            ControlFlow::Break(()) => member.refuse_value(Fault::NoDialect),
        }
    }
}

/// The members of an entry or of a provider.
#[derive(Default)]
struct Body {
    provider: Option<Label>,
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
    fn says(&self) -> Option<&'static str> {
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

    fn notes(self) -> Notes {
        Notes { since: self.since, evidence: self.evidence.unwrap_or_default(), extensions: self.extensions }
    }

    fn own(mut self) -> Result<(Policy, Notes, Option<Label>), Fault> {
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
pub(super) fn tls_version(text: &str) -> Result<TlsVersion, Fault> {
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
