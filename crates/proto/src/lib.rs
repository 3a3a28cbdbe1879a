//! Wire formats: MTA-STS records and policies, TLSA records, socketmap. Bytes and values in, values out.
//!
//! Pure: no clock, file, socket, environment, randomness, task or log. Fetching is `starttls-net`, putting answers together
//! `starttls-discover`.
//!
//! Spec: RFC 8461 §3 (MTA-STS), RFC 6698 §2 and RFC 7672 §3 (TLSA), socketmap_table(5).
#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod mta_sts;
pub mod socketmap;
pub mod tlsa;
