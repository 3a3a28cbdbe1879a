//! The servers that a resolv.conf(5) names, and the lines of it that say nothing to us.
//!
//! Spec: resolv.conf(5).

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::PORT;

/// How many servers count, as in resolv.conf(5).
const MAX_SERVERS: usize = 3;

/// Other words that a line may begin with.
const OTHER_KEYWORDS: [&str; 6] = ["domain", "search", "sortlist", "options", "lookup", "family"];

/// The longest text of a line that is repeated.
const MAX_SHOWN_CHARS: usize = 80;

/// A resolv.conf, read.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ResolvConf {
    /// The first three servers that it names, each at port 53; may be empty.
    pub servers: Vec<SocketAddr>,
    /// Lines that are not understood, or do not count.
    pub complaints: Vec<Complaint>,
}

/// A line that is not understood, or does not count.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Complaint {
    /// Counted from 1.
    pub line: usize,
    /// Its text.
    text: String,
    reason: Reason,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Reason {
    Address,
    Keyword,
    TooMany,
}

impl ResolvConf {
    /// Reads the text. `options trust-ad` is not believed: containers inherit it without the resolver that it was said of.
    pub fn parse(text: &str) -> Self {
        let mut read = Self::default();
        for (index, text) in text.lines().enumerate() {
            let mut words = text.split_ascii_whitespace();
            let complaint = match words.next() {
                None => None,
                Some(word) if word.starts_with(['#', ';']) || OTHER_KEYWORDS.contains(&word) => None,
                Some("nameserver") => read.nameserver(words.next()),
                Some(_) => Some(Reason::Keyword),
            };
            if let Some(reason) = complaint {
                let text = text.trim().chars().take(MAX_SHOWN_CHARS).collect();
                read.complaints.push(Complaint { line: index + 1, text, reason });
            }
        }
        read
    }

    fn nameserver(&mut self, address: Option<&str>) -> Option<Reason> {
        let Some(address) = address.and_then(|address| address.parse::<IpAddr>().ok()) else {
            return Some(Reason::Address);
        };
        if self.servers.len() >= MAX_SERVERS {
            return Some(Reason::TooMany);
        }
        self.servers.push(SocketAddr::new(address, PORT));
        None
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, text, reason } = self;
        let text = text.escape_debug();
        match reason {
            Reason::Address => {
                write!(f, "line {line} is not understood, want an address after `nameserver`: `{text}`")
            }
            Reason::Keyword => write!(f, "line {line} is not understood: `{text}`"),
            Reason::TooMany => {
                write!(f, "line {line} does not count, only the first {MAX_SERVERS} servers do: `{text}`")
            }
        }
    }
}

#[cfg(test)]
mod fault_15_resolv_conf {
    use super::*;

    #[test]
    fn lines_that_are_not_understood_are_told() {
        let text = "# a comment\nnameserver 192.0.2.1\nnameserver fe80::1%eth0\nnameservers 192.0.2.2\nnameserver\n\
                    search example.org\noptions edns0\n; x\n\n";
        let read = ResolvConf::parse(text);
        assert_eq!(read.servers, ["192.0.2.1:53".parse().unwrap()]);
        let lines: Vec<usize> = read.complaints.iter().map(|complaint| complaint.line).collect();
        assert_eq!(lines, [3, 4, 5]);
        assert!(
            read.complaints[0].to_string().contains("`nameserver fe80::1%eth0`"),
            "{}",
            read.complaints[0]
        );
    }

    #[test]
    fn fourth_server_is_told_not_to_count() {
        let text = "nameserver 192.0.2.1\n".repeat(4);
        let read = ResolvConf::parse(&text);
        assert_eq!((read.servers.len(), read.complaints.len()), (3, 1));
        assert!(read.complaints[0].to_string().contains("does not count"));
    }

    #[test]
    fn hostile_line_is_shown_short_and_escaped() {
        let read = ResolvConf::parse(&format!("\u{1b}[31m{}\n", "x".repeat(10_000)));
        let words = read.complaints[0].to_string();
        assert!(words.len() < 200 && !words.contains('\u{1b}'), "{words}");
    }
}
