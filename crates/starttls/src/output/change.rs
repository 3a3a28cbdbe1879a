//! What changed between two lists, in words that a person can approve.

use std::fmt::Display;
use std::io::Write;

use owo_colors::{OwoColorize, Style};
use serde_json::{Value, json};
use starttls_policy::diff::{Alteration, Change, Diff, Fact, HeadChange, MxEdit, PinsetChange, Totals};
use starttls_policy::{Policy, Strictness, printable};

use super::counted;

/// Prints everything; says so if there is nothing.
pub(crate) fn print(diff: &Diff<'_>) -> std::io::Result<()> {
    let mut out = anstream::stdout().lock();
    if diff.is_empty() {
        return writeln!(out, "no difference");
    }
    print_totals(&mut out, &diff.totals)?;
    section(&mut out, "the list itself", diff.head.iter().map(head))?;
    section(&mut out, "pinsets", diff.pinsets.iter().map(pinset))?;
    let shared = diff.shared.iter().map(|one| {
        let touched = counted(one.domains, "domain", "domains");
        format!("{}: {} — touches {touched}", one.name, change(&one.change))
    });
    section(&mut out, "shared policies", shared)?;
    let entries = diff.entries.iter().map(|one| format!("{}: {}", one.domain, change(&one.change)));
    section(&mut out, "domains", entries)?;
    let mx =
        diff.mx.iter().map(|one| format!("{}: {}", counted(one.domains, "domain", "domains"), mx(&one.edit)));
    section(&mut out, "MX changes, widest first", mx)
}

fn section(out: &mut dyn Write, title: &str, lines: impl Iterator<Item = String>) -> std::io::Result<()> {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        writeln!(out, "{}", title.bold())?;
    }
    lines.try_for_each(|line| writeln!(out, "  {line}"))
}

fn print_totals(out: &mut dyn Write, totals: &Totals) -> std::io::Result<()> {
    let rows = [
        (totals.added, "added", Style::new().green()),
        (totals.removed, "removed", Style::new().red()),
        (totals.tightened, "tightened", Style::new().green()),
        (totals.relaxed, "relaxed", Style::new().red()),
        (totals.incomparable, "changed both ways", Style::new().red()),
        (totals.restated, "restated (the same sessions are admitted)", Style::new()),
        (totals.untouched, "untouched", Style::new().dimmed()),
    ];
    let said = rows.iter().filter(|(count, ..)| *count > 0);
    let words: Vec<String> = said
        .map(|(count, what, style)| format!("{} {}", super::grouped(*count), what.style(*style)))
        .collect();
    writeln!(out, "{}: {}", "domains".bold(), words.join(", "))
}

fn head(change: &HeadChange<'_>) -> String {
    match change {
        HeadChange::Dialect(old, new) => format!("version {old} becomes {new}"),
        HeadChange::Author(old, new) => {
            format!("author {} becomes {}", or_none(old.map(printable)), or_none(new.map(printable)))
        }
        HeadChange::Serial(old, new) if new > old => format!("serial {old} becomes {new}"),
        HeadChange::Serial(old, new) => {
            format!("{}", format!("serial {old} becomes {new}: it does not grow, whoever has the older list refuses the newer").red())
        }
        HeadChange::Timestamp(old, new) => format!("issued {} becomes {}", or_none(*old), or_none(*new)),
        HeadChange::Expires(old, new) => format!("ends {} becomes {}", or_none(*old), or_none(*new)),
        HeadChange::Extensions(names) => format!(
            "notes differ: {}",
            names.iter().map(|name| printable(name)).collect::<Vec<_>>().join(", ")
        ),
    }
}

fn pinset(change: &PinsetChange<'_>) -> String {
    let what = match (change.old, change.new) {
        (None, _) => "added",
        (_, None) => "removed",
        (Some(_), Some(_)) => "its keys or notes differ",
    };
    format!("{}: {what} — touches {}", change.name, counted(change.domains, "domain", "domains"))
}

fn change(change: &Change<'_>) -> String {
    match change {
        Change::Added(policy) => format!("{}, {}", "added".green(), in_short(policy)),
        Change::Removed(policy) => format!("{}, was {}", "removed".red(), in_short(policy)),
        Change::Altered(alteration) => altered(alteration),
    }
}

fn in_short(policy: &Policy) -> String {
    let mx: Vec<String> = policy.mx.iter().map(ToString::to_string).collect();
    format!("{} {}", policy.mode, mx.join(" ")).trim_end().to_owned()
}

fn altered(alteration: &Alteration<'_>) -> String {
    let facts: Vec<String> = alteration.facts.iter().map(fact).collect();
    let facts = facts.join("; ");
    match alteration.strictness {
        Strictness::Same => format!("restated: {facts}"),
        Strictness::Tighter => format!("{}: {facts}", "tightened".green()),
        Strictness::Looser => format!("{}: {facts}", "relaxed".red()),
        Strictness::Incomparable => format!("{}: {facts}", "changed both ways".red()),
    }
}

fn fact(fact: &Fact<'_>) -> String {
    match fact {
        Fact::Alias(old, new) => format!("shared policy {} becomes {}", or_none(*old), or_none(*new)),
        Fact::Mode(old, new) => format!("mode {old} becomes {new}"),
        Fact::Mx(edit) => mx(edit),
        Fact::Requirement(old, new) => format!("requires {new} instead of {old}"),
        Fact::MinTls(old, new) => format!("oldest TLS {} becomes {}", or_none(*old), or_none(*new)),
        Fact::Pinset(old, new) => {
            format!(
                "pinset {} becomes {}",
                or_none(old.map(|set| &set.name)),
                or_none(new.map(|set| &set.name))
            )
        }
        Fact::ReportTo(..) => "reports go elsewhere".into(),
        Fact::Since(old, new) => format!("since {} becomes {}", or_none(*old), or_none(*new)),
        Fact::Evidence(..) => "other evidence".into(),
        Fact::Extensions(names) => format!(
            "notes differ: {}",
            names.iter().map(|name| printable(name)).collect::<Vec<_>>().join(", ")
        ),
    }
}

fn mx(edit: &MxEdit<'_>) -> String {
    let list = |sign: &str, patterns: &[&starttls_policy::MxPattern]| {
        patterns.iter().map(|pattern| format!("{sign}{pattern}")).collect::<Vec<_>>()
    };
    let words = [list("+", &edit.added), list("−", &edit.removed)].concat();
    if words.is_empty() { "MX in another order".into() } else { format!("MX {}", words.join(" ")) }
}

fn or_none(value: Option<impl Display>) -> String {
    value.map_or_else(|| "none".into(), |value| value.to_string())
}

/// The same for programs.
pub(crate) fn json(diff: &Diff<'_>) -> Value {
    let totals = &diff.totals;
    let mx = diff.mx.iter().map(|one| {
        json!({
            "domains": one.domains,
            "added": one.edit.added.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "removed": one.edit.removed.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "shared_policies": one.shared.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "examples": one.examples.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    });
    json!({
        "domains": {
            "added": totals.added,
            "removed": totals.removed,
            "tightened": totals.tightened,
            "relaxed": totals.relaxed,
            "incomparable": totals.incomparable,
            "restated": totals.restated,
            "untouched": totals.untouched,
        },
        "head": diff.head.iter().map(|one| plain(&head(one))).collect::<Vec<_>>(),
        "pinsets": diff.pinsets.iter().map(|one| json!({ "name": one.name.as_str(), "domains": one.domains })).collect::<Value>(),
        "shared_policies": diff.shared.iter().map(|one| change_json(one.name.as_str(), &one.change, Some(one.domains))).collect::<Value>(),
        "entries": diff.entries.iter().map(|one| change_json(one.domain.as_str(), &one.change, None)).collect::<Value>(),
        "mx": mx.collect::<Value>(),
    })
}

fn change_json(name: &str, of: &Change<'_>, domains: Option<usize>) -> Value {
    let kind = match of {
        Change::Added(_) => "added",
        Change::Removed(_) => "removed",
        Change::Altered(alteration) => match alteration.strictness {
            Strictness::Same => "restated",
            Strictness::Tighter => "tightened",
            Strictness::Looser => "relaxed",
            Strictness::Incomparable => "incomparable",
        },
    };
    let mut value = json!({ "name": name, "change": kind, "text": plain(&change(of)) });
    if let (Some(domains), Some(members)) = (domains, value.as_object_mut()) {
        members.insert("domains".into(), domains.into());
    }
    value
}

/// Without colours.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
