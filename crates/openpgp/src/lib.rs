//! OpenPGP: clearsigned and detached signatures, verified for one pinned certificate at a given time.
//!
//! Verification alone; signing is left to the operator's `gpg`. Where the signed text comes from is `starttls-sources`.
//!
//! Spec: RFC 9580.
