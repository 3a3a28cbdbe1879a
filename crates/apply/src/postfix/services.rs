//! The services in master.cf that deliver by SMTP, and what they set apart from main.cf.
//!
//! Spec: master(5).

use std::collections::BTreeMap;

use starttls_mta::postfix::Version;

use super::expansion::expand;
use super::master_cf::MasterEntry;

/// A service whose command is smtp(8).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SmtpService {
    /// Its name in master.cf, as `smtp` or `relay`.
    pub name: String,
    /// From where it sees files.
    pub runs: Where,
    /// Settings given to it alone with `-o`, with `$name` expanded.
    pub overrides: BTreeMap<String, String>,
    /// Arguments that smtp(8) refuses or misunderstands, so that what they were to set is not known.
    pub unreadable: Vec<String>,
}

/// From where a service sees files once it runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Where {
    /// In the queue directory.
    Chrooted,
    /// Among all files.
    Unconfined,
}

/// The services that deliver by SMTP; `dash` is what `-` in the chroot column means, `look_up` knows main.cf.
pub(super) fn smtp_services<'a>(
    entries: &[MasterEntry],
    dash: Where,
    look_up: &dyn Fn(&str) -> Option<&'a str>,
) -> Vec<SmtpService> {
    let services = entries.iter().filter(|entry| entry.is_smtp_client()).map(|entry| SmtpService {
        name: entry.name.clone(),
        runs: match entry.chroot.as_str() {
            "y" => Where::Chrooted,
            "n" => Where::Unconfined,
            _ => dash,
        },
        overrides: overrides_of(entry, look_up),
        unreadable: entry.overrides().unreadable,
    });
    services.collect()
}

/// What a service sets for itself, with `$name` expanded as it sees the names.
pub(super) fn overrides_of<'a>(
    entry: &MasterEntry,
    look_up: &dyn Fn(&str) -> Option<&'a str>,
) -> BTreeMap<String, String> {
    let own = entry.overrides().values;
    let look_up = |name: &str| own.get(name).map(String::as_str).or_else(|| look_up(name));
    own.iter().map(|(name, value)| (name.clone(), expand(value, &look_up))).collect()
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
    use crate::postfix::master_cf;

    #[test]
    fn are_those_whose_command_is_smtp() {
        let entries = master_cf::parse(
            b"smtp inet n - y - - smtpd\nrelay unix - - y - - smtp -o syslog_name=postfix/$service_name\n\
              smtp unix - - - - - smtp\nbulk unix - - n - - smtp {-o maps = $mine:$main} -o mine=x -x\n\
              lmtp unix - - n - - lmtp\n",
        );
        let look_up = |name: &str| (name == "main").then_some("/y");
        let services = smtp_services(&entries, Where::Unconfined, &look_up);
        let seen: Vec<_> = services.iter().map(|service| (service.name.as_str(), service.runs)).collect();
        assert_eq!(
            seen,
            [("relay", Where::Chrooted), ("smtp", Where::Unconfined), ("bulk", Where::Unconfined)]
        );
        assert_eq!(services[2].overrides["maps"], "x:/y");
        assert_eq!(services[2].unreadable, ["-x"]);
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
