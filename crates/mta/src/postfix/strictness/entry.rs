//! An entry of a table of the operator's: anything that Postfix accepts, read as far as strictness needs it.
//!
//! What we write ourselves is read by the closed grammar of `line` instead.
//!
//! Spec: postconf(5) `smtp_tls_policy_maps`.

use alloc::vec::Vec;

use crate::postfix::level::Level;

/// An entry: `LEVEL [ATTRIBUTE=VALUE | { ATTRIBUTE = VALUE }]…`, separated by blanks and commas.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) level: Level,
    /// `match=`, at all levels; empty where main.cf decides.
    pub(super) names: Vec<&'a str>,
    /// `protocols=`.
    pub(super) protocols: Option<&'a str>,
    /// `ciphers=`.
    pub(super) ciphers: Option<&'a str>,
    /// Whether `exclude=` names any cipher.
    pub(super) has_exclusions: bool,
    /// Whether `tafile=` stands.
    pub(super) has_anchors: bool,
    /// Whether any attribute stands that is none of the above and may matter.
    pub(super) has_others: bool,
}

impl<'a> Entry<'a> {
    /// Reads an entry; `None` where Postfix would refuse it, or where it has a level that is not documented.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut words = Words { rest: text };
        let level = words.next()?;
        // Postfix reads levels and names of attributes in any case.
        let level = Level::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(level))?;
        let mut entry = Self {
            level,
            names: Vec::new(),
            protocols: None,
            ciphers: None,
            has_exclusions: false,
            has_anchors: false,
            has_others: false,
        };
        for word in words {
            let pair = word.strip_prefix('{').map_or(Some(word), |inner| inner.strip_suffix('}'))?;
            let (name, value) = pair.split_once('=')?;
            entry.add(name.trim(), value.trim())?;
        }
        Some(entry)
    }

    fn add(&mut self, name: &'a str, value: &'a str) -> Option<()> {
        match name.to_ascii_lowercase().as_str() {
            "match" => self.names.extend(names(value)),
            // A second one makes the entry void.
            "protocols" => return self.protocols.replace(value).is_none().then_some(()),
            "ciphers" => return self.ciphers.replace(value).is_none().then_some(()),
            "exclude" => self.has_exclusions |= !value.is_empty(),
            "tafile" => self.has_anchors = true,
            // They choose a certificate, or how often a connection is used.
            "servername" | "connection_reuse" => {}
            _ => self.has_others = true,
        }
        Some(())
    }

    /// Whether nothing but the level stands.
    pub(super) fn is_bare(&self) -> bool {
        self.names.is_empty()
            && self.protocols.is_none()
            && self.ciphers.is_none()
            && !(self.has_exclusions || self.has_anchors || self.has_others)
    }
}

/// The names of `match=`, and of `smtp_tls_secure_cert_match`.
pub(super) fn names(value: &str) -> impl Iterator<Item = &str> {
    value.split([':', ',', ' ', '\t', '\r', '\n']).filter(|name| !name.is_empty())
}

/// Words between blanks and commas, save within braces.
struct Words<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let is_separator = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n' | ',');
        let text = self.rest.trim_start_matches(is_separator);
        if text.is_empty() {
            return None;
        }
        let mut depth = 0_usize;
        let end = text.find(|c| {
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && is_separator(c)
        });
        let (word, rest) = text.split_at(end.unwrap_or(text.len()));
        self.rest = rest;
        Some(word)
    }
}
