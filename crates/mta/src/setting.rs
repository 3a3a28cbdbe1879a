//! Settings of a mail server that go with the files: a name and a value.

use alloc::string::String;

/// One parameter of the server's main configuration.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Setting {
    /// The parameter.
    pub name: &'static str,
    /// Its new value, on one line.
    pub value: String,
    /// Why, in one sentence.
    pub reason: &'static str,
    /// Whether the files work without it.
    pub need: Need,
}

/// Whether the files work without a setting.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Need {
    /// Good to have; the operator decides.
    Offered,
    /// The files have no effect, or the wrong one, without it.
    Required,
}
