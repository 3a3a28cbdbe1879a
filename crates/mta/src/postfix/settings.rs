//! main.cf as it takes effect: what the operator set, else what the program has as default.

use alloc::collections::BTreeMap;
use alloc::string::String;

use starttls_policy::TlsVersion;

use super::level::Level;
use super::protocols::lowest_admitted;
use crate::Facts;

/// A view of the settings; what was not asked, or needs expansion, is unknown and never guessed.
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    set: &'a BTreeMap<String, String>,
    defaults: &'a BTreeMap<String, String>,
}

/// How often `$name` is followed from one parameter to the next; Postfix's own defaults do so once.
const MAX_HOPS: usize = 4;

impl<'a> Settings<'a> {
    /// The settings among the facts.
    pub fn of(facts: &'a Facts) -> Self {
        Self { set: &facts.settings, defaults: &facts.defaults }
    }

    /// Tells whether Postfix could be asked for its settings at all.
    pub fn are_known(&self) -> bool {
        !self.set.is_empty()
    }

    /// Tells whether Postfix could be asked which parameters it has.
    pub fn has_defaults(&self) -> bool {
        !self.defaults.is_empty()
    }

    /// Tells whether this Postfix has the parameter, as far as it could be asked.
    pub fn has_parameter(&self, name: &str) -> bool {
        self.defaults.contains_key(name) || (!self.has_defaults() && self.set.contains_key(name))
    }

    /// The value as written, with whatever `$` it has; `None` where it is unknown.
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        let known = if self.are_known() { self.set.get(name) } else { None };
        known.or_else(|| if self.are_known() { self.defaults.get(name) } else { None }).map(String::as_str)
    }

    /// The value without blanks around it; `None` where it is unknown or only Postfix can expand it.
    pub fn value(&self, name: &str) -> Option<&'a str> {
        self.raw(name).map(str::trim).filter(|value| !value.contains('$'))
    }

    /// Tells whether the value is known and not empty; one that is another parameter's (`$name`) counts as that.
    pub fn is_set(&self, name: &str) -> bool {
        let mut value = self.raw(name).unwrap_or_default().trim();
        for _ in 0..MAX_HOPS {
            let Some(next) = value.strip_prefix('$').and_then(|next| self.raw(next)) else { break };
            value = next.trim();
        }
        !value.is_empty()
    }

    /// A yes-or-no parameter; one that this Postfix has not counts as no.
    pub fn is_on(&self, name: &str) -> Option<bool> {
        match self.value(name) {
            Some(value) if value.eq_ignore_ascii_case("yes") => Some(true),
            Some(value) if value.eq_ignore_ascii_case("no") => Some(false),
            None if self.are_known() && self.has_defaults() && !self.has_parameter(name) => Some(false),
            _ => None,
        }
    }

    /// The level for domains that no table names; the parameters of before 2.3 count where it is empty.
    pub fn level(&self) -> Option<Level> {
        let word = self.value("smtp_tls_security_level")?;
        if !word.is_empty() {
            return Level::from_name(word);
        }
        let checks_names =
            !self.value("smtp_tls_enforce_peername").is_some_and(|v| v.eq_ignore_ascii_case("no"));
        match (self.is_on("smtp_enforce_tls")?, self.is_on("smtp_use_tls")?) {
            (true, _) if checks_names => Some(Level::Verify),
            (true, _) => Some(Level::Encrypt),
            (false, true) => Some(Level::May),
            (false, false) => Some(Level::None),
        }
    }

    /// The oldest TLS version that the operator admits where TLS is mandatory.
    pub fn lowest_mandatory_version(&self) -> Option<TlsVersion> {
        let value = self.value("smtp_tls_mandatory_protocols")?;
        lowest_admitted(value)
    }
}

#[cfg(test)]
pub(super) fn facts(settings: &[(&str, &str)], defaults: &[(&str, &str)]) -> Facts {
    let map = |pairs: &[(&str, &str)]| pairs.iter().map(|&(k, v)| (k.into(), v.into())).collect();
    Facts {
        settings: map(settings),
        defaults: map(defaults),
        directory: "/etc/postfix/starttls".into(),
        ..Facts::default()
    }
}

#[cfg(test)]
mod levels {
    use super::*;

    fn level(settings: &[(&str, &str)]) -> Option<Level> {
        let defaults = [("smtp_tls_security_level", ""), ("smtp_use_tls", "no"), ("smtp_enforce_tls", "no")];
        let facts = facts(settings, &defaults);
        Settings::of(&facts).level()
    }

    #[test]
    fn come_from_the_old_parameters_where_the_new_one_is_empty() {
        for (settings, want) in [
            (&[("myhostname", "mx.example.org")][..], Level::None),
            (&[("smtp_use_tls", "yes")], Level::May),
            (&[("smtp_enforce_tls", "yes")], Level::Verify),
            (&[("smtp_enforce_tls", "yes"), ("smtp_tls_enforce_peername", "no")], Level::Encrypt),
            (&[("smtp_enforce_tls", "yes"), ("smtp_tls_security_level", "may")], Level::May),
            (&[("smtp_tls_security_level", " dane ")], Level::Dane),
        ] {
            assert_eq!(level(settings), Some(want), "{settings:?}");
        }
    }

    #[test]
    fn are_unknown_where_postfix_must_expand_or_was_not_asked() {
        assert_eq!(level(&[]), None);
        assert_eq!(
            level(&[("smtp_tls_security_level", "${{$compatibility_level} <level {3.11}?{}:{may}}")]),
            None
        );
        assert_eq!(level(&[("smtp_tls_security_level", "sekure")]), None);
        let facts = facts(&[("smtp_tls_security_level", "")], &[]);
        assert_eq!(Settings::of(&facts).level(), None, "the old parameters are unknown");
    }
}
