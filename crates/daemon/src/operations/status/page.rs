//! The status as people read it: one page, no script, nothing from elsewhere.

use std::time::Duration;

use starttls_policy::Timestamp;

use super::document::StatusDocument;
use super::html::Html;
use crate::KnownSource;
use crate::operations::HealthState;

/// How the page looks; served at an address of its own, since the page's security policy allows no style within it.
pub(super) const STYLE: &str = include_str!("page.css");

/// The page.
pub(super) fn render(status: &StatusDocument, now: Timestamp) -> String {
    let mut html = Html::default();
    html.markup(concat!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>starttls daemon</title>\n",
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
        "<meta name=\"color-scheme\" content=\"light dark\"><meta http-equiv=\"refresh\" content=\"30\">\n",
        "<link rel=\"stylesheet\" href=\"page.css\"></head>\n<body><main>\n<header><h1>starttls daemon</h1><p>version ",
    ));
    html.text(status.program).markup(" · up ").text(span(Duration::from_secs(status.uptime_seconds)));
    html.markup(" · <time>")
        .text(status.now.replace('T', " ").replace('Z', " UTC"))
        .markup("</time></p></header>\n");
    verdicts(&mut html, status);
    numbers(&mut html, status);
    lists(&mut html, status, now);
    failures(&mut html, status);
    slowest(&mut html, status);
    html.markup("<footer><p>Sandbox: ").text(&status.sandbox);
    html.markup(
        "</p><p><a href=\"status.json\">status.json</a> · <a href=\"metrics\">metrics</a></p></footer>\n",
    );
    html.markup("</main></body></html>\n");
    html.finish()
}

/// What to see first: does it answer, does DANE count, is the store there.
fn verdicts(html: &mut Html, status: &StatusDocument) {
    html.markup("<section class=\"verdicts\">");
    match &status.health {
        HealthState::Serving => verdict(html, "good", "Answering", "Look-ups are answered."),
        HealthState::Starting(words) => verdict(html, "wait", "Starting", words),
        HealthState::Failing(words) => verdict(html, "bad", "Not answering", words),
    }
    match status.validation {
        "proven" => {
            verdict(html, "good", "DNSSEC validated", "The resolver proves what it says: DANE counts.");
        }
        "refuted" => verdict(
            html,
            "bad",
            "DNSSEC is not validated",
            "The resolver answers without proof. DANE is off until it validates; domains that it protected within the last hour wait, MTA-STS and lists still hold.",
        ),
        "lost" => verdict(
            html,
            "bad",
            "DNSSEC validation lost",
            "The resolver validated before and does not now. Domains that DANE protected within the last hour wait.",
        ),
        _ => verdict(html, "wait", "DNSSEC unknown", "The resolver has not told yet whether it validates."),
    }
    resolvers(html, status);
    if let Some(state) = status.shared_store {
        let words = "What nodes learn is shared there; without it this one goes on alone.";
        let words = match &status.shared_store_cause {
            Some(cause) => format!("{words} The database said: {cause}."),
            None => words.to_owned(),
        };
        verdict(html, if state == "up" { "good" } else { "wait" }, &format!("Store: {state}"), &words);
    }
    if let Some(failures) = status.shared_store_failures.filter(|failures| failures.unreadable > 0) {
        let title = format!("Store: {} parts of rows passed over", failures.unreadable);
        let words = "They hold what no node writes; the log says what. See who can write to the database.";
        verdict(html, "wait", &title, words);
    }
    if status.cache.waiting > 0 {
        let title = format!("{} new domains wait", status.cache.waiting);
        let words = "More new domains were asked for than the budget allows. Their policies are fetched one after the other; until then mail to them goes without MTA-STS.";
        verdict(html, "wait", &title, words);
    }
    for trouble in &status.troubles {
        verdict(html, "bad", "Answering without a file", trouble);
    }
    html.markup("</section>\n");
}

/// Whether resolvers answer, and deny.
fn resolvers(html: &mut Html, status: &StatusDocument) {
    let lookups = &status.lookups;
    let failure = lookups.failure.as_deref().unwrap_or_default();
    match lookups.state {
        "failing" => {
            let words = format!("Mail to domains that are not cached waits: {failure}.");
            verdict(html, "bad", "No MX look-up is answered", &words);
        }
        "degraded" => verdict(html, "wait", "Some look-ups fail", failure),
        _ => {}
    }
    if status.denial == "failing" {
        let words = "The resolver fails for names and records that are not there: signed domains without TLSA records wait.";
        verdict(html, "bad", "Denials fail", words);
    }
}

fn verdict(html: &mut Html, class: &'static str, title: &str, words: &str) {
    html.markup("<div class=\"verdict ").markup(class).markup("\"><strong>").text(title);
    html.markup("</strong><p>").text(words).markup("</p></div>\n");
}

fn numbers(html: &mut Html, status: &StatusDocument) {
    html.markup("<section class=\"numbers\">");
    for (value, words) in [
        (status.cache.entries, "answers at hand"),
        (status.cache.in_flight, "being found out"),
        (status.learned.policies, "MTA-STS policies"),
        (status.learned.enforce, "of them enforce"),
        (status.learned.dane, "known for DANE"),
        (status.learned.releases, "released from lists"),
        (status.learned.to_verify, "to be verified"),
        (status.learned.in_memory, "held in memory alone"),
        (status.connections.open, "clients connected"),
    ] {
        html.markup("<div><b>").number(value).markup("</b><span>").text(words).markup("</span></div>\n");
    }
    html.markup("</section>\n");
}

fn lists(html: &mut Html, status: &StatusDocument, now: Timestamp) {
    html.markup("<section><h2>Policy lists</h2>\n");
    if status.lists.is_empty() {
        html.markup("<p class=\"none\">None: only what domains publish themselves is known.</p></section>\n");
        return;
    }
    html.markup("<table><thead><tr><th>List</th><th>State</th><th>Domains</th><th>Serial</th><th>Ends</th></tr></thead><tbody>\n");
    for list in &status.lists {
        html.markup("<tr><td class=\"name\">").text(&list.name).markup("</td><td><span class=\"state ");
        html.markup(class_of(list))
            .markup("\">")
            .text(list.state)
            .markup("</span></td><td class=\"figure\">");
        if let Some(domains) = list.domains {
            html.number(domains);
        }
        html.markup("</td><td class=\"figure\">")
            .text(list.serial.map(|serial| serial.to_string()).unwrap_or_default());
        html.markup("</td><td>").text(list.until.as_deref().map(|until| end(until, now)).unwrap_or_default());
        html.markup("</td></tr>\n");
    }
    html.markup("</tbody></table></section>\n");
}

fn class_of(list: &KnownSource) -> &'static str {
    match list.state {
        "fresh" => "good",
        "ageing" => "wait",
        _ => "bad",
    }
}

fn failures(html: &mut Html, status: &StatusDocument) {
    html.markup("<section><h2>Recent failures</h2>\n");
    if status.recent_failures.is_empty() {
        html.markup("<p class=\"none\">None.</p></section>\n");
        return;
    }
    html.markup("<table><thead><tr><th>Domain</th><th>What</th><th>Words</th><th>Times</th><th>Last</th></tr></thead><tbody>\n");
    for failure in &status.recent_failures {
        let times = failure.times.to_string();
        html.row(&[
            ("name", &failure.domain),
            ("what", failure.what),
            ("words", &failure.words),
            ("figure", &times),
            ("when", &clock(&failure.at)),
        ]);
    }
    html.markup("</tbody></table></section>\n");
}

fn slowest(html: &mut Html, status: &StatusDocument) {
    html.markup("<section><h2>Slowest answers of the day</h2>\n");
    if status.slowest.is_empty() {
        html.markup("<p class=\"none\">None.</p></section>\n");
        return;
    }
    html.markup(
        "<table class=\"narrow\"><thead><tr><th>Domain</th><th>Took</th><th>When</th></tr></thead><tbody>\n",
    );
    for slow in &status.slowest {
        let took = if slow.milliseconds < 10_000 {
            format!("{} ms", slow.milliseconds)
        } else {
            format!("{} s", slow.milliseconds / 1000)
        };
        html.row(&[("name", &slow.domain), ("figure", &took), ("when", &clock(&slow.at))]);
    }
    html.markup("</tbody></table></section>\n");
}

/// `2026-12-20, in 28 days`.
fn end(until: &str, now: Timestamp) -> String {
    let Ok(end) = Timestamp::parse(until) else { return until.to_owned() };
    let day = end.date();
    if end <= now {
        return format!("{day}, {} ago", span(end.until(now)));
    }
    format!("{day}, in {}", span(now.until(end)))
}

/// `11-22 09:30:00`.
fn clock(at: &str) -> String {
    at.get(5..).unwrap_or(at).replace('T', " ").replace('Z', "")
}

/// In the largest unit of which there are at least two.
fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (many, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7200 => (seconds / 60, "minute"),
        7200..172_800 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{many} {unit}{}", if many == 1 { "" } else { "s" })
}
