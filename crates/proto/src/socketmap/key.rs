//! Keys: what Postfix asks a TLS policy for, a next-hop domain or a host that stands in for one.
//!
//! ```text
//! example.org   example.org:587        a domain; the port of its MX hosts
//! [mx.example.org]   [mx.example.org]:submission   a host itself, without MX look-up
//! .example.org   [192.0.2.1]   [::1]:25   localhost      nothing that there could be a policy for
//! ```
//!
//! Spec: postconf(5) `smtp_tls_policy_maps`, transport(5) (forms of a next hop).

use starttls_policy::Domain;

/// Longest key that is looked at, in bytes: a name of 253 characters, each of up to four bytes, and what may stand around it.
const MAX_KEY_BYTES: usize = 1100;

/// Service names that mail servers are told, with their ports (IANA's registry; Postfix reads services(5)).
const SERVICES: &[(&[u8], u16)] =
    &[(b"smtp", 25), (b"submission", 587), (b"submissions", 465), (b"smtps", 465)];

/// What is asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Key {
    /// A domain.
    Domain {
        /// The domain.
        domain: Domain,
        /// The port of its MX hosts, where another than the usual one may be meant.
        port: Option<u16>,
    },
    /// A host, without MX look-up.
    Host {
        /// The host.
        host: Domain,
        /// Its port, where another than the usual one may be meant.
        port: Option<u16>,
    },
    /// Nothing that there could be a policy for: the parent of a domain, an address, a name that no host can have.
    Nothing,
}

impl Key {
    /// Reads a key. Upper case, U-labels and one trailing dot mean the name in lower-case A-labels without it.
    pub fn parse(key: &[u8]) -> Self {
        Self::read(key).unwrap_or(Self::Nothing)
    }

    fn read(key: &[u8]) -> Option<Self> {
        if key.len() > MAX_KEY_BYTES {
            return None;
        }
        let text = core::str::from_utf8(key).ok()?;
        let Some(text) = text.strip_prefix('[') else {
            let (name, port) = match text.split_once(':') {
                Some((name, port)) => (name, Some(parse_port(port)?)),
                None => (text, None),
            };
            return Some(Self::Domain { domain: parse_name(name)?, port });
        };
        let (name, rest) = text.split_once(']')?;
        let port = match rest.strip_prefix(':') {
            Some(port) => Some(parse_port(port)?),
            None if rest.is_empty() => None,
            None => return None,
        };
        Some(Self::Host { host: parse_name(name)?, port })
    }
}

/// Of a parent, the leading dot makes an empty label; of an address, the last label is no top-level domain.
fn parse_name(text: &str) -> Option<Domain> {
    Domain::parse(text.strip_suffix('.').unwrap_or(text)).ok()
}

/// A number from 1 to 65535, or the name of a service.
fn parse_port(text: &str) -> Option<u16> {
    let bytes = text.as_bytes();
    if (1..=5).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_digit) {
        return text.parse().ok().filter(|port| *port > 0);
    }
    SERVICES.iter().find(|(name, _)| *name == bytes).map(|(_, port)| *port)
}

#[cfg(test)]
mod keys {
    use super::*;

    fn domain(name: &str, port: Option<u16>) -> Key {
        Key::Domain { domain: Domain::parse(name).unwrap(), port }
    }

    fn host(name: &str, port: Option<u16>) -> Key {
        Key::Host { host: Domain::parse(name).unwrap(), port }
    }

    fn parse(text: &str) -> Key {
        Key::parse(text.as_bytes())
    }

    #[test]
    fn are_domains() {
        for text in ["example.org", "EXAMPLE.Org", "example.org.", "Example.ORG."] {
            assert_eq!(parse(text), domain("example.org", None), "{text}");
        }
    }

    #[test]
    fn in_u_labels_are_a_labels() {
        for text in [
            "bücher.example",
            "BÜCHER.example.",
            "XN--bcher-kva.example",
            "xn--bcher-kva.example",
            "bücher。example",
        ] {
            assert_eq!(parse(text), domain("xn--bcher-kva.example", None), "{text}");
        }
        assert_eq!(parse("[mx.bücher.example]:25"), host("mx.xn--bcher-kva.example", Some(25)));
    }

    #[test]
    fn with_a_port_are_the_domain_at_that_port() {
        for (text, port) in [
            ("example.org:25", 25),
            ("EXAMPLE.org.:587", 587),
            ("example.org:1", 1),
            ("example.org:65535", 65_535),
            ("example.org:00025", 25),
            ("example.org:smtp", 25),
            ("example.org:submission", 587),
            ("example.org:submissions", 465),
            ("example.org:smtps", 465),
        ] {
            assert_eq!(parse(text), domain("example.org", Some(port)), "{text}");
        }
    }

    #[test]
    fn in_brackets_are_hosts() {
        assert_eq!(parse("[mx.example.org]"), host("mx.example.org", None));
        assert_eq!(parse("[MX.example.org.]"), host("mx.example.org", None));
        assert_eq!(parse("[mx.example.org]:587"), host("mx.example.org", Some(587)));
        assert_eq!(parse("[mx.example.org]:submission"), host("mx.example.org", Some(587)));
    }

    #[test]
    fn with_another_port_than_a_number_or_a_known_service_are_nothing() {
        for port in [
            "", "0", "00000", "65536", "100000", "000025", "-1", "+25", "25 ", " 25", "0x19", "25:25",
            "lmtp", "SMTP", "smtp.", "٢٥",
        ] {
            assert_eq!(parse(&format!("example.org:{port}")), Key::Nothing, "{port:?}");
            assert_eq!(parse(&format!("[mx.example.org]:{port}")), Key::Nothing, "{port:?}");
        }
    }

    #[test]
    fn of_parents_are_nothing() {
        for text in [".example.org", ".org", ".", "..", ".example.org:25", "[.example.org]"] {
            assert_eq!(parse(text), Key::Nothing, "{text}");
        }
    }

    #[test]
    fn of_addresses_are_nothing() {
        for text in [
            "[192.0.2.1]",
            "[192.0.2.1]:25",
            "192.0.2.1",
            "192.0.2.1:25",
            "[IPv6:2001:db8::1]",
            "[IPv6:2001:db8::1]:25",
            "[::1]:25",
            "[2001:db8::1]",
            "2001:db8::1",
            "::1",
            "::ffff:192.0.2.1",
        ] {
            assert_eq!(parse(text), Key::Nothing, "{text}");
        }
    }

    #[test]
    fn of_impossible_names_are_nothing() {
        let long = "a".repeat(64);
        for text in [
            "",
            "localhost",
            "[localhost]:25",
            "example..org",
            "example.org..",
            "-example.org",
            "example_1.org",
            "exam ple.org",
            "example.org ",
            "*.example.org",
            "user@example.org",
            "example.org\0",
            "example.org\r\n",
            "example.org,",
            "example.o",
            "xn--a.example",
            "[",
            "]",
            "[]",
            "[]:25",
            "[mx.example.org",
            "mx.example.org]",
            "[[mx.example.org]]",
            "[mx.example.org]25",
            "[mx.example.org] :25",
            "[mx.example.org].",
            "example.org：25",
            &format!("{long}.example"),
            &format!("{}.example", "ü".repeat(60)),
            &"a.".repeat(450),
            &format!("{}example", "ü.".repeat(300)),
            &"a".repeat(10_000),
        ] {
            assert_eq!(parse(text), Key::Nothing, "{text:?}");
        }
        for key in [&b"\xff\xfe.example"[..], b"ex\xc3.example", b"\xc0\xae.example", b"\xed\xa0\x80.example"]
        {
            assert_eq!(Key::parse(key), Key::Nothing, "{key:02x?}");
        }
    }

    #[test]
    fn have_names_of_up_to_253_characters() {
        let name = format!("{}abcde.org", "a123456.".repeat(30));
        assert_eq!(name.len(), 249);
        assert_eq!(parse(&format!("{name}.")), domain(&name, None));
        assert_eq!(parse(&format!("abcde.{name}")), Key::Nothing);
    }

    proptest::proptest! {
        #[test]
        fn mean_the_same_however_they_are_written(
            name in "[a-z]{1,5}(\\.[a-z]{2,5}){1,3}", dot in "\\.?", port in 1_u16.., upper in proptest::prelude::any::<bool>()
        ) {
            let written = if upper { name.to_uppercase() } else { name.clone() } + &dot;
            proptest::prop_assert_eq!(parse(&written), domain(&name, None));
            proptest::prop_assert_eq!(parse(&format!("{written}:{port}")), domain(&name, Some(port)));
            proptest::prop_assert_eq!(parse(&format!("[{written}]:{port}")), host(&name, Some(port)));
        }

        #[test]
        fn are_canonical_or_nothing(key in "\\PC{0,20}|\\[?[a-zA-Z0-9ü.:-]{0,20}\\]?(:[a-z0-9]{0,6})?") {
            let (name, port, around) = match parse(&key) {
                Key::Domain { domain, port } => (domain, port, ("", "")),
                Key::Host { host, port } => (host, port, ("[", "]")),
                Key::Nothing => return Ok(()),
            };
            let port_text = port.map(|port| format!(":{port}")).unwrap_or_default();
            let canonical = format!("{}{name}{}{port_text}", around.0, around.1);
            proptest::prop_assert_eq!(parse(&canonical), parse(&key));
        }
    }
}
