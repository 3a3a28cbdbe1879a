//! What `update` and `withdraw` have to say when not all is well: one message, ready to be mailed.

use std::fmt::Write as _;

use starttls_policy::{Finding, Severity, Timestamp};

/// A message about trouble; without addresses, and without anything that is secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Message {
    pub(crate) subject: String,
    pub(crate) body: String,
}

impl Message {
    /// The message about these findings, the worst first; `stands` says what is in force now.
    pub(crate) fn new(host: &str, findings: &[Finding], stands: &[String], now: Timestamp) -> Self {
        let mut findings: Vec<&Finding> = findings.iter().collect();
        findings.sort_by_key(|finding| core::cmp::Reverse(finding.severity));
        let first = findings.first();
        let subject = first.map_or_else(String::new, |finding| {
            let more = findings.len() - 1;
            let more = if more == 0 { String::new() } else { format!(" (and {more} more)") };
            format!("starttls on {host}: {}{more}", short(&whole(finding)))
        });
        let mut body = String::new();
        for finding in findings {
            let _ = writeln!(body, "{}: {} [{}]", word(finding.severity), whole(finding), finding.code);
            if !finding.cure.is_empty() {
                let _ = writeln!(body, "  What to do: {}", finding.cure);
            }
            body.push('\n');
        }
        let _ = writeln!(body, "What holds now:");
        for line in stands {
            let _ = writeln!(body, "  {line}");
        }
        let _ = writeln!(body, "\n`starttls status` shows every list. Written at {now}.");
        Self { subject, body }
    }

    /// As it stands on a terminal or in cron's mail.
    pub(crate) fn text(&self) -> String {
        format!("{}\n\n{}", self.subject, self.body)
    }
}

/// What was seen, and of what.
fn whole(finding: &Finding) -> String {
    if finding.subject.is_empty() || names(&finding.message, &finding.subject) {
        return finding.message.clone();
    }
    format!("{}: {}", finding.subject, finding.message)
}

/// Tells whether a message has the subject as a word of its own: `ours` is not named by "3 hours".
fn names(message: &str, subject: &str) -> bool {
    let is_inner = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    message.match_indices(subject).any(|(at, found)| {
        let before = message.get(..at).and_then(|text| text.chars().next_back());
        let after = message.get(at + found.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_inner) && !after.is_some_and(is_inner)
    })
}

const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "Note",
        Severity::Warning => "Warning",
        Severity::Error => "Trouble",
    }
}

/// The first sentence, for a subject line.
fn short(message: &str) -> &str {
    const MAX_CHARS: usize = 90;
    let end = message.find([';', '\n']).unwrap_or(message.len());
    let first = message.get(..end).unwrap_or(message);
    first.char_indices().nth(MAX_CHARS).map_or(first, |(end, _)| first.get(..end).unwrap_or(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_c5_list_is_named_whatever_words_hold_its_name() {
        let now = Timestamp::parse("2026-11-22T08:00:00Z").unwrap();
        let subject = |message: &str| {
            let finding = Finding::warning("source.ageing", "ours", message);
            Message::new("mx1", &[finding], &[], now).subject
        };
        assert_eq!(subject("it ends in 3 hours"), "starttls on mx1: ours: it ends in 3 hours");
        assert_eq!(
            subject("the list `ours` ends in 3 hours"),
            "starttls on mx1: the list `ours` ends in 3 hours"
        );
        assert_eq!(subject("yours and ours end"), "starttls on mx1: yours and ours end");
    }

    #[test]
    fn message_begins_with_the_worst_and_says_the_cure() {
        let findings = [
            Finding::warning("source.ageing", "eff", "the list `eff` ends in 3 days; no mirror answers"),
            Finding::error("source.ended", "de", "the list `de` ended at noon")
                .with_cure("look at its mirrors"),
        ];
        let now = Timestamp::parse("2026-11-22T08:00:00Z").unwrap();
        let message = Message::new("mx1", &findings, &["2 domains enforced".to_owned()], now);
        assert_eq!(message.subject, "starttls on mx1: the list `de` ended at noon (and 1 more)");
        let place = |text: &str| message.body.find(text).unwrap();
        assert!(place("Trouble: the list `de`") < place("Warning: the list `eff`"));
        assert!(message.body.contains("What to do: look at its mirrors\n"));
        assert!(message.body.contains("  2 domains enforced\n"));
    }
}
