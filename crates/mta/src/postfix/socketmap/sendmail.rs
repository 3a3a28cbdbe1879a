//! What sendmail's `FEATURE(sts)` is told: names of certificates and nothing else.
//!
//! Sendmail reads `secure match=a:.b servername=hostname` to the letter; with any attribute more it takes TLS for temporarily
//! impossible and delivers nothing. DANE is its own business.
//!
//! Spec: sendmail's cf/README, `FEATURE(sts)`.

use alloc::string::String;
use alloc::vec::Vec;

use starttls_policy::{Action, Demand, Requirement};

use super::{Answer, Answered};
use crate::Code;
use crate::postfix::level::Level;
use crate::postfix::names;

const PIN_UNCHECKED: Code =
    Code::warning("sendmail.pin-unchecked", "pins cannot be said: the names are enforced, the pins are not");
const SAYS_NAMES_ALONE: Code = Code::warning(
    "sendmail.says-names-alone",
    "nothing can be said but the names of certificates: the server's own rules apply",
);
const VERSION_UNCHECKED: Code = Code::info(
    "sendmail.version-unchecked",
    "a TLS version cannot be said: the names are enforced, the oldest version is the server's own",
);

/// What decisions can ask and this answer cannot say, by name.
pub const SENDMAIL_SHORTFALLS: &[Code] = &[PIN_UNCHECKED, SAYS_NAMES_ALONE, VERSION_UNCHECKED];

pub(super) fn answer(action: &Action<'_>) -> Answered {
    match action {
        Action::Require(demand) => of_demand(demand),
        Action::Dane | Action::DaneOnly => nothing_said(),
        Action::Opportunistic | Action::Relaxed | Action::LogOnly(_) => {
            Answered::of(Answer::Nothing, Vec::new())
        }
        Action::Defer => Answered::of(Answer::Later, Vec::new()),
    }
}

fn of_demand(demand: &Demand<'_>) -> Answered {
    if demand.requirement != Requirement::Certificate || demand.mx.is_empty() {
        return nothing_said();
    }
    let mut text = String::from(Level::Secure.name());
    text.push_str(" match=");
    if names::push_certificate_names(demand.mx, &mut text).is_err() {
        return nothing_said();
    }
    text.push_str(" servername=hostname");
    let gaps = [(demand.pinset.is_some(), PIN_UNCHECKED), (demand.min_tls.is_some(), VERSION_UNCHECKED)];
    let met = gaps.into_iter().filter(|(is_met, _)| *is_met).map(|(_, code)| code);
    Answered::of(Answer::Policy(text), met.collect())
}

fn nothing_said() -> Answered {
    Answered::of(Answer::Nothing, alloc::vec![SAYS_NAMES_ALONE])
}
