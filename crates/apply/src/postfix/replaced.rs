//! Lines of main.cf that a later one of the same parameter replaces: they count again as soon as that one is gone.
//!
//! Spec: postconf(5), "the last instance" of a parameter counts.

use std::path::Path;

use super::Detected;
use super::logical_lines::logical;
use super::main_cf::MainCf;
use super::reference::POLICY_MAPS;
use super::uses::{Place, Use, UseKind};
use crate::generations::CURRENT;

/// The replaced lines that lead into an output directory.
pub(super) fn uses(server: &Detected, main_cf: &MainCf, output: &Path) -> Vec<Use> {
    let lines = logical(&main_cf.bytes);
    let mut values: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.parameter())
        .filter_map(|(name, value)| (name == POLICY_MAPS).then_some(value))
        .collect();
    // The one that counts.
    values.pop();
    values
        .into_iter()
        .filter(|value| server.leads_into(output, value))
        .map(|value| Use {
            place: Place::MainCf,
            parameter: POLICY_MAPS.to_owned(),
            value: value.to_owned(),
            path: output.join(CURRENT),
            kind: UseKind::Indirect,
        })
        .collect()
}
