//! Puts the two halves of a 2014 list together: each mail domain gets the policy of the mx-domains it accepts.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use sha2::{Digest, Sha256};

use super::super::Read;
use super::super::build::{Builder, push_pattern};
use super::super::error::{At, Failure, Fault, Step, shortened};
use super::super::one::{hash, push_pin};
use super::{Accepted, MxDomain, RawPinset, Top, base_name, patterns};
use crate::finding::Finding;
use crate::list::{Notes, Terms};
use crate::mode::{Mode, Requirement};
use crate::pin::{Label, Pin, PinKind, Pinset};
use crate::policy::Policy;

pub(super) fn builder(top: &Top) -> Read<Builder> {
    let mut builder = Builder::default();
    read_pinsets(top, &mut builder)?;
    let mut accepted_names = BTreeSet::new();
    for accepted in &top.accepted {
        let mx_domains = mx_domains(top, accepted)?;
        accepted_names.extend(mx_domains.iter().map(|(name, _)| *name));
        add_entry(&mut builder, accepted, &mx_domains)
            .map_err(|fault| Failure::new(fault, At::Value, accepted_path(top, accepted)))?;
    }
    for (name, body) in &top.mx_domains {
        note_mx_domain(&mut builder, top, body);
        if accepted_names.contains(name.as_str()) {
            define_shared(&mut builder, name, body);
        } else {
            builder.findings.push(
                Finding::warning(
                    "list.unused-mx-domain",
                    section_path(top, body),
                    "no mail domain accepts this mx-domain, so its policy has no effect",
                )
                .with_cure(
                    "ask the author to name it under `accept-mx-domains` of a mail domain, or to remove it",
                ),
            );
        }
    }
    Ok(builder)
}

fn section_path(top: &Top, body: &MxDomain) -> String {
    format!("$.{}[\"{}\"]", top.policies_name.as_deref().unwrap_or_default(), body.written)
}

fn accepted_path(top: &Top, accepted: &Accepted) -> Vec<Step> {
    [
        Step::Member(top.acceptable_name.clone().unwrap_or_default()),
        Step::Domain(accepted.domain.clone()),
        Step::Member("accept-mx-domains".into()),
    ]
    .into()
}

fn mx_domains<'a>(top: &'a Top, accepted: &Accepted) -> Read<Vec<(&'a str, &'a MxDomain)>> {
    let find = |(index, written): (usize, &String)| {
        let base = patterns(written).map(|patterns| base_name(&patterns)).unwrap_or_default();
        top.mx_domains.get_key_value(&base).map(|(name, body)| (name.as_str(), body)).ok_or_else(|| {
            let mut path = accepted_path(top, accepted);
            path.push(Step::Item(index));
            Failure::new(Fault::AcceptMxWithoutEntry { name: shortened(written) }, At::Value, path)
        })
    };
    accepted.mx_domains.iter().enumerate().map(find).collect()
}

fn add_entry(
    builder: &mut Builder,
    accepted: &Accepted,
    mx_domains: &[(&str, &MxDomain)],
) -> Result<(), Fault> {
    if let [(name, _)] = mx_domains
        && let Ok(label) = Label::parse(name)
    {
        let index = builder.mention(label, &accepted.domain);
        builder.add(accepted.domain.clone(), Terms::Alias(index), Notes::default(), None);
        return Ok(());
    }
    let policy = weakest(mx_domains)?;
    if mx_domains.len() > 1 {
        let message = format!(
            "accepts {} mx-domains; a mail server knows one policy per domain, so the weakest of them holds: mode `{}`",
            mx_domains.len(),
            policy.mode
        );
        builder.findings.push(
            Finding::warning("list.several-mx-domains", accepted.domain.as_str(), message).with_cure(
                "ask the author to give these mx-domains the same terms, or the domain one of them",
            ),
        );
    }
    let pinset = common_pinset(mx_domains);
    builder.add(accepted.domain.clone(), Terms::Own(policy.into()), Notes::default(), pinset);
    Ok(())
}

/// The weakest mode, the lowest version, a certificate only if all require it (design §4).
fn weakest(mx_domains: &[(&str, &MxDomain)]) -> Result<Policy, Fault> {
    let mut mx = Vec::new();
    let mut report_to = Vec::new();
    for (_, body) in mx_domains {
        for pattern in &body.patterns {
            match push_pattern(&mut mx, pattern.clone()) {
                // The same mx-domain named twice changes nothing.
                Ok(()) | Err(Fault::DuplicateValue { .. }) => {}
                Err(fault) => return Err(fault),
            }
        }
        report_to.extend(
            body.report_to.iter().filter(|new| !report_to.contains(*new)).cloned().collect::<Vec<_>>(),
        );
    }
    let bodies = || mx_domains.iter().map(|(_, body)| *body);
    Ok(Policy {
        mode: bodies().map(mode_of).min().unwrap_or(Mode::Testing),
        requirement: bodies().map(requirement_of).min().unwrap_or(Requirement::Tls),
        min_tls: bodies().map(|body| body.min_tls).min().flatten(),
        mx: mx.into(),
        pinset: None,
        report_to: report_to.into(),
    })
}

fn mode_of(body: &MxDomain) -> Mode {
    body.mode.unwrap_or(Mode::Testing)
}

/// Every listed mx-domain requires TLS, said or not: the design's text.
fn requirement_of(body: &MxDomain) -> Requirement {
    if body.certificate == Some(true) { Requirement::Certificate } else { Requirement::Tls }
}

fn pinset_of(name: &str, body: &MxDomain) -> Option<Label> {
    body.pinset.clone().or_else(|| body.pins.as_ref().and_then(|_| hashes_label(name)))
}

/// Pins hold for a domain only if all its mx-domains are under the same ones.
fn common_pinset(mx_domains: &[(&str, &MxDomain)]) -> Option<Label> {
    let (name, body) = mx_domains.first()?;
    let first = pinset_of(name, body)?;
    mx_domains.iter().all(|(name, body)| pinset_of(name, body).as_ref() == Some(&first)).then_some(first)
}

/// The name of the pinset that an mx-domain's own hashes make: the mx-domain's, or a digest of one that is too long.
fn hashes_label(name: &str) -> Option<Label> {
    Label::parse(name).ok().or_else(|| {
        let digest: [u8; 32] = Sha256::digest(name.as_bytes()).into();
        let (front, _) = digest.split_first_chunk::<16>()?;
        Label::parse(&format!("{:032x}", u128::from_be_bytes(*front))).ok()
    })
}

fn define_shared(builder: &mut Builder, name: &str, body: &MxDomain) {
    let pinset = pinset_of(name, body);
    if let (Some(pins), None, Some(label)) = (&body.pins, &body.pinset, &pinset) {
        let pinset = Pinset::new(label.clone(), PinKind::TrustAnchor, pins.clone(), Vec::new());
        builder.pinsets.entry(label.clone()).or_insert_with(|| pinset.into());
    }
    if let (Ok(label), Ok(policy)) = (Label::parse(name), weakest(&[(name, body)])) {
        builder.define(label, policy, Notes::default(), pinset);
    }
}

fn note_mx_domain(builder: &mut Builder, top: &Top, body: &MxDomain) {
    let path = section_path(top, body);
    if body.mode.is_none() {
        let message = "has no `enforce-mode`, so failures are only logged";
        let finding = Finding::warning("list.no-enforce-mode", path.as_str(), message);
        builder.findings.push(finding.with_cure("ask the author to say `enforce` or `log-only`"));
    }
    if body.tls == Some(false) {
        let message = "says `require-tls: false`, but every listed mx-domain requires TLS; TLS is required";
        builder.findings.push(Finding::warning("list.require-tls-false", path.as_str(), message).with_cure(
            "ask the author to remove it, or to say `log-only` if mail is to be delivered in any case",
        ));
    }
    if body.pins.is_some() && body.pinset.is_some() {
        let message =
            "has both `accept-pinset` and `accept-spki-hashes`; the pinset holds, the hashes have no effect";
        let finding = Finding::warning("list.hashes-beside-pinset", path.as_str(), message);
        builder.findings.push(finding.with_cure(
            "ask the author to add the keys of the hashes to the pinset, or to remove one of the two",
        ));
    }
    let pins = body.pins.as_deref().unwrap_or_default();
    let unusable = pins.iter().filter(|pin| matches!(pin, Pin::Unusable(_))).count();
    if unusable > 0 {
        let message =
            format!("{unusable} of {} pins are SHA-1 hashes, which no mail server can check", pins.len());
        let finding = Finding::warning("list.unusable-pin", path.as_str(), message);
        builder
            .findings
            .push(finding.with_cure("ask the author for `sha256/` hashes or for the keys themselves"));
    }
    if pins.len() == 1 {
        let finding = Finding::warning("list.no-backup-pin", path, "has one pin and no backup");
        builder
            .findings
            .push(finding.with_cure("ask the author for a second key, before the first one is lost"));
    }
}

fn read_pinsets(top: &Top, builder: &mut Builder) -> Read<()> {
    for (index, raw) in top.pinsets.iter().flatten().enumerate() {
        let pinset = pinset(raw, &top.hashes).map_err(|fault| {
            Failure::new(fault, At::Value, [Step::Member("pinsets".into()), Step::Item(index)])
        })?;
        let is_taken = builder.pinsets.contains_key(&pinset.name)
            || top
                .mx_domains
                .iter()
                .any(|(name, body)| body.pins.is_some() && hashes_label(name).as_ref() == Some(&pinset.name));
        if is_taken {
            let fault = Fault::DuplicateValue { value: shortened(pinset.name.as_str()) };
            let path = [Step::Member("pinsets".into()), Step::Item(index), Step::Member("name".into())];
            return Err(Failure::new(fault, At::Value, path));
        }
        builder.pinsets.insert(pinset.name.clone(), pinset.into());
    }
    Ok(())
}

fn pinset(raw: &RawPinset, hashes: &BTreeMap<String, Pin>) -> Result<Pinset, Fault> {
    let name = raw.name.clone().ok_or(Fault::MissingMember { name: "name" })?;
    let resolve = |names: &Option<Vec<String>>| {
        let mut pins = Vec::new();
        for name in names.iter().flatten() {
            let pin = match hashes.get(name) {
                Some(pin) => pin.clone(),
                None => hash(name)?,
            };
            push_pin(&mut pins, pin)?;
        }
        Ok(pins)
    };
    let (pins, bad) = (resolve(&raw.good)?, resolve(&raw.bad)?);
    if pins.len() < 2 {
        return Err(Fault::NoBackupPin { pins: pins.len() });
    }
    // The design of 2014 pins trust roots, and a leaf by exception; which of them a hash is of cannot be told. As pins of
    // roots they go unused; as pins of leaves they would hold up all mail whenever they are of a root.
    Ok(Pinset::new(name, PinKind::TrustAnchor, pins, bad))
}
