//! What is known of the mail server that text is written for.

use alloc::collections::BTreeMap;
use alloc::string::String;

/// Facts that the caller found out, or assumed; interpreted by each server's folder.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Facts {
    /// The version as the server or the operator names it; `None` when nothing is installed.
    pub version: Option<String>,
    /// The server's settings in effect, by name, with everything expanded (Postfix: `postconf -x`); empty when not
    /// asked.
    pub settings: BTreeMap<String, String>,
    /// The same as the operator wrote them (Postfix: `postconf`), where text of theirs is to be kept to the letter;
    /// where a setting is missing, [`Facts::settings`] stands for it.
    pub unexpanded: BTreeMap<String, String>,
    /// What single delivering services set apart from that, expanded, by the service's name (Postfix: `-o` of
    /// smtp(8) services in master.cf).
    pub services: BTreeMap<String, BTreeMap<String, String>>,
    /// Defaults of parameters that the installed program knows (Postfix: `postconf -d`); empty when not asked.
    pub defaults: BTreeMap<String, String>,
    /// Entries of the operator's own tables that count for a domain as long as ours has no line for it, by key (Postfix:
    /// `.example.org` for all below it, or the domain itself in a table asked after ours). A line that demands less is left out.
    pub operator_entries: BTreeMap<String, String>,
    /// The directory in which the server will find the files, absolute.
    pub directory: String,
    /// Where the running server sees that directory, if it locks itself into a part of the file system
    /// (chroot); absolute, counted from there. Key files must be in both places.
    pub directory_in_chroot: Option<String>,
    /// The kind of look-up table asked for, as `texthash`; `None` for the server's usual.
    pub table: Option<String>,
    /// Whether leaf pins may be used although chain, name and dates go unchecked then.
    pub leaf_pins: LeafPins,
}

/// What to do with leaf pins on servers where they replace every other check.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum LeafPins {
    /// Leave the pin out, check chain and names, and say so.
    #[default]
    Ignore,
    /// Check the pin alone.
    Allow,
}
