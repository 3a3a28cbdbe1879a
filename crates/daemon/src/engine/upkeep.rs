//! Upkeep: answers found out again before they end, policies looked at before theirs, the resolver put to the proof.

use std::sync::{Arc, Weak};
use std::time::Duration;

use starttls_discover::Discovering;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use super::reader::Reader;
use super::sts::jittered;
use super::{Inner, Known, Memory, Target};
use crate::answer::Form;

/// How often policies that nobody asked for are looked through, and how many of them at a time.
const ROUND: Duration = Duration::from_mins(1);
const PER_ROUND: usize = 500;

/// Policies that nobody asked for are confirmed once in this time.
const CONFIRM: Duration = Duration::from_hours(12);

/// They are looked at that long before their end, in any case.
const BEFORE_END: Duration = Duration::from_hours(6);

/// How often new domains over the budget are given their turn, and how many of them at most.
const TURN: Duration = Duration::from_secs(1);
const PER_TURN: usize = 500;

/// While validation is not proven, or the last proof had no result, proofs are made at least that often.
const PROVE_AGAIN: Duration = Duration::from_secs(5);

/// How often it is looked whether look-ups are answered, and by which resolvers.
const WATCH_EVERY: Duration = Duration::from_secs(1);

/// Answers found out beforehand at the same time.
const AT_ONCE: usize = 16;

/// Starts all upkeep; it ends with the engine.
pub(crate) fn start<D: Discovering, K: Known, M: Memory>(
    inner: &Arc<Inner<D, K, M>>,
    to_refresh: mpsc::Receiver<(Form, Target)>,
    runtime: &Handle,
) {
    runtime.spawn(refresh(Arc::downgrade(inner), to_refresh));
    runtime.spawn(look_through(Arc::downgrade(inner)));
    runtime.spawn(give_turns(Arc::downgrade(inner)));
    runtime.spawn(keep_proving(Arc::downgrade(inner)));
    runtime.spawn(keep_trying_denials(Arc::downgrade(inner)));
    runtime.spawn(keep_watching(Arc::downgrade(inner)));
}

/// Finds answers out that are asked for and near their end.
async fn refresh<D: Discovering, K: Known, M: Memory>(
    engine: Weak<Inner<D, K, M>>,
    mut to_refresh: mpsc::Receiver<(Form, Target)>,
) {
    let places = Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
    while let Some((form, target)) = to_refresh.recv().await {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Some(inner) = engine.upgrade() else { return };
        let canonical = target.to_string();
        let now = Instant::now();
        let kept = inner.hot.get(form, canonical.as_bytes(), inner.known.generation(), now);
        // What is gone is found out when somebody asks; what was found out meanwhile is done.
        let Some(kept) = kept.filter(|kept| kept.refresh <= now) else { continue };
        tokio::spawn(async move {
            // What would end together with the old answer is asked anew, too.
            let domain = target.domain.clone();
            let found = inner.found(target, Reader::of(form), kept.until).await;
            inner.metrics.refreshed(super::ended(found.until > kept.until));
            inner.keep_hot(form, &canonical, &domain, &found);
            drop(place);
        });
    }
}

/// Looks at kept policies that nobody asks for, so that they are there when somebody does.
async fn look_through<D: Discovering, K: Known, M: Memory>(engine: Weak<Inner<D, K, M>>) {
    loop {
        sleep(jittered(ROUND)).await;
        let Some(inner) = engine.upgrade() else { return };
        let now = inner.clock.now();
        let before = |span: Duration| now.seconds().saturating_sub(span.as_secs());
        let after = now.seconds().saturating_add(BEFORE_END.as_secs());
        let (Ok(confirmed), Ok(ends)) = (
            starttls_policy::Timestamp::from_seconds(before(CONFIRM)),
            starttls_policy::Timestamp::from_seconds(after),
        ) else {
            continue;
        };
        let due = inner.memory.due(confirmed, ends, PER_ROUND).await;
        let pause = ROUND / u32::try_from(due.len().max(1)).unwrap_or(u32::MAX) / 2;
        for domain in due {
            if inner.sts.get(&domain).is_some_and(|kept| kept.until > Instant::now()) {
                // It failed a moment ago.
                continue;
            }
            let remembered = inner.memory.recall(&domain, inner.clock.now()).await;
            let release = remembered.standing_release();
            if let Some(kept) = inner.standing_policy(&remembered) {
                inner.look_again(&domain, kept.clone(), release).await;
            }
            sleep(pause).await;
        }
    }
}

/// Fetches the policies of new domains over the budget, as soon as the budget allows it.
async fn give_turns<D: Discovering, K: Known, M: Memory>(engine: Weak<Inner<D, K, M>>) {
    loop {
        sleep(TURN).await;
        let Some(inner) = engine.upgrade() else { return };
        let now = Instant::now();
        for domain in inner.waiting.take(PER_TURN, |domain| inner.budget.grants(domain, now)) {
            tokio::spawn(inner.look_in_turn(domain));
        }
        if inner.waiting.len() == 0 {
            inner.overrun.none_waits();
        }
    }
}

/// Proves by the clock, and whenever an answer or a resolver gives reason to.
async fn keep_proving<D: Discovering, K: Known, M: Memory>(engine: Weak<Inner<D, K, M>>) {
    let Some((every, wanted)) =
        engine.upgrade().map(|inner| (inner.settings.prove_every, inner.validation.wanted()))
    else {
        return;
    };
    let every = every.max(Duration::from_secs(1));
    loop {
        let pause = {
            let Some(inner) = engine.upgrade() else { return };
            inner.prove_after(Instant::now()).await;
            if inner.validation.is_settled() { every } else { every.min(PROVE_AGAIN) }
        };
        // Whichever comes first.
        let _ = timeout(pause, wanted.notified()).await;
    }
}

/// Tries denials by the clock; beside the proofs, which must not wait for one that hangs.
async fn keep_trying_denials<D: Discovering, K: Known, M: Memory>(engine: Weak<Inner<D, K, M>>) {
    loop {
        let every = {
            let Some(inner) = engine.upgrade() else { return };
            inner.validation.first().await;
            inner.try_denial().await;
            inner.settings.prove_every
        };
        sleep(every.max(Duration::from_secs(1))).await;
    }
}

/// Looks whether look-ups are answered, also while nobody asks for any, and whether the wall clock was set.
async fn keep_watching<D: Discovering, K: Known, M: Memory>(engine: Weak<Inner<D, K, M>>) {
    let Some(mut lead) = engine.upgrade().map(|inner| inner.clock.lead()) else { return };
    loop {
        sleep(WATCH_EVERY).await;
        let Some(inner) = engine.upgrade() else { return };
        lead = inner.watch_clock(lead);
        inner.renew_lookups();
    }
}
