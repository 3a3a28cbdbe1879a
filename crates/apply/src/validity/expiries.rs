//! What the table becomes as its parts expire: per expiry, in order, the lines that change.
//!
//! ```text
//! starttls expiries 1
//! @ 2026-12-10T00:00:00Z change
//! example.net
//! example.org secure match=mx.example.org servername=hostname
//! @ 2026-12-20T00:00:00Z only
//! example.com encrypt
//! @ 2026-12-24T00:00:00Z take-out
//! end
//! ```
//!
//! Each step is about the table that the steps before it leave. Under `change` a domain alone loses its line; under
//! `only` the lines are all that is left.

use std::collections::BTreeMap;
use std::fmt;

use starttls_mta::postfix::Line;
use starttls_policy::Timestamp;

const HEADER: &str = "starttls expiries 1";
const END: &str = "end";

/// What the table becomes as its parts expire, in order of time.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Expiries {
    steps: Vec<Step>,
}

/// One expiry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// What becomes of the table.
    pub effect: Effect,
}

/// What becomes of the table.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Effect {
    /// Some lines change.
    Change(BTreeMap<String, Change>),
    /// These lines are left: what stands behind each domain.
    Only(BTreeMap<String, String>),
    /// Nothing is left, or what is left could not be worked out within limits.
    TakeOut,
}

/// How a domain's line changes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    /// There is none any more.
    Gone,
    /// This stands behind the domain.
    Line(String),
}

/// The steps that are due, as one, and those that are not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Due {
    /// What becomes of the table.
    pub effect: Effect,
    /// What is still to come.
    pub later: Expiries,
}

/// The text is not what we wrote.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("line {line} is no line of ours")]
pub struct ExpiriesError {
    /// Counted from 1.
    pub line: usize,
}

impl Expiries {
    /// Steps, in order of time.
    pub fn new(mut steps: Vec<Step>) -> Self {
        steps.sort_by_key(|step| step.at);
        Self { steps }
    }

    /// The steps, in order of time.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The steps that are due put together; `None` while none is.
    pub fn due(mut self, now: Timestamp) -> Option<Due> {
        let later = self.steps.split_off(self.steps.partition_point(|step| step.at <= now));
        let effect = self.steps.into_iter().map(|step| step.effect).reduce(Effect::then)?;
        Some(Due { effect, later: Self { steps: later } })
    }

    /// Reads the text.
    ///
    /// # Errors
    /// [`ExpiriesError`] names the first line that we would not have written.
    pub fn parse(text: &str) -> Result<Self, ExpiriesError> {
        let mut steps: Vec<Step> = Vec::new();
        let mut lines = text.split_terminator('\n').zip(1..);
        let mut is_whole = false;
        if lines.next().map(|(line, _)| line) != Some(HEADER) || !text.ends_with('\n') {
            return Err(ExpiriesError { line: 1 });
        }
        for (line, number) in lines {
            let wrong = ExpiriesError { line: number };
            if is_whole {
                return Err(wrong);
            }
            if line == END {
                is_whole = true;
            } else if let Some(head) = line.strip_prefix("@ ") {
                let step = step(head).ok_or(wrong.clone())?;
                if steps.last().is_some_and(|before| before.at > step.at) {
                    return Err(wrong);
                }
                steps.push(step);
            } else {
                steps.last_mut().and_then(|step| step.effect.add(line)).ok_or(wrong)?;
            }
        }
        if is_whole { Ok(Self { steps }) } else { Err(ExpiriesError { line: text.split('\n').count() }) }
    }
}

fn step(head: &str) -> Option<Step> {
    let (at, word) = head.split_once(' ')?;
    let effect = match word {
        "change" => Effect::Change(BTreeMap::new()),
        "only" => Effect::Only(BTreeMap::new()),
        "take-out" => Effect::TakeOut,
        _ => return None,
    };
    Some(Step { at: Timestamp::parse(at).ok()?, effect })
}

impl Effect {
    /// Adds a line of the text; `None` for one that does not belong here.
    fn add(&mut self, line: &str) -> Option<()> {
        match (self, line.split_once(' ')) {
            (Self::Change(changes), Some((domain, rest))) => {
                Line::parse(line).ok()?;
                changes.insert(domain.to_owned(), Change::Line(rest.to_owned()));
            }
            (Self::Change(changes), None) if !line.is_empty() => {
                changes.insert(line.to_owned(), Change::Gone);
            }
            (Self::Only(lines), Some((domain, rest))) => {
                Line::parse(line).ok()?;
                lines.insert(domain.to_owned(), rest.to_owned());
            }
            _ => return None,
        }
        Some(())
    }

    /// This effect and then another, as one.
    fn then(self, next: Self) -> Self {
        match (self, next) {
            (Self::TakeOut, _) | (_, Self::TakeOut) => Self::TakeOut,
            (_, next @ Self::Only(_)) => next,
            (Self::Change(mut changes), Self::Change(next)) => {
                changes.extend(next);
                Self::Change(changes)
            }
            (Self::Only(mut lines), Self::Change(next)) => {
                for (domain, change) in next {
                    match change {
                        Change::Gone => _ = lines.remove(&domain),
                        Change::Line(rest) => _ = lines.insert(domain, rest),
                    }
                }
                Self::Only(lines)
            }
        }
    }
}

impl fmt::Display for Expiries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        for Step { at, effect } in &self.steps {
            match effect {
                Effect::Change(changes) => {
                    writeln!(f, "@ {at} change")?;
                    for (domain, change) in changes {
                        match change {
                            Change::Gone => writeln!(f, "{domain}")?,
                            Change::Line(rest) => writeln!(f, "{domain} {rest}")?,
                        }
                    }
                }
                Effect::Only(lines) => {
                    writeln!(f, "@ {at} only")?;
                    lines.iter().try_for_each(|(domain, rest)| writeln!(f, "{domain} {rest}"))?;
                }
                Effect::TakeOut => writeln!(f, "@ {at} take-out")?,
            }
        }
        writeln!(f, "{END}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "starttls expiries 1\n@ 2026-12-10T00:00:00Z change\na.test\n\
        b.test secure match=mx.b.test servername=hostname\n@ 2026-12-20T00:00:00Z only\nc.test encrypt\n\
        @ 2026-12-21T00:00:00Z change\nd.test encrypt\n@ 2026-12-24T00:00:00Z take-out\nend\n";

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn come_back_as_written() {
        assert_eq!(Expiries::parse(TEXT).unwrap().to_string(), TEXT);
    }

    #[test]
    fn of_another_form_are_refused_with_their_line() {
        for (from, to, line) in [
            ("expiries 1", "expiries 2", 1),
            ("change\na.test", "alter\na.test", 2),
            ("b.test secure", "b.test maybe", 4),
            ("c.test encrypt", "c.test", 6),
            ("take-out\n", "take-out\nx.test\n", 10),
            ("end\n", "", 10),
            ("end\n", "end\nmore\n", 11),
            ("2026-12-24", "2026-12-04", 9),
        ] {
            let error = Expiries::parse(&TEXT.replacen(from, to, 1)).unwrap_err();
            assert_eq!(error.line, line, "{from} -> {to}");
        }
    }

    #[test]
    fn that_are_due_count_as_one() {
        let expiries = Expiries::parse(TEXT).unwrap();
        assert_eq!(expiries.clone().due(at("2026-12-09T23:59:59Z")), None);
        let due = expiries.clone().due(at("2026-12-10T00:00:00Z")).unwrap();
        assert!(matches!(&due.effect, Effect::Change(changes) if changes.len() == 2));
        assert_eq!(due.later.steps().len(), 3);
        let due = expiries.clone().due(at("2026-12-22T00:00:00Z")).unwrap();
        let lines = ["c.test", "d.test"].map(|domain| (domain.to_owned(), "encrypt".to_owned()));
        assert_eq!(due.effect, Effect::Only(lines.into()));
        assert_eq!(expiries.due(Timestamp::MAX).unwrap().effect, Effect::TakeOut);
    }
}
