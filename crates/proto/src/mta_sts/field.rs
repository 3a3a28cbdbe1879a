//! What fields of a record and of a policy file have in common: names, and the blanks around them.
//!
//! Spec: RFC 8461 §3.1 (`sts-ext-name`), §3.2 (`sts-policy-ext-name`).

/// Longest name, in characters.
const MAX_NAME_CHARS: usize = 32;

/// Tells whether a text is a name that a field can have.
pub(super) fn is_name(name: &[u8]) -> bool {
    name.len() <= MAX_NAME_CHARS
        && name.first().is_some_and(u8::is_ascii_alphanumeric)
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

/// Without the blanks in front (`WSP`: space and tabulator).
pub(super) fn trim_start(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    text.get(blanks..).unwrap_or_default()
}

/// Without the blanks at the end.
pub(super) fn trim_end(text: &[u8]) -> &[u8] {
    let blanks = text.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    text.get(..text.len() - blanks).unwrap_or_default()
}
