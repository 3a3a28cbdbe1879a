//! Identifiers of questions: random, and fetched from the system many at a time.
//!
//! Spec: RFC 5452 §4.3 and §9.2 (identifiers must not be guessed).

use std::sync::{Mutex, PoisonError};

use rustls::crypto::{GetRandomFailed, SecureRandom};

/// Identifiers that are fetched at once; a call for each would cost as much as writing the question.
const AT_ONCE: usize = 64;

/// Where identifiers come from.
#[derive(Debug)]
pub(super) struct Ids {
    random: &'static dyn SecureRandom,
    fetched: Mutex<Vec<[u8; 2]>>,
}

impl Ids {
    pub(super) fn new(random: &'static dyn SecureRandom) -> Self {
        Self { random, fetched: Mutex::default() }
    }

    /// The next one, which nobody has seen.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub(super) fn next(&self) -> Result<u16, GetRandomFailed> {
        let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = fetched.pop() {
            return Ok(u16::from_ne_bytes(id));
        }
        let mut bytes = [0; 2 * AT_ONCE];
        self.random.fill(&mut bytes)?;
        let (ids, _) = bytes.as_chunks::<2>();
        let (first, rest) = ids.split_first().ok_or(GetRandomFailed)?;
        fetched.extend_from_slice(rest);
        Ok(u16::from_ne_bytes(*first))
    }
}

#[cfg(test)]
mod identifiers {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn are_not_given_twice() {
        let ids = Ids::new(rustls::crypto::ring::default_provider().secure_random);
        let given: HashSet<u16> = (0..3 * AT_ONCE).map(|_| ids.next().unwrap()).collect();
        // Of 65,536 some meet by chance, and never as many as if a batch came again.
        assert!(given.len() > 3 * AT_ONCE - 16, "{}", given.len());
    }
}
