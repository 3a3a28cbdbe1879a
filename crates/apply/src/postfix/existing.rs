//! Settings of the operator whose meaning a change of ours would alter.
//!
//! Spec: postconf(5) `smtp_tls_fingerprint_digest`, `smtp_tls_dane_insecure_mx_policy`, `smtp_tls_per_site`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use starttls_mta::postfix::{Level, PolicyMaps};

use super::Detected;
use super::expansion::references;
use super::reference::{FILE_KINDS, POLICY_MAPS, Reference, unproxied};

const DIGEST: &str = "smtp_tls_fingerprint_digest";
const INSECURE_MX_POLICY: &str = "smtp_tls_dane_insecure_mx_policy";
const CERT_MATCH: &str = "smtp_tls_fingerprint_cert_match";
const LEVEL: &str = "smtp_tls_security_level";
/// A larger table of the operator is not looked through; it may hold anything.
const MAX_TABLE_BYTES: u64 = 64 * 1024 * 1024;

/// The setting of the operator that relies on the present value of a parameter, in words; `None` where none is known.
pub(super) fn relies_on(server: &Detected, reference: &Reference, parameter: &str) -> Option<String> {
    let level = match parameter {
        DIGEST => Level::Fingerprint,
        INSECURE_MX_POLICY => Level::Dane,
        _ => return None,
    };
    let view = |overrides, given_by| View { server, reference, overrides, given_by };
    let main = view(None, "main.cf".to_owned());
    // A service that has its own value keeps it.
    let services = server.smtp_services.iter().filter(|service| !service.overrides.contains_key(parameter));
    let services = services
        .filter(|service| !service.overrides.is_empty())
        .map(|service| view(Some(&service.overrides), format!("`{}/unix` of master.cf", service.name)));
    std::iter::once(main)
        .chain(services)
        .find_map(|view| view.relies_on(level))
        .or_else(|| inheritor(server, parameter))
}

/// A setting of main.cf or master.cf whose value is made from a parameter by `$name`, directly or over others.
fn inheritor(server: &Detected, parameter: &str) -> Option<String> {
    let mut settings: Vec<(String, String, String)> = Vec::new();
    for (name, value) in &server.written {
        settings.push((name.clone(), value.clone(), "main.cf".to_owned()));
    }
    for service in &server.master_cf {
        for (name, value) in service.overrides().values {
            settings.push((name, value, format!("`{}` of master.cf", service.id())));
        }
    }
    let is_its_own = |name: &str| name == parameter;
    let mut derived: BTreeSet<&str> = [parameter].into();
    // Each round finds what refers to what the round before has found.
    let mut last = None;
    loop {
        let known = derived.len();
        for (name, value, place) in &settings {
            if !is_its_own(name)
                && references(value).any(|used| derived.contains(used))
                && derived.insert(name)
            {
                last = Some(format!("`{name} = {value}` in {place}"));
            }
        }
        if derived.len() == known {
            return last;
        }
    }
}

/// The parameters as one delivering service sees them.
struct View<'a> {
    server: &'a Detected,
    reference: &'a Reference,
    overrides: Option<&'a BTreeMap<String, String>>,
    given_by: String,
}

impl View<'_> {
    fn relies_on(&self, level: Level) -> Option<String> {
        let by = |what: String| format!("{what} in {}", self.given_by);
        if level == Level::Fingerprint {
            let set = self.value(LEVEL).trim();
            if Level::from_name(&set.to_ascii_lowercase()) == Some(level) {
                return Some(by(format!("`{LEVEL} = {set}`")));
            }
            if !self.value(CERT_MATCH).is_empty() {
                return Some(by(format!("`{CERT_MATCH}`")));
            }
        }
        let mut tables = PolicyMaps(self.value(POLICY_MAPS)).tables();
        let holding = tables.find_map(|table| self.holds(table, level).map(|how| (table, how)))?;
        Some(by(format!("the table `{}`, which {} `{}` entries,", holding.0, holding.1, level.name())))
    }

    fn value(&self, name: &str) -> &str {
        let own = self.overrides.and_then(|own| own.get(name));
        own.map_or_else(|| self.server.setting(name), String::as_str)
    }

    /// Whether one of the operator's tables holds entries of a level, in a word.
    fn holds(&self, table: &str, level: Level) -> Option<&'static str> {
        if self.reference.is(table) {
            return None;
        }
        let (kind, path) = unproxied(table).split_once(':')?;
        if kind == "inline" {
            let mut words = path.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
            return words.any(|word| word.eq_ignore_ascii_case(level.name())).then_some("holds");
        }
        let lines = FILE_KINDS.contains(&kind).then(|| read(Path::new(path))).flatten();
        let Some(lines) = lines else { return Some("may hold") };
        let values = lines.iter().filter_map(|line| line.split_whitespace().nth(1));
        // Postfix reads levels in any case.
        let mut levels = values.filter_map(|word| word.split(',').next());
        levels.any(|word| word.eq_ignore_ascii_case(level.name())).then_some("holds")
    }
}

/// The lines of a table's source, without comments.
fn read(path: &Path) -> Option<Vec<String>> {
    let file = File::open(path).ok()?;
    if file.metadata().ok()?.len() > MAX_TABLE_BYTES {
        return None;
    }
    let lines = BufReader::new(file.take(MAX_TABLE_BYTES))
        .split(b'\n')
        .map(|line| line.map(|line| String::from_utf8_lossy(&line).into_owned()));
    let lines: Result<Vec<String>, _> = lines.collect();
    let mut lines = lines.ok()?;
    lines.retain(|line| !line.trim_start().starts_with('#'));
    Some(lines)
}
