//! The pinsets of a list of version 1.
//!
//! Spec: docs/list-format.md, "Pinsets".

use alloc::vec::Vec;

use serde::de::MapAccess;

use super::super::MAX_PINS;
use super::super::build::{self, Builder};
use super::super::error::{Fault, shortened};
use super::super::json::{Member, Object};
use crate::list::{Dialect, Extensions};
use crate::pin::{Label, Pin, PinKind, Pinset, Spki};

pub(super) struct Pinsets<'a>(pub(super) &'a mut Builder);

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
pub(in crate::read) fn hash(text: &str) -> Result<Pin, Fault> {
    Pin::parse_hash(text).map_err(|cause| build::pin_fault(text, cause))
}

/// Adds a pin that is not there yet; a key and its own hash are one pin, which would be no backup.
pub(in crate::read) fn push_pin(pins: &mut Vec<Pin>, pin: Pin) -> Result<(), Fault> {
    if pins.len() >= MAX_PINS {
        return Err(Fault::TooManyPins);
    }
    if pins.iter().any(|known| known.is_same_key(&pin)) {
        return Err(Fault::DuplicateValue { value: shortened(&alloc::format!("{pin}")) });
    }
    pins.push(pin);
    Ok(())
}
