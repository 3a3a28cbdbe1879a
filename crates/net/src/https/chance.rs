//! Randomness as it comes in from the edge.

/// Somebody who rolls dice. Any `FnMut(u32) -> u32` is one; tests give a fixed one.
///
/// ```
/// use starttls_net::https::Chance;
///
/// let mut always_last = |bound: u32| bound - 1;
/// assert_eq!(always_last.below(6), 5);
/// ```
pub trait Chance {
    /// A number from 0 up to `bound` (which is not 0), itself left out, each as likely as the others.
    fn below(&mut self, bound: u32) -> u32;
}

impl<F: FnMut(u32) -> u32> Chance for F {
    fn below(&mut self, bound: u32) -> u32 {
        self(bound)
    }
}

/// The numbers below `count` in random order (Fisher and Yates). Dice that roll too high make it less random, no more.
pub(super) fn order(count: usize, chance: &mut dyn Chance) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        let bound = u32::try_from(last + 1).unwrap_or(u32::MAX);
        let other = usize::try_from(chance.below(bound)).unwrap_or(0).min(last);
        order.swap(last, other);
    }
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_order_is_as_likely() {
        // Three numbers, every roll of two dice once: six orders, all different.
        let mut seen = Vec::new();
        for first in 0..3 {
            for second in 0..2 {
                let mut rolls = vec![second, first];
                seen.push(order(3, &mut |_| rolls.pop().unwrap()));
            }
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 6);
    }

    proptest! {
        #[test]
        fn everything_comes_once_whatever_the_dice_say(count in 0_usize..20, rolls in any::<u32>()) {
            let mut all = order(count, &mut |_| rolls);
            all.sort_unstable();
            prop_assert_eq!(all, (0..count).collect::<Vec<_>>());
        }
    }
}
