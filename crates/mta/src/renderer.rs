//! What every mail server's folder implements.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use starttls_policy::{Decision, Finding};

use crate::{Code, Facts, Setting, Summary};

/// A mail server.
pub trait Mta: Sync {
    /// The name on the command line, as `postfix`.
    fn name(&self) -> &'static str;

    /// The name for people, as `Postfix`.
    fn title(&self) -> &'static str;

    /// Makes ready to write for the server that `facts` describe.
    ///
    /// # Errors
    /// An error-severity finding that names what in the facts cannot be served, and the cure.
    fn renderer(&self, facts: &Facts) -> Result<Box<dyn Renderer>, Finding>;

    /// Reads one of our files back, line by line, with our own grammar of the server's format.
    ///
    /// # Errors
    /// The number of the first line (from 1) that the closed grammar does not know, and what is wrong with it.
    fn check(&self, file: &str, text: &str) -> Result<(), (usize, String)>;

    /// Tells which settings to change so that the server no longer consults our files; empty if it does not.
    ///
    /// Everything else in those settings stays as it is, to the letter.
    fn deactivation(&self, facts: &Facts) -> Vec<Setting>;

    /// Everything that policies may ask and this server cannot express, for the documentation.
    fn shortfalls(&self) -> &'static [Code];

    /// Everything that may come up about the server itself, for the documentation.
    fn findings(&self) -> &'static [Code];
}

/// Turns decisions into text, one domain at a time, so that a list of any length needs little memory.
pub trait Renderer {
    /// Writes what one decision needs; each domain may come once.
    ///
    /// # Errors
    /// Only what `out` answers.
    fn decision(&mut self, decision: &Decision<'_>, out: &mut dyn Output) -> fmt::Result;

    /// Writes what stands once and what is left to write; sums up.
    ///
    /// # Errors
    /// Only what `out` answers.
    fn finish(self: Box<Self>, out: &mut dyn Output) -> Result<Summary, fmt::Error>;

    /// What the operator should know about this server whatever the list says.
    fn advice(&self) -> Vec<Finding>;
}

/// Where files go; names are relative to the generation's directory, made of `[a-z0-9._/-]`.
pub trait Output {
    /// Adds text to the end of a file, which is created by the first call.
    ///
    /// # Errors
    /// When the text could not be taken; the cause stays with the output.
    fn append(&mut self, file: &str, text: &str) -> fmt::Result;
}
