//! Hot answers: replies at hand, ready to be written.
//!
//! Bounded by bytes; what is asked often stays when a flood of names comes by. Each reply is kept under the form and the key it
//! was asked by, so that a hit needs no parsing. Nothing here is needed for protection: that lies in `learned`.

use std::hash::{Hash, Hasher};

use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};
use tokio::time::Instant;

use crate::answer::{Form, Reply};

/// A reply and how long it may be given.
#[derive(Clone, Debug)]
pub(crate) struct HotAnswer {
    pub(crate) reply: Reply,
    /// From then on it is found out anew.
    pub(crate) until: Instant,
    /// From then on it is found out anew beforehand, while this one is given still.
    pub(crate) refresh: Instant,
    /// What it was made from; another number voids it.
    pub(crate) generation: u64,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct HotKey {
    form: Form,
    key: Box<[u8]>,
}

struct HotKeyRef<'a> {
    form: Form,
    key: &'a [u8],
}

impl Hash for HotKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        HotKeyRef { form: self.form, key: &self.key }.hash(state);
    }
}

impl Hash for HotKeyRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u8(self.form as u8);
        state.write(self.key);
    }
}

impl Equivalent<HotKey> for HotKeyRef<'_> {
    fn equivalent(&self, key: &HotKey) -> bool {
        self.form == key.form && *self.key == *key.key
    }
}

#[derive(Clone)]
struct Bytes;

/// Bookkeeping of one entry beside key and reply, about.
const ENTRY_BYTES: u64 = 160;

/// The longest text that a reply holds in itself.
const INLINE_BYTES: usize = 23;

impl Weighter<HotKey, HotAnswer> for Bytes {
    fn weight(&self, key: &HotKey, answer: &HotAnswer) -> u64 {
        let text = match &answer.reply {
            Reply::Ok(text) if text.len() > INLINE_BYTES => text.len(),
            _ => 0,
        };
        ENTRY_BYTES + (key.key.len() + text) as u64
    }
}

/// All hot answers.
pub(crate) struct Hot(Cache<HotKey, HotAnswer, Bytes>);

impl Hot {
    /// Room for so many bytes, about.
    pub(crate) fn new(max_bytes: u64) -> Self {
        // Grows as it is filled: most mail servers ask for a few thousand domains.
        Self(Cache::with_weighter(1_000, max_bytes, Bytes))
    }

    /// The reply, if it may be given still.
    pub(crate) fn get(&self, form: Form, key: &[u8], generation: u64, now: Instant) -> Option<HotAnswer> {
        self.0
            .get(&HotKeyRef { form, key })
            .filter(|answer| answer.until > now && answer.generation == generation)
    }

    pub(crate) fn put(&self, form: Form, key: &[u8], answer: HotAnswer) {
        self.0.insert(HotKey { form, key: key.into() }, answer);
    }

    /// Forgets what was answered under this key.
    pub(crate) fn forget(&self, key: &[u8]) {
        for form in [Form::Plain, Form::Tlsrpt, Form::Sendmail] {
            self.0.remove(&HotKeyRef { form, key });
        }
    }

    pub(crate) fn clear(&self) {
        self.0.clear();
    }

    pub(crate) fn entries(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.0.weight()
    }
}
