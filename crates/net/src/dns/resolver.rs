//! The resolver: servers in turn, attempts and deadlines, aliases that have to be asked for.
//!
//! Spec: RFC 7672 §2.1.2 (failures), §2.1.3 (aliases).

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use domain::base::Message;
use domain::base::iana::Rcode;
use starttls_policy::decide::evidence::{Cause, Security};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::health::Health;
use super::ids::Ids;
use super::reading::{Alias, MAX_ALIASES};
use super::transport::Server;
use super::{DnsFailure, Kind, Question, Reading, Reply, ResolverSettings, Unreadable};

/// Before a server counts as dead it is checked again after that time.
const SECOND_CHECK: Duration = Duration::from_secs(1);

/// Asks the configured resolvers; cheap to clone. Its sockets belong to the runtime in which it asks first.
#[derive(Clone, Debug)]
pub struct Resolver(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    servers: RwLock<Arc<[Arc<Rated>]>>,
    places: Semaphore,
    attempt_timeout: Duration,
    attempts: usize,
    deadline: Duration,
    retry_after: Duration,
    check_name: String,
    ids: Arc<Ids>,
}

#[derive(Debug)]
struct Rated {
    server: Server,
    /// What its AD bit is worth.
    trusted: Security,
    health: Health,
}

impl Resolver {
    /// Makes a resolver; nothing is opened or asked yet.
    pub fn new(settings: &ResolverSettings) -> Self {
        Self(Arc::new(Inner {
            servers: RwLock::new(rated(settings, &[])),
            places: Semaphore::new(settings.max_parallel.clamp(1, Semaphore::MAX_PERMITS)),
            attempt_timeout: settings.attempt_timeout,
            attempts: settings.attempts.max(1),
            deadline: settings.deadline,
            retry_after: settings.retry_after,
            check_name: settings.check_name.clone(),
            ids: Arc::new(Ids::new(rustls::crypto::ring::default_provider().secure_random)),
        }))
    }

    /// Asks the servers of these settings from now on, for all clones; all else stays as it is.
    pub fn replace_servers(&self, settings: &ResolverSettings) {
        let mut servers = self.0.servers.write().unwrap_or_else(PoisonError::into_inner);
        let replaced = rated(settings, &servers);
        *servers = replaced;
    }

    /// The servers that are asked, each with what its AD bit is worth: with `Insecure`, DANE is off.
    pub fn servers(&self) -> impl Iterator<Item = (SocketAddr, Security)> + use<> {
        let worth = |rated: &Arc<Rated>| (rated.server.address(), rated.trusted);
        self.0.servers().iter().map(worth).collect::<Vec<_>>().into_iter()
    }

    /// The servers that are asked, each with the reason why it is left out at this moment, if it is.
    pub fn states(&self) -> Vec<(SocketAddr, Option<String>)> {
        self.0.servers().iter().map(|rated| (rated.server.address(), rated.health.failure())).collect()
    }

    /// Asks a question of the servers in turn, until one answers. A server that failed is not asked again; one that was
    /// silent is. Servers that are known not to answer are left out, unless none does.
    ///
    /// # Errors
    /// [`DnsFailure`] when none answered in time, or not to the point.
    pub async fn query(&self, name: &str, kind: Kind) -> Result<Reply, DnsFailure> {
        let all = self.0.servers();
        let alive: Vec<_> = all.iter().filter(|rated| !rated.health.is_dead()).collect();
        let servers = if alive.is_empty() { all.iter().collect() } else { alive };
        self.ask(name, kind, &servers).await
    }

    /// Asks one of [`Resolver::servers`] alone.
    ///
    /// # Errors
    /// As [`Resolver::query`].
    pub async fn query_at(&self, server: SocketAddr, name: &str, kind: Kind) -> Result<Reply, DnsFailure> {
        let all = self.0.servers();
        let only: Vec<_> = all.iter().filter(|rated| rated.server.address() == server).collect();
        self.ask(name, kind, &only).await
    }

    async fn ask(&self, name: &str, kind: Kind, servers: &[&Arc<Rated>]) -> Result<Reply, DnsFailure> {
        let refused = |words| DnsFailure { cause: Cause::Failure, server: None, words };
        let mut question = Question::new(name, kind).map_err(|error| refused(error.to_string()))?;
        let deadline = Instant::now() + self.0.deadline;
        let Ok(Ok(_place)) = timeout_at(deadline, self.0.places.acquire()).await else {
            let words = format!("too many questions are out; none ended within {:?}", self.0.deadline);
            return Err(DnsFailure { cause: Cause::Timeout, server: None, words });
        };
        let mut so_far: Option<Alias> = None;
        loop {
            match self.0.attempts(&question, servers, deadline).await? {
                Answer::Reply(reply) => return Ok(behind(so_far, reply)),
                Answer::Alias(alias) => {
                    let alias = join(so_far, alias);
                    if alias.hops > MAX_ALIASES {
                        return Err(refused(format!("more than {MAX_ALIASES} aliases in a row")));
                    }
                    question = Question::about(alias.target.clone(), kind);
                    so_far = Some(alias);
                }
            }
        }
    }
}

enum Answer {
    Reply(Reply),
    Alias(Alias),
}

/// The servers of these settings; those that were asked before go on with what is known of them.
fn rated(settings: &ResolverSettings, before: &[Arc<Rated>]) -> Arc<[Arc<Rated>]> {
    let rate = |(address, is_trusted)| {
        let trusted = if is_trusted { Security::Secure } else { Security::Insecure };
        let same = |old: &&Arc<Rated>| old.server.address() == address && old.trusted == trusted;
        before.iter().find(same).cloned().unwrap_or_else(|| {
            Arc::new(Rated { server: Server::new(address), trusted, health: Health::default() })
        })
    };
    settings.asked().into_iter().map(rate).collect()
}

impl Inner {
    fn servers(&self) -> Arc<[Arc<Rated>]> {
        Arc::clone(&self.servers.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Finds out beside the questions whether a server that failed answers at all, and if not, when it does again.
    fn suspect(&self, rated: &Arc<Rated>) {
        let Ok(question) = Question::new(&self.check_name, Kind::Soa) else { return };
        if !rated.health.begin_check() {
            return;
        }
        let (ids, attempt_timeout, retry_after) =
            (Arc::clone(&self.ids), self.attempt_timeout, self.retry_after);
        // It ends with the server: when others take its place, and with the resolver.
        let weak = Arc::downgrade(rated);
        tokio::spawn(async move {
            let mut begun = Instant::now();
            let (mut has_failed, mut was_dead) = (false, false);
            while let Some(rated) = weak.upgrade() {
                let address = rated.server.address();
                match check(&rated.server, &question, &ids, attempt_timeout).await {
                    Ok(()) => {
                        rated.health.answered(address);
                        return rated.health.end_check();
                    }
                    // Once may be an accident.
                    Err(words) if has_failed => rated.health.failed(address, &words, begun),
                    Err(_) => {}
                }
                let is_dead = rated.health.is_dead();
                if was_dead && !is_dead {
                    // It was back, and this check failed again: what it answered in between no longer counts.
                    begun = Instant::now();
                } else if has_failed && !is_dead {
                    // It fails for the name of the check and answers other questions.
                    return rated.health.end_check();
                }
                (has_failed, was_dead) = (true, is_dead);
                drop(rated);
                sleep(if is_dead { retry_after } else { SECOND_CHECK.min(retry_after) }).await;
            }
        });
    }

    async fn attempts(
        &self,
        question: &Question,
        servers: &[&Arc<Rated>],
        deadline: Instant,
    ) -> Result<Answer, DnsFailure> {
        let mut left: VecDeque<&Arc<Rated>> = servers.iter().copied().collect();
        let mut worst = None;
        for _ in 0..self.attempts {
            let now = Instant::now();
            let Some(rated) = left.pop_front() else { break };
            if now >= deadline {
                let words = format!("not done within {:?}", self.deadline);
                return Err(worse(worst, DnsFailure::new(Cause::Timeout, rated.server.address(), words)));
            }
            let until = deadline.min(now + self.attempt_timeout);
            let failure = match timeout_at(until, self.exchange(rated, question)).await {
                Ok(Ok(answer)) => {
                    rated.health.answered(rated.server.address());
                    return Ok(answer);
                }
                Ok(Err(failure)) => failure,
                Err(_) => {
                    left.push_back(rated);
                    DnsFailure::new(Cause::Timeout, rated.server.address(), "no answer in time")
                }
            };
            self.suspect(rated);
            worst = Some(worse(worst, failure));
        }
        let nobody =
            || DnsFailure { cause: Cause::Failure, server: None, words: "no resolver is set".into() };
        Err(worst.unwrap_or_else(nobody))
    }

    async fn exchange(&self, rated: &Rated, question: &Question) -> Result<Answer, DnsFailure> {
        let failure = |cause, words: String| DnsFailure::new(cause, rated.server.address(), words);
        let broken = |error: std::io::Error| failure(Cause::Failure, error.to_string());
        let id = self.ids.next().map_err(|_| failure(Cause::Failure, "no random numbers".into()))?;
        let message = question.to_bytes(id);
        let take = |bytes: &[u8]| match Reading::of(question, id, bytes, rated.trusted) {
            // Late or forged: the true one may still come.
            Err(Unreadable::Foreign) => None,
            other => Some(other),
        };
        let mut reading = rated.server.over_udp(&message, take).await.map_err(broken)?;
        if reading == Ok(Reading::Truncated) {
            let answer = rated.server.over_tcp(&message).await.map_err(broken)?;
            reading = Reading::of(question, id, &answer, rated.trusted);
        }
        match reading {
            Ok(Reading::Reply(reply)) => Ok(Answer::Reply(reply)),
            Ok(Reading::Alias(alias)) => Ok(Answer::Alias(alias)),
            Ok(Reading::Truncated) => Err(failure(Cause::Failure, "truncated even over TCP".into())),
            Ok(Reading::Failed { cause, words }) => Err(failure(cause, words)),
            Err(unreadable) => Err(failure(Cause::Failure, unreadable.to_string())),
        }
    }
}

/// Tells whether a server answers at all; any answer will do but that it does not answer such as us.
async fn check(server: &Server, question: &Question, ids: &Ids, limit: Duration) -> Result<(), String> {
    let id = ids.next().map_err(|_| "no random numbers".to_owned())?;
    let take = |bytes: &[u8]| {
        let header = Message::from_slice(bytes).ok()?.header();
        (header.qr() && header.id() == id).then(|| header.rcode())
    };
    match timeout(limit, server.over_udp(&question.to_bytes(id), take)).await {
        Ok(Ok(code @ (Rcode::FORMERR | Rcode::NOTIMP | Rcode::REFUSED))) => Err(code.to_string()),
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer in time".to_owned()),
    }
}

/// Of two failures the one that says more: bad signatures, else the later one.
fn worse(earlier: Option<DnsFailure>, later: DnsFailure) -> DnsFailure {
    earlier.filter(|failure| failure.cause == Cause::Bogus).unwrap_or(later)
}

/// Two stretches of aliases as one. One insecure alias makes all that follows insecure.
fn join(before: Option<Alias>, alias: Alias) -> Alias {
    let Some(before) = before else { return alias };
    Alias {
        ttl: before.ttl.min(alias.ttl),
        security: both(before.security, alias.security),
        hops: before.hops + alias.hops,
        target: alias.target,
    }
}

fn behind(aliases: Option<Alias>, reply: Reply) -> Reply {
    let Some(aliases) = aliases else { return reply };
    Reply { ttl: aliases.ttl.min(reply.ttl), security: both(aliases.security, reply.security), ..reply }
}

fn both(one: Security, other: Security) -> Security {
    if (one, other) == (Security::Secure, Security::Secure) { Security::Secure } else { Security::Insecure }
}
