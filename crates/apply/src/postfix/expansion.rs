//! Expansion of `$name` in values of master.cf, which postconf(1) does not expand for every spelling.
//!
//! Spec: postconf(5), "$name", "${name}" and "$(name)".

/// How deep values may refer to one another; Postfix's own defaults need two.
const MAX_DEPTH: usize = 8;
/// Far above any value in use; a value that grows beyond it refers to itself.
const MAX_BYTES: usize = 64 * 1024;

/// The value with references replaced by what `look_up` knows, and by nothing where it knows nothing.
///
/// Conditional forms such as `${name?text}` stay as they are.
pub(super) fn expand<'a>(value: &str, look_up: &dyn Fn(&str) -> Option<&'a str>) -> String {
    let mut value = value.to_owned();
    for _ in 0..MAX_DEPTH {
        let next = expand_once(&value, look_up);
        if next == value || next.len() > MAX_BYTES {
            break;
        }
        value = next;
    }
    value
}

/// The names that a value refers to, also within conditional forms such as `${name?text}`.
pub(super) fn references(value: &str) -> impl Iterator<Item = &str> {
    value.split('$').skip(1).filter_map(|text| {
        let text = text.strip_prefix(['{', '(']).unwrap_or(text);
        let end = text.find(|c: char| !is_name_character(c)).unwrap_or(text.len());
        text.get(..end).filter(|name| is_name(name))
    })
}

fn expand_once<'a>(value: &str, look_up: &dyn Fn(&str) -> Option<&'a str>) -> String {
    let mut expanded = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        match reference(after) {
            Some((name, behind)) => {
                expanded.push_str(look_up(name).unwrap_or_default());
                rest = behind;
            }
            None => {
                expanded.push('$');
                rest = after;
            }
        }
    }
    expanded + rest
}

/// The name that a text behind `$` begins with, and what follows.
fn reference(text: &str) -> Option<(&str, &str)> {
    for (open, close) in [('{', '}'), ('(', ')')] {
        if let Some(inner) = text.strip_prefix(open) {
            let (name, behind) = inner.split_once(close)?;
            return is_name(name).then_some((name, behind));
        }
    }
    let end = text.find(|c: char| !is_name_character(c)).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(name, _)| is_name(name))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_name_character)
}

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod values {
    use proptest::prelude::*;

    use super::*;

    fn look_up(name: &str) -> Option<&'static str> {
        match name {
            "a" => Some("1"),
            "b" => Some("<$a>"),
            "loop" => Some("x$loop$loop"),
            _ => None,
        }
    }

    #[test]
    fn have_their_references_replaced() {
        for (value, expanded) in [
            ("", ""),
            ("plain", "plain"),
            ("$a ${a}$(a)x", "1 11x"),
            ("$b, $nowhere.", "<1>, ."),
            ("${a?yes} $ ${a", "${a?yes} $ ${a"),
            ("$a_b", ""),
        ] {
            assert_eq!(expand(value, &look_up), expanded, "{value}");
        }
    }

    #[test]
    fn name_their_references_in_every_form() {
        let value = "$a ${b}$(c)x ${d?$e} ${{$f} == {$g} ? {1} : {2}} $ $$h";
        assert_eq!(references(value).collect::<Vec<_>>(), ["a", "b", "c", "d", "e", "f", "g", "h"]);
    }

    proptest! {
        #[test]
        fn of_any_text_end(text in "[$a{}()loop? ]{0,40}") {
            prop_assert!(expand(&text, &look_up).len() <= MAX_BYTES);
        }
    }
}
