//! Policy lists for the cases, in our version 1.

use super::{CASES, Case, Listed};
use crate::lab::Keys;

/// When lists end.
const EXPIRES: &str = "2099-01-01T00:00:00Z";

/// What a list says of a domain, but for the mode.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The one MX pattern.
    pub mx: &'static str,
    minimum: &'static str,
    pinset: Option<&'static str>,
}

impl Entry {
    /// Demands a valid certificate for `mx`, and TLS 1.2.
    pub const fn mx(mx: &'static str) -> Self {
        Self { mx, minimum: "TLSv1.2", pinset: None }
    }

    /// Demands another TLS version.
    #[must_use]
    pub const fn minimum(self, minimum: &'static str) -> Self {
        Self { minimum, ..self }
    }

    /// Demands one of the keys of a pinset.
    #[must_use]
    pub const fn pinset(self, pinset: &'static str) -> Self {
        Self { pinset: Some(pinset), ..self }
    }

    fn json(self, domain: &str, mode: &str) -> String {
        let pinset = self.pinset.map(|name| format!(r#", "pinset": "{name}""#)).unwrap_or_default();
        let Self { mx, minimum, .. } = self;
        format!(
            r#""{domain}": {{ "mode": "{mode}", "mx": ["{mx}"], "min-tls-version": "{minimum}"{pinset} }}"#
        )
    }
}

/// The lists for all cases, in the operator's order: the base, then the overlay.
///
/// All entries have this mode, except that the base only tests what the overlay names.
pub fn texts(keys: &Keys, mode: &str) -> [String; 2] {
    let overlaid = |case: &Case| case.listed == Listed::InOverlay;
    let base = entries(|_| true, |case| if overlaid(case) { "testing" } else { mode });
    let overlay = entries(overlaid, |_| mode);
    [list(keys, "Base", &base), list(keys, "Overlay", &overlay)]
}

/// A list for some domains alone.
pub fn of(keys: &Keys, mode: &str, domains: &[&str]) -> String {
    list(keys, "Some", &entries(|case| domains.contains(&case.domain), |_| mode))
}

/// A list of other domains: each with the MX hosts that may receive, by a valid certificate.
pub fn plain(mode: &str, domains: &[(String, Vec<&str>)]) -> String {
    let entries = domains.iter().map(|(domain, hosts)| {
        format!(
            r#""{domain}": {{ "mode": "{mode}", "mx": ["{}"], "min-tls-version": "TLSv1.2" }}"#,
            hosts.join("\", \"")
        )
    });
    with("Others", "", &entries.collect::<Vec<_>>().join(",\n    "))
}

/// The same list, but long past its end.
pub fn expired(list: &str) -> String {
    list.replace(EXPIRES, "2026-01-02T00:00:00Z")
}

fn entries<'a>(is_wanted: impl Fn(&Case) -> bool, mode: impl Fn(&Case) -> &'a str) -> String {
    let wanted = CASES.iter().filter(|case| is_wanted(case));
    let entries = wanted.filter_map(|case| Some(case.entry?.json(case.domain, mode(case))));
    entries.collect::<Vec<_>>().join(",\n    ")
}

fn list(keys: &Keys, author: &str, entries: &str) -> String {
    let Keys { other_authority: other, idle_authority: idle, self_signed_sha256, unused_sha256 } = keys;
    let pinsets = format!(
        r#""pinsets": {{
    "other-root": {{ "kind": "trust-anchor", "spki": ["{other}", "{idle}"] }},
    "right-leaf": {{ "kind": "leaf",
      "static_spki_hashes": ["sha256/{self_signed_sha256}", "sha256/{unused_sha256}"] }},
    "wrong-leaf": {{ "kind": "leaf", "spki": ["{other}", "{idle}"] }}
  }},
  "#
    );
    with(author, &pinsets, entries)
}

fn with(author: &str, pinsets: &str, entries: &str) -> String {
    format!(
        r#"{{
  "version": "1", "author": "{author}", "serial": 1,
  "timestamp": "2026-01-01T00:00:00Z", "expires": "{EXPIRES}",
  {pinsets}"policies": {{
    {entries}
  }}
}}
"#
    )
}
