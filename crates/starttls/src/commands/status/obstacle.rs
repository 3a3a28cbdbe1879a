//! Reasons why a policy in force has no effect, or less than it should.

use starttls_apply::postfix::InEffect;
use starttls_policy::Severity;

use super::in_force::InForce;

/// Why a policy that was activated does not do what it should.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Obstacle {
    /// Postfix cannot read the table that main.cf names.
    Defers,
    /// main.cf names the table of another output directory instead.
    OtherOutput,
    /// main.cf does not name the table.
    Unnamed,
    /// The service that delivers most mail does not ask the table.
    Bypassed,
    /// The tables before ours answer for every listed domain.
    Hidden,
    /// Something else of severity error.
    Faults,
}

impl InForce {
    /// Why the policy has no effect, or has faults; `None` where nothing is known to be wrong.
    pub(super) fn obstacle(&self) -> Option<Obstacle> {
        let effect = self.effect.as_ref();
        let is = |test: fn(&InEffect) -> bool| effect.is_some_and(test);
        Some(if is(|effect| effect.is_named && effect.table.defers_mail()) {
            Obstacle::Defers
        } else if self.other_output().is_some() {
            Obstacle::OtherOutput
        } else if is(|effect| !effect.is_named) {
            Obstacle::Unnamed
        } else if is(InEffect::is_bypassed) {
            Obstacle::Bypassed
        } else if is(|effect| effect.hidden_by().is_some()) {
            Obstacle::Hidden
        } else if self.findings.iter().any(|finding| finding.severity == Severity::Error) {
            Obstacle::Faults
        } else {
            return None;
        })
    }
}
