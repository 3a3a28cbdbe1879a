//! EFF's format 0.1, in use from 2018 to 2020.
//!
//! A leading dot means any depth; what the published texts contradict one another on is settled in docs/matching.md.
//!
//! Spec: docs/list-format.md, "0.1".

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::de::MapAccess;

use super::Read;
use super::build::{self, Builder, Words};
use super::error::{Fault, shortened};
use super::json::{Ctx, Member, Object};
use super::one::read_time;
use crate::finding::Finding;
use crate::list::{Dialect, Extensions, Head, List, Notes, Terms};
use crate::mode::Mode;
use crate::mx::{MxPattern, MxPatternError, Reach};
use crate::pin::Label;
use crate::policy::Policy;
use crate::timestamp::Timestamp;

const WORDS: Words =
    Words { entries: "policies", aliases: "policy-aliases", reference: "policy-alias", pinset: "pinset" };

/// Reads a list of version 0.1.
pub(super) fn read(text: &str) -> Read<List> {
    let mut top = Top::default();
    Ctx::default().read(text, &mut top)?;
    top.version.ok_or_else(|| build::missing("version"))?;
    top.policies.ok_or_else(|| build::missing("policies"))?;
    build::check_times(top.timestamp, top.expires)?;
    let head = Head {
        dialect: Dialect::Eff,
        author: top.author,
        serial: top.timestamp.map_or(0, Timestamp::seconds),
        timestamp: top.timestamp,
        expires: top.expires,
        extensions: Extensions::new(),
    };
    let mut list = top.builder.finish(head, &WORDS)?;
    note_incomplete_head(&mut list);
    Ok(list)
}

/// A list that does not say who speaks, since when and until when counts as ended.
pub(super) fn note_incomplete_head(list: &mut List) {
    let missing: Vec<&str> = [
        (list.head.author.is_none(), "author"),
        (list.head.timestamp.is_none(), "timestamp"),
        (list.head.expires.is_none(), "expires"),
    ]
    .into_iter()
    .filter_map(|(is_missing, name)| is_missing.then_some(name))
    .collect();
    if missing.is_empty() {
        return;
    }
    list.head.expires = None;
    let message = format!("without `{}` the list counts as expired", missing.join("`, `"));
    let cure = "ask the author for a complete list, or add the members";
    list.findings.push(Finding::warning("list.incomplete-head", "$", message).with_cure(cure));
}

#[derive(Default)]
struct Top {
    version: Option<()>,
    author: Option<String>,
    timestamp: Option<Timestamp>,
    expires: Option<Timestamp>,
    aliases: Option<()>,
    policies: Option<()>,
    builder: Builder,
}

impl<'de> Object<'de> for Top {
    fn member<A: MapAccess<'de>>(&mut self, mut member: Member<'_, 'de, A>) -> Result<(), A::Error> {
        match &*member.name {
            "version" => member.fill(&mut self.version, |m| m.parsed(version))?,
            "author" => member.fill(&mut self.author, |m| m.parsed(build::author))?,
            "timestamp" => member.fill(&mut self.timestamp, read_time)?,
            "expires" => member.fill(&mut self.expires, read_time)?,
            "policy-aliases" => {
                member.fill(&mut self.aliases, |m| m.object(&mut Aliases(&mut self.builder)))?;
            }
            "policies" => member.fill(&mut self.policies, |m| m.object(&mut Policies(&mut self.builder)))?,
            _ => member.unknown(Dialect::Eff)?,
        }
        Ok(())
    }
}

fn version(text: &str) -> Result<(), Fault> {
    if text == "0.1" { Ok(()) } else { Err(Fault::Version { got: shortened(text) }) }
}

struct Aliases<'a>(&'a mut Builder);

impl<'de> Object<'de> for Aliases<'_> {
    fn member<A: MapAccess<'de>>(&mut self, mut member: Member<'_, 'de, A>) -> Result<(), A::Error> {
        let name = build::label(&member.name).or_else(|fault| member.refuse_name(fault))?;
        let mut body = Body::default();
        member.object(&mut body)?;
        if let Some(other) = &body.alias {
            return member.refuse_value(Fault::AliasOfAlias { name: shortened(other.as_str()) });
        }
        let policy = body.own().or_else(|fault| member.refuse_value(fault))?;
        if self.0.define(name, policy, Notes::default(), None) {
            Ok(())
        } else {
            member.refuse_name(Fault::DuplicateMember { name: shortened(&member.name) })
        }
    }
}

struct Policies<'a>(&'a mut Builder);

impl<'de> Object<'de> for Policies<'_> {
    fn member<A: MapAccess<'de>>(&mut self, mut member: Member<'_, 'de, A>) -> Result<(), A::Error> {
        let domain = build::domain(&member.name).or_else(|fault| member.refuse_name(fault))?;
        let mut body = Body::default();
        member.object(&mut body)?;
        let terms = match body.alias.take() {
            Some(alias) if body.mode.is_some() || body.mx.is_some() => {
                let said = if body.mode.is_some() { "mode" } else { "mxs" };
                return member
                    .refuse_value(Fault::MixedTerms { alias: shortened(alias.as_str()), member: said });
            }
            Some(alias) => Terms::Alias(self.0.mention(alias, &domain)),
            None => Terms::Own(body.own().or_else(|fault| member.refuse_value(fault))?.into()),
        };
        self.0.add(domain, terms, Notes::default(), None);
        Ok(())
    }
}

#[derive(Default)]
struct Body {
    alias: Option<Label>,
    mode: Option<Mode>,
    mx: Option<Vec<MxPattern>>,
}

impl Body {
    fn own(self) -> Result<Policy, Fault> {
        let mode = self.mode.ok_or(Fault::MissingMember { name: "mode" })?;
        let mx = self.mx.ok_or(Fault::MissingMember { name: "mxs" })?;
        if mx.is_empty() { Err(Fault::NoMx) } else { Ok(Policy::new(mode, mx)) }
    }
}

impl<'de> Object<'de> for Body {
    fn member<A: MapAccess<'de>>(&mut self, mut member: Member<'_, 'de, A>) -> Result<(), A::Error> {
        match &*member.name {
            "policy-alias" => member.fill(&mut self.alias, |m| m.parsed(build::label))?,
            "mode" => member.fill(&mut self.mode, |m| m.parsed(mode))?,
            "mxs" => {
                let push = |mx: &mut Vec<MxPattern>, text: &str| build::push_pattern(mx, pattern(text)?);
                member.fill(&mut self.mx, |m| m.collected(push))?;
            }
            _ => member.unknown(Dialect::Eff)?,
        }
        Ok(())
    }
}

fn mode(text: &str) -> Result<Mode, Fault> {
    match Mode::from_name(text) {
        Some(mode @ (Mode::Enforce | Mode::Testing)) => Ok(mode),
        _ => Err(Fault::Word { got: shortened(text), want: "`enforce` or `testing`" }),
    }
}

/// 0.1 has no `*.`: its schema refuses it, and its texts disagree on how deep it would reach.
fn pattern(text: &str) -> Result<MxPattern, Fault> {
    match MxPattern::parse(text) {
        Ok(pattern) if pattern.reach() != Reach::OneLabel => Ok(pattern),
        Err(cause) if cause != MxPatternError::Star => Err(Fault::Mx { got: shortened(text), cause }),
        Ok(_) | Err(_) => {
            let behind = text.rsplit('*').next().unwrap_or_default();
            let instead = behind.find('.').and_then(|dot| behind.get(dot..)).filter(|name| name.len() > 1);
            Err(Fault::NoStar { instead: shortened(instead.unwrap_or(".example.org")) })
        }
    }
}
