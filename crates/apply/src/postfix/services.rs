//! The services in master.cf that deliver by SMTP, and what they set apart from main.cf.
//!
//! Spec: master(5); `postconf -F` and `postconf -P` of postconf(1).

use std::collections::BTreeMap;

use starttls_mta::postfix::Version;

/// A service whose command is smtp(8).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SmtpService {
    /// Its name in master.cf, as `smtp` or `relay`.
    pub name: String,
    /// From where it sees files.
    pub runs: Where,
    /// Settings given to it alone with `-o`, with `$name` expanded.
    pub overrides: BTreeMap<String, String>,
}

/// From where a service sees files once it runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Where {
    /// In the queue directory.
    Chrooted,
    /// Among all files.
    Unconfined,
}

/// What master.cf says, as `postconf` lists it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Master {
    /// `NAME/TYPE/FIELD` to value.
    pub(super) fields: BTreeMap<String, String>,
    /// `NAME/TYPE/PARAMETER` to value.
    pub(super) overrides: BTreeMap<String, String>,
}

impl Master {
    /// The services that deliver by SMTP; `dash` is what `-` in the chroot column means.
    pub(super) fn smtp_services(&self, dash: Where) -> Vec<SmtpService> {
        let names = self.fields.iter().filter_map(|(field, value)| {
            let name = field.strip_suffix("/unix/command")?;
            (value.split_whitespace().next() == Some("smtp")).then_some(name)
        });
        names
            .map(|name| SmtpService {
                name: name.to_owned(),
                runs: match self.fields.get(&format!("{name}/unix/chroot")).map(String::as_str) {
                    Some("y") => Where::Chrooted,
                    Some("n") => Where::Unconfined,
                    _ => dash,
                },
                overrides: self.overrides_of(name),
            })
            .collect()
    }

    /// What a service sets for itself.
    pub(super) fn overrides_of(&self, name: &str) -> BTreeMap<String, String> {
        let prefix = format!("{name}/unix/");
        let own = self
            .overrides
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix(&prefix)?.to_owned(), value.clone())));
        own.collect()
    }
}

/// What `-` in the chroot column means: chrooted before 3.0, and after it while the compatibility level is below 1.
pub(super) fn dash(version: Version, compatibility_level: &str) -> Where {
    let level: u32 =
        compatibility_level.split('.').next().and_then(|major| major.trim().parse().ok()).unwrap_or(0);
    if version < Version::new(3, 0, 0) || level < 1 { Where::Chrooted } else { Where::Unconfined }
}

#[cfg(test)]
mod smtp_services {
    use super::*;
    use crate::postfix::listing;

    #[test]
    fn are_those_whose_command_is_smtp() {
        let master = Master {
            fields: listing::parse(
                "smtp/inet/command = smtpd\nsmtp/inet/chroot = y\nsmtp/unix/command = smtp\nsmtp/unix/chroot = -\n\
                 relay/unix/command = smtp -o syslog_name=postfix/$service_name\nrelay/unix/chroot = y\n\
                 bulk/unix/command = smtp -o smtp_tls_policy_maps=\nbulk/unix/chroot = n\nlmtp/unix/command = lmtp\n",
            ),
            overrides: listing::parse("bulk/unix/smtp_tls_policy_maps =\nrelay/unix/syslog_name = x\n"),
        };
        let services = master.smtp_services(Where::Unconfined);
        let seen: Vec<_> = services.iter().map(|service| (service.name.as_str(), service.runs)).collect();
        assert_eq!(
            seen,
            [("bulk", Where::Unconfined), ("relay", Where::Chrooted), ("smtp", Where::Unconfined)]
        );
        assert_eq!(services[0].overrides, [("smtp_tls_policy_maps".to_owned(), String::new())].into());
    }

    #[test]
    fn with_a_dash_are_chrooted_by_version_and_compatibility_level() {
        for (version, level, expected) in [
            ("2.11", "", Where::Chrooted),
            ("3.7", "0", Where::Chrooted),
            ("3.7", "1", Where::Unconfined),
            ("3.7", "3.6", Where::Unconfined),
            ("3.10.5", "3.10", Where::Unconfined),
            ("3.7", "nonsense", Where::Chrooted),
        ] {
            assert_eq!(dash(Version::parse(version).unwrap(), level), expected, "{version} {level}");
        }
    }
}
