//! Postfix: `smtp_tls_policy_maps` and what goes with it.
//!
//! Per recipient domain, a table gives a security level and attributes:
//!
//! | decision | the table says |
//! |---|---|
//! | require a certificate | `secure match=mx1.example.org:.example.net servername=hostname protocols=>=TLSv1.2` |
//! | the same, MX patterns enforced | … and `policy_type=sts policy_domain=example.org mx_host_pattern=… { policy_string = … }` |
//! | the same, trust anchors pinned | … and `tafile=DIRECTORY/anchors/HASH.pem` |
//! | leaf keys pinned, if allowed | `fingerprint match=DIGEST\|DIGEST servername=hostname protocols=…` |
//! | a certificate of any MX host | `verify servername=hostname protocols=…` |
//! | require encryption | `encrypt protocols=…` |
//! | DANE; DANE or nothing | `dane`; `dane-only` |
//! | exempt | `may` |
//! | log only | `may` where the server's own level is `none`, else no line |
//! | opportunistic, defer | no line |
//!
//! A mail server that asks instead of reading a table gets its answers from [`socketmap`].
//!
//! What Postfix cannot express is named in [`SHORTFALLS`]; what about the server needs attention, in [`FINDINGS`].
//! Running Postfix's own tools is `starttls-apply`.
//!
//! Spec: postconf(5) `smtp_tls_policy_maps`; `TLS_README`.

mod advice;
mod anchors;
mod answer;
mod capabilities;
mod check;
mod findings;
mod fragment;
mod level;
mod line;
mod line_error;
mod names;
mod pattern;
mod policy_maps;
mod protocols;
mod reference;
mod renderer;
mod report;
mod reported;
mod settings;
mod shortfall;
pub mod socketmap;
mod strictness;
mod table_type;
#[cfg(test)]
mod tests;
mod version;
mod words;

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use starttls_policy::Finding;

pub use advice::TEXTHASH_MAX_LINES;
pub use capabilities::{Capabilities, MxPatterns, Tlsrpt};
pub use check::check_table;
pub use findings::FINDINGS;
pub use level::Level;
pub use line::{Answer, Line, MAX_LINE_BYTES, ServerName};
pub use line_error::{LineError, MAX_NAMES};
pub use pattern::Pattern;
pub use policy_maps::PolicyMaps;
pub use protocols::Syntax;
pub use reported::Quotation;
pub use settings::{Settings, Unreadable};
pub use shortfall::{MAX_EXAMPLES, SHORTFALLS};
pub use table_type::TableType;
pub use version::{Version, VersionError};

use crate::{Code, Facts, Need, Setting};

/// The policy table, as text.
pub const TABLE: &str = "tls_policy";

/// The settings that go with it, as lines of main.cf.
pub const FRAGMENT: &str = "main.cf.fragment";

/// Stands on top of the table.
pub const TABLE_HEADER: &str = "\
# TLS policy per recipient domain (smtp_tls_policy_maps), written by starttls.
# Not to be edited: the next generation replaces this file.
";

/// The keys under which Postfix asks for a domain when no table has the domain itself, nearest first: `.example.org`, `.org`.
pub fn parent_keys(domain: &str) -> impl Iterator<Item = &str> {
    domain.match_indices('.').filter_map(|(at, _)| domain.get(at..))
}

/// Postfix, from 2.11 on.
pub struct Postfix;

impl crate::Mta for Postfix {
    fn name(&self) -> &'static str {
        "postfix"
    }

    fn title(&self) -> &'static str {
        "Postfix"
    }

    fn renderer(&self, facts: &Facts) -> Result<Box<dyn crate::Renderer>, Finding> {
        Ok(Box::new(renderer::Renderer::new(facts)?))
    }

    fn check(&self, file: &str, text: &str) -> Result<(), (usize, String)> {
        match file {
            TABLE => check_table(text),
            FRAGMENT => fragment::check(text),
            _ if anchors::is_file_name(file) => anchors::check(file, text),
            _ => Err((1, format!("`{}` is no file that we write", starttls_policy::printable(file)))),
        }
    }

    fn deactivation(&self, facts: &Facts) -> Vec<Setting> {
        let Some(now) = Settings::of(facts).verbatim(policy_maps::PARAMETER) else { return Vec::new() };
        let value = reference::without_references(now, &facts.directory);
        if value == now {
            return Vec::new();
        }
        let reason = "our table is no longer asked; the others stay as they are";
        alloc::vec![Setting { name: policy_maps::PARAMETER, value, reason, need: Need::Required }]
    }

    fn shortfalls(&self) -> &'static [Code] {
        SHORTFALLS
    }

    fn findings(&self) -> &'static [Code] {
        FINDINGS
    }
}
