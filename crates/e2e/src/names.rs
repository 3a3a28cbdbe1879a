//! What the lab's DNS says: its zones, and how to change them.
//!
//! | zone | what an attacker can do |
//! |---|---|
//! | `test` | nothing: it is signed |
//! | `plain` | anything: it is not |
//! | `bogus` | it is signed, by keys that nobody trusts: no answer from it can be believed |
//! | `_tcp.bogus.mx.test` | the same for the TLSA records of one MX host alone |
//!
//! Serving them is [`crate::dns`].

use std::collections::{BTreeSet, HashMap};
use std::net::Ipv4Addr;

use anyhow::{Context as _, Result};
use starttls_testkit::zone::{Tlsa, Zone};

use crate::dns::AUTHORITY;
use crate::policy_host;

/// Domains and their MX hosts with preferences.
pub type Mail<'a> = &'a [(&'a str, &'a [(u16, &'a str)])];

/// How a zone is signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Signing {
    /// By keys that the resolver trusts.
    Signed,
    /// Not at all.
    Unsigned,
    /// By other keys than the resolver trusts for it: it answers SERVFAIL.
    Bogus,
}

/// All zones.
#[derive(Clone, Debug)]
pub struct Names {
    zones: Vec<(Zone, Signing)>,
    addresses: HashMap<String, Ipv4Addr>,
    damaged: HashMap<String, Damaged>,
}

/// Names and kinds of the records of a zone whose signature is damaged.
type Damaged = BTreeSet<(String, &'static str)>;

impl Names {
    /// Empty zones.
    pub(crate) fn new() -> Self {
        let zones = [
            ("test", Signing::Signed),
            ("plain", Signing::Unsigned),
            ("bogus", Signing::Bogus),
            ("_tcp.bogus.mx.test", Signing::Bogus),
        ];
        let zones = zones.map(|(origin, signing)| (Zone::new(origin, AUTHORITY), signing));
        Self { zones: zones.into(), addresses: HashMap::new(), damaged: HashMap::new() }
    }

    /// The zones, and how each is signed.
    pub(crate) fn zones(&self) -> &[(Zone, Signing)] {
        &self.zones
    }

    /// The records of a zone whose signature is damaged.
    pub(crate) fn damaged_in(&self, origin: &str) -> Option<&Damaged> {
        self.damaged.get(origin)
    }

    /// The origins of the zones that differ from what they were.
    pub(crate) fn changed_since(&self, before: &Self) -> Vec<String> {
        let mut changed = Vec::new();
        for ((zone, _), (then, _)) in self.zones.iter().zip(&before.zones) {
            let origin = zone.origin();
            if zone.text() != then.text() || self.damaged_in(origin) != before.damaged_in(origin) {
                changed.push(origin.to_owned());
            }
        }
        changed
    }

    /// The zone that a name is in.
    ///
    /// # Errors
    /// When it is in none.
    pub fn zone(&mut self, name: &str) -> Result<&mut Zone> {
        let is_in = |origin: &str| {
            name.strip_suffix(origin).is_some_and(|front| front.is_empty() || front.ends_with('.'))
        };
        let zones = self.zones.iter_mut().map(|(zone, _)| zone).filter(|zone| is_in(zone.origin()));
        zones.max_by_key(|zone| zone.origin().len()).with_context(|| format!("no zone for {name}"))
    }

    /// Adds an address.
    ///
    /// # Errors
    /// As [`Names::zone`]; so do all below.
    pub fn a(&mut self, name: &str, address: Ipv4Addr) -> Result<()> {
        self.zone(name)?.a(name, address);
        self.addresses.insert(name.to_owned(), address);
        Ok(())
    }

    /// Gives a name the address of another one.
    ///
    /// # Errors
    /// When the other has none.
    pub fn same_address(&mut self, name: &str, other: &str) -> Result<()> {
        let address = *self.addresses.get(other).with_context(|| format!("no address of {other}"))?;
        self.a(name, address)
    }

    /// Adds an MX host.
    ///
    /// # Errors
    /// When the name is in no zone.
    pub fn mx(&mut self, domain: &str, preference: u16, host: &str) -> Result<()> {
        self.zone(domain)?.mx(domain, preference, host);
        Ok(())
    }

    /// Adds the MX hosts of many domains.
    ///
    /// # Errors
    /// When a domain is in no zone.
    pub fn mail(&mut self, mail: Mail<'_>) -> Result<()> {
        for (domain, hosts) in mail {
            for (preference, host) in *hosts {
                self.mx(domain, *preference, host)?;
            }
        }
        Ok(())
    }

    /// Adds an alias.
    ///
    /// # Errors
    /// When the name is in no zone.
    pub fn cname(&mut self, name: &str, target: &str) -> Result<()> {
        self.zone(name)?.cname(name, target);
        Ok(())
    }

    /// Adds a TLSA record for the TCP port of `host`.
    ///
    /// # Errors
    /// When the name is in no zone.
    pub fn tlsa(&mut self, host: &str, port: u16, data: &Tlsa) -> Result<()> {
        self.zone(&format!("_tcp.{host}"))?.tlsa(host, port, data);
        Ok(())
    }

    /// Announces an MTA-STS policy under this `id`, at the policy host (RFC 8461 §3.1, §3.3).
    ///
    /// # Errors
    /// When the name is in no zone.
    pub fn sts(&mut self, domain: &str, id: &str) -> Result<()> {
        self.announce(domain, id)?;
        self.a(&format!("mta-sts.{domain}"), policy_host::ADDRESS)
    }

    /// Announces an MTA-STS policy under this `id` in place of any other, and says nothing of a policy host.
    ///
    /// # Errors
    /// When the name is in no zone.
    pub fn announce(&mut self, domain: &str, id: &str) -> Result<()> {
        let name = format!("_mta-sts.{domain}");
        let zone = self.zone(&name)?;
        zone.remove(&name, "TXT");
        zone.txt(&name, &format!("v=STSv1; id={id};"));
        Ok(())
    }

    /// Damages the signature of the records of this name and kind (`MX`, `TLSA`), as whoever forges them does.
    ///
    /// # Errors
    /// When the name is in no zone.
    pub fn damage(&mut self, name: &str, kind: &'static str) -> Result<()> {
        let origin = self.zone(name)?.origin().to_owned();
        self.damaged.entry(origin).or_default().insert((name.to_owned(), kind));
        Ok(())
    }

    /// Makes all damaged signatures whole.
    pub fn mend(&mut self) {
        self.damaged.clear();
    }

    /// Takes out all that tells of an MTA-STS policy, as an attacker does.
    ///
    /// # Errors
    /// When the name is in no zone.
    pub fn strip_sts(&mut self, domain: &str) -> Result<()> {
        for (label, kind) in [("_mta-sts", "TXT"), ("mta-sts", "A")] {
            let name = format!("{label}.{domain}");
            self.zone(&name)?.remove(&name, kind);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_in_the_zone_with_the_longest_origin() {
        let mut names = Names::new();
        let mut origin = |name| names.zone(name).map(|zone| zone.origin().to_owned()).ok();
        assert_eq!(origin("_25._tcp.bogus.mx.test").as_deref(), Some("_tcp.bogus.mx.test"));
        assert_eq!(origin("bogus.mx.test").as_deref(), Some("test"));
        assert_eq!(origin("plain").as_deref(), Some("plain"));
        assert_eq!(origin("notplain"), None);
    }
}
