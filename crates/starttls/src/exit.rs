//! Exit codes: the same table for every command.

use std::process::ExitCode;

use starttls_openpgp::VerifyError;
use starttls_publish::build::BuildError;
use starttls_publish::publication::PublishError;
use starttls_publish::relax::RelaxError;
use starttls_publish::signing::SigningError;

use crate::commands::generate::NoEndError;
use crate::lists::LoadError;

/// How a command ended.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Exit {
    /// Everything was done.
    Done = 0,
    /// It could not be done.
    CouldNot = 1,
    /// The command line does not say what to do.
    Usage = 2,
    /// Refused: signature, expiry, rollback.
    Refused = 3,
    /// There are findings of severity error.
    Errors = 4,
    /// There are warnings, and `--strict` was given.
    Warnings = 5,
}

/// What `--help` says about exit codes.
pub(crate) const HELP: &str = "\
Exit codes: 0 done, 1 could not, 2 usage, 3 refused (signature, expiry, rollback),
            4 findings of severity error, 5 warnings with --strict";

impl Exit {
    /// The code for an error that nobody handled.
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        if let Some(error) = error.downcast_ref::<BuildError>() {
            return Self::of_build(error);
        }
        if error.downcast_ref().is_some_and(PublishError::is_refusal) || error.is::<RelaxError>() {
            return Self::Refused;
        }
        if error.is::<NoEndError>() {
            return Self::Usage;
        }
        match error.downcast_ref::<LoadError>() {
            Some(LoadError::Ended { .. }) => Self::Refused,
            Some(LoadError::None) => Self::Usage,
            _ if error.is::<SigningError>() || error.is::<VerifyError>() => Self::Refused,
            _ => Self::CouldNot,
        }
    }

    fn of_build(error: &BuildError) -> Self {
        match error {
            BuildError::Findings(_) => Self::Errors,
            BuildError::SerialDoesNotGrow { .. }
            | BuildError::IssuedEarlier { .. }
            | BuildError::Life { .. } => Self::Refused,
            _ => Self::CouldNot,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
