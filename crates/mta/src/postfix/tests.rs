//! Claims about whole generations.

use std::collections::BTreeMap;
use std::fmt;

use starttls_policy::decide::reason::Reason;
use starttls_policy::{
    Action, Decision, Demand, Domain, Label, MxPattern, Origin, Pin, PinKind, Pinset, Requirement, Severity,
    Spki, TlsVersion,
};

use super::settings::facts;
use super::*;
use crate::{LeafPins, Mta, Output, Summary};

mod golden;
mod grammar;
mod properties;
mod server;
mod socketmap;

/// Files in memory.
#[derive(Debug, Default)]
struct Files(BTreeMap<String, String>);

impl Output for Files {
    fn append(&mut self, file: &str, text: &str) -> fmt::Result {
        assert!(
            file.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'/' | b'-')),
            "{file}"
        );
        self.0.entry(file.into()).or_default().push_str(text);
        Ok(())
    }
}

impl Files {
    /// The table's lines without the header.
    fn table(&self) -> &str {
        self.0[TABLE].strip_prefix(TABLE_HEADER).unwrap()
    }
}

/// Owns what a decision borrows.
#[derive(Clone, Debug)]
struct Case {
    domain: Domain,
    action: What,
    origin: Origin,
    requirement: Requirement,
    mx: Vec<MxPattern>,
    min_tls: Option<TlsVersion>,
    pinset: Option<Pinset>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum What {
    Opportunistic,
    Relaxed,
    LogOnly,
    Require,
    Dane,
    DaneOnly,
    Defer,
}

impl Case {
    fn new(domain: &str, mx: &[&str]) -> Self {
        Self {
            domain: Domain::parse(domain).unwrap(),
            action: What::Require,
            origin: Origin::List,
            requirement: Requirement::Certificate,
            mx: mx.iter().map(|text| MxPattern::parse(text).unwrap()).collect(),
            min_tls: Some(TlsVersion::Tls12),
            pinset: None,
        }
    }

    fn action(self, action: What) -> Self {
        Self { action, ..self }
    }

    fn origin(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    fn tls_only(self) -> Self {
        Self { requirement: Requirement::Tls, ..self }
    }

    fn min_tls(self, version: Option<TlsVersion>) -> Self {
        Self { min_tls: version, ..self }
    }

    fn pinned(self, kind: PinKind, pins: Vec<Pin>) -> Self {
        let name = Label::parse("pins").unwrap();
        Self { pinset: Some(Pinset { name, kind, pins: pins.into(), bad: Box::default() }), ..self }
    }

    fn decision(&self) -> Decision<'_> {
        let demand = || Demand {
            origin: self.origin,
            requirement: self.requirement,
            mx: &self.mx,
            min_tls: self.min_tls,
            pinset: self.pinset.as_ref(),
        };
        let action = match self.action {
            What::Opportunistic => Action::Opportunistic,
            What::Relaxed => Action::Relaxed,
            What::LogOnly => Action::LogOnly(demand()),
            What::Require => Action::Require(demand()),
            What::Dane => Action::Dane,
            What::DaneOnly => Action::DaneOnly,
            What::Defer => Action::Defer,
        };
        Decision { domain: &self.domain, action, reasons: Vec::<Reason<'_>>::new(), valid_until: None }
    }
}

/// An Ed25519 key (RFC 8410 §10.1).
fn key() -> Spki {
    Spki::parse("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=").unwrap()
}

fn version(text: &str) -> Facts {
    Facts { version: Some(text.into()), ..facts(&[], &[]) }
}

/// Renders, and checks every file with the grammar.
fn render(facts: &Facts, cases: &[Case]) -> (Files, Summary) {
    let mut files = Files::default();
    let mut renderer = Postfix.renderer(facts).unwrap();
    for case in cases {
        renderer.decision(&case.decision(), &mut files).unwrap();
    }
    let summary = renderer.finish(&mut files).unwrap();
    for (file, text) in &files.0 {
        assert_eq!(Postfix.check(file, text), Ok(()), "{file}:\n{text}");
    }
    assert_eq!(usize::try_from(summary.lines), Ok(files.table().lines().count()));
    let counted = summary.enforced + summary.log_only + summary.none + summary.unexpressed;
    assert_eq!(usize::try_from(counted), Ok(cases.len()));
    (files, summary)
}
