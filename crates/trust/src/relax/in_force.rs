//! From the orders that are known to the entries that count as `testing` now.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use starttls_policy::{Domain, Finding, Label, List, Mode, Relaxation, Relaxations, Timestamp, printable};

use super::{
    Authority, ENDS_SOON, IN_FORCE, NO_EFFECT, NOT_YET, NOTICE_DAYS, Order, Place, REFUSED, RENEWAL_DAYS,
    VOID,
};
use crate::term::{DAY_SECONDS, later};
use crate::threshold;

/// Whether the operator lets orders have effect at all.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum RelaxOrders {
    /// They have.
    #[default]
    Honoured,
    /// They have none; entries stand as they are listed.
    Refused,
}

/// What the orders come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InForce {
    /// Entries that count as `testing`.
    pub relaxations: Relaxations,
    /// What holds, what does not and why, what ends soon.
    pub findings: Vec<Finding>,
    /// When this is to be computed anew, since an order begins or ends then.
    pub until: Option<Timestamp>,
}

/// So many domains may be relaxed at once, by all orders together: one in a hundred, or twenty.
pub fn max_domains(entries: usize) -> usize {
    (entries / 100).max(20)
}

/// Finds the entries that count as `testing` at `now`, which is the later of the local clock and the quorum time.
///
/// `orders` are those of [`read`](super::read()), by time.
pub fn in_force(orders: &[Order], list: &List, choice: RelaxOrders, now: Timestamp) -> InForce {
    let mut weighing =
        Weighing { list, now, earlier: Vec::new(), taken: BTreeSet::new(), out: InForce::default() };
    let providers = domains_of_providers(orders, list);
    for order in orders {
        let covered = Covered {
            order,
            domains: order
                .providers
                .iter()
                .filter_map(|provider| providers.get(provider))
                .flatten()
                .copied()
                .chain(&order.domains)
                .collect(),
        };
        weighing.weigh(covered);
    }
    let mut out = weighing.out;
    if choice == RelaxOrders::Refused && !out.relaxations.is_empty() {
        let domains = out.relaxations.len();
        out = InForce::default();
        let message = format!("orders to relax {domains} domains have no effect here");
        out.findings.push(REFUSED.finding("", message));
    }
    out
}

/// The domains of those providers that any order names.
fn domains_of_providers<'a>(orders: &'a [Order], list: &'a List) -> BTreeMap<&'a Label, Vec<&'a Domain>> {
    let mut providers: BTreeMap<&Label, Vec<&Domain>> =
        orders.iter().flat_map(|order| &order.providers).map(|provider| (provider, Vec::new())).collect();
    if providers.is_empty() {
        return providers;
    }
    for listed in list.iter() {
        if let Some(domains) = listed.alias.and_then(|alias| providers.get_mut(alias)) {
            domains.push(listed.domain);
        }
    }
    providers
}

/// An order with all domains that it names, itself or through a provider.
struct Covered<'a> {
    order: &'a Order,
    domains: BTreeSet<&'a Domain>,
}

struct Weighing<'a> {
    list: &'a List,
    now: Timestamp,
    /// Orders that had effect, or may have had: a later one would renew them.
    earlier: Vec<Covered<'a>>,
    /// Domains of all orders that hold or will.
    taken: BTreeSet<&'a Domain>,
    out: InForce,
}

impl<'a> Weighing<'a> {
    fn weigh(&mut self, covered: Covered<'a>) {
        let order = covered.order;
        let may_hold = order.place == Place::InSet && order.expires > self.now;
        // First, and for those that are over too: one that never had effect is no ground to refuse the next.
        if let Some((before, domain)) = self.renews(&covered) {
            if may_hold {
                let message = format!(
                    "it renews the order {} for {domain}, which ends at {}: within {RENEWAL_DAYS} days only those who \
                     sign lists may",
                    before.short(),
                    before.expires
                );
                self.void(order, message);
            }
            return;
        }
        if may_hold {
            if let Some(cancelled) = &order.cancelled {
                let (by, why) = (printable(&cancelled.organisation), printable(&cancelled.reason));
                self.void(order, format!("{by} took it back: {why}"));
            } else if let Some(too_many) = self.too_many(&covered) {
                self.void(order, too_many);
                return;
            } else {
                self.hold(&covered);
            }
        }
        self.earlier.push(covered);
    }

    /// The order that this one renews, and a domain of both.
    fn renews(&self, covered: &Covered<'a>) -> Option<(&'a Order, &'a Domain)> {
        if covered.order.authority == Authority::List {
            return None;
        }
        let blocking =
            self.earlier.iter().filter(|earlier| covered.order.timestamp < earlier.order.blocks_until());
        let mut both = blocking.filter_map(|earlier| {
            let domain = earlier.domains.intersection(&covered.domains).next()?;
            Some((earlier.order, *domain))
        });
        both.next()
    }

    fn too_many(&self, covered: &Covered<'a>) -> Option<String> {
        let entries = self.list.entries.len();
        let (max, all) = (max_domains(entries), self.taken.union(&covered.domains).count());
        (all > max).then(|| {
            format!(
                "with its {} domains {all} would be relaxed at once; of {entries} entries at most {max} may be",
                covered.domains.len()
            )
        })
    }

    fn hold(&mut self, covered: &Covered<'a>) {
        let order = covered.order;
        self.taken.extend(&covered.domains);
        if order.timestamp > self.now {
            let message = format!("it holds from {} on", order.timestamp);
            self.out.findings.push(NOT_YET.finding(subject(order), message));
            self.until(order.timestamp);
            return;
        }
        self.until(order.expires);
        let enforces =
            |domain: &Domain| self.list.get(domain).is_some_and(|listed| listed.policy.mode == Mode::Enforce);
        let (relaxed, others): (Vec<&Domain>, Vec<&Domain>) =
            covered.domains.iter().partition(|domain| enforces(domain));
        if !others.is_empty() {
            let message = format!("not listed or not enforced: {}", first_names(&others));
            self.out.findings.push(NO_EFFECT.finding(subject(order), message));
        }
        if relaxed.is_empty() {
            return;
        }
        let by = threshold::joined(&order.signed_by);
        let message = format!(
            "{} by {by} until {}, then enforced again: {}",
            first_names(&relaxed),
            order.expires,
            printable(&order.reason)
        );
        let notice = later(self.now, u64::from(NOTICE_DAYS) * DAY_SECONDS);
        let code = if order.expires <= notice { ENDS_SOON } else { IN_FORCE };
        self.out.findings.push(code.finding(subject(order), message));
        for domain in relaxed {
            self.relax(domain, order, &by);
        }
    }

    /// Of several orders the one that ends last counts.
    fn relax(&mut self, domain: &Domain, order: &Order, by: &str) {
        let held = self.out.relaxations.get(domain);
        if held.is_none_or(|held| held.until < order.expires) {
            let (until, by, reason) = (order.expires, by.into(), order.reason.clone());
            let relaxation = Relaxation { until, order: format!("{}", order.sha256), by, reason };
            self.out.relaxations.insert(domain.clone(), relaxation);
        }
    }

    fn until(&mut self, time: Timestamp) {
        self.out.until = Some(self.out.until.map_or(time, |until| until.min(time)));
    }

    fn void(&mut self, order: &Order, message: String) {
        self.out.findings.push(VOID.finding(subject(order), message));
    }
}

fn subject(order: &Order) -> String {
    format!("order {}", order.short())
}

/// A count and the first few names.
fn first_names(domains: &[&Domain]) -> String {
    let first: Vec<&str> = domains.iter().take(3).map(|domain| domain.as_str()).collect();
    match domains.len().saturating_sub(first.len()) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
