//! Whoever can ask the outside; the daemon is tested with one that only pretends to.

use std::future::Future;

use starttls_policy::{Domain, MxHost};
use starttls_proto::mta_sts::PolicyFile;

use crate::answer::{Denial, MxLookup, PolicyFailure, RecordLookup, ResolverState, TlsaLookup, Validation};

/// Asks the outside. Every call ends within a deadline of its own and never fails: what went wrong is in the answer.
pub trait Discovering: Send + Sync + 'static {
    /// Where mail for a domain goes.
    fn mx(&self, domain: &Domain) -> impl Future<Output = MxLookup> + Send;

    /// The TLSA records of a host at a port (RFC 7672 §2.2.2, §2.2.3).
    fn tlsa(&self, host: &MxHost, port: u16) -> impl Future<Output = TlsaLookup> + Send;

    /// The TXT record that announces an MTA-STS policy.
    fn sts_record(&self, domain: &Domain) -> impl Future<Output = RecordLookup> + Send;

    /// The MTA-STS policy itself.
    fn sts_policy(&self, domain: &Domain) -> impl Future<Output = Result<PolicyFile, PolicyFailure>> + Send;

    /// Whether the resolver validates DNSSEC at this moment.
    fn validation(&self) -> impl Future<Output = Validation> + Send;

    /// Whether the resolver denies what is not there in signed zones at this moment.
    fn denial(&self) -> impl Future<Output = Denial> + Send;

    /// The resolvers that are asked, each with its state.
    fn resolvers(&self) -> Vec<ResolverState>;
}
