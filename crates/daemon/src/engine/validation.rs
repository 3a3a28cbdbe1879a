//! Whether the resolver validates DNSSEC: proven at start, proven again and again, and loud when it stops.
//!
//! Proofs are made one at a time, and one a second at most; [`Inner::prove_after`] shares them between all who need one.
//!
//! Spec: RFC 7672 §2.1.1 (only validated answers count), RFC 4035 §4.9.3 (the AD bit of a trusted resolver).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use starttls_discover::{Denial, Discovering, Validation};
use tokio::sync::{Mutex, Notify, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::{Inner, Known, LookupState, Memory};

/// Proofs begin at least that far apart, however many answers need one.
const BETWEEN_PROOFS: Duration = Duration::from_secs(1);

/// After as many proofs in a row without a result, the resolver counts as one that does not validate.
const FAILED_PROOFS: u32 = 3;

/// What is known of the resolver.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// The proof is open: the resolver has not answered it yet.
    Unknown,
    /// It validates.
    Proven,
    /// It has not since this start: DANE is not available.
    Refuted,
    /// It did and stopped.
    Lost,
}

impl Standing {
    /// The word for metrics and status.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Proven => "proven",
            Self::Refuted => "refuted",
            Self::Lost => "lost",
        }
    }

    /// What a proof, or its failure, makes of it. No answer says nothing about validation.
    pub(crate) const fn after(self, proof: &Validation) -> Self {
        match (self, proof) {
            (_, Validation::Proven) => Self::Proven,
            (Self::Proven | Self::Lost, Validation::Refuted { .. }) => Self::Lost,
            (Self::Unknown | Self::Refuted, Validation::Refuted { .. }) => Self::Refuted,
            (before, Validation::Unknown(_)) => before,
        }
    }
}

const ALL: [Standing; 4] = [Standing::Unknown, Standing::Proven, Standing::Refuted, Standing::Lost];

/// State of the validation, shared by all threads.
pub(crate) struct Shared {
    standing: AtomicU8,
    /// Whether the first proof has ended, with whatever result.
    first: watch::Sender<bool>,
    /// The last proof; held while one is made.
    last: Mutex<Option<Proof>>,
    /// Whether denials failed when they were tried last.
    denial: AtomicU8,
    /// How often answers were voided because validation changed.
    epoch: AtomicU64,
    /// Asks for a proof before the next one by the clock.
    wanted: Arc<Notify>,
    /// Whether an insecure answer was taken since the last proof that had a result began.
    is_doubted: AtomicBool,
    /// Whether the last proof had no result.
    is_open: AtomicBool,
    /// Proofs without a result since the last that had one, where the resolver was known to answer otherwise.
    unanswered: AtomicU32,
    /// MX look-ups that were answered before the last proof.
    answered: AtomicU64,
}

/// A proof that was made.
struct Proof {
    begun: Instant,
    result: Validation,
}

/// State of the resolver's denials of existence.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DenialState {
    /// Not tried yet, or without an answer.
    Unknown,
    /// NODATA and NXDOMAIN of signed zones arrive.
    Working,
    /// They do not: signed domains without TLSA records are deferred.
    Failing,
}

impl DenialState {
    /// The word for metrics and status.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Working => "working",
            Self::Failing => "failing",
        }
    }
}

const DENIALS: [DenialState; 3] = [DenialState::Unknown, DenialState::Working, DenialState::Failing];

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            standing: AtomicU8::new(Standing::Unknown as u8),
            first: watch::Sender::new(false),
            last: Mutex::new(None),
            denial: AtomicU8::new(DenialState::Unknown as u8),
            epoch: AtomicU64::new(0),
            wanted: Arc::default(),
            is_doubted: AtomicBool::new(false),
            is_open: AtomicBool::new(false),
            unanswered: AtomicU32::new(0),
            answered: AtomicU64::new(0),
        }
    }

    pub(crate) fn get(&self) -> Standing {
        ALL.get(usize::from(self.standing.load(Ordering::Acquire))).copied().unwrap_or(Standing::Unknown)
    }

    pub(crate) fn denial(&self) -> DenialState {
        let index = usize::from(self.denial.load(Ordering::Acquire));
        DENIALS.get(index).copied().unwrap_or(DenialState::Unknown)
    }

    /// How often answers were voided so far. An answer whose look-ups began at another number must not be kept.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Wakes whoever makes the proofs.
    pub(crate) fn wanted(&self) -> Arc<Notify> {
        Arc::clone(&self.wanted)
    }

    /// Asks for a proof now, however far away the next one by the clock is.
    pub(crate) fn want_proof(&self) {
        self.wanted.notify_one();
    }

    /// An answer arrived without proof of its security. Unsigned zones and a resolver that stopped validating look the same, so
    /// that a proof is asked for; all answers of a second share one.
    pub(crate) fn doubt(&self) {
        if self.get() == Standing::Proven {
            self.is_doubted.store(true, Ordering::Release);
            self.want_proof();
        }
    }

    /// Tells whether validation is proven, and the last proof had a result.
    pub(crate) fn is_settled(&self) -> bool {
        self.get() == Standing::Proven && !self.is_open.load(Ordering::Acquire)
    }

    /// Waits until the first proof has ended, whatever its result.
    pub(crate) async fn first(&self) {
        // The sender lives as long as this.
        let _ = self.first.subscribe().wait_for(|has_ended| *has_ended).await;
    }

    /// Takes a proof in; returns the state after it if that is another one than before.
    fn take(&self, proof: &Validation) -> Option<Standing> {
        let before = self.get();
        let after = before.after(proof);
        self.standing.store(after as u8, Ordering::Release);
        (before != after).then_some(after)
    }
}

impl<D: Discovering, K: Known, M: Memory> Inner<D, K, M> {
    /// Result of a proof that began at `since` or later: the last one, or another one, which begins no sooner than a second
    /// after that. All who wait share it.
    pub(crate) async fn prove_after(&self, since: Instant) -> Validation {
        let mut last = self.validation.last.lock().await;
        if let Some(proof) = &*last {
            if proof.begun >= since {
                return proof.result.clone();
            }
            sleep_until(proof.begun + BETWEEN_PROOFS).await;
        }
        let begun = Instant::now();
        let result = self.discovering.validation().await;
        let result = self.with_patience(result);
        self.take_proof(&result);
        *last = Some(Proof { begun, result: result.clone() });
        self.validation.first.send_replace(true);
        result
    }

    /// Waits for the first proof, no longer than an answer may wait for anything else.
    pub(crate) async fn await_first_proof(&self) {
        if self.validation.get() == Standing::Unknown {
            // Without it the proof is open, which is a state of its own.
            let _ = timeout(self.settings.answer_within, self.validation.first()).await;
        }
    }

    /// A proof as it counts: several in a row without a result are a refutation, since DANE would else be unavailable without a word.
    ///
    /// Not while no look-up is answered: that is a trouble of its own, and answers that are cached hold meanwhile.
    fn with_patience(&self, proof: Validation) -> Validation {
        let answered = self.answered();
        let before = self.validation.answered.swap(answered, Ordering::AcqRel);
        let Validation::Unknown(failure) = proof else {
            self.validation.unanswered.store(0, Ordering::Release);
            return proof;
        };
        let is_resolver_alive = match self.validation.get() {
            Standing::Unknown => self.lookup_report().state != LookupState::Failing,
            Standing::Proven => answered != before,
            Standing::Refuted | Standing::Lost => false,
        };
        if !is_resolver_alive {
            return Validation::Unknown(failure);
        }
        if self.validation.unanswered.fetch_add(1, Ordering::AcqRel) + 1 < FAILED_PROOFS {
            return Validation::Unknown(failure);
        }
        self.validation.unanswered.store(0, Ordering::Release);
        let words = format!(
            "{FAILED_PROOFS} proofs in a row had no answer ({}); see that the resolver answers for the name in `dnssec-probe`, or set \
             `dnssec-probe` to a signed name that it answers for",
            failure.words
        );
        Validation::Refuted { words }
    }

    fn take_proof(&self, proof: &Validation) {
        let is_open = matches!(proof, Validation::Unknown(_));
        let was_open = self.validation.is_open.swap(is_open, Ordering::AcqRel);
        let was_doubted = !is_open && self.validation.is_doubted.swap(false, Ordering::AcqRel);
        let Some(after) = self.validation.take(proof) else {
            if was_open && was_doubted {
                self.void_insecure();
            }
            return;
        };
        // First the number: an answer that is kept after this is one that sees it.
        self.validation.epoch.fetch_add(1, Ordering::AcqRel);
        // Answers from other conditions are looked up anew.
        self.hot.clear();
        self.dane.clear();
        self.hosts.clear();
        self.ask_failures_anew();
        let words = match proof {
            Validation::Refuted { words } => words.as_str(),
            Validation::Proven | Validation::Unknown(_) => "",
        };
        match after {
            Standing::Proven => tracing::info!("the resolver validates DNSSEC: DANE is in use"),
            Standing::Refuted => tracing::error!(
                "DANE is not available: {words}; set `resolver` to one that validates on this machine, or `trust-resolver`; \
                 mail to domains that DANE protected within the last hour waits, other mail goes on"
            ),
            Standing::Lost => tracing::error!(
                "the resolver stopped validating DNSSEC: {words}; mail to domains that DANE protected within the last hour \
                 waits, other mail goes on"
            ),
            Standing::Unknown => {}
        }
    }

    /// Voids what was taken for insecure while proofs had no result; records that were seen to be secure stay.
    fn void_insecure(&self) {
        self.validation.epoch.fetch_add(1, Ordering::AcqRel);
        self.hot.clear();
        self.dane.retain(|_, branch| super::protected::has_records(&branch.evidence));
        self.hosts.retain(|_, host| host.has_records());
    }

    /// Tries whether the resolver denies existence in signed zones, and logs each change. It changes no answer.
    pub(crate) async fn try_denial(&self) {
        let before = self.validation.denial();
        let after = match self.discovering.denial().await {
            Denial::Working => {
                if before == DenialState::Failing {
                    tracing::info!("the resolver denies names and records of signed zones again");
                }
                DenialState::Working
            }
            Denial::Failing { words } => {
                if before != DenialState::Failing {
                    tracing::error!(
                        "the resolver answers for names that exist in signed zones and fails for those that do not: {words}; \
                         mail to signed domains without TLSA records waits; use a resolver that passes NXDOMAIN and NODATA on, \
                         or set `denial-probe` to a signed domain that it can reach"
                    );
                }
                DenialState::Failing
            }
            Denial::Unknown => return,
        };
        self.validation.denial.store(after as u8, Ordering::Release);
    }
}

#[cfg(test)]
mod resolver {
    use super::*;

    const REFUTED: Validation = Validation::Refuted { words: String::new() };

    #[test]
    fn that_never_validated_makes_dane_unavailable() {
        assert_eq!(Standing::Unknown.after(&REFUTED), Standing::Refuted);
        assert_eq!(Standing::Refuted.after(&REFUTED), Standing::Refuted);
    }

    #[test]
    fn that_stops_validating_is_not_taken_for_one_that_never_did() {
        assert_eq!(Standing::Proven.after(&REFUTED), Standing::Lost);
        assert_eq!(Standing::Lost.after(&REFUTED), Standing::Lost);
        assert_eq!(Standing::Lost.after(&Validation::Proven), Standing::Proven);
    }
}
