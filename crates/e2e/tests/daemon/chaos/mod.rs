//! Chaos: what the daemon answers while everything around it fails, and what it remembers afterwards.
//!
//! Mail to a domain that is `held` goes to a host without STARTTLS under a policy that enforces it: to protect is to defer.

pub(crate) mod careless;
pub(crate) mod crash;
pub(crate) mod crowd;
pub(crate) mod encrypted;
pub(crate) mod hanging;
pub(crate) mod jump;
pub(crate) mod killed;
pub(crate) mod resolv_conf;
pub(crate) mod shared;
pub(crate) mod slow;
pub(crate) mod time;

use anyhow::Result;
use starttls_e2e::cases::list;
use starttls_e2e::delivery::Channel::Cleartext;
use starttls_e2e::names::Names;
use starttls_e2e::outcome::Outcome::{self, Deferred, Sent};
use starttls_e2e::policy_host::Published;

/// The host without STARTTLS.
pub(crate) const HOST: &str = "absent.mx.test";

/// What becomes of mail that is protected.
pub(crate) const HELD: Outcome = Deferred("4.7.4", "TLS is required, but was not offered by host");

/// What becomes of mail that is not.
pub(crate) const CLEAR: Outcome = Sent(HOST, Cleartext);

/// MTA-STS policies that hold these domains.
pub(crate) fn held(domains: &[&str]) -> Vec<Published> {
    domains.iter().map(|domain| Published::new(domain, "enforce", &[HOST])).collect()
}

/// Puts into the DNS what leads to the policies, and to the host.
pub(crate) fn announce(names: &mut Names, policies: &[Published]) -> Result<()> {
    for policy in policies {
        names.mx(&policy.domain, 10, HOST)?;
        policy.announce(names)?;
    }
    Ok(())
}

/// A list that holds these domains.
pub(crate) fn listed(domains: &[&str]) -> Vec<String> {
    let entries: Vec<_> = domains.iter().map(|domain| ((*domain).to_owned(), vec![HOST])).collect();
    vec![list::plain("enforce", &entries)]
}
