//! Postfix: what it says of itself, checks by its own tools, activation and undoing it.
//!
//! What its policy tables look like is `starttls_mta::postfix`.
//!
//! Spec: postconf(1), postmap(1), postfix(1), posttls-finger(1), postconf(5).

mod activate;
mod codes;
mod composition;
mod damaged_files;
mod deactivate;
mod detect;
mod effect;
mod existing;
mod expansion;
mod faults;
mod hidden_entries;
mod in_effect;
mod inside;
mod instance;
mod kept_keys;
mod key_copies;
mod listing;
mod logical_lines;
mod main_cf;
mod master_cf;
mod missing;
pub mod native;
mod operator_tables;
mod other_outputs;
mod plan;
mod preflight;
mod probe;
mod record;
mod reference;
mod remainder;
mod replaced;
mod restored;
mod roots;
mod routes;
mod scan;
mod services;
mod shadows;
mod survey;
mod table;
mod table_state;
mod taking_out;
#[cfg(test)]
mod tests;
mod undo;
mod uses;
mod values;
mod withdraw;
mod withdrawal;

pub use activate::{ActivateError, Activated, StepError, activate};
pub use codes::{FINDINGS, HIDDEN};
pub use damaged_files::{DamagedFile, damaged_files};
pub use deactivate::{DeactivateError, Deactivated, Leftovers, deactivate};
pub use detect::{DetectError, Detected};
pub use faults::hidden;
pub use hidden_entries::entries_hidden_by_daemon;
pub use in_effect::{InEffect, in_effect};
pub use instance::{Instance, Running};
pub use key_copies::KeyCopyError;
pub use main_cf::{Change, EditError, MainCfBack};
pub use missing::check_output;
pub use operator_tables::{OperatorEntries, OperatorTables};
pub use other_outputs::other_output;
pub use plan::{Plan, PlanError, Standing, Wanted};
pub use probe::LiveProbe;
pub use record::{RecordError, is_recorded, recorded_instance};
pub use remainder::ExchangeError;
pub use services::{SmtpService, Where};
pub use survey::Survey;
pub use table::{Probe, Table, TableError};
pub use table_state::{TableState, answers_as_written};
pub use taking_out::{TakenOut, take_out};
pub use undo::Undone;
pub use uses::{Place, Use, UseKind};
pub use withdraw::{instance, withdraw};
pub use withdrawal::{WithdrawError, Withdrawal};
