//! What `update` and `withdraw` may have to say beyond what the sources say.

use starttls_policy::Code;

/// Every code, for docs/findings.md.
#[cfg(test)]
pub(crate) const FINDINGS: [Code; 32] = [
    AGEING,
    BYPASSED,
    DEACTIVATED,
    DEACTIVATION_UNKNOWN,
    DAMAGED_FILE,
    EMPTIED,
    ENDED,
    FAILED,
    FALLS_SHORT,
    LAST_FAILED,
    NEVER,
    NOT_ACTIVATED,
    NOT_IN_FORCE,
    NO_RECORD,
    NO_TIMER,
    OTHER_TRUST,
    OVERDUE,
    REPAIRED,
    SERVICE_WITHOUT,
    SOURCE_DROPPED,
    SOURCE_ENDED,
    SOURCE_RENAMED,
    STILL_NAMED,
    SUSPICIOUS,
    TABLE_CHANGED,
    TABLE_MISSING,
    UNDONE_AGAIN,
    UNSEEN,
    UNWATCHED,
    UPDATER_DEAD,
    UPDATER_SILENT,
    WITHDRAWN,
];

pub(crate) const DEACTIVATED: Code = Code::warning(
    "update.deactivated",
    "The operator took the policy out of force with `starttls generate --deactivate`. Lists are fetched, and nothing is \
     activated before `starttls update --activate` or `starttls generate --activate`. Reported once.",
);

pub(super) const DEACTIVATION_UNKNOWN: Code = Code::error(
    "update.deactivation-unknown",
    "The record of whether the operator took the policy out of force is damaged or cannot be read, and the mail server's \
     configuration does not name our table. Lists are fetched, and nothing is activated before `starttls update --activate` or \
     `starttls generate --activate`.",
);

pub(super) const SOURCE_DROPPED: Code = Code::warning(
    "update.source-dropped",
    "The policy in force has entries of a list that the settings no longer name; they leave it with this update.",
);

pub(super) const SOURCE_RENAMED: Code = Code::error(
    "update.source-renamed",
    "The policy in force has entries of a list that the settings no longer name, and nothing was ever accepted from another list that \
     they do name, which may be the same one. What is in force stays until that one is accepted or the old one is forgotten.",
);

pub(crate) const REPAIRED: Code = Code::warning(
    "update.repaired",
    "Another program had taken our table out of the mail server's configuration, and the update put it back.",
);

pub(crate) const UNDONE_AGAIN: Code = Code::error(
    "update.undone-again",
    "Another program took our table out of the mail server's configuration again, within a day of its repair. The update \
     leaves the configuration alone: whatever writes main.cf has to name our table.",
);

pub(crate) const NOT_IN_FORCE: Code = Code::error(
    "status.not-in-force",
    "The policy was activated, and the mail server's configuration does not name our table: another program changed it. \
     Mail goes out without the policy.",
);

pub(crate) const STILL_NAMED: Code = Code::error(
    "status.still-named",
    "The operator took the policy out of force, and the mail server's configuration still names our table.",
);

pub(crate) const SERVICE_WITHOUT: Code = Code::warning(
    "status.service-without",
    "A delivering service of master.cf has tables of its own and does not ask ours.",
);

pub(crate) const BYPASSED: Code = Code::error(
    "status.bypassed",
    "The service that delivers to recipients' own MX hosts has tables of its own in master.cf and does not ask ours. Most \
     mail goes out without the policy.",
);

pub(super) const LAST_FAILED: Code = Code::error(
    "status.update-failed",
    "The last update did not put its policy into force. What it named is shown until an update succeeds.",
);

pub(crate) const TABLE_CHANGED: Code = Code::error(
    "status.table-changed",
    "The policy table on disk or its index is missing, which defers all mail, or Postfix does not read from it what was \
     activated.",
);

pub(crate) const UNSEEN: Code = Code::warning(
    "status.unseen",
    "Something could not be looked at, for example for want of rights, so that it may be out of order without notice.",
);

pub(crate) const NO_RECORD: Code = Code::error(
    "status.no-record",
    "The mail server uses our table, and nothing records from which lists it was made and when they expire, so \
     that it is not taken out of force by itself.",
);

pub(crate) const UPDATER_SILENT: Code =
    Code::warning("status.updater-silent", "No update has tried to fetch any list for more than 26 hours.");

pub(crate) const UPDATER_DEAD: Code = Code::error(
    "status.updater-dead",
    "No update has tried to fetch any list for three days: the lists in force grow old and are withdrawn in the end.",
);

pub(crate) const UNWATCHED: Code = Code::warning(
    "activate.no-withdrawal-timer",
    "The policy is in force, and no withdrawal timer could be installed that takes it out of force when it expires.",
);

pub(crate) const AGEING: Code = Code::warning(
    "status.ageing",
    "A list in force nears its end: it has not been found fresh for a while. It is enforced until then.",
);

pub(crate) const NEVER: Code =
    Code::warning("status.never", "Nothing was ever accepted from a list that the settings name.");

pub(crate) const OTHER_TRUST: Code = Code::error(
    "status.other-trust",
    "A list in force was accepted under another root, certificate or kind of trust than the settings name now. It is enforced until its \
     end, or until `starttls update` accepts something under the new trust.",
);

pub(crate) const OVERDUE: Code = Code::error(
    "status.overdue",
    "A list has ended and the policy in force still holds its entries. `starttls update` or `starttls withdraw` takes them \
     out.",
);

pub(crate) const SOURCE_ENDED: Code = Code::error(
    "status.ended",
    "A list has ended and could not be replaced. Its domains are no longer enforced; it comes back by itself.",
);

pub(crate) const SUSPICIOUS: Code = Code::error(
    "status.suspicious",
    "Something that is validly signed contradicts what was accepted from a list, or every mirror has been behind for long. \
     The last good list is enforced until its end; the evidence is kept.",
);

pub(crate) const ENDED: Code = Code::error(
    "update.ended",
    "Something that is in force has ended and no run of `starttls update` has replaced it, so the withdrawal timer took \
     it out. Mail to its domains is encrypted where possible again. The next update that succeeds brings it back.",
);

pub(crate) const TABLE_MISSING: Code = Code::error(
    "update.table-missing",
    "The mail server's configuration named our table and the table was gone, which defers all mail. The withdrawal timer \
     took it out of the configuration, or put a table without lines in its place. The next update that succeeds brings the \
     policy back.",
);

pub(crate) const DAMAGED_FILE: Code = Code::warning(
    "status.damaged-file",
    "A small file beside the policy in force is damaged or missing. What is in force is not affected, and an update or an \
     activation writes the file anew.",
);

pub(crate) const EMPTIED: Code = Code::error(
    "status.emptied",
    "Everything in force had expired, and our table could not be taken out of the mail server's configuration, so it was \
     emptied: it is still named, and demands nothing.",
);

pub(crate) const FAILED: Code = Code::error(
    "update.failed",
    "A run did not come to its end, for a reason of our own: the disk, the mail server's tools, a damaged file. It changed \
     nothing of what is in force.",
);

pub(super) const FALLS_SHORT: Code = Code::error(
    "update.falls-short",
    "The settings say `strict`, and something that is demanded cannot be expressed on this mail server. Nothing was \
     written; what was in force still is.",
);

pub(super) const NOT_ACTIVATED: Code = Code::error(
    "update.not-activated",
    "The new policy was written and checked, and speaks against the mail server's configuration. What was in force still \
     is.",
);

pub(crate) const NO_TIMER: Code = Code::error(
    "update.no-withdrawal-timer",
    "The withdrawal timer could not be installed, or has not run for an hour. If the updater dies, lists that have ended \
     stay in force and hold up mail of domains that changed since.",
);

pub(crate) const WITHDRAWN: Code = Code::error(
    "update.withdrawn",
    "No list in force is left and no override, so our table was taken out of the mail server's configuration: mail is \
     encrypted where possible, as before the first activation. It comes back by itself.",
);
