//! Rows that are passed over: which of them are logged, so that each kind is named with some domains and none fills the log.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use starttls_policy::Domain;

use crate::learned::hourly::Hourly;
use crate::learned::record::PassedOver;

/// Domains that are logged in an hour of each kind of row: enough to find who writes them.
const DOMAINS: usize = 8;

/// Rows that were logged within the hour.
#[derive(Debug, Default)]
pub(super) struct UnreadableRows {
    hour: Hourly,
    logged: Mutex<BTreeMap<PassedOver, Vec<Domain>>>,
}

impl UnreadableRows {
    /// Tells whether a row of a domain is to be logged, and notes that it was.
    pub(super) fn is_due(&self, domain: &Domain, part: &PassedOver) -> bool {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if self.hour.is_due() {
            logged.clear();
        }
        let domains = logged.entry(*part).or_default();
        let is_due = domains.len() < DOMAINS && !domains.contains(domain);
        if is_due {
            domains.push(domain.clone());
        }
        is_due
    }
}

#[cfg(test)]
mod rows_that_are_passed_over {
    use super::*;

    #[test]
    fn fault_are_logged_for_some_domains_of_each_kind() {
        let rows = UnreadableRows::default();
        let [one, other] = ["one", "other"].map(|cause| PassedOver { table: "learned_policies", cause });
        for number in 0..20 {
            let domain = Domain::parse(&format!("{number}.example")).unwrap();
            assert_eq!(rows.is_due(&domain, &one), number < DOMAINS);
            assert!(!rows.is_due(&domain, &one));
        }
        assert!(rows.is_due(&Domain::parse("0.example").unwrap(), &other), "no kind hides another");
    }
}
