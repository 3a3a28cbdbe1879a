//! One connection out of several addresses: attempts begin one after the other, and the first that succeeds ends the others.
//!
//! ```text
//! AAAA ─┐                ┌─ 0 ms ────► attempt ─┐
//! A ────┴─► IPv6 first, ─┼─ 250 ms ──► attempt ─┼─► first success, or the failure that says most
//!           by turns     └─ 500 ms ──► attempt ─┘
//! ```
//!
//! A failed attempt starts the next one at once. Looking names up and connecting are given by the caller.
//!
//! Spec: RFC 8305 §3 (look-ups), §4 (order of the addresses), §5 (delay between attempts).

use std::collections::VecDeque;
use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until};

/// How long an attempt has before the next one begins beside it (RFC 8305 §5 recommends 250 ms).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// How long IPv4 addresses wait for IPv6 addresses that are not known yet (RFC 8305 §3 recommends 50 ms).
const RESOLUTION_DELAY: Duration = Duration::from_millis(50);

/// How many addresses of one host are tried.
const MAX_ATTEMPTS: usize = 6;

/// Address family.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Family {
    Six,
    Four,
}

/// Result of a race.
#[derive(Debug)]
pub(super) enum Finish<T, E> {
    /// The first attempt that succeeded.
    Won(T),
    /// The failures of all attempts, in the order in which they ended; empty if there was no address.
    Lost(Vec<E>),
}

/// Connects to the addresses that `lookups` deliver, as soon as each of them is known.
pub(super) async fn race<T, E, L, C>(
    lookups: impl IntoIterator<Item = L>,
    connect: impl Fn(IpAddr) -> C,
) -> Finish<T, E>
where
    L: Future<Output = (Family, Vec<IpAddr>)>,
    C: Future<Output = Result<T, E>>,
{
    let mut lookups: FuturesUnordered<L> = lookups.into_iter().collect();
    let mut attempts = FuturesUnordered::new();
    let mut queue = Queue::default();
    let (mut started, mut failures) = (0, Vec::new());
    let mut next = Instant::now();
    loop {
        let may_start = started < MAX_ATTEMPTS && !queue.is_empty();
        tokio::select! {
            biased;
            Some(ended) = attempts.next() => match ended {
                Ok(connection) => return Finish::Won(connection),
                Err(failure) => {
                    failures.push(failure);
                    next = Instant::now();
                }
            },
            Some((family, addresses)) = lookups.next() => {
                queue.add(family, addresses);
                if started == 0 {
                    let waits = family == Family::Four && !lookups.is_empty();
                    next = Instant::now() + if waits { RESOLUTION_DELAY } else { Duration::ZERO };
                }
            }
            () = sleep_until(next), if may_start => {
                if let Some(address) = queue.pop() {
                    attempts.push(connect(address));
                    started += 1;
                    next = Instant::now() + ATTEMPT_DELAY;
                }
            }
            else => return Finish::Lost(failures),
        }
    }
}

/// Addresses that were not tried yet: IPv6 first, then the families by turns (RFC 8305 §4).
#[derive(Default)]
struct Queue {
    six: VecDeque<IpAddr>,
    four: VecDeque<IpAddr>,
    last: Option<Family>,
}

impl Queue {
    fn add(&mut self, family: Family, addresses: Vec<IpAddr>) {
        match family {
            Family::Six => self.six.extend(addresses),
            Family::Four => self.four.extend(addresses),
        }
    }

    fn is_empty(&self) -> bool {
        self.six.is_empty() && self.four.is_empty()
    }

    fn pop(&mut self) -> Option<IpAddr> {
        let turn_of_four = self.last == Some(Family::Six);
        let family = if self.six.is_empty() || (turn_of_four && !self.four.is_empty()) {
            Family::Four
        } else {
            Family::Six
        };
        self.last = Some(family);
        match family {
            Family::Six => self.six.pop_front(),
            Family::Four => self.four.pop_front(),
        }
    }
}

#[cfg(test)]
mod rfc8305 {
    use std::cell::RefCell;
    use std::future::{Ready, pending, ready};
    use std::pin::Pin;

    use super::*;

    type Lookup = Pin<Box<dyn Future<Output = (Family, Vec<IpAddr>)>>>;

    fn addresses(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn known(family: Family, texts: &[&str]) -> Lookup {
        Box::pin(ready((family, addresses(texts))))
    }

    /// The milliseconds at which each address is tried; an attempt never ends unless its address stands in `refused`.
    async fn tried(
        lookups: Vec<Lookup>,
        refused: &'static [&'static str],
        until: Duration,
    ) -> Vec<(u128, String)> {
        let begun = Instant::now();
        let tried = RefCell::new(Vec::new());
        let connect = |address: IpAddr| {
            tried.borrow_mut().push((begun.elapsed().as_millis(), address.to_string()));
            let is_refused = refused.contains(&address.to_string().as_str());
            async move { if is_refused { Err::<(), ()>(()) } else { pending().await } }
        };
        let _ = tokio::time::timeout(until, race(lookups, connect)).await;
        tried.into_inner()
    }

    fn at(tried: &[(u128, &str)]) -> Vec<(u128, String)> {
        tried.iter().map(|(at, address)| (*at, (*address).to_owned())).collect()
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn attempts_begin_a_quarter_of_a_second_apart_and_by_turns() {
        let lookups = || {
            vec![
                known(Family::Four, &["192.0.2.1", "192.0.2.2"]),
                known(Family::Six, &["2001:db8::1", "2001:db8::2"]),
            ]
        };
        let want = [(0, "2001:db8::1"), (250, "192.0.2.1"), (500, "2001:db8::2"), (750, "192.0.2.2")];
        assert_eq!(tried(lookups(), &[], SECOND).await, at(&want));
    }

    #[tokio::test(start_paused = true)]
    async fn refused_attempt_starts_the_next_one_at_once() {
        let lookups =
            vec![known(Family::Six, &["2001:db8::1"]), known(Family::Four, &["192.0.2.1", "192.0.2.2"])];
        let want = [(0, "2001:db8::1"), (0, "192.0.2.1"), (250, "192.0.2.2")];
        assert_eq!(tried(lookups, &["2001:db8::1"], SECOND).await, at(&want));
    }

    #[tokio::test(start_paused = true)]
    async fn other_family_is_waited_for_fifty_milliseconds() {
        let late = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            (Family::Six, addresses(&["2001:db8::1"]))
        };
        let lookups: Vec<Lookup> = vec![known(Family::Four, &["192.0.2.1"]), Box::pin(late)];
        assert_eq!(tried(lookups, &[], SECOND).await, at(&[(50, "192.0.2.1"), (300, "2001:db8::1")]));
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_many_addresses_are_tried() {
        let many: Vec<IpAddr> = (0..200).map(|n| IpAddr::from([192, 0, 2, n])).collect();
        let lookups: Vec<Lookup> = vec![Box::pin(ready((Family::Four, many)))];
        assert_eq!(tried(lookups, &[], 100 * SECOND).await.len(), MAX_ATTEMPTS);
    }

    #[tokio::test(start_paused = true)]
    async fn first_success_wins_and_failures_are_kept_otherwise() {
        let lookups = || vec![known(Family::Six, &["2001:db8::1"]), known(Family::Four, &["192.0.2.1"])];
        let connect = |address: IpAddr| -> Ready<Result<IpAddr, IpAddr>> {
            ready(if address.is_ipv4() { Ok(address) } else { Err(address) })
        };
        assert!(matches!(race(lookups(), connect).await, Finish::Won(IpAddr::V4(_))));
        let refuse = |address: IpAddr| -> Ready<Result<(), IpAddr>> { ready(Err(address)) };
        assert!(matches!(race(lookups(), refuse).await, Finish::Lost(failures) if failures.len() == 2));
        assert!(
            matches!(race(Vec::<Lookup>::new(), refuse).await, Finish::Lost(failures) if failures.is_empty())
        );
    }
}
