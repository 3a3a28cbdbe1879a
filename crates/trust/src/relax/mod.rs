//! Relax orders: which of them hold, and what they let through.
//!
//! ```text
//! relax set ─► read: who signed, who took back ─► known orders (remembered) ─► in_force: the list, the time ─► relaxations
//! ```
//!
//! All that can come out is that an entry of mode `enforce` counts as `testing` for a while. An order that does not hold
//! is void as a whole, with a finding that says why; it never makes a list unacceptable.
//!
//! Spec: docs/list-distribution.md, "Relax orders".

mod in_force;
mod order;
mod read;

use starttls_policy::Code;

pub use in_force::{InForce, RelaxOrders, in_force, max_domains};
pub use order::{Authority, Cancelled, Order, Place};
pub use read::{ReadOrders, read};

/// An order that covers a domain of one that ended less than so many days before renews it.
pub const RENEWAL_DAYS: u32 = 90;

/// Most orders, and most cancellations, of a set: each costs some verifications.
pub const MAX_ORDERS: usize = 256;

/// Clients say so many days before that an entry snaps back.
pub const NOTICE_DAYS: u32 = 3;

const VOID: Code = Code::info(
    "relax.void",
    "an order to relax entries, or one that takes such an order back, does not hold; the entries stand as they are listed",
);
const NO_EFFECT: Code = Code::info(
    "relax.no-effect",
    "an order to relax names domains that are not listed or not enforced; there is nothing to relax",
);
const NOT_YET: Code =
    Code::info("relax.not-yet", "an order to relax entries is dated ahead; it holds from then on");
const IN_FORCE: Code = Code::info("relax.in-force", "entries count as `testing` for some days, by an order");
const ENDS_SOON: Code = Code::warning(
    "relax.ends-soon",
    "entries that count as `testing` by an order are enforced again within three days",
);
const REFUSED: Code =
    Code::info("relax.refused", "your settings refuse relax orders; the entries stand as they are listed");

/// Every code that relax orders may give, for the documentation.
pub const CODES: &[Code] = &[ENDS_SOON, IN_FORCE, NO_EFFECT, NOT_YET, REFUSED, VOID];
