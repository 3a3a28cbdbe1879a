//! What serves connections asks of what finds answers out.

use std::future::Future;

use smol_str::SmolStr;

/// What a map's name asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// `QUERY`: attributes that every Postfix knows.
    Plain,
    /// `QUERYwithTLSRPT`: with the attributes of Postfix 3.10 and later.
    Tlsrpt,
    /// `sts`: what sendmail's `FEATURE(sts)` understands.
    Sendmail,
}

/// What a socketmap server replies (socketmap_table(5)); never a permanent error.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reply {
    /// The policy.
    Ok(SmolStr),
    /// There is none.
    NotFound,
    /// Try again later, with a word for the log of the mail server.
    Temporary(&'static str),
}

/// Knows answers, or finds them out.
pub trait Answering: Send + Sync + 'static {
    /// The answer if it is at hand: never waits, costs next to nothing.
    fn at_hand(&self, form: Form, key: &[u8]) -> Option<Reply>;

    /// The answer, found out if need be; comes within the time that a mail server waits.
    fn find_out(&self, form: Form, key: &[u8]) -> impl Future<Output = Reply> + Send;
}

impl Form {
    /// The form that a map's name asks for, in upper or lower case.
    pub fn of_map(name: &str) -> Option<Self> {
        let names = [("QUERY", Self::Plain), ("QUERYwithTLSRPT", Self::Tlsrpt), ("sts", Self::Sendmail)];
        names.into_iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, form)| form)
    }
}
