//! A world whose DNS, policy hosts, lists and memory are what a test says.

use std::collections::HashMap;
use std::future::pending;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use starttls_discover::{
    Denial, Discovering, Failure, MxLookup, MxState, PolicyFailure, RecordLookup, RecordState, ResolverState,
    TlsaLookup, Validation,
};
use starttls_mta::postfix::socketmap::{Socketmap, SocketmapFacts};
use starttls_policy::decide::Choices;
use starttls_policy::decide::evidence::{Cause, Security, StsRelease, Tlsa};
use starttls_policy::decide::overrides::{Override, Ruling};
use starttls_policy::merge::{Layer, Merged, MergedEntry, Scope};
use starttls_policy::{Domain, List, Mode, MxHost, Timestamp, read};
use starttls_proto::mta_sts::PolicyFile;
use tokio::runtime::Handle;

use crate::answer::{Answering, Form, Reply};
use crate::engine::{Clock, Engine, EngineSettings, Memory, Parts};
use crate::known::{Known, KnownError, KnownSource};
use crate::learned::{KeptPolicy, Learnt, Remembered, ToVerify};
use crate::operations::{Journal, Metrics};

/// When everything begins.
pub(super) const START: u64 = 1_790_000_000;

/// An engine in a world that tests change as they like.
pub(super) struct World {
    pub(super) engine: Engine<Outside, Lists, Store>,
    pub(super) outside: Outside,
    pub(super) lists: Lists,
    pub(super) store: Store,
    wall: Arc<AtomicU64>,
    begun: tokio::time::Instant,
}

/// What the network would say, and how often it was asked.
#[derive(Clone, Default)]
pub(super) struct Outside(Arc<Mutex<Answers>>);

#[derive(Default)]
struct Answers {
    mx: HashMap<String, MxState>,
    tlsa: HashMap<String, Tlsa>,
    records: HashMap<String, RecordState>,
    policies: HashMap<String, Policy>,
    validation: Option<Validation>,
    denial: Option<Denial>,
    resolvers: Vec<ResolverState>,
    asked: HashMap<String, u32>,
    hanging: Vec<String>,
    delays: HashMap<String, Duration>,
    ttl: Option<Duration>,
}

#[derive(Clone)]
enum Policy {
    Served(PolicyFile),
    Failing,
}

impl Outside {
    fn change(&self, change: impl FnOnce(&mut Answers)) -> &Self {
        change(&mut self.0.lock().unwrap());
        self
    }

    /// The domain's mail goes to these hosts.
    pub(super) fn mx(&self, domain: &str, security: Security, hosts: &[&str]) -> &Self {
        let hosts = hosts.iter().map(|host| MxHost::from_dns(host).unwrap()).collect();
        self.change(|all| drop(all.mx.insert(domain.into(), MxState::Hosts { security, hosts, beyond: 0 })))
    }

    pub(super) fn mx_state(&self, domain: &str, state: MxState) -> &Self {
        self.change(|all| drop(all.mx.insert(domain.into(), state)))
    }

    pub(super) fn tlsa(&self, host_and_port: &str, state: Tlsa) -> &Self {
        self.change(|all| {
            all.tlsa.insert(host_and_port.into(), state);
        })
    }

    /// The domain publishes a policy.
    pub(super) fn policy(&self, domain: &str, id: &str, mode: Mode, mx: &[&str], max_age: u64) -> &Self {
        let mx = mx.iter().fold(String::new(), |lines, pattern| lines + "mx: " + pattern + "\n");
        self.policy_text(domain, id, &format!("version: STSv1\nmode: {mode}\nmax_age: {max_age}\n{mx}"))
    }

    /// The domain's policy host serves this text.
    pub(super) fn policy_text(&self, domain: &str, id: &str, text: &str) -> &Self {
        let file = PolicyFile::parse(text.as_bytes()).unwrap();
        self.change(|all| {
            all.records.insert(domain.into(), RecordState::Id(id.into()));
            all.policies.insert(domain.into(), Policy::Served(file));
        })
    }

    pub(super) fn record(&self, domain: &str, state: RecordState) -> &Self {
        self.change(|all| drop(all.records.insert(domain.into(), state)))
    }

    /// The policy host answers with an error.
    pub(super) fn policy_host_fails(&self, domain: &str) -> &Self {
        self.change(|all| drop(all.policies.insert(domain.into(), Policy::Failing)))
    }

    /// Whatever is asked under this name (`mx DOMAIN`, `tlsa HOST:PORT`, `record DOMAIN`, `policy DOMAIN`, `validation`) gets no
    /// answer.
    pub(super) fn hang(&self, question: &str) -> &Self {
        self.change(|all| all.hanging.push(question.into()))
    }

    /// The answer to such a question takes that long.
    pub(super) fn delay(&self, question: &str, seconds: u64) -> &Self {
        self.change(|all| {
            all.delays.insert(question.into(), Duration::from_secs(seconds));
        })
    }

    pub(super) fn validation(&self, validation: Validation) -> &Self {
        self.change(|all| all.validation = Some(validation))
    }

    pub(super) fn denial(&self, denial: Denial) -> &Self {
        self.change(|all| all.denial = Some(denial))
    }

    /// The only resolver fails that way, or answers.
    pub(super) fn resolver(&self, failure: Option<&str>) -> &Self {
        let state = ResolverState { server: "127.0.0.1:53".into(), failure: failure.map(Into::into) };
        self.change(|all| all.resolvers = vec![state])
    }

    pub(super) fn ttl(&self, seconds: u64) -> &Self {
        self.change(|all| all.ttl = Some(Duration::from_secs(seconds)))
    }

    /// How often that was asked.
    pub(super) fn asked(&self, question: &str) -> u32 {
        self.0.lock().unwrap().asked.get(question).copied().unwrap_or(0)
    }

    async fn ask<T>(&self, question: String, answer: impl FnOnce(&Answers) -> T) -> (T, Duration) {
        let (is_hanging, delay) = {
            let mut all = self.0.lock().unwrap();
            *all.asked.entry(question.clone()).or_default() += 1;
            (all.hanging.contains(&question), all.delays.get(&question).copied())
        };
        if is_hanging {
            pending::<()>().await;
        }
        if let Some(delay) = delay {
            tokio::time::sleep(delay).await;
        }
        let all = self.0.lock().unwrap();
        (answer(&all), all.ttl.unwrap_or(Duration::from_mins(5)))
    }
}

/// A failure of some server.
pub(super) fn failure() -> Failure {
    Failure { cause: Cause::Failure, words: "SERVFAIL".into() }
}

impl Discovering for Outside {
    async fn mx(&self, domain: &Domain) -> MxLookup {
        let absent = MxState::Nowhere { security: Security::Insecure };
        let look = |all: &Answers| all.mx.get(domain.as_str()).cloned().unwrap_or(absent);
        let (state, ttl) = self.ask(format!("mx {domain}"), look).await;
        MxLookup { state, ttl }
    }

    async fn tlsa(&self, host: &MxHost, port: u16) -> TlsaLookup {
        let name = format!("{host}:{port}");
        let look = |all: &Answers| all.tlsa.get(&name).copied().unwrap_or(Tlsa::Absent);
        let (state, ttl) = self.ask(format!("tlsa {name}"), look).await;
        TlsaLookup { state, failure: (state == Tlsa::Inconclusive).then(failure), ttl }
    }

    async fn sts_record(&self, domain: &Domain) -> RecordLookup {
        let look = |all: &Answers| all.records.get(domain.as_str()).cloned().unwrap_or(RecordState::Absent);
        let (state, ttl) = self.ask(format!("record {domain}"), look).await;
        RecordLookup { state, ttl }
    }

    async fn sts_policy(&self, domain: &Domain) -> Result<PolicyFile, PolicyFailure> {
        let look = |all: &Answers| all.policies.get(domain.as_str()).cloned();
        match self.ask(format!("policy {domain}"), look).await.0 {
            Some(Policy::Served(file)) => Ok(file),
            Some(Policy::Failing) | None => {
                Err(PolicyFailure { failure: failure(), result_type: "sts-policy-fetch-error" })
            }
        }
    }

    async fn validation(&self) -> Validation {
        let look = |all: &Answers| all.validation.clone().unwrap_or(Validation::Proven);
        self.ask("validation".into(), look).await.0
    }

    async fn denial(&self) -> Denial {
        self.0.lock().unwrap().denial.clone().unwrap_or(Denial::Working)
    }

    fn resolvers(&self) -> Vec<ResolverState> {
        self.0.lock().unwrap().resolvers.clone()
    }
}

/// Lists and overrides.
#[derive(Clone, Default)]
pub(super) struct Lists(Arc<Mutex<Standing>>, Arc<AtomicU64>);

#[derive(Default)]
struct Standing {
    list: Option<List>,
    overrides: HashMap<Domain, Override>,
    broken: bool,
}

impl Lists {
    fn change(&self, change: impl FnOnce(&mut Standing)) {
        change(&mut self.0.lock().unwrap());
        self.1.fetch_add(1, Ordering::Relaxed);
    }

    /// A list with this entry for this domain.
    pub(super) fn list(&self, domain: &str, mode: &str, mx: &str) {
        let text = format!(
            r#"{{"version": "1", "author": "A", "serial": 1, "timestamp": "2026-01-01T00:00:00Z",
                "expires": "2037-01-01T00:00:00Z", "policies": {{"{domain}": {{"mode": "{mode}", "mx": ["{mx}"]}}}}}}"#
        );
        self.change(|all| all.list = Some(read::list(text.as_bytes()).unwrap()));
    }

    pub(super) fn relax(&self, domain: &str, until: u64) {
        let domain = Domain::parse(domain).unwrap();
        let until = Timestamp::from_seconds(until).unwrap();
        let operator =
            Override { domain: domain.clone(), ruling: Ruling::Relax, until, reason: "a test".into() };
        self.change(|all| drop(all.overrides.insert(domain, operator)));
    }

    pub(super) fn break_down(&self) {
        self.change(|all| all.broken = true);
    }
}

impl Known for Lists {
    fn show(
        &self,
        domain: &Domain,
        see: &mut dyn FnMut(Option<&Override>, Option<&MergedEntry<'_>>),
    ) -> Result<(), KnownError> {
        let all = self.0.lock().unwrap();
        if all.broken {
            return Err(KnownError { words: "damaged".into() });
        }
        let layers = all.list.iter().map(|list| Layer { name: "list", list, scope: Scope::default() });
        let merged = Merged::new(layers.collect());
        see(all.overrides.get(domain), merged.get(domain).unwrap().as_ref());
        Ok(())
    }

    fn choices(&self) -> Choices {
        Choices::default()
    }

    fn generation(&self) -> u64 {
        self.1.load(Ordering::Relaxed)
    }

    fn sources(&self) -> Vec<KnownSource> {
        Vec::new()
    }
}

/// What outlasts a restart.
#[derive(Clone, Default)]
pub(super) struct Store(
    pub(super) Arc<Mutex<HashMap<Domain, Remembered>>>,
    Arc<Mutex<Vec<(Domain, ToVerify)>>>,
);

impl Store {
    /// Another node fetched this policy.
    pub(super) fn learnt_elsewhere(&self, domain: &str) {
        let mut all = self.0.lock().unwrap();
        let kept = all.get_mut(&Domain::parse(domain).unwrap()).unwrap();
        kept.policy.as_mut().unwrap().origin = Learnt::Elsewhere;
    }

    pub(super) fn to_verify_now(&self) -> Vec<(String, ToVerify)> {
        self.1.lock().unwrap().iter().map(|(domain, ground)| (domain.to_string(), *ground)).collect()
    }

    fn change(&self, domain: &Domain, change: impl FnOnce(&mut Remembered)) {
        change(self.0.lock().unwrap().entry(domain.clone()).or_default());
    }
}

impl Memory for Store {
    async fn recall(&self, domain: &Domain, _now: Timestamp) -> Remembered {
        self.0.lock().unwrap().get(domain).cloned().unwrap_or_default()
    }

    fn keep_policy(&self, domain: &Domain, policy: &KeptPolicy) {
        self.change(domain, |all| all.policy = Some(policy.clone()));
    }

    fn keep_release(&self, domain: &Domain, release: StsRelease) {
        self.change(domain, |all| all.release = Some(release));
    }

    fn keep_dane(&self, domain: &Domain, until: Timestamp) {
        // As the store does: no end is moved to an earlier time.
        self.change(domain, |all| all.dane_until = all.dane_until.max(Some(until)));
    }

    fn end_dane(&self, domain: &Domain) {
        self.change(domain, |all| all.dane_until = None);
    }

    async fn due(&self, confirmed_before: Timestamp, ends_before: Timestamp, limit: usize) -> Vec<Domain> {
        let all = self.0.lock().unwrap();
        let is_due =
            |kept: &KeptPolicy| kept.confirmed < confirmed_before || kept.policy.ends() < ends_before;
        let due = all.iter().filter(|(_, remembered)| remembered.policy.as_ref().is_some_and(is_due));
        due.map(|(domain, _)| domain.clone()).take(limit).collect()
    }

    fn to_verify(&self, domain: &Domain, ground: ToVerify, _now: Timestamp) {
        self.1.lock().unwrap().push((domain.clone(), ground));
    }
}

impl World {
    /// A world in which nothing is published, and the resolver validates.
    pub(super) async fn new() -> Self {
        Self::with(EngineSettings::default(), Outside::default(), Store::default()).await
    }

    pub(super) async fn with(settings: EngineSettings, outside: Outside, store: Store) -> Self {
        let world = Self::starting(settings, outside, store);
        world.engine.first_proof().await;
        world
    }

    /// As [`World::with`], before the first proof of the resolver has ended.
    pub(super) fn starting(settings: EngineSettings, outside: Outside, store: Store) -> Self {
        Self::starting_at(START, settings, outside, store)
    }

    fn starting_at(start: u64, settings: EngineSettings, outside: Outside, store: Store) -> Self {
        let lists = Lists::default();
        let wall = Arc::new(AtomicU64::new(start));
        let begun = tokio::time::Instant::now();
        let set = Arc::clone(&wall);
        let parts = Parts {
            discovering: outside.clone(),
            known: lists.clone(),
            memory: store.clone(),
            settings,
            // The wall clock goes with the other one, unless a test sets it.
            clock: Clock::new(move || {
                let now = set.load(Ordering::Relaxed) + begun.elapsed().as_secs();
                Timestamp::from_seconds(now).unwrap()
            }),
            metrics: Arc::new(Metrics::default()),
            journal: Arc::new(Journal::default()),
            renderer: Socketmap::new(SocketmapFacts::default()).unwrap(),
            anchors: None,
        };
        let engine = Engine::start(parts, &Handle::current());
        Self { engine, outside, lists, store, wall, begun }
    }

    /// The daemon is started again: what it stored is there, nothing else.
    pub(super) async fn restart(&self) -> Self {
        Self::with(EngineSettings::default(), self.outside.clone(), self.store.clone()).await
    }

    /// The same with a wall clock that is so many seconds off.
    pub(super) async fn restart_at(&self, offset: i64) -> Self {
        let start = START.saturating_add_signed(offset);
        let (outside, store) = (self.outside.clone(), self.store.clone());
        let world = Self::starting_at(start, EngineSettings::default(), outside, store);
        world.engine.first_proof().await;
        world
    }

    /// What a Postfix before 3.10 is told.
    pub(super) async fn ask(&self, key: &str) -> Reply {
        self.ask_as(Form::Plain, key).await
    }

    pub(super) async fn ask_as(&self, form: Form, key: &str) -> Reply {
        match self.engine.at_hand(form, key.as_bytes()) {
            Some(reply) => reply,
            None => self.engine.find_out(form, key.as_bytes()).await,
        }
    }

    /// The wall clock jumps; time as it passes does not.
    pub(super) fn jump(&self, seconds: i64) {
        let now = self.wall.load(Ordering::Relaxed);
        self.wall.store(now.saturating_add_signed(seconds), Ordering::Relaxed);
    }

    /// Time passes, and everything that becomes due in it is done.
    pub(super) async fn pass(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }
}

/// The start of a reply: its first word, or what it is.
pub(super) fn reply(reply: &Reply) -> String {
    match reply {
        Reply::Ok(text) => text.split(" servername=").next().unwrap_or_default().to_owned(),
        Reply::NotFound => "NOTFOUND".into(),
        Reply::Temporary(_) => "TEMP".into(),
    }
}
