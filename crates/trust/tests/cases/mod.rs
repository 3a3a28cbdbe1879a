//! How each attack is made.
#![allow(clippy::unwrap_used, reason = "a test alone uses it, and what does not work is to stop it")]

mod lists;
mod logs;
mod orders;
mod roots;
mod times;

use starttls_trust::document::RelaxSet;
use starttls_trust::{Anchor, Bundle, Memory};

use crate::world::{Files, Listing, NOW, World, list_text};

/// One attack: what the client has, what it is offered, and a part of what it must say.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    pub(crate) anchor: Anchor,
    pub(crate) memory: Option<Memory>,
    pub(crate) bundle: Bundle,
    pub(crate) list: String,
    pub(crate) tiles: Files,
    pub(crate) now: &'static str,
    pub(crate) says: &'static str,
}

/// A day on which an ordinary world was last cosigned.
const TODAY: &str = "2026-11-21T20:00:00Z";

fn none() -> RelaxSet {
    RelaxSet::default()
}

/// What is offered first, to be changed by each attack.
fn attack(name: &'static str, says: &'static str, world: &World, bundle: Bundle, list: &Listing) -> Attack {
    Attack {
        name,
        anchor: world.anchor(),
        memory: None,
        bundle,
        list: list.text.clone(),
        tiles: world.files.clone(),
        now: NOW,
        says,
    }
}

/// An offer of a list alone, by a world that is otherwise in order.
fn of_list(name: &'static str, says: &'static str, list: &Listing) -> Attack {
    let mut world = World::new();
    let bundle = world.publish(list, &none(), TODAY);
    attack(name, says, &world, bundle, list)
}

/// An offer of relax orders.
fn of_orders(name: &'static str, says: &'static str, set: &RelaxSet) -> Attack {
    let (mut world, list) = (World::new(), Listing::ordinary(2));
    let bundle = world.publish(&list, set, TODAY);
    attack(name, says, &world, bundle, &list)
}

/// A world whose first list a client has accepted.
fn known(list: &Listing, set: &RelaxSet) -> (World, Bundle, Memory) {
    let mut world = World::new();
    let bundle = world.publish(list, set, TODAY);
    let memory = world.accept(None, &bundle, &list.text, NOW).unwrap().memory;
    (world, bundle, memory)
}

pub(crate) fn all() -> Vec<Attack> {
    let mut all = lists::all();
    all.extend(roots::all());
    all.extend(logs::all());
    all.extend(times::all());
    all.extend(orders::all());
    all
}

fn year(serial: u64) -> String {
    list_text(serial, "2026-11-02T00:00:00Z", "2027-11-01T00:00:00Z", "")
}
