//! The known word that a mistyped one probably means.

/// The longest word that is compared; keys are shorter, and outside text may be of any length.
const LONGEST_BYTES: usize = 64;

/// The nearest of `known`, if it is near enough to be worth naming.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > LONGEST_BYTES {
        return None;
    }
    // Underscores are how other programs write the same keys.
    let word = word.replace('_', "-").to_lowercase();
    let (letters, best) = known.map(|known| (distance(&word, known), known)).min()?;
    (letters <= 1 + best.len() / 4).then_some(best)
}

/// Letters to add, drop or change.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut next = vec![index + 1];
        for ((known, above), pair) in other.iter().zip(row.iter().skip(1)).zip(&row) {
            let left = next.last().copied().unwrap_or(0);
            next.push((pair + usize::from(*known != letter)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod suggestions {
    use super::*;

    #[test]
    fn are_made_for_near_words_alone() {
        let known = ["min-tls", "sts-testing", "alert-command"];
        for (word, want) in [
            ("min_tls", Some("min-tls")),
            ("mintls", Some("min-tls")),
            ("alert-comand", Some("alert-command")),
            ("Sts-Testing", Some("sts-testing")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known.into_iter()), want, "{word}");
        }
        assert_eq!(nearest(&"a".repeat(1_000_000), known.into_iter()), None);
    }
}
