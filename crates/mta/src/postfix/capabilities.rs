//! What the Postfix at hand can express: its parameters decide where they are known, else its version.

use super::protocols::Syntax;
use super::settings::Settings;
use super::version::Version;

/// The parameter that came with enforced MX patterns.
pub(super) const ENFORCE_MX_PATTERNS: &str = "smtp_tls_enforce_sts_mx_patterns";

/// What one Postfix can express.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Capabilities {
    version: Version,
    mx_patterns: MxPatterns,
    tlsrpt: Tlsrpt,
}

/// What becomes of `mx_host_pattern=` in a table's answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MxPatterns {
    /// The attribute is unknown: all mail to the domain is deferred.
    Rejected,
    /// The attribute is read and changes nothing.
    Ignored,
    /// Mail goes to MX hosts that match, and to no other.
    Enforced,
}

/// Whether this Postfix reports TLS results (RFC 8460), naming the policy type that our table gives.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tlsrpt {
    /// It does, or may do.
    Possible,
    /// It does not.
    Suppressed,
}

impl Capabilities {
    /// What a version can express with these settings.
    pub fn new(version: Version, settings: &Settings<'_>) -> Self {
        Self { version, mx_patterns: mx_patterns(version, settings), tlsrpt: tlsrpt(settings) }
    }

    /// What a server can express of which no more is known than what it asks for; it may report TLS results.
    pub(super) fn assumed(version: Version, mx_patterns: MxPatterns) -> Self {
        Self { version, mx_patterns, tlsrpt: Tlsrpt::Possible }
    }

    /// How the lowest TLS version is written.
    pub fn protocol_syntax(&self) -> Syntax {
        if self.has(3, 6) { Syntax::Range } else { Syntax::Exclusions }
    }

    /// Tells whether `servername=` (the TLS server name indication) is known.
    pub fn has_server_name(&self) -> bool {
        self.has(3, 4)
    }

    /// What becomes of MX patterns.
    pub fn mx_patterns(&self) -> MxPatterns {
        self.mx_patterns
    }

    /// Whether results are reported under the policy type that we give.
    pub fn tlsrpt(&self) -> Tlsrpt {
        self.tlsrpt
    }

    /// Tells whether `smtp_tls_dane_insecure_mx_policy` is known.
    pub fn has_insecure_mx_policy(&self) -> bool {
        self.has(3, 1)
    }

    /// Tells whether a message can switch the policy off by `TLS-Required: No` (RFC 8689 §3).
    pub fn obeys_tls_required_no(&self) -> bool {
        self.has(3, 10)
    }

    /// Tells whether Berkeley DB tables are on their way out.
    pub fn deprecates_hash(&self) -> bool {
        self.has(3, 11)
    }

    fn has(&self, major: u16, minor: u16) -> bool {
        self.version.settled() >= Version::new(major, minor, 0)
    }
}

fn mx_patterns(version: Version, settings: &Settings<'_>) -> MxPatterns {
    let version = version.settled();
    let can_enforce = if settings.has_defaults() {
        settings.has_parameter(ENFORCE_MX_PATTERNS)
    } else {
        version >= Version::new(3, 10, 5)
    };
    let is_off = settings.is_on(ENFORCE_MX_PATTERNS) == Some(false);
    match (version >= Version::new(3, 10, 0), can_enforce && !is_off) {
        // Whatever parameters are said to exist: an operator may write for another machine than this one.
        (false, _) => MxPatterns::Rejected,
        (true, false) => MxPatterns::Ignored,
        (true, true) => MxPatterns::Enforced,
    }
}

fn tlsrpt(settings: &Settings<'_>) -> Tlsrpt {
    let is_unknown_here = settings.has_defaults() && !settings.has_parameter("smtp_tlsrpt_enable");
    if is_unknown_here || settings.is_on("smtp_tlsrpt_enable") == Some(false) {
        Tlsrpt::Suppressed
    } else {
        Tlsrpt::Possible
    }
}

#[cfg(test)]
mod mx_pattern_support {
    use super::super::settings::facts;
    use super::*;

    fn patterns(version: &str, settings: &[(&str, &str)], defaults: &[(&str, &str)]) -> MxPatterns {
        let facts = facts(settings, defaults);
        Capabilities::new(Version::parse(version).unwrap(), &Settings::of(&facts)).mx_patterns()
    }

    #[test]
    fn is_told_by_the_parameter_where_parameters_are_known() {
        let with = [("mail_version", "x"), (ENFORCE_MX_PATTERNS, "yes")];
        let without = [("mail_version", "x")];
        assert_eq!(patterns("3.10.4", &[], &with), MxPatterns::Enforced, "backported");
        assert_eq!(patterns("3.10.13", &[], &without), MxPatterns::Ignored);
        assert_eq!(patterns("3.9.9", &[], &without), MxPatterns::Rejected);
        assert_eq!(patterns("3.9.9", &[], &with), MxPatterns::Rejected, "written for another machine");
    }

    #[test]
    fn is_told_by_the_version_else() {
        for (version, want) in [
            ("3.9.9", MxPatterns::Rejected),
            ("3.10", MxPatterns::Ignored),
            ("3.10.4", MxPatterns::Ignored),
            ("3.10.5", MxPatterns::Enforced),
            ("3.11-20250301", MxPatterns::Ignored),
            ("3.11", MxPatterns::Enforced),
        ] {
            assert_eq!(patterns(version, &[], &[]), want, "{version}");
        }
    }

    #[test]
    fn is_off_where_the_operator_switched_it_off() {
        let off = [(ENFORCE_MX_PATTERNS, "no")];
        assert_eq!(patterns("3.10.13", &off, &[]), MxPatterns::Ignored);
        assert_eq!(patterns("3.10.13", &off, &[(ENFORCE_MX_PATTERNS, "yes")]), MxPatterns::Ignored);
    }
}
