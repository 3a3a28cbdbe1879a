//! What makes a policy useless that is in force as it should be: other tables that answer first, and ways past it.

use starttls_apply::postfix;

use super::{Applied, Report};
use crate::server::Server;
use crate::settings::Settings;

/// Adds such findings to a report, whether or not anything was exchanged: nobody looks at an activation again.
///
/// What cannot be looked at adds nothing; `status` says so.
pub(crate) fn add_hidden(settings: &Settings, report: &mut Report) {
    if !matches!(report.applied, Applied::Unchanged { .. } | Applied::Exchanged { .. }) {
        return;
    }
    let server = Server::of(settings);
    let Ok(Some(detected)) = server.ask() else { return };
    let found = postfix::hidden(&server.instance(), &detected, &settings.postfix.output.value);
    if let Some(hidden) = found.iter().find(|finding| finding.code == postfix::HIDDEN.name)
        && let Some(line) = report.stands.first_mut()
    {
        *line =
            format!("no listed domain is protected by our table: `{}` answers in its place", hidden.subject);
    }
    report.findings.extend(found);
}
