//! Version 1, our own.
//!
//! Spec: docs/list-format.md.

mod pinset;
mod terms;

use alloc::string::String;
use core::ops::ControlFlow;

use serde::de::MapAccess;

pub(super) use pinset::{hash, push_pin};
pub(super) use terms::tls_version;

use super::Read;
use super::build::{self, Builder, Words};
use super::error::{Fault, shortened};
use super::json::{Ctx, Member, Object};
use crate::domain::Domain;
use crate::list::{Dialect, Extensions, Head, List, Notes, Terms};
use crate::pin::Label;
use crate::policy::Policy;
use crate::timestamp::Timestamp;
use pinset::Pinsets;
use terms::Body;

pub(super) const WORDS: Words =
    Words { entries: "policies", aliases: "providers", reference: "provider", pinset: "pinset" };

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
