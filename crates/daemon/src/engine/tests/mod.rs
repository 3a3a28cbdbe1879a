//! The engine in a made-up world: every rule with a fixed clock and no network.

mod caching;
mod failing_mx;
mod flood;
mod hostile_rows;
mod keys;
mod looked_up;
mod resolver;
mod rfc7672_section_2;
mod rfc8461_section_5;
mod seen_elsewhere;
mod short_loss;
mod unanswered_proofs;
mod unproven;
mod world;
mod wrong_clock;

use world::{World, reply};
