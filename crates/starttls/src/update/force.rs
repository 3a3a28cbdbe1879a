//! From merged lists to what the mail server does: written, checked, exchanged; or taken back when nothing is left.
//!
//! How one generation takes the place of another is `exchange`.

use starttls_apply::Generations;
use starttls_apply::postfix::{self, Detected, Instance, Survey, TakenOut, Withdrawal, is_recorded};
use starttls_apply::validity::{ActivationState, State};
use starttls_policy::{Finding, Timestamp};
use starttls_sources::Lock;

use super::applied::{Applied, Counts, Named, UNKNOWN, untouched};
use super::deactivation::Deactivation;
use super::dropped::Dropped;
use super::exchange::{Standing, exchange};
use super::missing::was_missing;
use super::withheld::Withheld;
use super::{Kind, SourceReport, dropped, findings, timer};
use crate::known::Known;
use crate::settings::Settings;
use crate::target::{self, Prepared, Target};
use crate::validity::{self, Terms};

/// One exchange of what the mail server works by.
pub(super) struct Force<'a> {
    pub(super) target: &'a Target,
    pub(super) settings: &'a Settings,
    pub(super) kind: Kind,
    pub(super) sources: &'a [SourceReport],
    pub(super) lock: &'a Lock,
    pub(super) now: Timestamp,
}

/// Puts what the lists say into force, or takes everything back when they say nothing any more.
///
/// # Errors
/// When we could not do our own work; what was in force still is.
pub(super) fn apply(force: &Force<'_>, known: &Known, found: &mut Vec<Finding>) -> anyhow::Result<Applied> {
    let Force { target, settings, kind, now, .. } = *force;
    let output = &settings.postfix.output.value;
    let activate = settings.update.activate.value;
    let has_anything = !known.lists.is_empty() || known.overrides.in_force(now).next().is_some();
    if !has_anything && !output.exists() {
        let detected = target.server.ask().ok().flatten();
        let named = detected.map(|detected| Named::of(&detected.survey(output)));
        return Ok(nothing_left(force, named.as_ref(), found));
    }
    let generations = target::open_when_free(output)?;
    let deactivation = Deactivation::read(generations.root(), force.lock.state());
    if let Some(state) = deactivation.of_output().filter(|_| kind != Kind::Activate) {
        return deactivated(force, state, &generations, found);
    }
    let instance = target.server.instance();
    let detected = if activate { Some(Detected::ask(&instance)?) } else { target.server.ask()? };
    let survey = detected.as_ref().map(|detected| detected.survey(generations.root()));
    let is_used = survey.as_ref().is_some_and(Survey::is_used);
    // Where the operator names the files by own means, main.cf need not name them.
    let named = survey.as_ref().map(Named::of).filter(|named| activate || *named != Named::Nothing);
    let is_active = detected.as_ref().is_some_and(|detected| detected.active_table(&generations).is_some());
    if !is_active && kind != Kind::Activate {
        if let Some(state) = deactivation.of_state_directory() {
            return deactivated(force, &state, &generations, found);
        }
        // Files that the operator's own means put into force are not deactivated. A damaged record of a policy in force is
        // replaced by what this run does.
        if let Some(unknown) = deactivation.unknown().filter(|_| activate || !is_used) {
            found.push(unknown);
            return Ok(Applied::Refused { stands: UNKNOWN.into() });
        }
    }
    if dropped::check(force, generations.root(), found) == Dropped::TooEarly {
        return Ok(Applied::Refused { stands: untouched(generations.root(), named.as_ref(), now) });
    }
    // Files that the operator's own means put into force stay there, and say nothing any more: a missing table would
    // defer all mail.
    if !has_anything && activate {
        return if is_used {
            withdraw(force, &generations, &instance, found)
        } else {
            Ok(nothing_left(force, named.as_ref(), found))
        };
    }
    let terms = Terms::of(settings);
    let prepared = match target.prepare(&generations, detected.as_ref(), known, terms, now)? {
        Ok(prepared) => prepared,
        Err(short) => {
            let summary = &short.0.summary;
            let lacking: Vec<&str> = summary.shortfalls.keys().copied().collect();
            found.push(
                findings::FALLS_SHORT
                    .finding("", format!("not everything can be expressed: {}", lacking.join(", "))),
            );
            return Ok(Applied::Refused { stands: untouched(generations.root(), named.as_ref(), now) });
        }
    };
    found.extend(prepared.unanswered.iter().cloned());
    found.extend(prepared.rendered.left_to_operator());
    if !activate || detected.is_none() {
        return write(force, prepared, &generations, is_used, found);
    }
    // An index that is not made of the text is made anew, as part of a new generation.
    let is_answering = detected
        .as_ref()
        .is_none_or(|detected| postfix::answers_as_written(&instance, detected, generations.root()));
    if is_active && is_answering && prepared.ready.is_in_force(&generations)? {
        if kind != Kind::DryRun {
            generations.describe_current(&prepared.validity, &prepared.expiries)?;
            validity::enter(&generations, settings, State::Active, now)?;
            found.extend(timer::install(settings, generations.root(), findings::NO_TIMER));
        }
        return Ok(Applied::Unchanged { counts: Counts::of(&prepared.rendered.summary) });
    }
    let was_undone = !is_used && is_recorded(generations.root()) && kind != Kind::Activate;
    let standing = Standing { is_active, was_undone, named };
    exchange(force, prepared, &generations, &standing, deactivation.state(), found)
}

/// Nothing of this output directory is in force or could be; another one may be, which no update renews.
fn nothing_left(force: &Force<'_>, named: Option<&Named>, found: &mut Vec<Finding>) -> Applied {
    let output = &force.settings.postfix.output.value;
    let Some(Named::Other(other)) = named else { return Applied::Nothing };
    found.push(postfix::other_output(other, output));
    Applied::Refused { stands: untouched(output, named, force.now) }
}

/// Leaves the policy out of force, and says so once.
fn deactivated(
    force: &Force<'_>,
    state: &ActivationState,
    generations: &Generations,
    found: &mut Vec<Finding>,
) -> anyhow::Result<Applied> {
    let root = generations.root();
    let survey = force.target.server.ask().ok().flatten().map(|detected| detected.survey(root));
    let named = survey.as_ref().map(Named::of);
    if let Some(Named::Other(other)) = &named {
        found.push(postfix::other_output(other, root));
        return Ok(Applied::Refused { stands: untouched(root, named.as_ref(), force.now) });
    }
    let applied = Applied::Deactivated { since: state.since };
    if force.kind == Kind::DryRun {
        return Ok(applied);
    }
    // Another program named our table again after its files were deleted: Postfix defers all mail.
    if survey.as_ref().is_some_and(Survey::is_used)
        && let Withdrawal::WasMissing(taken) =
            postfix::withdraw(generations, &force.target.server.instance(), force.now)?
    {
        let cure = "see which program names it, and change that: the operator deactivated the policy";
        found.push(was_missing(root, taken).0.with_cure(cure));
    }
    // Where the state directory was held by another run when the operator deactivated, it does not say so yet.
    if !matches!(Withheld::read(force.lock.state()), Ok(Some(_))) {
        Withheld::new(generations.root(), state.since).write(force.lock)?;
    }
    if state.is_reported {
        return Ok(applied);
    }
    let message =
        format!("deactivated by the operator at {}; lists are fetched and not activated", state.since);
    let cure = "if it is to be in force again, run `starttls update --activate`";
    found.push(findings::DEACTIVATED.finding("", message).with_cure(cure));
    ActivationState { is_reported: true, ..state.clone() }.write(generations)?;
    Ok(applied)
}

/// Writes a generation beside the one in force; the operator tells the mail server.
fn write(
    force: &Force<'_>,
    prepared: Prepared<'_>,
    generations: &Generations,
    is_used: bool,
    found: &mut Vec<Finding>,
) -> anyhow::Result<Applied> {
    let counts = Counts::of(&prepared.rendered.summary);
    let is_dry = force.kind == Kind::DryRun;
    if prepared.ready.is_in_force(generations)? {
        if !is_dry {
            generations.describe_current(&prepared.validity, &prepared.expiries)?;
            let state = if is_used { State::Active } else { State::Written };
            validity::enter(generations, force.settings, state, force.now)?;
        }
        return Ok(Applied::Unchanged { counts });
    }
    if is_used {
        let message = format!(
            "Postfix uses the files in {}, and the settings say `activate = false`",
            generations.root().display()
        );
        let cure = "set `activate = true`, or take them out with `starttls generate --deactivate`";
        found.push(findings::NOT_ACTIVATED.finding("", message).with_cure(cure));
        return Ok(Applied::Refused { stands: untouched(generations.root(), Some(&Named::Ours), force.now) });
    }
    if is_dry {
        return Ok(Applied::Tried { counts, diff: String::new() });
    }
    let published = prepared.ready.publish()?;
    validity::enter(generations, force.settings, State::Written, force.now)?;
    Ok(Applied::Written { generation: published.number, counts })
}

/// Takes our table out of the mail server's configuration; the directory stays for when lists come back.
fn withdraw(
    force: &Force<'_>,
    generations: &Generations,
    instance: &Instance,
    found: &mut Vec<Finding>,
) -> anyhow::Result<Applied> {
    if force.kind == Kind::DryRun {
        return Ok(Applied::Tried { counts: Counts::default(), diff: String::new() });
    }
    let taken = postfix::take_out(instance, generations, force.now)?;
    let message = match taken {
        TakenOut::Removed => {
            validity::enter(generations, force.settings, State::Withdrawn, force.now)?;
            "no list is left that may be in force: our table was taken out of the mail server's configuration"
                .to_owned()
        }
        TakenOut::Emptied { cause } => format!(
            "no list is left that may be in force: our table was emptied, since it could not be taken out of the mail \
             server's configuration: {cause}"
        ),
    };
    let cure = "see what each list lacks; the first update that succeeds brings the policy back by itself";
    found.push(findings::WITHDRAWN.finding("", message).with_cure(cure));
    Ok(Applied::Withdrawn)
}
