//! main.cf as it takes effect: what the operator set, else what the program has as default; and what a service in
//! master.cf has of its own.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use starttls_policy::TlsVersion;

use super::level::Level;
use super::protocols::lowest_admitted;
use crate::Facts;

/// A view of the settings; what was not asked, or cannot be read, is unknown and never guessed.
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    facts: &'a Facts,
    service: Option<(&'a str, &'a BTreeMap<String, String>)>,
}

/// A parameter that was asked for, and whose value we cannot make sense of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unreadable {
    /// The parameter.
    pub name: &'static str,
    /// Its value, on one line.
    pub value: String,
    /// Who gives it, for people: `main.cf`, or a service.
    pub given_by: String,
}

/// How often `$name` is followed from one parameter to the next; Postfix's own defaults do so once.
const MAX_HOPS: usize = 4;

const LEVEL: &str = "smtp_tls_security_level";
const MANDATORY_PROTOCOLS: &str = "smtp_tls_mandatory_protocols";

impl<'a> Settings<'a> {
    /// The settings among the facts.
    pub fn of(facts: &'a Facts) -> Self {
        Self { facts, service: None }
    }

    /// The settings, then as each delivering service sees them that has any of its own.
    pub fn each(self) -> impl Iterator<Item = Self> {
        let own = self.facts.services.iter().filter(|(_, own)| !own.is_empty());
        let services = own.map(move |(name, own)| Self { service: Some((name, own)), ..self });
        core::iter::once(self).chain(services)
    }

    /// Who has these settings, for people: `main.cf`, or a service.
    pub fn given_by(&self) -> String {
        self.service.map_or_else(|| "main.cf".into(), |(name, _)| format!("`{name}` of master.cf"))
    }

    /// Tells whether Postfix could be asked for its settings at all.
    pub fn are_known(&self) -> bool {
        !self.facts.settings.is_empty()
    }

    /// Tells whether Postfix could be asked which parameters it has.
    pub fn has_defaults(&self) -> bool {
        !self.facts.defaults.is_empty()
    }

    /// Tells whether this Postfix has the parameter, as far as it could be asked.
    pub fn has_parameter(&self, name: &str) -> bool {
        self.facts.defaults.contains_key(name)
            || (!self.has_defaults() && self.facts.settings.contains_key(name))
    }

    /// The value as the operator wrote it, with whatever `$` it has; `None` where it is unknown.
    pub fn verbatim(&self, name: &str) -> Option<&'a str> {
        self.facts.unexpanded.get(name).map(String::as_str).or_else(|| self.raw(name))
    }

    /// The value in effect, with whatever `$` could not be expanded; `None` where it is unknown.
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        let own = self.service.and_then(|(_, own)| own.get(name));
        let set = || self.facts.settings.get(name).or_else(|| self.facts.defaults.get(name));
        own.or_else(|| self.are_known().then(set).flatten()).map(String::as_str)
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
        self.read_level().ok().flatten()
    }

    /// The oldest TLS version that the operator admits where TLS is mandatory.
    pub fn lowest_mandatory_version(&self) -> Option<TlsVersion> {
        self.value(MANDATORY_PROTOCOLS).and_then(lowest_admitted)
    }

    /// What says how strict the server is, was asked for, and cannot be read.
    pub fn unreadable(&self) -> Vec<Unreadable> {
        let protocols = self.raw(MANDATORY_PROTOCOLS).filter(|_| self.lowest_mandatory_version().is_none());
        let names = self.read_level().err().into_iter().chain(protocols.map(|_| MANDATORY_PROTOCOLS));
        let unreadable = |name| {
            let value = starttls_policy::printable(self.raw(name).unwrap_or_default());
            Unreadable { name, value, given_by: self.given_by() }
        };
        names.map(unreadable).collect()
    }

    /// The level, if all that it hangs on was asked for.
    ///
    /// # Errors
    /// The parameter that was, and cannot be read.
    fn read_level(&self) -> Result<Option<Level>, &'static str> {
        let Some(word) = self.raw(LEVEL).map(str::trim) else { return Ok(None) };
        if !word.is_empty() {
            // Postfix reads levels in any case.
            return Level::from_name(&word.to_ascii_lowercase()).map(Some).ok_or(LEVEL);
        }
        let read = |name| match self.is_on(name) {
            None if self.raw(name).is_some() => Err(name),
            on => Ok(on),
        };
        let checks_names =
            !self.value("smtp_tls_enforce_peername").is_some_and(|v| v.eq_ignore_ascii_case("no"));
        Ok(match (read("smtp_enforce_tls")?, read("smtp_use_tls")?) {
            (Some(true), _) if checks_names => Some(Level::Verify),
            (Some(true), _) => Some(Level::Encrypt),
            (Some(false), Some(true)) => Some(Level::May),
            (Some(false), Some(false)) => Some(Level::None),
            _ => None,
        })
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

    #[test]
    fn are_read_in_any_case() {
        assert_eq!(level(&[("smtp_tls_security_level", "Secure")]), Some(Level::Secure));
        assert_eq!(level(&[("smtp_tls_security_level", "DANE-only")]), Some(Level::DaneOnly));
    }

    #[test]
    fn of_services_stand_beside_those_of_main_cf() {
        let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let facts = Facts {
            services: [
                ("relay/unix".into(), [own("syslog_name", "x")].into()),
                ("smtp/unix".into(), [own("smtp_tls_security_level", "secure")].into()),
            ]
            .into(),
            ..facts(&[("smtp_tls_security_level", "may"), ("smtp_tls_mandatory_protocols", "TLSv1.2")], &[])
        };
        let each: Vec<_> = Settings::of(&facts).each().collect();
        let levels: Vec<_> = each.iter().map(Settings::level).collect();
        assert_eq!(levels, [Some(Level::May), Some(Level::May), Some(Level::Secure)]);
        assert!(each.iter().all(|one| one.lowest_mandatory_version() == Some(TlsVersion::Tls12)));
    }

    #[test]
    fn that_cannot_be_read_are_named() {
        for (settings, name) in [
            (&[("smtp_tls_security_level", "$mylevel")][..], "smtp_tls_security_level"),
            (&[("smtp_tls_security_level", "half-dane")], "smtp_tls_security_level"),
            (&[("smtp_tls_security_level", ""), ("smtp_enforce_tls", "si")], "smtp_enforce_tls"),
            (&[("smtp_tls_mandatory_protocols", ">=TLSv9")], "smtp_tls_mandatory_protocols"),
            (&[("smtp_tls_mandatory_protocols", "$x")], "smtp_tls_mandatory_protocols"),
        ] {
            let facts = facts(settings, &[]);
            let names: Vec<_> =
                Settings::of(&facts).unreadable().iter().map(|unreadable| unreadable.name).collect();
            assert_eq!(names, [name], "{settings:?}");
        }
        let facts = facts(&[("smtp_tls_security_level", ""), ("smtp_tls_mandatory_protocols", "")], &[]);
        assert_eq!(Settings::of(&facts).unreadable(), []);
    }
}
