//! Claim: every form of next hop that Postfix asks about is answered as it needs: capitals, subdomains, hosts and ports
//! named by a route, address literals, names beyond ASCII.
//!
//! Spec: postconf(5) `smtp_tls_policy_maps` (what is asked), RFC 8461 §3.1 (subdomains), RFC 7672 §2.2.3 (ports).

use anyhow::{Result, ensure};
use starttls_e2e::cases::list;
use starttls_e2e::daemon::{Daemon, Settings};
use starttls_e2e::delivery::Channel::{Cleartext, Trusted, Untrusted, Verified};
use starttls_e2e::names::Names;
use starttls_e2e::outcome::Outcome::{self, Deferred, Sent};
use starttls_e2e::policy_host::Published;
use starttls_e2e::socketmap::Reply;

use crate::stage::{Claim, Stage};

pub(crate) const CLAIM: Claim = Claim { names, play };

/// What the operator routes by hand.
const ROUTES: &str = "\
host.plain smtp:[match.mx.test]
other-host.plain smtp:[mismatch.mx.test]
listed-host.plain smtp:[absent.mx.test]
port.plain smtp:[match.mx.test]:2525
domain-port.plain smtp:dane.test:2525
domain.plain smtp:absent.plain
";

const NO_STARTTLS: Outcome = Deferred("4.7.4", "TLS is required, but was not offered by host");
const CLEAR: Outcome = Sent("absent.mx.test", Cleartext);

/// Recipients, what becomes of their mail without the daemon, and with it.
const MAILS: &[(&str, Outcome, Outcome)] = &[
    ("capitals@ABSENT.Plain", CLEAR, NO_STARTTLS),
    ("subdomain@sub.absent.plain", CLEAR, CLEAR),
    ("beyond-ascii@b\u{fc}cher.plain", CLEAR, NO_STARTTLS),
    ("punycode@xn--bcher-kva.plain", CLEAR, NO_STARTTLS),
    ("literal@[127.0.0.11]", Sent("127.0.0.11", Trusted), Sent("127.0.0.11", Trusted)),
    ("route@host.plain", Sent("match.mx.test", Untrusted), Sent("match.mx.test", Verified)),
    (
        "route@other-host.plain",
        Sent("mismatch.mx.test", Trusted),
        Deferred("4.7.5", "no matching DANE TLSA records"),
    ),
    ("route@listed-host.plain", CLEAR, NO_STARTTLS),
    ("route@port.plain", Sent("match.mx.test", Untrusted), Sent("match.mx.test", Verified)),
    ("route@domain-port.plain", Sent("match.mx.test", Untrusted), Sent("match.mx.test", Verified)),
    ("route@domain.plain", CLEAR, NO_STARTTLS),
];

/// Keys and what is answered, without attributes; `None` is `NOTFOUND`.
const KEYS: &[(&str, Option<&str>)] = &[
    ("absent.plain", Some("secure")),
    ("absent.plain.", Some("secure")),
    ("ABSENT.PLAIN", Some("secure")),
    ("absent.plain:25", Some("secure")),
    ("absent.plain:2525", Some("secure")),
    (".absent.plain", None),
    ("sub.absent.plain", None),
    ("[absent.mx.test]", Some("secure")),
    ("[absent.mx.test]:2525", Some("secure")),
    ("[ABSENT.mx.test]:25", Some("secure")),
    ("dane.test", Some("dane-only")),
    ("dane.test:2525", Some("dane-only")),
    ("[match.mx.test]:25", Some("dane-only")),
    ("[match.mx.test]:smtp", Some("dane-only")),
    ("[good.mx.test]", None),
    ("b\u{fc}cher.plain", Some("secure")),
    ("B\u{dc}CHER.plain", Some("secure")),
    ("xn--bcher-kva.plain", Some("secure")),
    ("[127.0.0.11]", None),
    ("[127.0.0.11]:25", None),
    ("[ipv6:::1]", None),
    ("[::1]", None),
    ("127.0.0.11", None),
    ("", None),
    (".", None),
    ("absent.plain..", None),
    ("a..plain", None),
    ("[absent.mx.test", None),
    ("absent.plain:99999", None),
    ("with space.plain", None),
    ("xn--.plain", None),
];

fn names(names: &mut Names) -> Result<()> {
    names.mail(&[
        ("sub.absent.plain", &[(10, "absent.mx.test")]),
        ("dane.test", &[(10, "match.mx.test")]),
        // Somebody would deliver there if the route did not count.
        ("host.plain", &[(10, "good.mx.test")]),
    ])?;
    for policy in policies() {
        names.mx(&policy.domain, 10, "absent.mx.test")?;
        policy.announce(names)?;
    }
    Ok(())
}

fn policies() -> Vec<Published> {
    let domains = ["absent.plain", "xn--bcher-kva.plain"];
    domains.map(|domain| Published::new(domain, "enforce", &["absent.mx.test"])).into()
}

fn play(stage: &mut Stage) -> Result<()> {
    let postfix = stage.sender.postfix();
    postfix.site().write("/lab/tx/transport", ROUTES)?;
    postfix.set("transport_maps", "texthash:/lab/tx/transport")?;
    stage.sender.changing(|| postfix.reload())?;
    stage.expect_all(&MAILS.iter().map(|(to, wrongly, _)| (*to, *wrongly)).collect::<Vec<_>>())?;

    let _hosts = stage.lab.policy_hosts(&policies())?;
    let lists = vec![list::plain("enforce", &[("absent.mx.test".to_owned(), vec!["absent.mx.test"])])];
    let daemon = stage.start(Settings { lists, ..Settings::default() })?;
    stage.ask(&daemon)?;
    let protected: Vec<_> = MAILS.iter().map(|(to, _, rightly)| (format!("now-{to}"), *rightly)).collect();
    stage.expect_all(&protected.iter().map(|(to, rightly)| (to.as_str(), *rightly)).collect::<Vec<_>>())?;
    keys(stage, &daemon)
}

fn keys(stage: &Stage, daemon: &Daemon) -> Result<()> {
    let mut complaints = Vec::new();
    for (key, expected) in KEYS {
        let reply = daemon.ask(stage.map(), key)?;
        let is_right = match (&reply, expected) {
            (Reply::Ok(text), Some(level)) => text.split(' ').next() == Some(level),
            (Reply::NotFound, None) => true,
            _ => false,
        };
        if !is_right {
            complaints.push(format!("`{key}`: {reply:?}, not {expected:?}"));
        }
    }
    ensure!(complaints.is_empty(), "{}", complaints.join("\n"));
    Ok(())
}
