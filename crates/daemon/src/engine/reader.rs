//! Who reads an answer: that decides what is weighed for it.

use crate::answer::Form;

/// A kind of mail server.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Reader {
    /// Postfix leaves everything to us.
    Postfix,
    /// sendmail knows what DANE demands by itself, or not at all; its `FEATURE(sts)` asks for the rest. A domain with both would
    /// else have nothing from us, and from a sendmail without DANE no protection.
    Sendmail,
}

impl Reader {
    /// Who reads answers of a form.
    pub(crate) fn of(form: Form) -> Self {
        match form {
            Form::Plain | Form::Tlsrpt => Self::Postfix,
            Form::Sendmail => Self::Sendmail,
        }
    }
}
