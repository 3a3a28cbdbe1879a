//! The lab: all servers of one sealed network, except the sender under test.
//!
//! | host | what is wrong with it |
//! |---|---|
//! | `good.mx.test` | nothing |
//! | `alias.mx.test` | another name of `good.mx.test`, which its certificate does not bear |
//! | `mx1.pool.test` | nothing; its certificate is for `*.pool.test` |
//! | `absent.mx.test` | offers no STARTTLS, which its TLSA record promises |
//! | `stripped.mx.test` | nothing, but an attacker on the path hides its STARTTLS |
//! | `wrongname.mx.test` | the certificate is for another name |
//! | `otherca.mx.test` | the certificate is from an authority that the sender does not trust |
//! | `expired.mx.test` | the certificate has expired |
//! | `selfsigned.mx.test` | nobody vouches for the certificate |
//! | `old.mx.test` | speaks nothing newer than TLS 1.2 |
//! | `mx.attacker.test` | it is the attacker's, with a perfectly valid certificate for its own name |

use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::{Context as _, Result};
use starttls_testkit::ca::{Authority, Identity, Validity};
use starttls_testkit::zone::Zone;

use crate::dns::{AUTHORITY, Dns, Signing};
use crate::receiver::{Listener, Offer, Receiver};
use crate::sender::ROOTS;
use crate::site::Site;
use crate::stripper::Stripper;
use crate::tree::Tree;

/// Where the attacker on the path listens, under the name of the host behind it.
const STRIPPER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 31);

/// Trees with a Postfix that may receive; the first one that was unpacked does.
const RECEIVERS: [&str; 2] = ["bookworm", "trixie"];

/// Domains and their MX hosts with preferences.
pub type Mail<'a> = &'a [(&'a str, &'a [(u16, &'a str)])];

/// The running lab.
#[derive(Debug)]
pub struct Lab {
    /// The receiving side.
    pub receiver: Receiver,
    /// The attacker on the path to `stripped.mx.test`.
    pub stripper: Stripper,
    /// Public keys that a policy may pin.
    pub keys: Keys,
    _dns: Dns,
}

/// Public keys: DER `SubjectPublicKeyInfo`, or a digest of it, in Base64.
#[derive(Debug)]
pub struct Keys {
    /// The authority that signed `otherca.mx.test`, which the sender does not trust by itself.
    pub other_authority: String,
    /// An authority that signed nothing.
    pub idle_authority: String,
    /// The key of `selfsigned.mx.test`: the SHA-256 digest.
    pub self_signed_sha256: String,
    /// A key that no server has: the SHA-256 digest.
    pub unused_sha256: String,
}

impl Lab {
    /// Builds it: `mail` says which domain has which MX hosts.
    ///
    /// Domains below `test` are in a signed zone; those below `plain` are in an unsigned one, as an attacker likes it.
    ///
    /// # Errors
    /// When a server does not come up.
    pub fn build(trees: &Path, site: &Site, mail: Mail<'_>) -> Result<Self> {
        let (trusted, other) = (Authority::new("Trusted Root")?, Authority::new("Other Root")?);
        site.write(ROOTS, &trusted.pem())?;
        let self_signed = Identity::self_signed(&["selfsigned.mx.test"])?;
        let keys = Keys {
            other_authority: other.spki(),
            idle_authority: Authority::new("Idle Root")?.spki(),
            self_signed_sha256: self_signed.spki_sha256(),
            unused_sha256: Identity::self_signed(&["unused.test"])?.spki_sha256(),
        };
        let listeners = listeners(&trusted, &other, self_signed)?;
        let behind = listeners
            .iter()
            .find(|one| one.host == "stripped.mx.test")
            .context("nobody behind the stripper")?;
        let stripper = Stripper::start(STRIPPER, behind.address)?;
        let dns_tree = Tree::mount(trees, "dns", site)?;
        let dns = Dns::start(&dns_tree, site, &zones(&listeners, mail))?;
        let tree =
            RECEIVERS.into_iter().find(|name| Tree::exists(trees, name)).context("no Postfix to receive")?;
        let receiver = Receiver::start(&Tree::mount(trees, tree, site)?, site, &listeners)?;
        Ok(Self { receiver, stripper, keys, _dns: dns })
    }
}

fn listeners(trusted: &Authority, other: &Authority, self_signed: Identity) -> Result<Vec<Listener>> {
    let valid = |names: &[&str]| trusted.sign(names, Validity::Current);
    let hosts = [
        ("good.mx.test", Offer::Tls(valid(&["good.mx.test"])?)),
        ("mx1.pool.test", Offer::Tls(valid(&["*.pool.test"])?)),
        ("absent.mx.test", Offer::Cleartext),
        ("stripped.mx.test", Offer::Tls(valid(&["stripped.mx.test"])?)),
        ("wrongname.mx.test", Offer::Tls(valid(&["elsewhere.test"])?)),
        ("otherca.mx.test", Offer::Tls(other.sign(&["otherca.mx.test"], Validity::Current)?)),
        ("expired.mx.test", Offer::Tls(trusted.sign(&["expired.mx.test"], Validity::Expired)?)),
        ("selfsigned.mx.test", Offer::Tls(self_signed)),
        ("old.mx.test", Offer::OldTls(valid(&["old.mx.test"])?)),
        ("mx.attacker.test", Offer::Tls(valid(&["mx.attacker.test"])?)),
    ];
    Ok((11..)
        .zip(hosts)
        .map(|(last, (host, offer))| Listener { host, address: Ipv4Addr::new(127, 0, 0, last), offer })
        .collect())
}

fn zones(listeners: &[Listener], mail: Mail<'_>) -> [(Zone, Signing); 2] {
    let (mut signed, mut unsigned) = (Zone::new("test", AUTHORITY), Zone::new("plain", AUTHORITY));
    for Listener { host, address, .. } in listeners {
        signed.a(host, if *host == "stripped.mx.test" { STRIPPER } else { *address });
        if *host == "good.mx.test" {
            signed.a("alias.mx.test", *address);
        }
    }
    signed.tlsa("absent.mx.test", &"00".repeat(32));
    for (domain, hosts) in mail {
        let zone = if domain.rsplit('.').next() == Some("plain") { &mut unsigned } else { &mut signed };
        for (preference, host) in *hosts {
            zone.mx(domain, *preference, host);
        }
    }
    [(signed, Signing::Signed), (unsigned, Signing::Unsigned)]
}
