//! What an activation records: from what the policy was made, until when, who watches, who is alerted.
//!
//! Made here from lists, overrides and settings; written and read by `starttls_apply::validity`. `withdraw` reads nothing
//! else.

mod expiries;
mod lines;
#[cfg(test)]
mod tests;
mod walk;

use starttls_apply::Generations;
use starttls_apply::validity::{
    ActivationState, Alert, Part, PartKind, State, Validity, ValidityError, Watcher,
};
use starttls_policy::Timestamp;

pub(crate) use expiries::{Foreseen, Rendering, foresee};
pub(crate) use walk::Walk;

use crate::known::Known;
use crate::settings::value::Word as _;
use crate::settings::{Settings, WithdrawalTimer};
use crate::target::Target;

/// How long an activation may last, and who watches over it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// When all of it ends, by the operator's word.
    pub(crate) until: Option<Timestamp>,
    /// Who runs `starttls withdraw`.
    pub(crate) watcher: Watcher,
}

impl Terms {
    /// What the settings say; the lists alone end it.
    pub(crate) fn of(settings: &Settings) -> Self {
        let watcher = match settings.update.withdrawal_timer.value {
            WithdrawalTimer::Install => Watcher::Timer,
            WithdrawalTimer::Own => Watcher::Own,
        };
        Self { until: None, watcher }
    }
}

/// The record of a policy that is made from `known` now.
pub(crate) fn of(
    known: &Known,
    target: &Target,
    terms: Terms,
    table_sha256: String,
    now: Timestamp,
) -> Validity {
    let (postfix_config, postfix_commands) = target.server.directories();
    Validity {
        made: now,
        table_type: target.table.name().to_owned(),
        table_sha256,
        postfix_config,
        postfix_commands,
        watcher: terms.watcher,
        parts: parts(known, now),
        until: terms.until,
    }
}

fn parts(known: &Known, now: Timestamp) -> Vec<Part> {
    let lists = known.lists.iter().map(|list| Part {
        kind: PartKind::List,
        name: list.name.clone(),
        serial: Some(list.list.lookup().head().serial),
        expires: list.until,
    });
    let orders = known.lists.iter().flat_map(|list| {
        list.relax_changes().filter(|at| *at > now).map(|at| Part {
            kind: PartKind::RelaxOrders,
            name: format!("relax orders of {}", list.name),
            serial: None,
            expires: Some(at),
        })
    });
    let overrides = known.overrides.in_force(now).map(|standing| Part {
        kind: PartKind::Override,
        name: format!("override of {}", standing.operator.domain),
        serial: None,
        expires: Some(standing.operator.until),
    });
    lists.chain(orders).chain(overrides).collect()
}

/// Who is alerted, as the settings say.
pub(crate) fn alert_of(settings: &Settings) -> Alert {
    let update = &settings.update;
    Alert {
        command: update.alert_command.value.clone(),
        mail: update.alert_mail.value.as_ref().map(|mail| mail.as_str().to_owned()),
        mail_from: update.mail_from.value.as_ref().map(|mail| mail.as_str().to_owned()),
        submission: Some(update.submission.value.word()),
        ca_file: update.ca_file.value.clone(),
    }
}

/// Records what holds of an output directory from now on, and whom withdrawal alerts.
pub(crate) fn enter(
    generations: &Generations,
    settings: &Settings,
    state: State,
    now: Timestamp,
) -> Result<ActivationState, ValidityError> {
    let before = ActivationState::read(generations.root()).ok().flatten();
    let after = ActivationState::followed_by(before.clone(), state, now);
    if before.as_ref() != Some(&after) {
        after.write(generations)?;
    }
    let alert = alert_of(settings);
    if Alert::read(generations.root()).ok().as_ref() != Some(&alert) {
        alert.write(generations)?;
    }
    Ok(after)
}
