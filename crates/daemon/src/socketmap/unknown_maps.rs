//! Unknown maps: names of maps that mail servers ask and that the daemon does not have; each is logged once.

use std::sync::{Mutex, PoisonError};

/// Unknown names that are logged; a server that asks for another one each time does not fill the log.
const MAX_NAMES: usize = 16;

/// How much of a name is shown.
const MAX_NAME_BYTES: usize = 64;

/// The unknown names so far.
#[derive(Debug, Default)]
pub(super) struct UnknownMaps(Mutex<Vec<String>>);

impl UnknownMaps {
    /// Logs the name of a map, unless it was logged before.
    pub(super) fn note(&self, map: &[u8]) {
        if let Some(words) = self.words(map) {
            tracing::warn!("{words}");
        }
    }

    /// The line for the log; none for a name that has had one.
    fn words(&self, map: &[u8]) -> Option<String> {
        let shown = map.get(..MAX_NAME_BYTES).unwrap_or(map);
        let name = shown.escape_ascii().to_string();
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() == MAX_NAMES || names.contains(&name) {
            return None;
        }
        let last = if names.len() + 1 == MAX_NAMES { "; further names are not logged" } else { "" };
        let words = format!(
            "a mail server asks for the map `{name}`, which there is not, and mail waits for it: write `QUERY`, \
             `QUERYwithTLSRPT` (Postfix 3.10 and later) or `sts` (sendmail) behind the address in its configuration{last}"
        );
        names.push(name);
        Some(words)
    }
}

#[cfg(test)]
mod unknown_names {
    use super::*;

    #[test]
    fn fault_unknown_map_is_logged_once() {
        let maps = UnknownMaps::default();
        let words = maps.words(b"postfix").unwrap();
        assert!(words.contains("`postfix`") && words.contains("`QUERY`"), "{words}");
        assert_eq!(maps.words(b"postfix"), None);
        assert!(maps.words(b"other").is_some());
    }

    #[test]
    fn of_any_number_fill_neither_log_nor_memory() {
        let maps = UnknownMaps::default();
        let logged = (0..1_000).filter(|n| maps.words(format!("map{n}").as_bytes()).is_some()).count();
        assert_eq!((logged, maps.0.lock().unwrap().len()), (MAX_NAMES, MAX_NAMES));
    }

    #[test]
    fn cannot_write_lines_of_their_own() {
        let words = UnknownMaps::default().words(b"a\nERROR \x1b[31m\xff").unwrap();
        assert!(words.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{words}");
        assert!(UnknownMaps::default().words(&[b'a'; 10_000]).unwrap().len() < 400);
    }
}
