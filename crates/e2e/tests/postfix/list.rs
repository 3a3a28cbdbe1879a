//! Policy lists for the cases, in our version 1; and, for comparison, the policy table that an expert would write.

use std::fmt::Write as _;

use starttls_e2e::lab::Keys;
use starttls_e2e::postfix::Version;

use crate::cases::{CASES, Case, Listed};
use crate::stage::ENFORCES_PATTERNS;

/// What a list says of a domain, but for the mode.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// The one MX pattern.
    pub(crate) mx: &'static str,
    minimum: &'static str,
    pinset: Option<&'static str>,
}

impl Entry {
    /// Demands a valid certificate for `mx`, and TLS 1.2.
    pub(crate) const fn mx(mx: &'static str) -> Self {
        Self { mx, minimum: "TLSv1.2", pinset: None }
    }

    /// Demands another TLS version.
    pub(crate) const fn minimum(self, minimum: &'static str) -> Self {
        Self { minimum, ..self }
    }

    /// Demands one of the keys of a pinset.
    pub(crate) const fn pinset(self, pinset: &'static str) -> Self {
        Self { pinset: Some(pinset), ..self }
    }

    fn json(self, domain: &str, mode: &str) -> String {
        let pinset = self.pinset.map(|name| format!(r#", "pinset": "{name}""#)).unwrap_or_default();
        let Self { mx, minimum, .. } = self;
        format!(
            r#""{domain}": {{ "mode": "{mode}", "mx": ["{mx}"], "min-tls-version": "{minimum}"{pinset} }}"#
        )
    }

    /// The answer that an expert would put into a policy table for this version of Postfix.
    fn by_hand(self, domain: &str, keys: &Keys, version: Version) -> String {
        let digest = match self.pinset {
            Some("right-leaf") => Some(keys.self_signed_sha256),
            Some("wrong-leaf") => Some(keys.unused_sha256),
            _ => None,
        };
        if let Some(digest) = digest {
            let digits: Vec<_> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
            return format!("fingerprint match={}", digits.join(":"));
        }
        let names = self.mx.trim_start_matches('*');
        let mut answer = format!("secure match={names} servername=hostname protocols=>={}", self.minimum);
        if self.pinset.is_some() {
            answer += " tafile=/lab/anchors.pem";
        }
        if version >= ENFORCES_PATTERNS {
            let _ = write!(answer, " policy_type=sts policy_domain={domain} mx_host_pattern={}", self.mx);
        }
        answer
    }
}

/// The lists for all cases, in the operator's order: the base, then the overlay.
///
/// `mode` is the mode of all entries, except that the base has those which the overlay names only in `testing`.
pub(crate) fn texts(keys: &Keys, mode: &str) -> [String; 2] {
    let entries = |wanted: &dyn Fn(&Case) -> bool, mode_of: &dyn Fn(&Case) -> &'static str| {
        let cases = CASES.iter().filter(|case| wanted(case));
        cases
            .filter_map(|case| Some(case.entry?.json(case.domain, mode_of(case))))
            .collect::<Vec<_>>()
            .join(",\n    ")
    };
    let mode: &'static str = if mode == "enforce" { "enforce" } else { "testing" };
    let base = entries(&|_| true, &|case| if case.listed == Listed::InOverlay { "testing" } else { mode });
    let overlay = entries(&|case| case.listed == Listed::InOverlay, &|_| mode);
    [list(keys, "Base", &base), list(keys, "Overlay", &overlay)]
}

fn list(keys: &Keys, author: &str, entries: &str) -> String {
    let Keys { other_authority: other, idle_authority: idle, self_signed: leaf, .. } = keys;
    format!(
        r#"{{
  "version": "1", "author": "{author}", "serial": 1,
  "timestamp": "2026-01-01T00:00:00Z", "expires": "2099-01-01T00:00:00Z",
  "pinsets": {{
    "other-root": {{ "kind": "trust-anchor", "spki": ["{other}", "{idle}"] }},
    "right-leaf": {{ "kind": "leaf", "spki": ["{leaf}", "{idle}"] }},
    "wrong-leaf": {{ "kind": "leaf", "spki": ["{other}", "{idle}"] }}
  }},
  "policies": {{
    {entries}
  }}
}}
"#
    )
}

/// The policy table that an expert would write to enforce all that the lists say.
pub(crate) fn table_by_hand(keys: &Keys, version: Version) -> String {
    let mut table = String::new();
    for case in CASES {
        if let Some(entry) = case.entry {
            let _ = writeln!(table, "{} {}", case.domain, entry.by_hand(case.domain, keys, version));
        }
    }
    table
}
