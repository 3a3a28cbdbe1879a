//! Real mail servers in a sealed network: senders and receivers, an attacker on the path, DNS with DNSSEC, policy hosts, a
//! database, and the program among them: as a command ([`program`]) or as the policy daemon ([`daemon`]).
//!
//! A test calls [`network::sealed`], builds a [`lab::Lab`] inside, lets a [`sender::Sender`] send, and asserts on what
//! the sender logged ([`delivery::Delivery`]) and on what the receiver got ([`receiver::Receipt`]). The servers
//! come from packages unpacked by the script `trees` beside this crate's manifest; nothing is installed.
//! Certificates and zone files are made by `starttls-testkit`. The [`cases`] are what any
//! way to put policies into force is tried with; what else is expected is in `tests/`.
//!
//! To add a mail server: one file like `postfix`, and its packages in `trees`.

pub mod cases;
pub mod daemon;
pub mod datagrams;
pub mod delivery;
pub mod dns;
pub mod lab;
pub mod log;
pub mod matrix;
pub mod names;
pub mod network;
pub mod outcome;
pub mod policy_host;
pub mod postfix;
pub mod postgres;
pub mod program;
pub mod receiver;
pub mod sender;
pub mod sendmail;
pub mod site;
pub mod slow;
pub mod socketmap;
pub mod stripper;
pub mod tree;
