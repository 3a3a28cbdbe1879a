//! Counters by a word that is known only when it comes: a few of them, without a lock.

use std::sync::OnceLock;

use super::counter::Counter;

/// More words than anybody has; further ones are counted together.
const MAX_WORDS: usize = 24;

/// What words are counted as for which there is no place.
const OTHER: &str = "other";

/// Counters by fixed words of the program.
#[derive(Debug, Default)]
pub(super) struct Tally {
    places: [Place; MAX_WORDS],
    other: Counter,
}

#[derive(Debug, Default)]
struct Place {
    word: OnceLock<&'static str>,
    count: Counter,
}

impl Tally {
    pub(super) fn add(&self, word: &'static str) {
        let place = self.places.iter().find(|place| *place.word.get_or_init(|| word) == word);
        place.map_or(&self.other, |place| &place.count).add();
    }

    /// Each word with its count, in the order in which they came first.
    pub(super) fn read(&self) -> Vec<(&'static str, u64)> {
        let known = self.places.iter().filter_map(|place| Some((*place.word.get()?, place.count.value())));
        let other = Some((OTHER, self.other.value())).filter(|(_, count)| *count > 0);
        known.chain(other).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_each_by_itself() {
        let tally = Tally::default();
        tally.add("mx");
        tally.add("bogus");
        tally.add("mx");
        assert_eq!(tally.read(), [("mx", 2), ("bogus", 1)]);
    }

    #[test]
    fn words_beyond_the_bound_are_counted_together() {
        let tally = Tally::default();
        for number in 0..MAX_WORDS + 3 {
            tally.add(Box::leak(format!("word {number}").into_boxed_str()));
        }
        assert_eq!(tally.read().len(), MAX_WORDS + 1);
        assert_eq!(tally.read().last(), Some(&(OTHER, 3)));
    }
}
