//! What can come up about the server itself: the codes. When they do is `advice`; what Postfix can never express is
//! `shortfall`.

use crate::Code;

pub(super) const ANCHORS_IN_CHROOT: Code = Code::info(
    "postfix.anchors-in-chroot",
    "smtp(8) reads key files at each delivery, from within its chroot if it has one",
);
pub(super) const ASSUMED_VERSION: Code =
    Code::warning("postfix.assumed-version", "no Postfix could be asked for its version, so one is assumed");
pub(super) const DIRECTORY: Code =
    Code::error("postfix.directory", "the directory cannot stand in a table or in main.cf without quoting");
pub(super) const FINGERPRINT_DIGEST: Code = Code::warning(
    "postfix.fingerprint-digest",
    "leaf pins need SHA-256 digests, and the operator's own digests are of another kind",
);
pub(super) const HASH_DEPRECATED: Code =
    Code::warning("postfix.hash-deprecated", "tables of type `hash` (Berkeley DB) are on their way out");
pub(super) const LEVEL_REPLACED: Code = Code::warning(
    "postfix.level-replaced",
    "a line of the table replaces the server's own level: for listed domains DANE or the operator's own \
     certificate checks no longer apply",
);
pub(super) const LOOKUPS_BYPASSED: Code = Code::warning(
    "postfix.lookups-bypassed",
    "mail that a setting sends to another next hop is looked up under that hop's name, not the recipient's domain",
);
pub(super) const MX_PATTERNS_IGNORED: Code = Code::info(
    "postfix.mx-patterns-ignored",
    "this Postfix accepts MX patterns and does not enforce them, so none are written; 3.10.5 and later do",
);
pub(super) const MX_PATTERNS_REPORTED: Code = Code::info(
    "postfix.mx-patterns-reported",
    "TLS reports would show list entries as MTA-STS, so MX patterns are written for MTA-STS policies alone",
);
pub(super) const NO_ROOTS: Code = Code::error(
    "postfix.no-roots",
    "Postfix trusts no certificate authority: mail that needs a valid certificate would wait for ever",
);
pub(super) const NO_SERVER_NAME: Code = Code::info(
    "postfix.no-server-name",
    "Postfix before 3.4 sends no TLS server name: a host with several certificates may show the wrong one",
);
pub(super) const PER_SITE_REPLACED: Code = Code::error(
    "postfix.per-site-replaced",
    "Postfix ignores `smtp_tls_per_site` as soon as `smtp_tls_policy_maps` is set",
);
pub(super) const POLICY_MAPS_FIRST: Code = Code::info(
    "postfix.policy-maps-first",
    "tables that are there already are asked first: what they say of a domain hides our line",
);
pub(super) const POLICY_MAPS_OPEN: Code = Code::error(
    "postfix.policy-maps-open",
    "the value of `smtp_tls_policy_maps` has a brace that is never closed, so no table can be added",
);
pub(super) const RELAYHOST: Code = Code::error(
    "postfix.relayhost",
    "all mail goes to a relay, so lines for recipients' domains are never looked up",
);
pub(super) const SETTING_UNREADABLE: Code = Code::warning(
    "postfix.setting-unreadable",
    "a setting that says how strict the server is cannot be read: lines of the table may be weaker than it",
);
pub(super) const STRICTER_PROTOCOLS: Code = Code::info(
    "postfix.stricter-protocols",
    "the operator's own lowest TLS version is newer than a policy's, and is kept",
);
pub(super) const TABLE_TYPE: Code =
    Code::error("postfix.table-type", "the kind of table is none that we write");
pub(super) const TEXTHASH_LARGE: Code = Code::warning(
    "postfix.texthash-large",
    "each smtp(8) process reads a `texthash` whole when it starts, which is slow for tables of this size",
);
pub(super) const TLS_REQUIRED_NO: Code = Code::warning(
    "postfix.tls-required-no",
    "a message whose author added the header `TLS-Required: No` is delivered without the policy (RFC 8689 §3)",
);
pub(super) const TOO_OLD: Code = Code::error("postfix.too-old", "this version of Postfix is not supported");
pub(super) const TRUST_ANCHORS: Code = Code::warning(
    "postfix.trust-anchors",
    "`smtp_tls_trust_anchor_file` replaces the public authorities for every domain whose policy has no pins",
);
pub(super) const VERSION: Code = Code::error("postfix.version", "the version is none that Postfix has");

/// Every finding about the server, by name.
pub const FINDINGS: &[Code] = &[
    ANCHORS_IN_CHROOT,
    ASSUMED_VERSION,
    DIRECTORY,
    FINGERPRINT_DIGEST,
    HASH_DEPRECATED,
    LEVEL_REPLACED,
    LOOKUPS_BYPASSED,
    MX_PATTERNS_IGNORED,
    MX_PATTERNS_REPORTED,
    NO_ROOTS,
    NO_SERVER_NAME,
    PER_SITE_REPLACED,
    POLICY_MAPS_FIRST,
    POLICY_MAPS_OPEN,
    RELAYHOST,
    SETTING_UNREADABLE,
    STRICTER_PROTOCOLS,
    TABLE_TYPE,
    TEXTHASH_LARGE,
    TLS_REQUIRED_NO,
    TOO_OLD,
    TRUST_ANCHORS,
    VERSION,
];
