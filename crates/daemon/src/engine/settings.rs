//! What the engine may be told, with its defaults.

use std::time::Duration;

use super::budget::Allowance;

/// How answers are found out and kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EngineSettings {
    /// How long an answer may wait for MTA-STS before it is given without. DANE is always waited for; its look-ups
    /// have deadlines of their own.
    pub answer_within: Duration,
    /// Memory for answers at hand.
    pub hot_bytes: u64,
    /// Answers are kept no longer than that, whatever the DNS says.
    pub longest: Duration,
    /// And no shorter.
    pub shortest: Duration,
    /// How long a failure is kept.
    pub failure: Duration,
    /// How long a policy host that failed is left alone.
    pub fetch_failure: Duration,
    /// How often the `id` of a policy in use is looked up.
    pub recheck: Duration,
    /// How many new domains may cost a fetch.
    pub new_domains: Allowance,
    /// The same below one registrable domain.
    pub new_domains_each: Allowance,
    /// How often it is proven that the resolver validates.
    pub prove_every: Duration,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            // Postfix waits 100 s, and its queue has other mail meanwhile.
            answer_within: Duration::from_secs(5),
            hot_bytes: 16 * 1024 * 1024,
            longest: Duration::from_hours(1),
            shortest: Duration::from_secs(30),
            failure: Duration::from_secs(30),
            fetch_failure: Duration::from_mins(5),
            recheck: Duration::from_mins(15),
            // A large relay that starts with an empty store writes to some ten thousand domains with a policy within minutes.
            new_domains: Allowance { burst: 100_000, every: Duration::from_millis(20) },
            new_domains_each: Allowance { burst: 100, every: Duration::from_secs(36) },
            prove_every: Duration::from_mins(1),
        }
    }
}
