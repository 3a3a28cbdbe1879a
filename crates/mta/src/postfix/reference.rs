//! How main.cf names the table.

use alloc::format;
use alloc::string::String;

use super::TABLE;
use super::policy_maps::PolicyMaps;
use super::table_type::TableType;

/// How main.cf names our table.
pub(super) fn reference(table_type: TableType, directory: &str) -> String {
    format!("{}:{}/{TABLE}", table_type.name(), directory.trim_end_matches('/'))
}

/// A value of `smtp_tls_policy_maps` without our table, whatever kind it was activated as.
pub(super) fn without_references(value: &str, directory: &str) -> String {
    TableType::ALL.into_iter().fold(String::from(value), |value, table_type| {
        PolicyMaps(&value).without(&reference(table_type, directory))
    })
}
