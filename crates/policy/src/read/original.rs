//! The design of 2014: policies stand per mx-domain, and each mail domain names the mx-domains it accepts.
//!
//! Read under both sets of names: `tls-policies` + `acceptable-mxs`, and `mx-domains` + `address-domains` (or
//! `nexthop-domains`) + `pinsets`. Every member whose name begins with `comment` is skipped. An mx-domain
//! becomes a shared policy; a mail domain that accepts several gets the weakest of them as its own.
//!
//! Spec: docs/list-format.md, "2014".

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::de::MapAccess;

use super::Read;
use super::build::{self, Words};
use super::eff::note_incomplete_head;
use super::error::{At, Failure, Fault, Step, shortened};
use super::json::{Ctx, Member, Object};
use super::one::{hash, push_pin, read_time, tls_version};
use crate::domain::Domain;
use crate::list::{Dialect, Extensions, Head, List};
use crate::mode::{Mode, TlsVersion};
use crate::mx::{MxPattern, Reach};
use crate::pin::{Label, Pin};
use crate::report_to::ReportTo;
use crate::timestamp::Timestamp;

mod combine;

/// Reads a list of 2014.
pub(super) fn read(text: &str) -> Read<List> {
    let mut top = Top::default();
    Ctx::default().read(text, &mut top)?;
    build::check_times(top.timestamp, top.expires)?;
    check_nesting(&top)?;
    let head = Head {
        dialect: Dialect::Original,
        author: top.author.take(),
        serial: top.timestamp.map_or(0, Timestamp::seconds),
        timestamp: top.timestamp,
        expires: top.expires,
        extensions: Extensions::new(),
    };
    let words = words(&top);
    let mut list = combine::builder(&top)?.finish(head, &words)?;
    note_incomplete_head(&mut list);
    Ok(list)
}

/// The design's example and its text use different names.
fn words(top: &Top) -> Words {
    let known = |name: &Option<String>, names: &[&'static str], usual| {
        names.iter().copied().find(|known| name.as_deref() == Some(*known)).unwrap_or(usual)
    };
    Words {
        entries: known(&top.acceptable_name, &["address-domains", "nexthop-domains"], "acceptable-mxs"),
        aliases: known(&top.policies_name, &["mx-domains"], "tls-policies"),
        reference: "accept-mx-domains",
        pinset: "accept-pinset",
    }
}

/// The document as read, before its two halves are put together.
#[derive(Default)]
struct Top {
    author: Option<String>,
    timestamp: Option<Timestamp>,
    expires: Option<Timestamp>,
    policies_name: Option<String>,
    acceptable_name: Option<String>,
    /// By name without `*.` or `.`.
    mx_domains: BTreeMap<String, MxDomain>,
    accepted: Vec<Accepted>,
    pinsets: Option<Vec<RawPinset>>,
    spki_hashes: Option<()>,
    hashes: BTreeMap<String, Pin>,
}

/// What holds for the hosts of one mx-domain.
#[derive(Default)]
struct MxDomain {
    written: String,
    patterns: Vec<MxPattern>,
    certificate: Option<bool>,
    tls: Option<bool>,
    min_tls: Option<TlsVersion>,
    mode: Option<Mode>,
    pins: Option<Vec<Pin>>,
    pinset: Option<Label>,
    report_to: Option<ReportTo>,
}

/// One mail domain and the mx-domains it accepts, as written.
struct Accepted {
    domain: Domain,
    mx_domains: Vec<String>,
}

/// A pinset in Chrome's form: names of hashes, or hashes.
#[derive(Default)]
struct RawPinset {
    name: Option<Label>,
    good: Option<Vec<String>>,
    bad: Option<Vec<String>>,
}

impl<'de> Object<'de> for Top {
    fn member<A: MapAccess<'de>>(&mut self, mut member: Member<'_, 'de, A>) -> Result<(), A::Error> {
        match &*member.name {
            "author" => member.fill(&mut self.author, |m| m.parsed(build::author))?,
            "timestamp" => member.fill(&mut self.timestamp, read_time)?,
            "expires" => member.fill(&mut self.expires, read_time)?,
            "tls-policies" | "mx-domains" => {
                member.fill(&mut self.policies_name, |m| Ok(m.name.clone().into_owned()))?;
                member.object(&mut MxDomains(&mut self.mx_domains))?;
            }
            "acceptable-mxs" | "address-domains" | "nexthop-domains" => {
                member.fill(&mut self.acceptable_name, |m| Ok(m.name.clone().into_owned()))?;
                member.object(&mut AcceptableMxs(&mut self.accepted))?;
            }
            "pinsets" => member.fill(&mut self.pinsets, Member::objects)?,
            "spki_hashes" => {
                let mut hashes = BTreeMap::new();
                member.fill(&mut self.spki_hashes, |m| m.object(&mut SpkiHashes(&mut hashes)))?;
                self.hashes = hashes;
            }
            name if is_comment(name) => member.ignored()?,
            _ => member.unknown(Dialect::Original)?,
        }
        Ok(())
    }
}

/// `comment`, `comment 2:` and the like.
fn is_comment(name: &str) -> bool {
    name.starts_with("comment")
}

struct MxDomains<'a>(&'a mut BTreeMap<String, MxDomain>);

impl<'de> Object<'de> for MxDomains<'_> {
    fn member<A: MapAccess<'de>>(&mut self, mut member: Member<'_, 'de, A>) -> Result<(), A::Error> {
        if is_comment(&member.name) {
            return member.ignored();
        }
        let patterns = patterns(&member.name).or_else(|fault| member.refuse_name(fault))?;
        let name = base_name(&patterns);
        let mut body =
            MxDomain { written: member.name.clone().into_owned(), patterns, ..MxDomain::default() };
        member.object(&mut body)?;
        match self.0.insert(name, body) {
            None => Ok(()),
            Some(_) => member.refuse_name(Fault::DuplicateMember { name: shortened(&member.name) }),
        }
    }
}

/// `*.x` and `.x` mean any depth below `x`; a bare `x` means itself too.
fn patterns(written: &str) -> Result<Vec<MxPattern>, Fault> {
    let below = |name: &str| {
        MxPattern::new(Reach::AnyDepth, name).map_err(|cause| Fault::Mx { got: shortened(written), cause })
    };
    match written.strip_prefix("*.").or_else(|| written.strip_prefix('.')) {
        Some(name) => Ok([below(name)?].into()),
        None => {
            let below = below(written)?;
            let itself = MxPattern::new(Reach::Exact, written)
                .map_err(|cause| Fault::Mx { got: shortened(written), cause })?;
            Ok([itself, below].into())
        }
    }
}

fn base_name(patterns: &[MxPattern]) -> String {
    patterns.first().map(MxPattern::name).unwrap_or_default().into()
}

impl<'de> Object<'de> for MxDomain {
    fn member<A: MapAccess<'de>>(&mut self, mut member: Member<'_, 'de, A>) -> Result<(), A::Error> {
        match &*member.name {
            "require-tls" => member.fill(&mut self.tls, Member::boolean)?,
            "require-valid-certificate" => {
                member.fill(&mut self.certificate, Member::boolean)?;
            }
            "min-tls-version" => member.fill(&mut self.min_tls, |m| m.parsed(tls_version))?,
            "enforce-mode" => member.fill(&mut self.mode, |m| m.parsed(mode))?,
            "accept-spki-hashes" => {
                let push = |pins: &mut Vec<Pin>, text: &str| push_pin(pins, hash(text)?);
                member.fill(&mut self.pins, |m| m.collected(push))?;
            }
            "accept-pinset" => member.fill(&mut self.pinset, |m| m.parsed(build::label))?,
            "error-notification" => member.fill(&mut self.report_to, |m| m.parsed(report_to))?,
            name if is_comment(name) => member.ignored()?,
            _ => member.unknown(Dialect::Original)?,
        }
        Ok(())
    }
}

fn mode(text: &str) -> Result<Mode, Fault> {
    match text {
        "enforce" => Ok(Mode::Enforce),
        "log-only" => Ok(Mode::Testing),
        other => Err(Fault::Word { got: shortened(other), want: "`enforce` or `log-only`" }),
    }
}

/// An HTTPS URL, or a mail address with or without `mailto:`.
fn report_to(text: &str) -> Result<ReportTo, Fault> {
    if text.contains('@') && !text.contains(':') {
        build::report_to(&alloc::format!("mailto:{text}"))
    } else {
        build::report_to(text)
    }
}

struct AcceptableMxs<'a>(&'a mut Vec<Accepted>);

impl<'de> Object<'de> for AcceptableMxs<'_> {
    fn member<A: MapAccess<'de>>(&mut self, mut member: Member<'_, 'de, A>) -> Result<(), A::Error> {
        if is_comment(&member.name) {
            return member.ignored();
        }
        let domain = build::domain(&member.name).or_else(|fault| member.refuse_name(fault))?;
        let mut body = AcceptBody::default();
        member.object(&mut body)?;
        match body.mx_domains {
            Some(mx_domains) if !mx_domains.is_empty() => {
                self.0.push(Accepted { domain, mx_domains });
                Ok(())
            }
            Some(_) => member.refuse_value(Fault::NoMx),
            None => member.refuse_value(Fault::MissingMember { name: "accept-mx-domains" }),
        }
    }
}

#[derive(Default)]
struct AcceptBody {
    mx_domains: Option<Vec<String>>,
}

impl<'de> Object<'de> for AcceptBody {
    fn member<A: MapAccess<'de>>(&mut self, mut member: Member<'_, 'de, A>) -> Result<(), A::Error> {
        match &*member.name {
            "accept-mx-domains" => member.fill(&mut self.mx_domains, |m| m.collected(push_mx_domain)),
            name if is_comment(name) => member.ignored(),
            _ => member.unknown(Dialect::Original),
        }
    }
}

fn push_mx_domain(names: &mut Vec<String>, text: &str) -> Result<(), Fault> {
    patterns(text)?;
    if names.len() >= super::MAX_MX_PATTERNS {
        return Err(Fault::TooManyMx);
    }
    names.push(text.into());
    Ok(())
}

impl<'de> Object<'de> for RawPinset {
    fn member<A: MapAccess<'de>>(&mut self, mut member: Member<'_, 'de, A>) -> Result<(), A::Error> {
        match &*member.name {
            "name" => member.fill(&mut self.name, |m| m.parsed(build::label))?,
            "static_spki_hashes" => member.fill(&mut self.good, Member::strings)?,
            "bad_static_spki_hashes" => member.fill(&mut self.bad, Member::strings)?,
            name if is_comment(name) => member.ignored()?,
            _ => member.unknown(Dialect::Original)?,
        }
        Ok(())
    }
}

struct SpkiHashes<'a>(&'a mut BTreeMap<String, Pin>);

impl<'de> Object<'de> for SpkiHashes<'_> {
    fn member<A: MapAccess<'de>>(&mut self, mut member: Member<'_, 'de, A>) -> Result<(), A::Error> {
        let pin = member.parsed(hash)?;
        match self.0.insert(member.name.clone().into_owned(), pin) {
            None => Ok(()),
            Some(_) => member.refuse_name(Fault::DuplicateMember { name: shortened(&member.name) }),
        }
    }
}

/// No mx-domain may lie below another: it would be unclear which of them counts for a host.
fn check_nesting(top: &Top) -> Read<()> {
    for (name, body) in &top.mx_domains {
        let mut parents = name.match_indices('.').filter_map(|(dot, _)| name.get(dot + 1..));
        if let Some(outer) = parents.find_map(|parent| top.mx_domains.get(parent)) {
            let fault = Fault::NestedMxDomain { inner: body.written.clone(), outer: outer.written.clone() };
            let section = top.policies_name.clone().unwrap_or_default();
            return Err(Failure::new(
                fault,
                At::Name,
                [Step::Member(section), Step::Member(body.written.clone())],
            ));
        }
    }
    Ok(())
}
