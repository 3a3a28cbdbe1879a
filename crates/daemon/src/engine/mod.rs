//! Finds answers out, and has them at hand.
//!
//! ```text
//! key ─► Target ─► hot answer? ─────────────────────────────────────────────► reply
//!           └► flight ─► dane (MX, TLSA of each host; hosts shared) ─┐          ▲
//!                     ─► sts (kept policy, or record and policy) ────┼► decide ─┘
//!                     ─► known (overrides, lists) ───────────────────┘
//! ```
//!
//! DANE and MTA-STS are branches with caches of their own, put together for each answer; where DANE settles the matter nobody
//! waits for MTA-STS. `upkeep` finds answers out again before they end.
//!
//! Spec: RFC 7672, RFC 8461; docs/decision.md.

mod anchors;
mod anew;
mod budget;
mod clock;
mod compose;
mod dane;
mod flights;
mod holding;
mod hot;
mod lookups;
mod memory;
mod overrun;
mod protected;
mod reader;
mod revisions;
mod settings;
mod sts;
mod target;
#[cfg(test)]
mod tests;
mod upkeep;
mod validation;
mod waiting;

use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;
use starttls_discover::Discovering;
use starttls_mta::postfix::socketmap::Socketmap;
use starttls_policy::Domain;
use starttls_policy::decide::Choices;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, timeout};

pub use anchors::Anchors;
pub use budget::Allowance;
pub use clock::Clock;
pub use lookups::{LookupReport, LookupState};
pub use memory::Memory;
pub use settings::EngineSettings;
pub use validation::{DenialState, Standing};

use crate::answer::{Answering, Form, Reply};
use crate::known::Known;
use crate::operations::{Ended, How, Journal, Metrics, What};
use budget::Budget;
use compose::{Awaited, Found};
use dane::{DaneBranch, HostBranch, HostKey, Outlook};
use flights::Flights;
use hot::{Hot, HotAnswer};
use overrun::Overrun;
use reader::Reader;
use sts::StsBranch;
use target::{Route, Target};
use waiting::Waiting;

/// Domains whose branches are kept apart from their answers.
const MAX_BRANCHES: usize = 2_048;

/// MX hosts that are kept: a few operators carry most domains.
const MAX_HOSTS: usize = 4_096;

/// Answers that wait to be found out again beforehand; what finds no place is found out when it ends.
const MAX_REFRESHES: usize = 1_024;

/// Policies that are fetched at the same time; each holds a socket or two. Further ones wait for their turn.
const MAX_FETCHING: usize = 1_024;

/// No answer takes longer, whatever happens: Postfix gives up after 100 s (socketmap_table(5)).
const LONGEST_WAIT: Duration = Duration::from_secs(45);

/// Answers from every source at once.
pub struct Engine<D, K, M>(Arc<Inner<D, K, M>>);

pub(crate) struct Inner<D, K, M> {
    discovering: D,
    known: K,
    memory: M,
    settings: EngineSettings,
    clock: Clock,
    metrics: Arc<Metrics>,
    journal: Arc<Journal>,
    renderer: Socketmap,
    anchors: Option<Anchors>,
    validation: validation::Shared,
    lookups: lookups::Lookups,
    budget: Budget,
    overrun: Overrun,
    waiting: Waiting,
    fetching: Semaphore,
    hot: Hot,
    answers: Flights<(Target, Reader), Arc<Found>>,
    dane: Cache<Target, DaneBranch>,
    /// Domains whose stored DANE ends too far ahead, and when that was first seen.
    stored_ahead: Cache<Domain, Instant>,
    hosts: Cache<HostKey, HostBranch>,
    host_flights: Flights<HostKey, HostBranch>,
    sts: Cache<Domain, StsBranch>,
    sts_flights: Flights<Domain, StsBranch>,
    look_flights: Flights<Domain, ()>,
    refreshes: mpsc::Sender<(Form, Target)>,
}

/// Everything an engine is made from.
pub struct Parts<D, K, M> {
    /// The outside.
    pub discovering: D,
    /// Lists and overrides.
    pub known: K,
    /// What was learnt before.
    pub memory: M,
    /// What it may be told.
    pub settings: EngineSettings,
    /// What time it is.
    pub clock: Clock,
    /// Where it counts.
    pub metrics: Arc<Metrics>,
    /// Where it notes what people may want to look at.
    pub journal: Arc<Journal>,
    /// Writes answers for the mail server.
    pub renderer: Socketmap,
    /// Where key files go; none where the renderer names none.
    pub anchors: Option<Anchors>,
}

/// How full the caches are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fill {
    /// Answers at hand.
    pub hot_entries: usize,
    /// Their size, about.
    pub hot_bytes: u64,
    /// Answers being found out.
    pub in_flight: usize,
    /// New domains over the budget, whose policy waits to be fetched.
    pub waiting: usize,
}

impl<D: Discovering, K: Known, M: Memory> Engine<D, K, M> {
    /// Makes an engine whose work is done on `runtime`, and keeps it up for as long as that lives.
    pub fn start(parts: Parts<D, K, M>, runtime: &Handle) -> Self {
        let Parts { discovering, known, memory, settings, clock, metrics, journal, renderer, anchors } =
            parts;
        let (refreshes, to_refresh) = mpsc::channel(MAX_REFRESHES);
        let now = Instant::now();
        let inner = Arc::new(Inner {
            discovering,
            known,
            memory,
            clock,
            metrics,
            journal,
            renderer,
            anchors,
            validation: validation::Shared::new(),
            lookups: lookups::Lookups::default(),
            budget: Budget::new(settings.new_domains, settings.new_domains_each, now),
            overrun: Overrun::default(),
            waiting: Waiting::default(),
            fetching: Semaphore::new(MAX_FETCHING),
            hot: Hot::new(settings.hot_bytes),
            answers: Flights::new(runtime.clone()),
            dane: Cache::new(MAX_BRANCHES),
            stored_ahead: Cache::new(MAX_BRANCHES),
            hosts: Cache::new(MAX_HOSTS),
            host_flights: Flights::new(runtime.clone()),
            sts: Cache::new(MAX_BRANCHES),
            sts_flights: Flights::new(runtime.clone()),
            look_flights: Flights::new(runtime.clone()),
            refreshes,
            settings,
        });
        upkeep::start(&inner, to_refresh, runtime);
        Self(inner)
    }

    /// Waits until the first proof of the resolver has ended, whatever its result.
    pub async fn first_proof(&self) -> Standing {
        self.0.validation.first().await;
        self.0.validation.get()
    }

    /// Whether the resolver validates.
    pub fn validation(&self) -> Standing {
        self.0.validation.get()
    }

    /// Whether the resolver denies existence in signed zones.
    pub fn denial(&self) -> DenialState {
        self.0.validation.denial()
    }

    /// Whether MX look-ups are answered, and which resolvers do.
    pub fn lookups(&self) -> LookupReport {
        self.0.lookup_report()
    }

    /// Other resolvers, or other certificates, are in use: what failed is asked anew, and the resolvers are put to the proof.
    pub async fn surroundings_changed(&self) {
        self.forget_answers();
        self.0.prove_after(Instant::now()).await;
        self.0.try_denial().await;
    }

    /// How full the caches are.
    pub fn fill(&self) -> Fill {
        let inner = &self.0;
        Fill {
            hot_entries: inner.hot.entries(),
            hot_bytes: inner.hot.bytes(),
            in_flight: inner.answers.len(),
            waiting: inner.waiting.len(),
        }
    }

    /// Lists and overrides.
    pub fn known(&self) -> &K {
        &self.0.known
    }

    /// Forgets all answers and branches, so that the next questions are asked anew; what was learnt stays.
    pub fn forget_answers(&self) {
        let inner = &self.0;
        inner.hot.clear();
        inner.dane.clear();
        inner.hosts.clear();
        inner.sts.clear();
    }

    /// Forgets all answers and branches; what is being looked up from what was kept of a domain is not kept again.
    pub fn forget_all(&self) {
        self.forget_answers();
        self.0.hot.void_all();
    }

    /// Forgets what is at hand for one domain; what is being looked up from what was kept of it is not kept again.
    pub fn forget(&self, domain: &Domain) {
        let inner = &self.0;
        inner.dane.remove(&Target::domain(domain.clone()));
        inner.sts.remove(domain);
        inner.hot.void(domain);
    }

    /// Looks at a domain now, whatever is kept: all its branches are asked again.
    pub async fn refresh(&self, domain: &Domain) {
        self.forget(domain);
        let remembered = self.0.memory.recall(domain, self.0.clock.now()).await;
        if let Some(kept) = self.0.standing_policy(&remembered) {
            self.0.look_again(domain, kept.clone(), remembered.standing_release()).await;
        }
        self.0.found(Target::domain(domain.clone()), Reader::Postfix, Instant::now()).await;
    }
}

impl<D: Discovering, K: Known, M: Memory> Answering for Engine<D, K, M> {
    fn at_hand(&self, form: Form, key: &[u8]) -> Option<Reply> {
        let inner = &self.0;
        let now = Instant::now();
        let answer = inner.hot.get(form, key, inner.known.generation(), now)?;
        if answer.refresh <= now
            && let Some(target) = Target::of_key(key)
        {
            // Full, or being found out already: then it ends in its time.
            let _ = inner.refreshes.try_send((form, target));
        }
        inner.metrics.query(form, &answer.reply, How::AtHand);
        Some(answer.reply)
    }

    async fn find_out(&self, form: Form, key: &[u8]) -> Reply {
        let inner = &self.0;
        let Some(target) = Target::of_key(key) else {
            inner.metrics.query(form, &Reply::NotFound, How::AtHand);
            return Reply::NotFound;
        };
        let canonical = target.to_string();
        if canonical.as_bytes() != key
            && let Some(reply) = self.at_hand(form, canonical.as_bytes())
        {
            return reply;
        }
        let begun = Instant::now();
        let domain = target.domain.clone();
        let Ok(found) = timeout(LONGEST_WAIT, inner.found(target, Reader::of(form), begun)).await else {
            inner.failed(&domain, "answer", "it could not be found out in time");
            inner.metrics.deferred("time");
            let reply = Reply::Temporary("the policy could not be found out in time");
            inner.metrics.query(form, &reply, How::FoundOut);
            return reply;
        };
        let took = begun.elapsed();
        inner.metrics.found_out(took);
        inner.journal.answered(&domain, took, inner.clock.now());
        inner.keep_hot(form, &canonical, &domain, &found);
        let reply = found.reply(form);
        inner.metrics.query(form, &reply, How::FoundOut);
        reply
    }
}

impl<D: Discovering, K: Known, M: Memory> Inner<D, K, M> {
    /// Finds an answer out, from branches that are good beyond that moment; shared with whoever asks for the same.
    pub(crate) async fn found(
        self: &Arc<Self>,
        target: Target,
        reader: Reader,
        beyond: Instant,
    ) -> Arc<Found> {
        let (inner, asked) = (Arc::clone(self), target.clone());
        let finding = move || async move { Arc::new(inner.find_in_one_epoch(&asked, reader, beyond).await) };
        let found = self.answers.join((target, reader), finding);
        found.await.unwrap_or_else(|| Arc::new(Found::broken_off()))
    }

    /// Finds an answer out; once more where validation changed meanwhile, since its look-ups belong to both states.
    async fn find_in_one_epoch(self: &Arc<Self>, target: &Target, reader: Reader, beyond: Instant) -> Found {
        if let Some(found) = self.by_operator_alone(target, reader) {
            return found;
        }
        if reader == Reader::Postfix {
            self.await_first_proof().await;
        }
        let mut epoch = self.validation.epoch();
        let mut found = self.find(target, reader, beyond).await;
        if self.validation.epoch() != epoch {
            epoch = self.validation.epoch();
            found = self.find(target, reader, Instant::now()).await;
        }
        found.epoch = epoch;
        found
    }

    async fn find(self: &Arc<Self>, target: &Target, reader: Reader, beyond: Instant) -> Found {
        let outlook = match reader {
            Reader::Postfix => self.dane_outlook(target, beyond).await,
            Reader::Sendmail => Outlook::Known(self.without_dane()),
        };
        let begun = self.hot.revision();
        let sts = || timeout(self.settings.answer_within, self.sts(&target.domain));
        let (dane, sts) = if outlook.may_settle() {
            let dane = self.dane(target, outlook, beyond).await;
            if dane.evidence.settles() {
                return self.compose(target, reader, &dane, Awaited::Not);
            }
            (dane, sts().await)
        } else {
            tokio::join!(self.dane(target, outlook, beyond), sts())
        };
        let sts = sts.ok().flatten();
        self.compose(target, reader, &dane, sts.map_or(Awaited::InVain(begun), Awaited::Came))
    }

    pub(crate) fn keep_hot(&self, form: Form, canonical: &str, domain: &Domain, found: &Found) {
        let now = Instant::now();
        let left = found.until.saturating_duration_since(now);
        if left.is_zero() {
            return;
        }
        let refresh = now + left.mul_f64(0.8);
        let (reply, until) = (found.reply(form), found.until);
        let answer = HotAnswer { reply, until, refresh, generation: found.generation, made: found.made };
        self.hot.put(form, canonical.as_bytes(), domain, answer);
        if self.validation.epoch() != found.epoch {
            self.hot.void(domain);
        }
    }

    /// Notes for people what went wrong.
    pub(crate) fn failed(&self, domain: &Domain, what: &'static str, words: &str) {
        self.journal.failed(domain, what, words, self.clock.now());
    }

    pub(crate) fn choices(&self) -> Choices {
        self.known.choices()
    }
}

pub(crate) const fn ended(well: bool) -> Ended {
    if well { Ended::Answered } else { Ended::Failed }
}
