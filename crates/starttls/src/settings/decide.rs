//! `[decide]`: the operator's general choices.

use starttls_policy::TlsFloor;
use starttls_policy::decide::{Choices, StsTesting};

use super::role::role;

role! {
    /// Choices that bear on every decision.
    pub(crate) struct Decide in "decide" {
        /// The oldest TLS version to accept where a policy is enforced: `TLSv1`, `TLSv1.1`, `TLSv1.2` or `TLSv1.3`;
        /// `as-listed` leaves it to the lists. `--min-tls` overrules it.
        "min-tls" => min_tls: TlsFloor = TlsFloor::default(),
        /// What a domain's MTA-STS policy of mode `testing` does to a list entry that enforces: `releases` takes the
        /// domain at its word, `list-stands` goes on enforcing.
        "sts-testing" => sts_testing: StsTesting = StsTesting::default(),
    }
}

impl Decide {
    /// The choices, for the decision.
    pub(crate) fn choices(&self) -> Choices {
        Choices { floor: self.min_tls.value, sts_testing: self.sts_testing.value }
    }
}
