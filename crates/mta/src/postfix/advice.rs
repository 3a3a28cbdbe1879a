//! What an operator should know about the server itself: settings that work against the table, or that the table
//! changes.
//!
//! What is not known is not guessed at: most of this needs Postfix's settings.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use starttls_policy::Finding;

use super::answer::Used;
use super::capabilities::{Capabilities, ENFORCE_MX_PATTERNS, MxPatterns, Tlsrpt};
use super::findings as codes;
use super::fragment::has_roots;
use super::level::Level;
use super::policy_maps::{PARAMETER as POLICY_MAPS, PolicyMaps};
use super::reference::without_references;
use super::settings::{Settings, Unreadable};
use super::table_type::TableType;
use super::version::Version;
use crate::{Code, LeafPins};

/// From how many lines on a `texthash` is too slow: each smtp(8) process reads it whole when it starts.
pub const TEXTHASH_MAX_LINES: u64 = 50_000;

/// What holds for any table on this server.
pub(super) struct Server<'a> {
    pub(super) settings: Settings<'a>,
    pub(super) capabilities: Capabilities,
    /// `None` where it was assumed.
    pub(super) version: Option<Version>,
    pub(super) table_type: TableType,
    /// Where our table is.
    pub(super) directory: &'a str,
    pub(super) leaf_pins: LeafPins,
}

impl Server<'_> {
    pub(super) fn advice(&self) -> Vec<Finding> {
        let mut all = Vec::new();
        self.version(&mut all);
        self.routing(&mut all);
        self.tables(&mut all);
        self.level(&mut all);
        self.unreadable(&mut all);
        self.authorities(&mut all);
        self.digest(&mut all);
        self.mx_patterns(&mut all);
        all
    }

    fn version(&self, all: &mut Vec<Finding>) {
        if self.version.is_none() {
            let message = format!(
                "no Postfix could be asked for its version: the syntax of {} is written, which any later one reads",
                Version::ASSUMED
            );
            let finding = codes::ASSUMED_VERSION.finding("mail_version", message);
            all.push(finding.with_cure("name the version, as in `--mta-version 3.10.5`"));
        }
        if !self.capabilities.has_server_name() {
            all.push(codes::NO_SERVER_NAME.finding("mail_version", codes::NO_SERVER_NAME.meaning));
        }
        if self.capabilities.obeys_tls_required_no()
            && self.settings.is_on("tls_required_enable") != Some(false)
        {
            let finding = meaning(codes::TLS_REQUIRED_NO, "tls_required_enable");
            all.push(finding.with_cure("set `tls_required_enable = no` if authors may not decide this"));
        }
        if self.table_type == TableType::Hash && self.capabilities.deprecates_hash() {
            let finding = meaning(codes::HASH_DEPRECATED, "hash");
            all.push(finding.with_cure("use a table of type `lmdb`, `cdb` or `texthash`"));
        }
    }

    fn routing(&self, all: &mut Vec<Finding>) {
        if self.settings.is_set("relayhost") {
            let finding = meaning(codes::RELAYHOST, "relayhost");
            all.push(
                finding.with_cure(
                    "protect the way to the relay by `smtp_tls_security_level`, and run this there",
                ),
            );
        }
        let by_domain = [
            "transport_maps",
            "sender_dependent_relayhost_maps",
            "sender_dependent_default_transport_maps",
            "smtp_fallback_relay",
        ];
        for name in by_domain.into_iter().filter(|name| self.settings.is_set(name)) {
            all.push(self.bypass(name));
        }
        if self.settings.value("default_transport").is_some_and(|transport| transport != "smtp") {
            all.push(self.bypass("default_transport"));
        }
    }

    fn bypass(&self, name: &str) -> Finding {
        let value = starttls_policy::printable(self.settings.raw(name).unwrap_or_default());
        let message = format!(
            "`{name} = {value}` may send mail to another next hop, under whose name TLS is looked up"
        );
        let cure = "make sure that it names no listed domain";
        codes::LOOKUPS_BYPASSED.finding(name, message).with_cure(cure)
    }

    fn tables(&self, all: &mut Vec<Finding>) {
        let maps = PolicyMaps(self.settings.verbatim(POLICY_MAPS).unwrap_or_default());
        if !maps.is_closed() {
            let finding = meaning(codes::POLICY_MAPS_OPEN, POLICY_MAPS);
            all.push(finding.with_cure("close the brace in main.cf"));
        }
        let others = without_references(maps.0, self.directory);
        let others: Vec<&str> = PolicyMaps(&others).tables().collect();
        if !others.is_empty() {
            let message = format!(
                "{} is asked first: what it says of a domain hides our line",
                starttls_policy::printable(&others.join(", "))
            );
            all.push(codes::POLICY_MAPS_FIRST.finding(POLICY_MAPS, message));
        }
        if self.settings.is_set("smtp_tls_per_site") {
            let finding = meaning(codes::PER_SITE_REPLACED, "smtp_tls_per_site");
            all.push(finding.with_cure("move its entries to a table in `smtp_tls_policy_maps` first"));
        }
    }

    fn level(&self, all: &mut Vec<Finding>) {
        let mut told = Vec::new();
        for settings in self.settings.each() {
            if let Some(level) = settings.level().filter(|level| !told.contains(level)) {
                told.push(level);
                all.extend(level_replaced(level, &settings));
            }
        }
    }

    fn unreadable(&self, all: &mut Vec<Finding>) {
        let mut found: Vec<Unreadable> = Vec::new();
        for one in self.settings.each().flat_map(|settings| settings.unreadable()) {
            // A service that sets something else has the rest from main.cf.
            if !found.iter().any(|known| known.name == one.name && known.value == one.value) {
                found.push(one);
            }
        }
        all.extend(found.into_iter().map(|Unreadable { name, value, given_by }| {
            let message = format!(
                "`{name} = {value}` in {given_by} cannot be read: lines of the table may demand less than it does"
            );
            let cure = format!("set `{name}` to a plain value, as `postconf -d` shows them, and generate anew");
            codes::SETTING_UNREADABLE.finding(name, message).with_cure(cure)
        }));
    }

    fn authorities(&self, all: &mut Vec<Finding>) {
        if has_roots(&self.settings) == Some(false) {
            let finding = meaning(codes::NO_ROOTS, "smtp_tls_CAfile");
            all.push(finding.with_cure("set `smtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt`"));
        }
        if self.settings.is_set("smtp_tls_trust_anchor_file") {
            let finding = meaning(codes::TRUST_ANCHORS, "smtp_tls_trust_anchor_file");
            all.push(
                finding.with_cure("set `smtp_tls_CAfile`, and name the file as `tafile=` where it is needed"),
            );
        }
    }

    fn digest(&self, all: &mut Vec<Finding>) {
        let digest = self.settings.value("smtp_tls_fingerprint_digest");
        if let Some(digest) = digest.filter(|digest| self.leaf_pins == LeafPins::Allow && *digest != "sha256")
        {
            let message = format!(
                "`smtp_tls_fingerprint_digest` is `{}`, and leaf pins need `sha256`",
                starttls_policy::printable(digest)
            );
            let finding = codes::FINGERPRINT_DIGEST.finding("smtp_tls_fingerprint_digest", message);
            all.push(
                finding
                    .with_cure("recompute the digests of your own `fingerprint` entries with SHA-256 first"),
            );
        }
    }

    fn mx_patterns(&self, all: &mut Vec<Finding>) {
        match (self.capabilities.mx_patterns(), self.capabilities.tlsrpt()) {
            (MxPatterns::Ignored, _) => {
                let finding = meaning(codes::MX_PATTERNS_IGNORED, ENFORCE_MX_PATTERNS);
                let is_off = self.settings.is_on(ENFORCE_MX_PATTERNS) == Some(false);
                let cure = if is_off { "set it to `yes`" } else { "upgrade to Postfix 3.10.5 or later" };
                all.push(finding.with_cure(cure));
            }
            (MxPatterns::Enforced, Tlsrpt::Possible) => {
                let finding = meaning(codes::MX_PATTERNS_REPORTED, "smtp_tlsrpt_enable");
                all.push(
                    finding.with_cure("with `smtp_tlsrpt_enable = no`, list entries get MX patterns too"),
                );
            }
            (MxPatterns::Rejected, _) | (MxPatterns::Enforced, Tlsrpt::Suppressed) => {}
        }
    }
}

fn level_replaced(level: Level, settings: &Settings<'_>) -> Option<Finding> {
    let what = match level {
        Level::Dane | Level::DaneOnly => {
            "TLSA records of listed domains are not used: a static table cannot rank DANE above the list"
        }
        Level::Fingerprint | Level::Verify | Level::Secure => {
            "for listed domains the table's checks take the place of the operator's own"
        }
        Level::None | Level::May | Level::Encrypt => return None,
    };
    let message =
        format!("`smtp_tls_security_level` is `{}` in {}: {what}", level.name(), settings.given_by());
    let finding = codes::LEVEL_REPLACED.finding("smtp_tls_security_level", message);
    Some(finding.with_cure("leave domains with TLSA records out, or let `starttls daemon` answer instead"))
}

/// What came up while the table was written.
pub(super) fn of_generation(
    used: Used,
    lines: u64,
    table_type: TableType,
    directory: Option<&str>,
) -> Vec<Finding> {
    let mut all = Vec::new();
    if table_type == TableType::Texthash && lines > TEXTHASH_MAX_LINES {
        let message =
            format!("the table has {lines} lines, and each smtp(8) process reads a `texthash` whole");
        let finding = codes::TEXTHASH_LARGE.finding("texthash", message);
        all.push(finding.with_cure("use a table of type `lmdb` or `cdb`"));
    }
    if used.raised > 0 {
        let message = format!(
            "{} allow an older TLS version than `smtp_tls_mandatory_protocols`, which is kept",
            domains(used.raised)
        );
        all.push(codes::STRICTER_PROTOCOLS.finding("smtp_tls_mandatory_protocols", message));
    }
    if let Some(directory) = directory {
        let message = format!(
            "smtp(8) reads `{directory}/anchors` at each delivery, from within its chroot if it has one"
        );
        let finding = codes::ANCHORS_IN_CHROOT.finding(directory, message);
        all.push(finding.with_cure("make the files readable there, under that path, for the user `postfix`"));
    }
    all
}

fn domains(count: u64) -> String {
    if count == 1 { "one domain's policy".into() } else { format!("{count} domains' policies") }
}

fn meaning(code: Code, subject: &str) -> Finding {
    code.finding(subject, code.meaning)
}
