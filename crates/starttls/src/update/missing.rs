//! A table of ours that main.cf names and that is gone.

use std::path::Path;

use starttls_apply::postfix::TakenOut;
use starttls_policy::Finding;

use super::findings::TABLE_MISSING;

/// What holds where main.cf no longer names our table.
pub(crate) const OUT: &str = "our table was taken out of force altogether; mail is encrypted where possible";
/// What holds where our table could only be emptied.
pub(crate) const EMPTY: &str =
    "main.cf still names our table, which has no lines left; mail is encrypted where possible";

/// A table that main.cf named and that was missing, and what holds after `taken`.
pub(crate) fn was_missing(output: &Path, taken: TakenOut) -> (Finding, &'static str) {
    let (how, stands) = match taken {
        TakenOut::Removed => ("it was taken out of main.cf".to_owned(), OUT),
        TakenOut::Emptied { cause } => {
            (format!("it could not be taken out, so a table without lines stands there now: {cause}"), EMPTY)
        }
    };
    let path = output.join("current/tls_policy");
    let message = format!(
        "the table `{}`, which main.cf named, was missing, so that Postfix deferred all mail; {how}",
        path.display()
    );
    (TABLE_MISSING.finding("", message), stands)
}
