//! Single flight: who asks what is being found out already waits for that.
//!
//! The work is a task of its own, so that it ends even if everybody who waited has gone.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::watch;

/// Work under way, by what it finds out.
pub(crate) struct Flights<K, V> {
    flights: Under<K, V>,
    /// Where the work is done; whoever asks may be on another thread, with a runtime of its own.
    runtime: Handle,
}

type Under<K, V> = Arc<Mutex<HashMap<K, watch::Receiver<Option<V>>>>>;

impl<K, V> Flights<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub(crate) fn new(runtime: Handle) -> Self {
        Self { flights: Arc::default(), runtime }
    }

    /// How much is under way.
    pub(crate) fn len(&self) -> usize {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Joins the work on `key`, or begins it; `None` if it died.
    pub(crate) fn join<W, F>(&self, key: K, work: W) -> impl Future<Output = Option<V>> + use<K, V, W, F>
    where
        W: FnOnce() -> F,
        F: Future<Output = V> + Send + 'static,
    {
        let mut receiver = self.begin(key, work);
        async move { receiver.wait_for(Option::is_some).await.ok().and_then(|value| value.clone()) }
    }

    fn begin<F>(&self, key: K, work: impl FnOnce() -> F) -> watch::Receiver<Option<V>>
    where
        F: Future<Output = V> + Send + 'static,
    {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(receiver) = flights.get(&key) {
            return receiver.clone();
        }
        let (sender, receiver) = watch::channel(None);
        flights.insert(key.clone(), receiver.clone());
        let landing = Landing { flights: Arc::clone(&self.flights), key };
        let work = work();
        self.runtime.spawn(async move {
            let value = work.await;
            // First nobody can join any more, then those who did are told.
            drop(landing);
            sender.send_replace(Some(value));
        });
        receiver
    }
}

/// Takes the flight off the list however it ends.
struct Landing<K: Eq + Hash, V> {
    flights: Under<K, V>,
    key: K,
}

impl<K: Eq + Hash, V> Drop for Landing<K, V> {
    fn drop(&mut self) {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}
