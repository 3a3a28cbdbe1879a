//! Real mail servers in sealed networks.
