//! What is accepted, what is remembered of it, and in which order a candidate is judged.
#![allow(clippy::unwrap_used, reason = "what should be accepted and is not is a failed test")]

mod world;

use std::cell::Cell;

use starttls_trust::accept::{self, Facts, Memory, PlainMemory, Refusal, Weight, plain};
use starttls_trust::document::RelaxSet;
use starttls_trust::ladder::Event;
use starttls_trust::{Bundle, Digest};

use world::{Counted, Listing, NOW, World, list_text, read, time};

const TODAY: &str = "2026-11-21T20:00:00Z";

fn published(world: &mut World, serial: u64) -> (Listing, Bundle) {
    let list = Listing::ordinary(serial);
    let bundle = world.publish(&list, &RelaxSet::default(), TODAY);
    (list, bundle)
}

fn accepted(world: &World, memory: Option<&Memory>, list: &Listing, bundle: &Bundle) -> Memory {
    world.accept(memory, bundle, &list.text, NOW).unwrap().memory
}

mod an_honest_mirror {
    use super::*;

    #[test]
    fn is_accepted_at_first_sight_and_at_every_step() {
        let mut world = World::new();
        let (list, bundle) = published(&mut world, 1);
        let mut memory = accepted(&world, None, &list, &bundle);
        for serial in 2..12 {
            let (list, bundle) = published(&mut world, serial);
            memory = accepted(&world, Some(&memory), &list, &bundle);
            assert_eq!((memory.list.serial, memory.log.tree), (serial, world.head));
        }
        assert_eq!(memory.signers.iter().collect::<Vec<_>>(), ["alpha", "beta"]);
        assert_eq!(Memory::parse(memory.to_text().as_bytes()).unwrap(), memory);
    }

    #[test]
    fn is_accepted_again_without_reading_a_tile() {
        let mut world = World::new();
        let (list, bundle) = published(&mut world, 1);
        let memory = accepted(&world, None, &list, &bundle);
        let tiles = Counted(&world.files, Cell::new(0));
        let judged = accept::judge(&world.anchor(), Some(&memory), &bundle, &tiles, time(NOW)).unwrap();
        assert!(judged.is_held(Some(&memory)) && !judged.is_held(None));
        assert_eq!(judged.path(), format!("list/{}.json", memory.list.sha256));
        assert_eq!((accepted(&world, Some(&memory), &list, &bundle), tiles.1.get()), (memory, 0));
    }

    #[test]
    fn that_has_newer_cosignatures_alone_moves_the_end_and_nothing_else() {
        let mut world = World::new();
        let (list, mut bundle) = published(&mut world, 1);
        let memory = accepted(&world, None, &list, &bundle);
        assert_eq!(memory.term.end, time("2026-12-21T20:00:00Z"));
        let later = "2026-11-28T20:00:00Z";
        bundle.checkpoint = world.checkpoint(&[("one", later), ("four", later)]);
        let refreshed = world.accept(Some(&memory), &bundle, &list.text, later).unwrap().memory;
        assert_eq!(refreshed.term.end, time("2026-12-28T20:00:00Z"));
        let Memory { log, term, .. } = refreshed.clone();
        assert_eq!(Memory { log, term, ..memory }, refreshed);
    }

    #[test]
    fn that_is_a_few_hours_behind_does_not_move_the_end_back() {
        let mut world = World::new();
        let (list, mut bundle) = published(&mut world, 1);
        let memory = accepted(&world, None, &list, &bundle);
        let earlier = "2026-11-21T08:00:00Z";
        bundle.checkpoint = world.checkpoint(&[("one", earlier), ("four", earlier)]);
        assert_eq!(accepted(&world, Some(&memory), &list, &bundle), memory);
    }

    #[test]
    fn may_bring_new_keys_and_a_new_log() {
        let mut world = World::new();
        let (list, bundle) = published(&mut world, 1);
        let memory = accepted(&world, None, &list, &bundle);
        let new = |root: &mut starttls_trust::document::Root| {
            root.organisations.get_mut("gamma").unwrap().keys =
                vec![world::key("gamma.new").public().clone()];
        };
        world.rotate(new, &["alpha", "beta"]);
        let list = Listing::new(list_text(2, TODAY, "2027-11-01T00:00:00Z", ""), &["alpha", "gamma.new"]);
        let bundle = world.publish(&list, &RelaxSet::default(), TODAY);
        let memory = accepted(&world, Some(&memory), &list, &bundle);
        assert_eq!((memory.root.version, memory.signers.contains("gamma")), (2, true));
        // One that pinned the newer root needs no older one.
        let anchor = starttls_trust::Anchor::parse(memory.root_note.as_bytes()).unwrap();
        let mut short = bundle.clone();
        short.roots.remove(0);
        let tiles = &world.files;
        assert!(world::accept(&anchor, Some(&memory), &short, &list.text, tiles, time(NOW)).is_ok());
        assert!(world::accept(&anchor, None, &bundle, &list.text, tiles, time(NOW)).is_ok());
    }

    #[test]
    fn whose_witnesses_were_silent_for_a_week_is_ageing() {
        let mut world = World::new();
        let (list, bundle) = published(&mut world, 1);
        let event = |now| world.accept(None, &bundle, &list.text, now).map(|accepted| accepted.event);
        assert_eq!(event("2026-11-28T19:59:59Z"), Ok(Event::AcceptedFresh));
        assert_eq!(event("2026-11-28T20:00:00Z"), Ok(Event::AcceptedAgeing));
        assert_eq!(event("2026-12-21T19:59:59Z"), Ok(Event::AcceptedAgeing));
        assert!(matches!(event("2026-12-21T20:00:00Z"), Err(Refusal::Ended(_))));
    }
}

mod steps {
    use super::*;

    type Fault = fn(&World, &mut Bundle, &mut Memory);

    /// Faults, each of which alone is refused by one step; together the first step's refusal must come.
    #[test]
    fn are_taken_in_their_order() {
        let mut world = World::new();
        let (_, _) = published(&mut world, 1);
        let (list, newer) = published(&mut world, 3);
        let memory = accepted(&world, None, &list, &newer);
        let ended = Listing::new(list_text(4, "2026-11-04T00:00:00Z", TODAY, ""), &["alpha", "beta"]);
        let good = world.publish(&ended, &RelaxSet::default(), "2026-11-23T12:00:00Z");
        let faults: [(&str, Fault); 9] = [
            ("not ended", |world, bundle, _| {
                bundle.checkpoint = world.checkpoint(&[("one", TODAY), ("four", TODAY)]);
            }),
            ("quorum time", |_, _, _| ()),
            ("consistency", |_, _, memory| memory.log.tree.hash.0[0] ^= 1),
            ("inclusion", |_, bundle, _| bundle.included.clear()),
            ("manifest last", |_, bundle, _| bundle.manifest_proof.clear()),
            ("manifest", |_, bundle, _| bundle.relax.push(' ')),
            ("timestamp", |_, _, memory| memory.list.timestamp = time(TODAY)),
            ("serial", |_, _, memory| memory.list.serial = 5),
            ("threshold", |_, bundle, _| bundle.list = bundle.list.replace("— beta", "— bela")),
        ];
        let says = [
            "the list ended",
            "the witnesses' time is",
            "the log has forked",
            "does not show that the root",
            "not the last leaf",
            "names another relax set",
            "before the one that is known",
            "rolled back",
            "not signed as it must be",
        ];
        let (mut bundle, mut memory) = (good.clone(), memory);
        for (at, (name, fault)) in faults.into_iter().enumerate() {
            // The first fault is undone by the second: both are about the same cosignatures.
            if at == 1 {
                bundle.checkpoint.clone_from(&good.checkpoint);
            }
            fault(&world, &mut bundle, &mut memory);
            let refusal = world.accept(Some(&memory), &bundle, &ended.text, NOW).unwrap_err();
            assert!(refusal.to_string().contains(says[at]), "{name}: {refusal}");
        }
        bundle.roots.clear();
        let refusal = world.accept(Some(&memory), &bundle, &ended.text, NOW).unwrap_err();
        assert_eq!(refusal.to_string(), "the bundle carries no root");
    }
}

mod weights {
    use super::*;

    #[test]
    fn of_mirrors_that_are_behind_say_so() {
        let mut world = World::new();
        let (old, first) = published(&mut world, 1);
        let (list, bundle) = published(&mut world, 2);
        let memory = accepted(&world, None, &list, &bundle);
        let refusal = world.accept(Some(&memory), &first, &old.text, NOW).unwrap_err();
        assert!(refusal.is_behind());
        assert_eq!(refusal.weight(), Weight::FailedMirror);
        assert_eq!(refusal.weight().event(), Event::Failed);
        assert_eq!(Weight::Contradiction.event(), Event::Contradicted);
    }
}

mod lists_without_proofs {
    use super::*;

    fn facts(serial: u64, issued: &str, expires: &str, bytes: &[u8]) -> Facts {
        let sha256 = Digest::of(bytes);
        Facts { serial, sha256, timestamp: Some(time(issued)), expires: Some(time(expires)) }
    }

    fn judged(known: Option<&PlainMemory>, facts: Facts) -> Result<PlainMemory, Refusal> {
        plain(known, facts, time(NOW))
    }

    #[test]
    fn are_accepted_by_what_they_say_of_themselves() {
        let list = Listing::ordinary(7);
        let facts = Facts::of(&read(&list.text), list.statement.sha256);
        let memory = judged(None, facts).unwrap();
        assert_eq!((memory.serial, memory.term.end), (7, list.statement.expires));
        assert_eq!(judged(Some(&memory), facts), Ok(memory));
        assert_eq!(PlainMemory::parse(memory.to_text().as_bytes()).unwrap(), memory);
        assert_eq!(memory.event(time(NOW)), Event::AcceptedFresh);
    }

    #[test]
    fn are_refused_as_those_with_proofs_are() {
        let (issued, end) = ("2026-11-10T00:00:00Z", "2026-12-10T00:00:00Z");
        let known = judged(None, facts(7, issued, end, b"a")).unwrap();
        let cases = [
            (facts(6, issued, end, b"a"), "rolled back", Weight::FailedMirror),
            (facts(7, issued, end, b"b"), "two lists with serial 7", Weight::Contradiction),
            (facts(8, "2026-11-09T00:00:00Z", end, b"b"), "before the one", Weight::FailedMirror),
            (facts(8, "2026-11-23T00:00:01Z", end, b"b"), "hours ahead", Weight::Clock),
            (facts(8, issued, NOW, b"b"), "the list ended at", Weight::FailedMirror),
            (
                Facts { expires: None, ..facts(8, issued, end, b"b") },
                "no time or no end",
                Weight::FailedMirror,
            ),
            (
                Facts { timestamp: None, ..facts(8, issued, end, b"b") },
                "no time or no end",
                Weight::FailedMirror,
            ),
        ];
        for (facts, says, weight) in cases {
            let refusal = judged(Some(&known), facts).unwrap_err();
            assert!(refusal.to_string().contains(says), "{refusal}");
            assert_eq!(refusal.weight(), weight, "{refusal}");
        }
    }
}
