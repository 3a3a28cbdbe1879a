//! Single flight: who asks what is being found out already waits for that.
//!
//! Whoever asks first does the work as part of waiting for it, which costs no task. Who stops waiting leaves the rest to a
//! task, so that the work ends even if everybody who waited has gone.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::sync::SetOnce;

/// Work under way, by what it finds out.
pub(crate) struct Flights<K, V> {
    under_way: UnderWay<K, V>,
    /// Where work goes on that nobody waits for any more.
    runtime: Handle,
}

type UnderWay<K, V> = Arc<Mutex<HashMap<K, Arc<Outcome<V>>>>>;

/// What came of the work, once it ended; nothing if it died.
type Outcome<V> = SetOnce<Option<V>>;

impl<K, V> Flights<K, V>
where
    K: Clone + Eq + Hash + Send + Unpin + 'static,
    V: Clone + Send + Sync + Unpin + 'static,
{
    pub(crate) fn new(runtime: Handle) -> Self {
        Self { under_way: Arc::default(), runtime }
    }

    /// How much is under way.
    pub(crate) fn len(&self) -> usize {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Joins the work on `key`, or takes it up; `None` if it died. Others may wait for what is taken up here: it is to be
    /// awaited at once, or dropped.
    pub(crate) fn join<W, F>(&self, key: K, work: W) -> impl Future<Output = Option<V>> + use<K, V, W, F>
    where
        W: FnOnce() -> F,
        F: Future<Output = V> + Send + 'static,
    {
        let place = self.board(key, work);
        async move {
            match place {
                Place::Pilot(flight) => flight.await,
                Place::Passenger(outcome) => outcome.wait().await.clone(),
            }
        }
    }

    fn board<F>(&self, key: K, work: impl FnOnce() -> F) -> Place<K, V, F>
    where
        F: Future<Output = V> + Send + 'static,
    {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outcome) = under_way.get(&key) {
            return Place::Passenger(Arc::clone(outcome));
        }
        let outcome = Arc::new(Outcome::new());
        under_way.insert(key.clone(), Arc::clone(&outcome));
        drop(under_way);
        let landing = Landing { under_way: Arc::clone(&self.under_way), key, outcome, value: None };
        let flying = Some((Box::pin(work()), landing));
        Place::Pilot(Flight { flying, runtime: self.runtime.clone() })
    }
}

enum Place<K, V, F>
where
    K: Eq + Hash + Send + 'static,
    V: Send + Sync + 'static,
    F: Future<Output = V> + Send + 'static,
{
    Pilot(Flight<K, V, F>),
    Passenger(Arc<Outcome<V>>),
}

/// Work that is done by whoever awaits this.
struct Flight<K, V, F>
where
    K: Eq + Hash + Send + 'static,
    V: Send + Sync + 'static,
    F: Future<Output = V> + Send + 'static,
{
    /// The work; none once it ended.
    flying: Option<Flying<K, V, F>>,
    runtime: Handle,
}

type Flying<K, V, F> = (Pin<Box<F>>, Landing<K, V>);

impl<K, V, F> Future for Flight<K, V, F>
where
    K: Eq + Hash + Send + Unpin + 'static,
    V: Clone + Send + Sync + Unpin + 'static,
    F: Future<Output = V> + Send + 'static,
{
    type Output = Option<V>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<V>> {
        let Some((mut work, landing)) = self.flying.take() else { return Poll::Ready(None) };
        // Others wait for this work: they are told if it dies, and whoever does it lives on.
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(Poll::Pending) => {
                self.flying = Some((work, landing));
                Poll::Pending
            }
            Ok(Poll::Ready(value)) => {
                landing.with(value.clone());
                Poll::Ready(Some(value))
            }
            Err(_) => Poll::Ready(None),
        }
    }
}

impl<K, V, F> Drop for Flight<K, V, F>
where
    K: Eq + Hash + Send + 'static,
    V: Send + Sync + 'static,
    F: Future<Output = V> + Send + 'static,
{
    fn drop(&mut self) {
        if let Some((work, landing)) = self.flying.take() {
            self.runtime.spawn(async move { landing.with(work.await) });
        }
    }
}

/// Takes the flight off the list and tells who waits, however it ends.
struct Landing<K: Eq + Hash, V> {
    under_way: UnderWay<K, V>,
    key: K,
    outcome: Arc<Outcome<V>>,
    value: Option<V>,
}

impl<K: Eq + Hash, V> Landing<K, V> {
    fn with(mut self, value: V) {
        self.value = Some(value);
    }
}

impl<K: Eq + Hash, V> Drop for Landing<K, V> {
    fn drop(&mut self) {
        // First nobody can join any more, then those who did are told.
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
        let _ = self.outcome.set(self.value.take());
    }
}

#[cfg(test)]
mod single_flights {
    use tokio::sync::oneshot;

    use super::*;

    fn flights() -> Flights<u8, u32> {
        Flights::new(Handle::current())
    }

    #[tokio::test]
    async fn are_shared_by_all_who_ask_for_the_same() {
        let flights = flights();
        let (end, ended) = oneshot::channel();
        let first = flights.join(1, || async move { ended.await.unwrap() });
        let second = flights.join(1, || async { unreachable!("it is under way") });
        assert_eq!(flights.len(), 1);
        end.send(7).unwrap();
        assert_eq!(tokio::join!(second, first), (Some(7), Some(7)));
        assert_eq!(flights.len(), 0);
        assert_eq!(flights.join(1, || async { 8 }).await, Some(8));
    }

    #[tokio::test]
    async fn go_on_when_whoever_began_them_has_gone() {
        let flights = flights();
        let (end, ended) = oneshot::channel();
        let mut first = Box::pin(flights.join(1, || async move { ended.await.unwrap() }));
        assert!(tokio::time::timeout(std::time::Duration::ZERO, &mut first).await.is_err());
        let second = flights.join(1, || async { unreachable!("it is under way") });
        drop(first);
        end.send(7).unwrap();
        assert_eq!(second.await, Some(7));
    }

    #[tokio::test]
    async fn that_die_are_told_to_all_who_wait() {
        let flights = flights();
        let (end, ended) = oneshot::channel::<u32>();
        let first = flights.join(1, || async move { ended.await.unwrap() });
        let second = flights.join(1, || async { unreachable!("it is under way") });
        drop(end);
        assert_eq!(tokio::join!(second, first), (None, None));
        assert_eq!(flights.join(1, || async { 8 }).await, Some(8));
    }

    #[test]
    fn end_with_their_runtime() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let flights = Flights::<u8, u32>::new(runtime.handle().clone());
        drop(flights.join(1, std::future::pending));
        let second = flights.join(1, || async { unreachable!("it is under way") });
        drop(runtime);
        let waiting = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(waiting.block_on(second), None);
        // Nor do they outlive it.
        drop(flights.join(2, std::future::pending));
        assert_eq!(flights.len(), 0);
    }
}
