//! The engine in a made-up world: every rule with a fixed clock and no network.

mod caching;
mod flood;
mod keys;
mod looked_up;
mod resolver;
mod rfc7672_section_2;
mod rfc8461_section_5;
mod seen_elsewhere;
mod short_loss;
mod unproven;
mod world;

use world::{World, reply};
