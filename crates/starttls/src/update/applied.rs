//! Result of putting a policy into force, and what holds then.

use std::fmt;
use std::path::{Path, PathBuf};

use starttls_apply::postfix::{Running, Survey};
use starttls_apply::validity::{ActivationState, State, Validity};
use starttls_mta::Summary;
use starttls_policy::{Finding, Timestamp};

use crate::known::Known;
use crate::output::{counted, grouped};

/// What became of the mail server's policy.
#[derive(Debug)]
pub(crate) enum Applied {
    /// It is in force as it was, byte for byte.
    Unchanged {
        /// What it comes to.
        counts: Counts,
    },
    /// A new generation is in force.
    Exchanged {
        /// Its number.
        generation: u32,
        /// What it comes to.
        counts: Counts,
        /// What changed in main.cf; nothing but at the first activation.
        diff: String,
        /// Whether the mail system runs, and so was reloaded.
        running: Running,
    },
    /// A new generation was written and the mail server was not told, as the settings say.
    Written {
        /// Its number.
        generation: u32,
        /// What it comes to.
        counts: Counts,
    },
    /// Nothing is left to be enforced: our table was taken out of the mail server's configuration.
    Withdrawn,
    /// There was nothing in force, and there is nothing now.
    Nothing,
    /// The operator took the policy out of force, and it stays out.
    Deactivated {
        /// When.
        since: Timestamp,
    },
    /// It could not be put into force.
    Refused {
        /// What holds instead.
        stands: String,
    },
    /// What would be put into force.
    Tried {
        /// What it comes to.
        counts: Counts,
        /// What would change in main.cf.
        diff: String,
    },
}

/// How many domains a policy is about.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Counts {
    /// Mail to them goes out protected or waits.
    pub(crate) enforced: u64,
    /// What would have failed is logged.
    pub(crate) log_only: u64,
}

impl Counts {
    pub(super) fn of(summary: &Summary) -> Self {
        Self { enforced: summary.enforced, log_only: summary.log_only }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} enforced, {} only logged",
            counted(self.enforced, "domain", "domains"),
            grouped(self.log_only)
        )
    }
}

impl Applied {
    /// The word used in output.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Unchanged { .. } => "unchanged",
            Self::Exchanged { .. } => "exchanged",
            Self::Written { .. } => "written",
            Self::Withdrawn => "withdrawn",
            Self::Nothing => "nothing",
            Self::Deactivated { .. } => "deactivated",
            Self::Refused { .. } => "refused",
            Self::Tried { .. } => "tried",
        }
    }
}

/// What holds where nobody can tell whether the operator deactivated, and main.cf does not name our table.
pub(super) const UNKNOWN: &str =
    "the policy stays out of force: the record of whether the operator deactivated it cannot be read";

/// The table of ours that main.cf names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Named {
    /// That of this output directory.
    Ours,
    /// That of another output directory.
    Other(PathBuf),
    /// None.
    Nothing,
}

impl Named {
    /// What a look through main.cf found.
    pub(super) fn of(survey: &Survey) -> Self {
        match survey.other_outputs.first() {
            _ if survey.is_named() => Self::Ours,
            Some(other) => Self::Other(other.clone()),
            None => Self::Nothing,
        }
    }
}

/// What holds where a run changed nothing of what is in force; `named` is none where main.cf was not looked at.
pub(crate) fn untouched(output: &Path, named: Option<&Named>, now: Timestamp) -> String {
    if let Some(Named::Other(other)) = named {
        return format!("the policy of another output directory is in force: `{}`", other.display());
    }
    let Ok(state) = ActivationState::read(output) else {
        return match named {
            Some(Named::Ours) => in_force(output, now),
            Some(_) => UNKNOWN.into(),
            None => "what is in force stays so, and its record cannot be read".into(),
        };
    };
    match (state.map(|state| state.state), named) {
        (Some(State::Deactivated), _) => "the policy stays out of force, as the operator said".into(),
        (Some(State::Withdrawn), None | Some(Named::Nothing | Named::Other(_))) => {
            "the policy stays out of force: all of it had expired, or its table was missing".into()
        }
        (Some(_), Some(Named::Nothing | Named::Other(_))) => {
            "main.cf does not name our table: mail goes out without the policy".into()
        }
        (None, None | Some(Named::Nothing | Named::Other(_))) => {
            "nothing is in force, and nothing was".into()
        }
        (_, Some(Named::Ours)) | (Some(State::Active | State::Written), None) => in_force(output, now),
    }
}

fn in_force(output: &Path, now: Timestamp) -> String {
    let validity = Validity::read(output).ok().flatten();
    let expired: Vec<String> = validity
        .iter()
        .flat_map(|validity| validity.expired(now))
        .map(|part| format!("`{}`", part.name))
        .collect();
    if expired.is_empty() {
        return "the policy that was in force still is".into();
    }
    format!(
        "the policy that was in force still is, and this of it has expired: {}; `starttls withdraw` takes that out",
        expired.join(", ")
    )
}

/// What holds now, in lines for a message.
pub(super) fn stands(applied: &Applied, known: &Known, findings: &[Finding]) -> Vec<String> {
    let mut lines = vec![match applied {
        Applied::Unchanged { counts } => format!("the policy is as it was: {counts}"),
        Applied::Exchanged { generation, counts, .. } => {
            format!("generation {generation} is in force: {counts}")
        }
        Applied::Written { generation, counts } => {
            format!("generation {generation} is written: {counts}")
        }
        Applied::Withdrawn => "our table is out of force; mail is encrypted where possible".into(),
        Applied::Nothing => "nothing is in force, and nothing was".into(),
        Applied::Deactivated { since } => {
            format!(
                "deactivated by the operator at {since}; `starttls update --activate` puts it back in force"
            )
        }
        Applied::Refused { stands } => stands.clone(),
        Applied::Tried { counts, .. } => format!("dry run: {counts}"),
    }];
    if let Applied::Exchanged { running, diff, .. } = applied {
        lines.push(match running {
            Running::Yes => "Postfix was reloaded and runs".into(),
            Running::No => "Postfix does not run; the policy counts from its next start on".into(),
        });
        lines.extend(
            diff.lines()
                .filter(|line| {
                    line.starts_with(['+', '-']) && !line.starts_with("--- ") && !line.starts_with("+++ ")
                })
                .map(|line| format!("main.cf: {line}")),
        );
    }
    let left_out = findings.iter().filter(|finding| finding.code.starts_with("postfix.operator-"));
    lines.extend(left_out.map(|finding| finding.message.clone()));
    if !matches!(applied, Applied::Deactivated { .. }) {
        lines.extend(known.lists.iter().map(|list| format!("list `{}` is accepted", list.name)));
    }
    lines
}
