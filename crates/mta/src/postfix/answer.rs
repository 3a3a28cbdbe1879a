//! Answers: what the policy table says of one domain.
//!
//! Built from a fixed vocabulary and from names, versions and digests that are types; nothing else of a policy can
//! reach the text. What the answer cannot say is noted in [`Gaps`]. Reading back is `line`.
//!
//! Spec: postconf(5) `smtp_tls_policy_maps`; RFC 8461 §4.1 and §4.2 (MX names and certificates); RFC 7672 §2.2 (DANE).

use alloc::string::String;
use alloc::vec::Vec;

use starttls_policy::{
    Action, Decision, Demand, Domain, Mode, Origin, PinKind, Pinset, Reach, Requirement, TlsVersion,
};

use super::anchors::Anchors;
use super::capabilities::{Capabilities, MxPatterns, Tlsrpt};
use super::level::Level;
use super::line_error::MAX_NAMES;
use super::names;
use super::report;
use super::shortfall::{Gap, Gaps};
use crate::LeafPins;

/// What became of a decision.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    Enforced,
    LogOnly,
    Nothing,
    Unexpressed,
}

/// Whether the table has a line for the domain; without one the level of main.cf applies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Entry {
    Absent,
    Written,
}

/// Writes answers for one server.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) capabilities: Capabilities,
    /// The operator's own levels, of main.cf and of single services, where they are known.
    pub(super) levels: Vec<Option<Level>>,
    /// The oldest version that the operator's own settings admit, where it is known; the newest, if services differ.
    pub(super) lowest: Option<TlsVersion>,
    pub(super) leaf_pins: LeafPins,
    /// Where the running server finds key files; `None` where it has none.
    pub(super) directory: Option<String>,
    pub(super) anchors: Anchors,
    /// What was used, for the settings that it needs.
    pub(super) used: Used,
}

/// What was used at least once.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Used {
    pub(super) dane: bool,
    pub(super) fingerprints: bool,
    /// MX patterns, under the name of MTA-STS.
    pub(super) mx_patterns: bool,
    /// Domains for which the operator's own lowest version was newer.
    pub(super) raised: u64,
}

impl Answers {
    /// Adds the answer to `text`, if there is one.
    pub(super) fn write(
        &mut self,
        decision: &Decision<'_>,
        text: &mut String,
        gaps: &mut Gaps,
    ) -> (Outcome, Entry) {
        match &decision.action {
            Action::Opportunistic => (Outcome::Nothing, Entry::Absent),
            Action::Relaxed => {
                text.push_str(Level::May.name());
                (Outcome::Nothing, Entry::Written)
            }
            Action::LogOnly(_) => (Outcome::LogOnly, self.write_log_only(text, gaps)),
            Action::Require(demand) => self.write_demand(decision.domain, demand, text, gaps),
            Action::Dane => (Outcome::Enforced, self.write_dane(text, gaps)),
            Action::DaneOnly => {
                self.used.dane = true;
                text.push_str(Level::DaneOnly.name());
                (Outcome::Enforced, Entry::Written)
            }
            Action::Defer => {
                gaps.add(Gap::CannotDefer);
                (Outcome::Unexpressed, Entry::Absent)
            }
        }
    }

    /// A line replaces the operator's level: only where that is known to be `none` everywhere is `may` no step down.
    ///
    /// Never with `protocols=`: a handshake that fails for it would be followed by cleartext.
    fn write_log_only(&self, text: &mut String, gaps: &mut Gaps) -> Entry {
        gaps.add(Gap::LogOnlyUnchecked);
        if self.levels.iter().any(|level| *level != Some(Level::None)) {
            return Entry::Absent;
        }
        text.push_str(Level::May.name());
        Entry::Written
    }

    /// `dane` is `may` where TLSA records are proven absent: no step down from a mandatory level.
    fn write_dane(&mut self, text: &mut String, gaps: &mut Gaps) -> Entry {
        if self.levels.iter().flatten().any(|level| level.is_mandatory()) {
            gaps.add(Gap::StricterKept);
            return Entry::Absent;
        }
        self.used.dane = true;
        text.push_str(Level::Dane.name());
        Entry::Written
    }

    fn write_demand(
        &mut self,
        domain: &Domain,
        demand: &Demand<'_>,
        text: &mut String,
        gaps: &mut Gaps,
    ) -> (Outcome, Entry) {
        if let Some(digests) = self.leaf_digests(demand, gaps) {
            self.write_fingerprints(demand, &digests, text, gaps);
            return (Outcome::Enforced, Entry::Written);
        }
        match demand.requirement {
            Requirement::Tls => return self.write_encryption(demand, text, gaps),
            Requirement::Certificate if demand.mx.is_empty() => {
                gaps.add(Gap::MxFromDns);
                text.push_str(Level::Verify.name());
                self.write_attributes(demand, text, gaps);
            }
            Requirement::Certificate => return self.write_names(domain, demand, text, gaps),
        }
        (Outcome::Enforced, Entry::Written)
    }

    /// Any certificate will do.
    fn write_encryption(
        &mut self,
        demand: &Demand<'_>,
        text: &mut String,
        gaps: &mut Gaps,
    ) -> (Outcome, Entry) {
        if !demand.mx.is_empty() {
            gaps.add(Gap::NamesNeedCertificate);
        }
        if demand.pinset.is_some_and(|pinset| pinset.kind == PinKind::TrustAnchor) {
            gaps.add(Gap::PinNeedsCertificate);
        }
        self.write_encryption_level(demand, text, gaps)
    }

    fn write_encryption_level(
        &mut self,
        demand: &Demand<'_>,
        text: &mut String,
        gaps: &mut Gaps,
    ) -> (Outcome, Entry) {
        let Some(level) = self.encryption_level() else {
            gaps.add(Gap::LevelKept);
            return (Outcome::Unexpressed, Entry::Absent);
        };
        text.push_str(level.name());
        self.write_protocols(demand, text);
        (Outcome::Enforced, Entry::Written)
    }

    /// The level of a line for which any certificate will do; `None` where every line would take something away.
    ///
    /// An operator who authenticates everybody goes on to do so. `dane` authenticates hosts with TLSA records, and no
    /// level adds just encryption for the others. Services that differ share the table, and a line that keeps the
    /// checks of one would have the other refuse mail that nobody asked it to refuse.
    fn encryption_level(&self) -> Option<Level> {
        let mut checking = self.levels.iter().filter(|level| level.is_some_and(Level::authenticates_some));
        let Some(first) = checking.next() else { return Some(Level::Encrypt) };
        let is_uniform = self.levels.iter().all(|level| level == first);
        (*first).filter(|level| is_uniform && level.is_mandatory())
    }

    fn write_names(
        &mut self,
        domain: &Domain,
        demand: &Demand<'_>,
        text: &mut String,
        gaps: &mut Gaps,
    ) -> (Outcome, Entry) {
        let start = text.len();
        text.push_str(Level::Secure.name());
        text.push_str(" match=");
        if names::push_certificate_names(demand.mx, text).is_err() {
            text.truncate(start);
            gaps.add(Gap::TooManyNames);
            return self.write_encryption_level(demand, text, gaps);
        }
        self.write_attributes(demand, text, gaps);
        self.write_mx_patterns(domain, demand, text, gaps);
        (Outcome::Enforced, Entry::Written)
    }

    /// `servername=hostname` only selects a certificate; as a value of `match=` it would let the DNS choose the name.
    fn write_attributes(&mut self, demand: &Demand<'_>, text: &mut String, gaps: &mut Gaps) {
        self.write_server_name(text);
        self.write_protocols(demand, text);
        let Some(pinset) = demand.pinset.filter(|pinset| pinset.kind == PinKind::TrustAnchor) else { return };
        note_exclusions(pinset, gaps);
        if pinset.trust_anchors().count() < pinset.pins.len() {
            gaps.add(Gap::PinUnusable);
        }
        let Some(file) = self.anchors.file(pinset) else { return };
        let Some(directory) = &self.directory else { return gaps.add(Gap::AnchorsUnwritten) };
        for part in [" tafile=", directory, "/", file] {
            text.push_str(part);
        }
    }

    /// MX patterns go out where Postfix enforces them, and where no TLS report would take our list for MTA-STS.
    fn write_mx_patterns(
        &mut self,
        domain: &Domain,
        demand: &Demand<'_>,
        text: &mut String,
        gaps: &mut Gaps,
    ) {
        let may_say_sts = demand.origin == Origin::MtaSts || self.capabilities.tlsrpt() == Tlsrpt::Suppressed;
        let is_enforced = self.capabilities.mx_patterns() == MxPatterns::Enforced && may_say_sts;
        self.used.mx_patterns =
            is_enforced && report::push_policy(domain, demand.mx, Mode::Enforce, text).is_ok();
        if !self.used.mx_patterns {
            gaps.add(Gap::MxNameUnchecked);
            if demand.mx.iter().any(|pattern| pattern.reach() == Reach::OneLabel) {
                gaps.add(Gap::WiderMatch);
            }
        }
    }

    fn write_fingerprints(
        &mut self,
        demand: &Demand<'_>,
        digests: &[[u8; 32]],
        text: &mut String,
        gaps: &mut Gaps,
    ) {
        gaps.add(Gap::PinAlone);
        self.used.fingerprints = true;
        text.push_str(Level::Fingerprint.name());
        text.push_str(" match=");
        for (index, digest) in digests.iter().enumerate() {
            if index > 0 {
                text.push('|');
            }
            names::push_digest(digest, text);
        }
        self.write_server_name(text);
        self.write_protocols(demand, text);
    }

    fn write_server_name(&self, text: &mut String) {
        if self.capabilities.has_server_name() {
            text.push_str(" servername=hostname");
        }
    }

    /// The attribute replaces `smtp_tls_mandatory_protocols`: never by something older.
    fn write_protocols(&mut self, demand: &Demand<'_>, text: &mut String) {
        let Some(demanded) = demand.min_tls else { return };
        let lowest = self.lowest.map_or(demanded, |own| own.max(demanded));
        self.used.raised += u64::from(lowest > demanded);
        text.push_str(" protocols=");
        text.push_str(self.capabilities.protocol_syntax().at_least(lowest));
    }

    /// The digests to compare a leaf with; `None` if there are none or chain and names are to be checked instead.
    fn leaf_digests(&self, demand: &Demand<'_>, gaps: &mut Gaps) -> Option<Vec<[u8; 32]>> {
        let pinset = demand.pinset.filter(|pinset| pinset.kind == PinKind::Leaf)?;
        note_exclusions(pinset, gaps);
        if self.leaf_pins == LeafPins::Ignore {
            gaps.add(Gap::PinIgnored);
            return None;
        }
        let mut digests: Vec<_> = pinset.leaf_hashes().take(MAX_NAMES + 1).collect();
        if digests.len() > MAX_NAMES {
            gaps.add(Gap::TooManyPins);
            return None;
        }
        if digests.len() < pinset.pins.len() {
            gaps.add(Gap::PinUnusable);
        }
        digests.sort_unstable();
        digests.dedup();
        (!digests.is_empty()).then_some(digests)
    }
}

fn note_exclusions(pinset: &Pinset, gaps: &mut Gaps) {
    if !pinset.bad.is_empty() {
        gaps.add(Gap::PinExclusions);
    }
}
