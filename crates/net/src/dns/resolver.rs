//! The resolver: servers in turn, attempts and deadlines, aliases that have to be asked for.
//!
//! Spec: RFC 7672 §2.1.2 (failures), §2.1.3 (aliases).

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use starttls_policy::decide::evidence::{Cause, Security};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::ids::Ids;
use super::reading::{Alias, MAX_ALIASES};
use super::transport::Server;
use super::{DnsFailure, Kind, Question, Reading, Reply, ResolverSettings, Unreadable};

/// Asks the configured resolvers; cheap to clone. Its sockets belong to the runtime in which it asks first.
#[derive(Clone, Debug)]
pub struct Resolver(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    servers: Vec<Rated>,
    places: Semaphore,
    attempt_timeout: Duration,
    attempts: usize,
    deadline: Duration,
    ids: Ids,
}

#[derive(Debug)]
struct Rated {
    server: Server,
    /// What its AD bit is worth.
    trusted: Security,
}

impl Resolver {
    /// Makes a resolver; nothing is opened or asked yet.
    pub fn new(settings: &ResolverSettings) -> Self {
        let rate = |(address, is_trusted)| Rated {
            server: Server::new(address),
            trusted: if is_trusted { Security::Secure } else { Security::Insecure },
        };
        Self(Arc::new(Inner {
            servers: settings.asked().into_iter().map(rate).collect(),
            places: Semaphore::new(settings.max_parallel.clamp(1, Semaphore::MAX_PERMITS)),
            attempt_timeout: settings.attempt_timeout,
            attempts: settings.attempts.max(1),
            deadline: settings.deadline,
            ids: Ids::new(rustls::crypto::ring::default_provider().secure_random),
        }))
    }

    /// The servers that are asked, each with what its AD bit is worth: with `Insecure`, DANE is off.
    pub fn servers(&self) -> impl Iterator<Item = (SocketAddr, Security)> + '_ {
        self.0.servers.iter().map(|rated| (rated.server.address(), rated.trusted))
    }

    /// Asks a question of the servers in turn, until one answers. A server that failed is not asked again; one that was
    /// silent is.
    ///
    /// # Errors
    /// [`DnsFailure`] when none answered in time, or not to the point.
    pub async fn query(&self, name: &str, kind: Kind) -> Result<Reply, DnsFailure> {
        self.ask(name, kind, &self.0.servers.iter().collect::<Vec<_>>()).await
    }

    /// Asks one of [`Resolver::servers`] alone.
    ///
    /// # Errors
    /// As [`Resolver::query`].
    pub async fn query_at(&self, server: SocketAddr, name: &str, kind: Kind) -> Result<Reply, DnsFailure> {
        let only: Vec<_> = self.0.servers.iter().filter(|rated| rated.server.address() == server).collect();
        self.ask(name, kind, &only).await
    }

    async fn ask(&self, name: &str, kind: Kind, servers: &[&Rated]) -> Result<Reply, DnsFailure> {
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

impl Inner {
    async fn attempts(
        &self,
        question: &Question,
        servers: &[&Rated],
        deadline: Instant,
    ) -> Result<Answer, DnsFailure> {
        let mut left: VecDeque<&Rated> = servers.iter().copied().collect();
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
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(failure)) => failure,
                Err(_) => {
                    left.push_back(rated);
                    DnsFailure::new(Cause::Timeout, rated.server.address(), "no answer in time")
                }
            };
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
