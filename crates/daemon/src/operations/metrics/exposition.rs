//! What Prometheus reads: counters as they stand, and gauges of the moment.
//!
//! Spec: OpenMetrics 1.0.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};
use starttls_policy::Timestamp;

use super::Metrics;
use crate::operations::{HealthState, Snapshot};

/// As mail servers name the maps.
pub(super) const FORMS: [&str; 3] = ["QUERY", "QUERYwithTLSRPT", "sts"];
pub(super) const REPLIES: [&str; 3] = ["ok", "not-found", "temporary"];
const HOWS: [&str; 2] = ["at-hand", "found-out"];
const WHATS: [&str; 4] = ["mx", "tlsa", "record", "policy"];
const ENDS: [&str; 2] = ["answered", "failed"];
const DENIALS: [&str; 3] = ["working", "failing", "unknown"];
const LOOKUPS: [&str; 4] = ["working", "degraded", "failing", "unknown"];
const VALIDATIONS: [&str; 4] = ["proven", "refuted", "lost", "unknown"];

type Written = Result<(), fmt::Error>;
type Label<'a> = (&'static str, &'a str);

/// All that one reading gives.
#[derive(Debug)]
struct Reading {
    metrics: Arc<Metrics>,
    snapshot: Snapshot,
    health: HealthState,
}

/// Writes one family after the other.
struct Families<'a>(DescriptorEncoder<'a>);

impl Metrics {
    /// The text that Prometheus reads.
    pub(crate) fn exposition(self: &Arc<Self>, snapshot: Snapshot, health: HealthState) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Reading { metrics: Arc::clone(self), snapshot, health }));
        let mut text = String::new();
        // Writing to a string has no errors.
        let _ = text::encode(&mut text, &registry);
        text
    }
}

impl Collector for Reading {
    fn encode(&self, encoder: DescriptorEncoder) -> Written {
        let mut families = Families(encoder);
        self.process(&mut families)?;
        self.answers(&mut families)?;
        self.outside(&mut families)?;
        self.memory(&mut families)?;
        self.lists(&mut families)?;
        self.connections(&mut families)
    }
}

impl Reading {
    fn process(&self, families: &mut Families<'_>) -> Written {
        let version = env!("CARGO_PKG_VERSION");
        families.gauges(
            "starttls_build",
            "Always 1; the version is in the label.",
            [([("version", version)], 1)],
        )?;
        families.gauge(
            "starttls_uptime",
            "Since the daemon started.",
            &Unit::Seconds,
            self.snapshot.uptime.as_secs(),
        )?;
        let serving = u64::from(self.health == HealthState::Serving);
        families.gauges("starttls_serving", "1 while look-ups are answered, else 0.", [([], serving)])
    }

    fn answers(&self, families: &mut Families<'_>) -> Written {
        let metrics = &self.metrics;
        let queries = FORMS.iter().zip(&metrics.queries).flat_map(|(form, replies)| {
            REPLIES.iter().zip(replies).flat_map(move |(reply, hows)| {
                HOWS.iter().zip(hows).map(move |(how, counter)| {
                    ([("form", *form), ("reply", *reply), ("how", *how)], counter.value())
                })
            })
        });
        families.counters(
            "starttls_queries",
            "Answers given, by map, reply, and whether the answer was at hand.",
            queries,
        )?;
        let (sum, count, steps) = metrics.found_out.read();
        let help = "How long answers took that were not at hand.";
        let unit = Unit::Seconds;
        let mut family =
            families.0.encode_descriptor("starttls_answer", help, Some(&unit), MetricType::Histogram)?;
        family.encode_histogram::<NoLabelSet>(sum, count, &steps, None)?;
        let deferred = metrics.deferred.read().into_iter().map(|(why, count)| ([("why", why)], count));
        families.counters("starttls_deferred", "Answers that make mail wait, by cause.", deferred)?;
        families.gauges(
            "starttls_in_flight",
            "Answers that are being found out.",
            [([], self.snapshot.in_flight)],
        )
    }

    fn outside(&self, families: &mut Families<'_>) -> Written {
        let metrics = &self.metrics;
        let lookups = WHATS.iter().zip(&metrics.looked_up).flat_map(|(what, ends)| {
            ENDS.iter()
                .zip(ends)
                .map(move |(ended, counter)| ([("what", *what), ("ended", *ended)], counter.value()))
        });
        families.counters(
            "starttls_lookups",
            "Questions to the outside, by what was asked and how it ended.",
            lookups,
        )?;
        let failures =
            metrics.policy_failures.read().into_iter().map(|(name, count)| ([("result_type", name)], count));
        let help = "MTA-STS policies that could not be had, by result type of RFC 8460.";
        families.counters("starttls_policy_failures", help, failures)?;
        let refreshes = ENDS
            .iter()
            .zip(&metrics.refreshed)
            .map(|(ended, counter)| ([("ended", *ended)], counter.value()));
        families.counters("starttls_refreshes", "Answers renewed before they ended.", refreshes)?;
        let over = metrics.over_budget.value();
        families.counters(
            "starttls_over_budget",
            "New domains whose policy was not fetched at once, since too many were new.",
            [([], over)],
        )?;
        let help = "New domains over the budget for which there was no place to wait.";
        families.counters("starttls_turned_away", help, [([], metrics.turned_away.value())])?;
        let help = "New domains over the budget, whose policy waits to be fetched.";
        families.gauges("starttls_waiting_domains", help, [([], self.snapshot.waiting)])?;
        let states =
            VALIDATIONS.map(|state| ([("state", state)], u64::from(self.snapshot.validation == state)));
        families.gauges(
            "starttls_validation",
            "1 for what is known of the resolver's DNSSEC validation.",
            states,
        )?;
        self.resolvers(families)
    }

    fn resolvers(&self, families: &mut Families<'_>) -> Written {
        let Snapshot { denial, lookups, .. } = &self.snapshot;
        let states = DENIALS.map(|state| ([("state", state)], u64::from(*denial == state)));
        let help = "1 for whether the resolver denies existence in signed zones.";
        families.gauges("starttls_denial", help, states)?;
        let states = LOOKUPS.map(|state| ([("state", state)], u64::from(lookups.state.name() == state)));
        families.gauges("starttls_mx_lookups", "1 for whether MX look-ups are answered.", states)?;
        let answers = lookups.resolvers.iter().map(|resolver| {
            ([("resolver", resolver.server.as_str())], u64::from(resolver.failure.is_none()))
        });
        families.gauges(
            "starttls_resolver_up",
            "1 for each resolver that answers, 0 for one that does not.",
            answers,
        )
    }

    fn memory(&self, families: &mut Families<'_>) -> Written {
        let Snapshot { hot_entries, hot_bytes, learned, shared_store, shared_troubles, .. } = &self.snapshot;
        families.gauges("starttls_hot_entries", "Answers at hand.", [([], *hot_entries)])?;
        families.gauge("starttls_hot", "Memory that answers at hand take.", &Unit::Bytes, *hot_bytes)?;
        let kinds = [
            ("policies", learned.policies),
            ("enforce", learned.enforce),
            ("ended", learned.ended),
            ("releases", learned.releases),
            ("dane", learned.dane),
            ("to-verify", learned.to_verify),
            ("in-memory", learned.in_memory),
        ];
        let kinds = kinds.map(|(kind, count)| ([("kind", kind)], count));
        families.gauges(
            "starttls_learned_domains",
            "Domains of which something is remembered, by what.",
            kinds,
        )?;
        let store = shared_store.map(|state| ([("state", state)], 1));
        families.gauges(
            "starttls_shared_store",
            "1 for the state of the store that nodes share; none without one.",
            store,
        )?;
        let troubles = [
            ("lost", shared_troubles.losses),
            ("writes-refused", shared_troubles.refused_writes),
            ("connections-refused", shared_troubles.refused_connections),
            ("unreadable", shared_troubles.unreadable),
            ("given-up", shared_troubles.given_up),
            ("held-up", shared_troubles.held_up),
        ];
        let troubles = troubles.map(|(what, count)| ([("what", what)], count));
        families.counters(
            "starttls_shared_store_failures",
            "What went wrong with the store that nodes share.",
            troubles,
        )
    }

    fn lists(&self, families: &mut Families<'_>) -> Written {
        let sources = &self.snapshot.sources;
        let states = sources.iter().map(|list| ([("list", list.name.as_str()), ("state", list.state)], 1));
        families.gauges("starttls_list_state", "1 for the state that a policy list is in.", states)?;
        let domains = sources.iter().filter_map(|list| Some(([("list", list.name.as_str())], list.domains?)));
        families.gauges("starttls_list_domains", "Domains that a policy list names.", domains)?;
        let serials = sources.iter().filter_map(|list| Some(([("list", list.name.as_str())], list.serial?)));
        families.gauges("starttls_list_serial", "Serial of a policy list.", serials)?;
        let ends = sources.iter().filter_map(|list| {
            let end = Timestamp::parse(list.until.as_deref()?).ok()?;
            Some(([("list", list.name.as_str())], end.seconds()))
        });
        let help = "When a policy list ends, in seconds since 1970.";
        families.gauges("starttls_list_end_timestamp_seconds", help, ends)
    }

    fn connections(&self, families: &mut Families<'_>) -> Written {
        let connections = &self.snapshot.connections;
        families.gauges(
            "starttls_connections_open",
            "Clients that are connected.",
            [([], connections.open)],
        )?;
        let count = |value| [([], value)];
        families.counters(
            "starttls_connections_accepted",
            "Clients that came.",
            count(connections.accepted),
        )?;
        families.counters(
            "starttls_connections_shed",
            "Clients sent away to make room.",
            count(connections.shed),
        )?;
        let help = "Clients sent away since what they sent was no request.";
        families.counters("starttls_connections_malformed", help, count(connections.malformed))?;
        let help = "Clients sent away since they let a deadline pass.";
        families.counters("starttls_connections_expired", help, count(connections.expired))?;
        let help = "Requests that got a temporary error in place of an answer.";
        let why = |why, value| ([("why", why)], value);
        let refused = [why("map", connections.unknown_map), why("unanswered", connections.unanswered)];
        families.counters("starttls_requests_refused", help, refused)
    }
}

impl Families<'_> {
    fn counters<'l, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = ([Label<'l>; N], u64)>,
    ) -> Written {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        values.into_iter().try_for_each(|(labels, value)| {
            labelled(&mut family, &labels, |encoder| {
                encoder.encode_counter::<NoLabelSet, _, u64>(&value, None)
            })
        })
    }

    fn gauges<'l, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = ([Label<'l>; N], u64)>,
    ) -> Written {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        values.into_iter().try_for_each(|(labels, value)| {
            labelled(&mut family, &labels, |encoder| encoder.encode_gauge(&value))
        })
    }

    /// A gauge whose unit becomes the end of its name.
    fn gauge(&mut self, name: &str, help: &str, unit: &Unit, value: u64) -> Written {
        self.0.encode_descriptor(name, help, Some(unit), MetricType::Gauge)?.encode_gauge(&value)
    }
}

/// The library would write an empty set of labels as `{}`.
fn labelled<const N: usize>(
    family: &mut MetricEncoder<'_>,
    labels: &[Label<'_>; N],
    write: impl FnOnce(&mut MetricEncoder<'_>) -> Written,
) -> Written {
    match labels.as_slice() {
        [] => write(family),
        labels => write(&mut family.encode_family(&labels)?),
    }
}
