//! Publications on a disk of their own, with witnesses that answer at once, and everything that may go wrong.

mod crashes;
mod publications;
mod refreshing;
mod relax_orders;
mod roots;
mod serials;
mod signatures;
mod witnesses;
mod world;

use std::fs;

use starttls_trust::Bundle;
use starttls_trust::document::RelaxCancel;

use super::*;
use world::{START, World, organisation, relax, signed, template, time};
