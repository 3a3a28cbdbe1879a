//! The lab: all servers of one sealed network, except the sender under test.
//!
//! | host | what is wrong with it |
//! |---|---|
//! | `good.mx.test` | nothing |
//! | `alias.mx.test` | another name of `good.mx.test`, which its certificate does not bear |
//! | `mx1.pool.test` | nothing; its certificate is for `*.pool.test` |
//! | `absent.mx.test` | offers no STARTTLS |
//! | `stripped.mx.test` | nothing, but an attacker on the path hides its STARTTLS |
//! | `wrongname.mx.test` | the certificate is for another name |
//! | `otherca.mx.test` | the certificate is from an authority that the sender does not trust |
//! | `expired.mx.test` | the certificate has expired |
//! | `selfsigned.mx.test` | nobody vouches for the certificate |
//! | `old.mx.test` | speaks nothing newer than TLS 1.2 |
//! | `mx.attacker.test` | it is the attacker's, with a perfectly valid certificate for its own name |
//! | `match.mx.test` | nobody vouches for the certificate but its TLSA record |
//! | `both.mx.test` | nothing, and its TLSA record agrees |
//! | `cname.mx.test` | nothing: an alias of `both.mx.test`, which alone has a TLSA record |
//! | `mismatch.mx.test` | the certificate is valid, but its TLSA record is for another key |
//! | `misled.mx.test` | an alias of `mismatch.mx.test`, which alone has a TLSA record |
//! | `unusable.mx.test` | its TLSA records are none that mail servers can use |
//! | `anchored.mx.test` | the certificate is from an authority that its TLSA record alone vouches for |
//! | `misanchored.mx.test` | the certificate is valid, but its TLSA record is for another authority |
//! | `bogus.mx.test` | its TLSA record is right, but the signature of that is not |

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::{Context as _, Result};
use starttls_testkit::ca::{Authority, Identity, Validity};
use starttls_testkit::zone::Tlsa;

use crate::dns::Dns;
use crate::names::Names;
use crate::policy_host::{PolicyHost, Published};
use crate::receiver::{Listener, OTHER_PORT, Offer, Receiver};
use crate::sender::ROOTS;
use crate::site::Site;
use crate::stripper::Stripper;
use crate::tree::Tree;

/// Where the attacker on the path listens, under the name of the host behind it.
const STRIPPER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 31);

/// Trees with a Postfix that may receive; the first one that was unpacked does.
const RECEIVERS: [&str; 2] = ["bookworm", "trixie"];

/// What a TLSA record promises that nobody keeps: a digest of no key.
pub const NO_KEY: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The usage of a TLSA record that names an authority (RFC 7218 §2.1).
const DANE_TA: u8 = 2;

/// The running lab.
#[derive(Debug)]
pub struct Lab {
    /// The receiving side.
    pub receiver: Receiver,
    /// The attacker on the path to `stripped.mx.test`.
    pub stripper: Stripper,
    /// Public keys that a policy may pin.
    pub keys: Keys,
    /// The DNS.
    pub dns: Dns,
    trusted: Authority,
    other: Authority,
    services: Tree,
    site: Site,
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
    /// Builds it: `fill` says what the DNS has beside the hosts.
    ///
    /// # Errors
    /// When a server does not come up.
    pub fn build(trees: &Path, site: &Site, fill: impl FnOnce(&mut Names) -> Result<()>) -> Result<Self> {
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
        let mut names = names(&listeners, &other)?;
        fill(&mut names)?;
        let services = Tree::mount(trees, "services", site)?;
        let dns = Dns::start(&services, site, names)?;
        let tree =
            RECEIVERS.into_iter().find(|name| Tree::exists(trees, name)).context("no Postfix to receive")?;
        let receiver = Receiver::start(&Tree::mount(trees, tree, site)?, site, &listeners)?;
        Ok(Self { receiver, stripper, keys, dns, trusted, other, services, site: site.clone() })
    }

    /// An identity for these names, from the authority that everybody trusts.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn identity(&self, names: &[&str]) -> Result<Identity> {
        self.trusted.sign(names, Validity::Current)
    }

    /// The certificate of the authority that nobody trusts.
    pub fn other_root(&self) -> String {
        self.other.pem()
    }

    /// Starts policy hosts with these policies; the DNS must lead to them.
    ///
    /// # Errors
    /// When they do not come up.
    pub fn policy_hosts(&self, policies: &[Published]) -> Result<PolicyHost> {
        PolicyHost::start(&self.services, &self.site, &self.trusted, &self.other, policies)
    }
}

/// A promise that a host does not keep: another key, or no STARTTLS at all.
pub fn broken_promise() -> Tlsa {
    Tlsa::key(NO_KEY)
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
        ("match.mx.test", Offer::Tls(Identity::self_signed(&["match.mx.test"])?)),
        ("both.mx.test", Offer::Tls(valid(&["both.mx.test"])?)),
        ("mismatch.mx.test", Offer::Tls(valid(&["mismatch.mx.test"])?)),
        ("unusable.mx.test", Offer::Tls(valid(&["unusable.mx.test"])?)),
        ("bogus.mx.test", Offer::Tls(valid(&["bogus.mx.test"])?)),
        ("anchored.mx.test", Offer::Tls(other.sign(&["anchored.mx.test"], Validity::Current)?)),
        ("misanchored.mx.test", Offer::Tls(valid(&["misanchored.mx.test"])?)),
    ];
    Ok((11..)
        .zip(hosts)
        .map(|(last, (host, offer))| Listener { host, address: Ipv4Addr::new(127, 0, 0, last), offer })
        .collect())
}

/// The hosts and their TLSA records.
fn names(listeners: &[Listener], other: &Authority) -> Result<Names> {
    let mut names = Names::new();
    for Listener { host, address, .. } in listeners {
        names.a(host, if *host == "stripped.mx.test" { STRIPPER } else { *address })?;
        if *host == "good.mx.test" {
            names.a("alias.mx.test", *address)?;
        }
    }
    let digests = digests(listeners);
    let digest = |host| digests.get(host).context("no such host");
    for port in [25, OTHER_PORT] {
        names.tlsa("match.mx.test", port, &Tlsa::key(digest("match.mx.test")?))?;
    }
    names.tlsa("both.mx.test", 25, &Tlsa::key(digest("both.mx.test")?))?;
    names.tlsa("bogus.mx.test", 25, &Tlsa::key(digest("bogus.mx.test")?))?;
    names.tlsa("mismatch.mx.test", 25, &broken_promise())?;
    let anchor = Tlsa { usage: DANE_TA, ..Tlsa::key(&other.spki_sha256_hex()) };
    names.tlsa("anchored.mx.test", 25, &anchor)?;
    names.tlsa("misanchored.mx.test", 25, &Tlsa { usage: DANE_TA, ..broken_promise() })?;
    let unusable = Tlsa { usage: 1, ..Tlsa::key(digest("unusable.mx.test")?) };
    names.tlsa("unusable.mx.test", 25, &unusable)?;
    names.tlsa("unusable.mx.test", 25, &Tlsa { selector: 0, matching: 9, ..broken_promise() })?;
    names.cname("cname.mx.test", "both.mx.test")?;
    names.cname("misled.mx.test", "mismatch.mx.test")?;
    Ok(names)
}

/// The digest of each host's key.
fn digests(listeners: &[Listener]) -> HashMap<&'static str, String> {
    let digests = listeners.iter().filter_map(|listener| match &listener.offer {
        Offer::Cleartext => None,
        Offer::Tls(identity) | Offer::OldTls(identity) => Some((listener.host, identity.spki_sha256_hex())),
    });
    digests.collect()
}
