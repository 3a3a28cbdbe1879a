//! Findings of activation, by their permanent names.

use starttls_mta::Code;

pub(super) const DANE_WITHOUT_DNS: Code = Code::error(
    "activate.dane-without-dns",
    "lines at a `dane` level need DNSSEC, and this Postfix does not ask for it",
);
pub(super) const DANE_RESOLVER: Code = Code::info(
    "activate.dane-resolver",
    "lines at a `dane` level count on a local resolver that validates DNSSEC",
);
pub(super) const ENTRY_HIDDEN: Code = Code::warning(
    "status.entry-hidden",
    "a policy daemon answers before an entry of your own tables for all domains below one, which it does not see",
);
pub(super) const KEY_FILE: Code =
    Code::error("activate.key-file", "a key file that lines name cannot be put where smtp(8) reads it");
pub(super) const ALL_SHADOWED: Code = Code::warning(
    "activate.all-shadowed",
    "earlier tables answer for every listed domain, so our table would have no effect",
);
/// Our table is in force by name and has no effect.
pub const HIDDEN: Code = Code::error(
    "status.hidden",
    "tables that Postfix asks before ours answer for every listed domain, so our table has no effect",
);
pub(super) const COMMENT_IN_VALUE: Code = Code::error(
    "activate.comment-in-value",
    "a value has a comment behind it, which Postfix takes as part of the value",
);
pub(super) const LEVEL_INVALID: Code = Code::error(
    "activate.level-invalid",
    "a TLS security level is none that Postfix knows, so that smtp(8) does not start",
);
pub(super) const LINE_WEAKER: Code = Code::warning(
    "activate.line-weaker",
    "lines of the table demand less than `smtp_tls_security_level` does for everybody else",
);
pub(super) const MAIN_CF: Code =
    Code::error("activate.main-cf", "main.cf is not a plain file that `postconf -e` can edit");
pub(super) const NEXT_HOP: Code = Code::warning(
    "activate.next-hop",
    "a setting may send mail to other next hops, which our table does not name",
);
pub(super) const OTHER_OUTPUT: Code = Code::error(
    "activate.other-output",
    "main.cf names the table of another output directory of ours, and two of them must not be asked at once",
);
pub(super) const NOTHING_VERIFIED: Code = Code::error(
    "activate.nothing-verified",
    "none of the listed domains that were tried live could be verified",
);
pub(super) const OVERRIDE: Code = Code::error(
    "activate.override",
    "master.cf gives the delivering service a setting that bypasses the table",
);
pub(super) const OVERRIDE_ELSEWHERE: Code = Code::warning(
    "activate.override-elsewhere",
    "master.cf gives another delivering service a setting that bypasses the table",
);
pub(super) const OVERRIDE_UNREADABLE: Code = Code::error(
    "activate.override-unreadable",
    "master.cf gives a delivering service an argument whose meaning is not known",
);
pub(super) const PATH: Code =
    Code::error("activate.path", "the output directory's name cannot stand in main.cf");
pub(super) const PATH_CLOSED: Code =
    Code::error("activate.path-closed", "the user `postfix` cannot reach the output directory");
pub(super) const PER_SITE: Code = Code::error(
    "activate.per-site",
    "Postfix ignores `smtp_tls_per_site` as soon as `smtp_tls_policy_maps` is set",
);
pub(super) const PINNED: Code = Code::error(
    "activate.pinned-generation",
    "the configuration names one generation of our files, which is deleted when later ones are in force",
);
pub(super) const PROBE_FAILED: Code =
    Code::warning("activate.probe-failed", "a listed domain was reached and could not be verified");
pub(super) const PROBE_UNREACHED: Code =
    Code::warning("activate.probe-unreached", "a listed domain could not be reached to verify it");
pub(super) const RELAYHOST: Code = Code::error(
    "activate.relayhost",
    "all mail goes to a relay, so lines for recipients' domains are never looked up",
);
pub(super) const ROOTS: Code = Code::error(
    "activate.roots",
    "no CA roots load where smtp(8) runs: mail that needs a valid certificate would wait for ever",
);
pub(super) const SETTING_CONFLICT: Code = Code::error(
    "activate.setting-conflict",
    "main.cf gives a setting a value that the table cannot work with and that others may rely on",
);
pub(super) const SHADOWED: Code = Code::warning(
    "activate.shadowed",
    "an earlier table answers for listed domains, so our lines are not used",
);
pub(super) const TABLE_KIND: Code =
    Code::error("activate.table-kind", "this Postfix cannot read the kind of table that was written");
pub(super) const TABLE_SILENT: Code = Code::error(
    "activate.table-silent",
    "a table of your own does not answer, so it cannot be told whether our lines would weaken what it says",
);
pub(super) const UNKNOWN_TABLE: Code = Code::info(
    "activate.unknown-table",
    "a table of your own could not be looked through for listed domains and those above them",
);
pub(super) const UNPROBED: Code =
    Code::warning("activate.unprobed", "no listed domain was tried live before the table is used");
pub(super) const VERSION: Code =
    Code::error("activate.version", "the table was written for a newer Postfix than the one installed");

/// Every finding of activation, for the documentation.
pub const FINDINGS: &[Code] = &[
    ALL_SHADOWED,
    COMMENT_IN_VALUE,
    DANE_RESOLVER,
    DANE_WITHOUT_DNS,
    KEY_FILE,
    LEVEL_INVALID,
    LINE_WEAKER,
    MAIN_CF,
    NEXT_HOP,
    NOTHING_VERIFIED,
    OTHER_OUTPUT,
    OVERRIDE,
    OVERRIDE_ELSEWHERE,
    OVERRIDE_UNREADABLE,
    PATH,
    PATH_CLOSED,
    PER_SITE,
    PINNED,
    PROBE_FAILED,
    PROBE_UNREACHED,
    RELAYHOST,
    ROOTS,
    SETTING_CONFLICT,
    SHADOWED,
    TABLE_KIND,
    TABLE_SILENT,
    UNKNOWN_TABLE,
    UNPROBED,
    VERSION,
    ENTRY_HIDDEN,
    HIDDEN,
];
