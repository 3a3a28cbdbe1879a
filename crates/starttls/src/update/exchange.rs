//! The exchange of the generation in force for another one, by activating that.

use std::time::Duration;

use starttls_apply::Generations;
use starttls_apply::postfix::{self, LiveProbe, Plan, Wanted};
use starttls_apply::validity::ActivationState;
use starttls_policy::Finding;

use super::applied::{Applied, Counts, Named, untouched};
use super::entered::Entered;
use super::force::Force;
use super::{Kind, findings, timer};
use crate::target::Prepared;

/// Our table is put back into main.cf once within this time: whoever removes it again means to.
const REPAIR_AGAIN_AFTER: Duration = Duration::from_hours(24);

/// How main.cf stands to our table before an exchange.
pub(super) struct Standing {
    /// It names the table.
    pub(super) is_active: bool,
    /// Another program removed it.
    pub(super) was_undone: bool,
    /// The table of ours that it names.
    pub(super) named: Option<Named>,
}

/// Has the mail server use a generation instead of the one in force.
pub(super) fn exchange(
    force: &Force<'_>,
    prepared: Prepared<'_>,
    generations: &Generations,
    standing: &Standing,
    state: Option<&ActivationState>,
    found: &mut Vec<Finding>,
) -> anyhow::Result<Applied> {
    let Force { target, settings, kind, now, .. } = *force;
    let refused = || Applied::Refused { stands: untouched(generations.root(), standing.named.as_ref(), now) };
    let is_safe = prepared.refusals().is_empty();
    let Prepared { ready, rendered, .. } = prepared;
    let counts = Counts::of(&rendered.summary);
    let repaired = state.and_then(|state| state.repaired);
    if standing.was_undone
        && let Some(repaired) = repaired.filter(|then| then.until(now) < REPAIR_AGAIN_AFTER)
    {
        let message = format!(
            "another program took our table out of main.cf again, which was put back at {repaired}; it is left out"
        );
        let cure = "have that program name our table in `smtp_tls_policy_maps`, then run `starttls update --activate`; \
                    or run `starttls generate --deactivate`";
        found.push(findings::UNDONE_AGAIN.finding("", message).with_cure(cure));
        return Ok(refused());
    }
    // Live probes are for the first time; a domain whose server is down now must not hold up all others' policies.
    let is_first = !standing.is_active && !standing.was_undone;
    let probe =
        if is_first && settings.postfix.probe.value { LiveProbe::Run(Vec::new()) } else { LiveProbe::Skip };
    let wanted = Wanted {
        table_type: target.table,
        settings: &rendered.summary.settings,
        written_for: target.written_for()?,
        probe,
    };
    let plan = Plan::make(&target.server.instance(), generations, Some(&ready), &wanted)?;
    let diff = plan.diff.clone();
    let refusals: Vec<Finding> = plan.refusals().cloned().collect();
    if !(is_safe && refusals.is_empty()) {
        found.push(findings::NOT_ACTIVATED.finding("", "the new policy was not put into force"));
        found.extend(refusals);
        return Ok(refused());
    }
    if kind == Kind::DryRun {
        return Ok(Applied::Tried { counts, diff });
    }
    let repaired = standing.was_undone.then_some(now);
    let entered = Entered::write(generations, settings, repaired, now)?;
    let done = match postfix::activate(plan, generations, Some(ready)) {
        Ok(done) => done,
        Err(error) => return Err(entered.undone_after(error.into(), generations)),
    };
    found.extend(timer::install(settings, generations.root(), findings::NO_TIMER));
    if standing.was_undone {
        let message = "another program had taken our table out of main.cf; it was put back";
        let cure =
            "find out which program writes main.cf and have it name our table in `smtp_tls_policy_maps`";
        found.push(findings::REPAIRED.finding("", message).with_cure(cure));
    }
    let generation = done.published.map_or(0, |published| published.number);
    Ok(Applied::Exchanged { generation, counts, diff, running: done.running })
}
