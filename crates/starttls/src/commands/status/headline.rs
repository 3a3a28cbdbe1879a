//! One line that says what is in force, and never more than holds.

use std::io::Write as _;

use owo_colors::OwoColorize;
use starttls_apply::postfix::InEffect;
use starttls_apply::validity::State;
use starttls_policy::Timestamp;

use super::away;
use super::in_force::InForce;
use super::obstacle::Obstacle;

/// Prints what is in force, and until when.
pub(super) fn print(in_force: &InForce, now: Timestamp) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{} {}", "in force:".bold(), line(in_force))?;
    if let Some(deadline) = in_force.deadline() {
        writeln!(out, "  until   {deadline}{}", away(now, deadline))?;
    }
    Ok(())
}

fn line(in_force: &InForce) -> String {
    let since = in_force.state.as_ref().map_or_else(String::new, |state| format!(" at {}", state.since));
    let is_named = in_force.effect.as_ref().is_some_and(|effect| effect.is_named);
    let obstacle = in_force.obstacle();
    match in_force.meant() {
        _ if obstacle == Some(Obstacle::Defers) => {
            "nothing; Postfix defers all mail, since it cannot read our table, which main.cf names".to_owned()
        }
        _ if let Some(other) = in_force.other_output() => {
            format!("the policy of another output directory, {}, which is no longer updated", other.display())
        }
        None if is_named => {
            "not known; main.cf names our table, and nothing records an activation".to_owned()
        }
        None => "nothing was put into force yet".to_owned(),
        Some(State::Deactivated) => {
            format!("nothing; deactivated by the operator{since}; `starttls update --activate` puts it back")
        }
        Some(State::Withdrawn) => {
            format!("nothing; everything had expired, or the table was missing, and was taken out{since}")
        }
        Some(State::Active | State::Written) => {
            let parts =
                in_force.recorded().map(|validity| validity.parts.iter().map(|part| part.name.as_str()));
            let parts: Option<Vec<&str>> = parts.map(Iterator::collect);
            let parts = match parts.as_deref() {
                None => "not known, since the activation record is lost".to_owned(),
                Some([]) => "nothing".to_owned(),
                Some(parts) => parts.join(", "),
            };
            match obstacle {
                None | Some(Obstacle::Defers | Obstacle::OtherOutput) => parts,
                Some(Obstacle::Unnamed) => {
                    format!("nothing, since main.cf does not name our table; made from {parts}")
                }
                Some(Obstacle::Bypassed) => {
                    format!(
                        "nothing for most mail, since the main service does not ask our table; made from {parts}"
                    )
                }
                Some(Obstacle::Hidden) => {
                    let tables = in_force.effect.as_ref().and_then(InEffect::hidden_by).unwrap_or_default();
                    format!(
                        "nothing, since every listed domain gets its answer from `{tables}`, which stands before our \
                         table; made from {parts}"
                    )
                }
                Some(Obstacle::Faults) => format!("{parts}, with faults: see the errors below"),
            }
        }
    }
}
