//! Hot answers: replies at hand, ready to be written.
//!
//! Bounded by bytes; what is asked often stays when a flood of names comes by. Each reply is kept under the form and the key it
//! was asked by, so that a hit needs no parsing. Nothing here is needed for protection: that lies in `learned`.
//!
//! Small on purpose, since there is one for each domain that mail goes to: the key is kept as 128 bits of a keyed hash, by which
//! nobody can make two keys meet, and times as tenths of a second.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::time::Instant;

use starttls_policy::Domain;

use super::revisions::{Place, Revision, Revisions};
use crate::answer::{Form, Reply};

/// A reply and how long it may be given.
#[derive(Clone, Debug)]
pub(crate) struct HotAnswer {
    pub(crate) reply: Reply,
    /// From then on it is found out anew.
    pub(crate) until: Instant,
    /// From then on it is found out anew beforehand, while this one is given still.
    pub(crate) refresh: Instant,
    /// The lists and overrides that it was made from; another number voids it.
    pub(crate) generation: u64,
    /// The state of its domain that it was made from; a later change voids it.
    pub(crate) made: Revision,
}

/// The same, as it is kept.
#[derive(Clone, Debug)]
struct Kept {
    reply: Reply,
    until: Tenths,
    refresh: Tenths,
    generation: u64,
    made: Revision,
    place: Place,
}

/// Time since the cache was made; four billion of them are thirteen years.
type Tenths = u32;

type HotKey = [u64; 2];

#[derive(Clone)]
struct Bytes;

/// Bookkeeping of one entry beside its text, about.
const ENTRY_BYTES: u64 = 140;

/// The longest text that a reply holds in itself.
const INLINE_BYTES: usize = 23;

/// What the text costs beside its bytes, when it has a place of its own.
const TEXT_BYTES: u64 = 24;

impl Weighter<HotKey, Kept> for Bytes {
    fn weight(&self, _: &HotKey, answer: &Kept) -> u64 {
        ENTRY_BYTES
            + match &answer.reply {
                Reply::Ok(text) if text.len() > INLINE_BYTES => TEXT_BYTES + text.len() as u64,
                _ => 0,
            }
    }
}

/// All hot answers.
pub(crate) struct Hot {
    answers: Cache<HotKey, Kept, Bytes>,
    halves: [RandomState; 2],
    begin: Instant,
    revisions: Revisions,
}

impl Hot {
    /// Room for so many bytes, about.
    pub(crate) fn new(max_bytes: u64) -> Self {
        // Grows as it is filled: most mail servers ask for a few thousand domains.
        let answers = Cache::with_weighter(1_000, max_bytes, Bytes);
        let halves = [RandomState::new(), RandomState::new()];
        Self { answers, halves, begin: Instant::now(), revisions: Revisions::new() }
    }

    /// The reply, if it may be given still.
    pub(crate) fn get(&self, form: Form, key: &[u8], generation: u64, now: Instant) -> Option<HotAnswer> {
        let kept = self.answers.get(&self.key(form, key))?;
        if !self.revisions.is_current(kept.place, kept.made) {
            return None;
        }
        let answer = HotAnswer {
            until: self.instant(kept.until),
            refresh: self.instant(kept.refresh),
            reply: kept.reply,
            generation: kept.generation,
            made: kept.made,
        };
        (answer.until > now && answer.generation == generation).then_some(answer)
    }

    /// Keeps the reply about a domain that was asked for by this key.
    pub(crate) fn put(&self, form: Form, key: &[u8], domain: &Domain, answer: HotAnswer) {
        let kept = Kept {
            until: self.tenths(answer.until),
            refresh: self.tenths(answer.refresh),
            reply: answer.reply,
            generation: answer.generation,
            made: answer.made,
            place: self.revisions.place(domain),
        };
        self.answers.insert(self.key(form, key), kept);
    }

    /// The revision now: to be read before the state that an answer is made from.
    pub(crate) fn revision(&self) -> Revision {
        self.revisions.now()
    }

    /// Voids all answers about a domain, under whatever keys and in all forms: its state has changed.
    pub(crate) fn void(&self, domain: &Domain) {
        self.revisions.change(domain);
    }

    /// Voids all answers, also those that are being composed.
    pub(crate) fn void_all(&self) {
        self.revisions.change_all();
        self.answers.clear();
    }

    /// Tells whether the state of a domain is still the one of a revision.
    pub(crate) fn is_current(&self, domain: &Domain, made: Revision) -> bool {
        self.revisions.is_current(self.revisions.place(domain), made)
    }

    /// Forgets replies that say to try again.
    pub(crate) fn forget_temporary(&self) {
        self.answers.retain(|_, kept| !matches!(kept.reply, Reply::Temporary(_)));
    }

    pub(crate) fn clear(&self) {
        self.answers.clear();
    }

    pub(crate) fn entries(&self) -> usize {
        self.answers.len()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.answers.weight()
    }

    fn key(&self, form: Form, key: &[u8]) -> HotKey {
        self.halves.each_ref().map(|half| half.hash_one((form as u8, key)))
    }

    /// Cut short: an answer ends up to a tenth of a second early, never late.
    fn tenths(&self, at: Instant) -> Tenths {
        let tenths = at.saturating_duration_since(self.begin).as_millis() / 100;
        Tenths::try_from(tenths).unwrap_or(Tenths::MAX)
    }

    fn instant(&self, tenths: Tenths) -> Instant {
        self.begin + Duration::from_millis(100) * tenths
    }
}

#[cfg(test)]
mod answers_at_hand {
    use super::*;

    fn hot() -> Hot {
        Hot::new(1 << 20)
    }

    fn answer(text: &str, left: Duration) -> HotAnswer {
        let until = Instant::now() + left;
        let reply = Reply::Ok(text.into());
        HotAnswer { reply, until, refresh: until, generation: 1, made: Revision::default() }
    }

    fn domain() -> Domain {
        Domain::parse("a.example").unwrap()
    }

    fn text(hot: &Hot, form: Form, key: &str, generation: u64, now: Instant) -> Option<String> {
        match hot.get(form, key.as_bytes(), generation, now)?.reply {
            Reply::Ok(text) => Some(text.to_string()),
            _ => None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn are_those_of_their_form_key_and_generation() {
        let hot = hot();
        hot.put(Form::Plain, b"a.example", &domain(), answer("A", Duration::from_secs(9)));
        let now = Instant::now();
        assert_eq!(text(&hot, Form::Plain, "a.example", 1, now).as_deref(), Some("A"));
        assert_eq!(text(&hot, Form::Tlsrpt, "a.example", 1, now), None);
        assert_eq!(text(&hot, Form::Plain, "b.example", 1, now), None);
        assert_eq!(text(&hot, Form::Plain, "a.example", 2, now), None);
        hot.void(&domain());
        assert_eq!(text(&hot, Form::Plain, "a.example", 1, now), None);
    }

    #[tokio::test(start_paused = true)]
    async fn never_outlive_their_end() {
        let hot = hot();
        tokio::time::advance(Duration::from_millis(123_456_789)).await;
        for left in [0, 1, 99, 100, 101, 999, 3_600_000] {
            let left = Duration::from_millis(left);
            hot.put(Form::Plain, b"a.example", &domain(), answer("A", left));
            let end = Instant::now() + left;
            assert_eq!(text(&hot, Form::Plain, "a.example", 1, end), None, "{left:?}");
            if let Some(before) = left.checked_sub(Duration::from_millis(101)) {
                let before = Instant::now() + before;
                assert!(text(&hot, Form::Plain, "a.example", 1, before).is_some(), "{left:?}");
            }
        }
    }

    #[test]
    fn are_small() {
        assert!(size_of::<(HotKey, Kept)>() <= 64, "{}", size_of::<(HotKey, Kept)>());
    }
}
