//! The walk over mirrors: until one of them offers what is accepted and fresh.

use starttls_policy::Timestamp;
use starttls_trust::accept::{Refusal, Weight};

use super::Candidate;
use crate::outside::Outside;
use crate::settings::SourceSettings;
use crate::state::{Evidence, Record, SourceDir, StateError};
use crate::term::Standing;

/// One run for one source.
pub(crate) struct Attempt<'a> {
    pub(crate) settings: &'a SourceSettings,
    /// What is remembered; empty when that was accepted under other trust.
    pub(crate) record: &'a Record,
    pub(crate) source: &'a SourceDir,
    pub(crate) outside: Outside<'a>,
    /// The local clock.
    pub(crate) now: Timestamp,
}

/// What one mirror has.
#[derive(Debug)]
pub(crate) enum Offer {
    /// What is held.
    Unchanged,
    /// Something that was accepted.
    Candidate(Box<Candidate>),
}

/// Why a mirror's offer was not taken.
#[derive(Debug)]
pub(crate) struct Rejection {
    pub(crate) weight: Heft,
    /// In words, with the mirror's name.
    pub(crate) words: String,
    /// What shows it.
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

/// How much a rejection weighs; ordered from light to heavy.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Heft {
    /// Nothing came, or nothing that could be read.
    Unusable,
    /// A clock is wrong, here or there.
    Clock,
    /// It is older than what is held.
    Behind,
    /// It is not signed or proven as it must be.
    Forged,
    /// Something validly signed contradicts what is held.
    Contradiction,
}

/// What all mirrors together came to.
#[derive(Debug, Default)]
pub(crate) struct Search {
    /// The best that was accepted.
    pub(crate) candidate: Option<Box<Candidate>>,
    /// How many mirrors have what is held.
    pub(crate) unchanged: usize,
    /// Why others were passed over, in the order in which they were tried.
    pub(crate) rejections: Vec<Rejection>,
}

impl Attempt<'_> {
    /// Visits `count` mirrors in random order until one gives what is accepted and fresh; else the one that ends last counts.
    pub(super) fn visit(
        &self,
        count: usize,
        mut visit: impl FnMut(usize) -> Result<Result<Offer, Rejection>, StateError>,
    ) -> Result<Search, StateError> {
        let mut search = Search::default();
        for mirror in (self.outside.order)(count) {
            match visit(mirror)? {
                Err(rejection) => search.rejections.push(rejection),
                Ok(Offer::Unchanged) => {
                    search.unchanged += 1;
                    if Standing::of_record(self.settings, self.record).is_fresh(self.now) {
                        break;
                    }
                }
                Ok(Offer::Candidate(candidate)) => {
                    let standing = Standing::of(self.settings, &candidate.memory, &candidate.list.head);
                    let best = search
                        .candidate
                        .as_ref()
                        .map(|best| Standing::of(self.settings, &best.memory, &best.list.head));
                    if best.is_none_or(|best| best.end() < standing.end()) {
                        search.candidate = Some(candidate);
                    }
                    if standing.is_fresh(self.now) {
                        break;
                    }
                }
            }
        }
        Ok(search)
    }
}

impl Search {
    /// Nothing could be tried at all.
    pub(super) fn impossible(words: String) -> Self {
        let rejections = vec![Rejection::unusable(words)];
        Self { rejections, ..Self::default() }
    }

    /// The heaviest rejection, of equal ones the first.
    pub(crate) fn heaviest(&self) -> Option<&Rejection> {
        self.rejections.iter().rev().max_by_key(|rejection| rejection.weight)
    }

    /// Whether all that could be had is older than what is held.
    pub(crate) fn is_all_behind(&self) -> bool {
        let heft = |wanted| self.rejections.iter().any(|rejection| rejection.weight == wanted);
        self.candidate.is_none() && self.unchanged == 0 && heft(Heft::Behind) && !heft(Heft::Contradiction)
    }

    /// All rejections as one text.
    pub(crate) fn words(&self) -> String {
        let words: Vec<&str> = self.rejections.iter().map(|rejection| rejection.words.as_str()).collect();
        words.join("; ")
    }
}

impl Rejection {
    pub(super) fn unusable(words: String) -> Self {
        Self { weight: Heft::Unusable, words, files: Vec::new() }
    }

    pub(super) fn forged(words: String, files: Vec<(String, Vec<u8>)>) -> Self {
        Self { weight: Heft::Forged, words, files }
    }

    /// What a refusal means, with the files that show it.
    pub(super) fn refused(place: &str, refusal: &Refusal, files: Vec<(String, Vec<u8>)>) -> Self {
        let weight = match refusal.weight() {
            Weight::Contradiction => Heft::Contradiction,
            Weight::Clock => Heft::Clock,
            Weight::FailedMirror if refusal.is_behind() => Heft::Behind,
            // These are what a frozen or half-updated mirror looks like.
            Weight::FailedMirror if matches!(refusal, Refusal::Ended(_) | Refusal::Unreadable { .. }) => {
                Heft::Unusable
            }
            Weight::FailedMirror => Heft::Forged,
        };
        Self { weight, words: format!("{place}: {refusal}"), files }
    }

    /// What is kept of it.
    pub(crate) fn evidence(&self) -> Option<Evidence> {
        let kind = match self.weight {
            Heft::Unusable | Heft::Clock => return None,
            Heft::Behind => "rollback",
            Heft::Forged => "forgery",
            Heft::Contradiction => "contradiction",
        };
        Some(Evidence { kind, words: self.words.clone(), files: self.files.clone() })
    }
}
