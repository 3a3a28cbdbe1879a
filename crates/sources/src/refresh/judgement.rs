//! What a search means for a source: the step on the ladder, how loudly to speak, what to remember of it.

use starttls_policy::{Code, Finding, Timestamp};
use starttls_trust::Anchor;
use starttls_trust::ladder::{Action, Deed, Event, Notice, State, step};

use super::Outcome;
use crate::kinds::{Heft, Search};
use crate::settings::SourceSettings;
use crate::state::{Evidence, Failure, Memory, Record, TrustKind};
use crate::term::Standing;

/// What a search means.
#[derive(Debug)]
pub(super) struct Judgement {
    pub(super) outcome: Outcome,
    pub(super) state: State,
    pub(super) action: Action,
    pub(super) findings: Vec<Finding>,
    pub(super) evidence: Option<Evidence>,
    /// Since when every mirror is behind.
    behind_since: Option<Timestamp>,
}

const UNSIGNED: Code = Code::info(
    "source.unsigned",
    "a list that nobody signed is used by your settings: whoever may write its file decides what it says",
);
const MIRROR_FAILED: Code =
    Code::warning("source.mirror-failed", "a mirror gave nothing that could be used; another one did");
const FAILED: Code = Code::warning(
    "source.failed",
    "nothing that could be accepted was had from any mirror; what was accepted before counts until its end",
);
const REFUSED: Code = Code::error(
    "source.refused",
    "what was offered is older than what is held, or not signed as it must be; what was accepted before counts until its end",
);
const CONTRADICTED: Code = Code::error(
    "source.contradicted",
    "something that is validly signed contradicts what was accepted before, which counts until its end",
);
const HELD_BACK: Code = Code::error(
    "source.held-back",
    "every mirror has been behind what is held for longer than lists stay fresh: somebody may be holding news back",
);
const AGEING: Code = Code::warning("source.ageing", "a list nears its end, and no newer one was accepted");
const ENDED: Code = Code::error(
    "source.ended",
    "a list has ended, and no newer one was accepted: nothing of it is in force, mail goes by opportunistic TLS",
);

const OTHER_TRUST: Code = Code::error(
    "source.other-trust",
    "the settings name another root, certificate or kind of trust than the one by which the list in force was accepted; it stays in \
     force until its end, or until something is accepted under the new trust",
);

/// Every code that a run for a source may give, for the documentation.
pub(crate) const CODES: &[Code] =
    &[AGEING, CONTRADICTED, ENDED, FAILED, HELD_BACK, MIRROR_FAILED, OTHER_TRUST, REFUSED, UNSIGNED];

/// Nothing so far.
const NOTHING: Action = Action { deed: Deed::Keep, notice: Notice::Quiet };

const DAY_SECONDS: u64 = 86_400;

impl Judgement {
    pub(super) fn of(settings: &SourceSettings, record: &Record, search: &Search, now: Timestamp) -> Self {
        let mut judgement = Self {
            outcome: Outcome::Confirmed,
            state: record.ladder,
            action: NOTHING,
            findings: Vec::new(),
            evidence: None,
            // A time that a wrong clock noted must not hold the alarm up until then.
            behind_since: search
                .is_all_behind()
                .then(|| record.behind_since.map_or(now, |since| since.min(now))),
        };
        let held = Standing::of_record(settings, record);
        let standing = match &search.candidate {
            Some(candidate) => Standing::of(settings, &candidate.memory, &candidate.list.head),
            None => held,
        };
        judgement.weigh_offers(settings, record, search, standing, now);
        judgement.weigh_rejections(settings, record, search, now);
        judgement.weigh_time(settings, standing, now);
        if record.trust == TrustKind::Unsigned && (search.candidate.is_some() || record.list.is_some()) {
            judgement.findings.push(UNSIGNED.finding(settings.name.as_str(), "nobody signed this list"));
        }
        judgement
    }

    fn weigh_offers(
        &mut self,
        settings: &SourceSettings,
        record: &Record,
        search: &Search,
        standing: Standing,
        now: Timestamp,
    ) {
        if let Some(candidate) = &search.candidate {
            let is_same = record.list.as_ref().is_some_and(|list| list.sha256 == candidate.sha256);
            self.outcome = if is_same { Outcome::Confirmed } else { Outcome::Accepted };
            self.take(standing.accepted(now));
        } else if search.unchanged > 0 {
            // No news: it clears no suspicion, but puts back what ended by a clock that was wrong, or by other settings.
            if self.state != State::Suspicious && !standing.has_ended(now) {
                self.take(standing.accepted(now));
            }
        } else {
            let why = search.words();
            if standing.is_back(self.state, now) {
                self.take(standing.accepted(now));
            }
            self.take(Event::Failed);
            if search.heaviest().is_none_or(|heaviest| heaviest.weight < Heft::Behind) {
                self.findings.push(FAILED.finding(settings.name.as_str(), why.clone()));
            }
            self.outcome = Outcome::Failed { why };
        }
    }

    fn weigh_rejections(
        &mut self,
        settings: &SourceSettings,
        record: &Record,
        search: &Search,
        now: Timestamp,
    ) {
        let subject = settings.name.as_str();
        let is_supplied = search.candidate.is_some() || search.unchanged > 0;
        if is_supplied {
            let lighter = search.rejections.iter().filter(|rejection| rejection.weight < Heft::Contradiction);
            self.findings
                .extend(lighter.map(|rejection| MIRROR_FAILED.finding(subject, rejection.words.clone())));
        }
        let Some(heaviest) = search.heaviest() else { return };
        let why = heaviest.words.clone();
        if heaviest.weight == Heft::Contradiction {
            self.take(Event::Contradicted);
            self.findings.push(CONTRADICTED.finding(subject, why.clone()));
            self.evidence = heaviest.evidence();
            self.outcome = Outcome::Contradicted { why };
        } else if !is_supplied && heaviest.weight >= Heft::Behind {
            self.evidence = heaviest.evidence();
            self.findings.push(REFUSED.finding(subject, why));
            self.action.notice = self.action.notice.max(Notice::AlertWithEvidence);
        }
        if let Some(since) = self.behind_since.filter(|since| since.until(now).as_secs() > patience(record)) {
            let why = format!("every mirror has been behind what is held since {since}: {}", search.words());
            self.take(Event::Contradicted);
            self.findings.push(HELD_BACK.finding(subject, why.clone()));
            self.outcome = Outcome::Contradicted { why };
        }
    }

    fn weigh_time(&mut self, settings: &SourceSettings, standing: Standing, now: Timestamp) {
        let subject = settings.name.as_str();
        match (standing.event(now), self.state) {
            (_, State::Absent) | (None, _) => {}
            (Some(Event::PassedEnd), _) => {
                self.take(Event::PassedEnd);
                self.findings.push(ENDED.finding(subject, format!("it ended at {}", standing.end())));
            }
            (Some(event), _) => {
                if self.state == State::Fresh {
                    self.take(event);
                }
                let left = standing.clock(now).now().until(standing.end()).as_secs();
                let message = format!(
                    "it ends at {}, in {} days and {} hours",
                    standing.end(),
                    left / DAY_SECONDS,
                    left % DAY_SECONDS / 3600
                );
                self.findings.push(AGEING.finding(subject, message));
            }
        }
    }

    /// One step; what is to be done adds up, and a withdrawal undoes what came before it.
    fn take(&mut self, event: Event) {
        let (state, action) = step(self.state, event);
        self.state = state;
        self.action.notice = self.action.notice.max(action.notice);
        if action.deed != Deed::Keep {
            self.action.deed = action.deed;
        }
    }

    /// What is in force was accepted under other trust than the settings name, and nothing under the new one.
    pub(super) fn note_other_trust(&mut self, settings: &SourceSettings, record: &Record, now: Timestamp) {
        let standing = Standing::of_record(settings, record);
        if standing.has_ended(now) {
            return;
        }
        let name = &settings.name;
        let until = standing.term().map_or_else(String::new, |term| format!(" until {}", term.end));
        let message = format!(
            "what is in force of `{name}` was accepted under other trust than the settings name now, and stays in force{until}"
        );
        let cure = format!(
            "if you no longer trust what was accepted, run `starttls update --forget-source {name}`; otherwise it is replaced as \
             soon as something is accepted under the new trust"
        );
        self.findings.push(OTHER_TRUST.finding(name.as_str(), message).with_cure(cure));
    }

    /// What the next run is to know of this one.
    pub(super) fn note_in(&self, record: &mut Record, now: Timestamp, evidence: Option<&str>) {
        record.tried = Some(now);
        record.ladder = self.state;
        record.behind_since = self.behind_since;
        let since = record.failure.as_ref().and_then(|failure| failure.since);
        let since = Some(since.map_or(now, |since| since.min(now)));
        record.failure = match &self.outcome {
            Outcome::Accepted | Outcome::Confirmed => {
                record.succeeded = Some(now);
                None
            }
            Outcome::Failed { why } | Outcome::Contradicted { why } => {
                let before = record.failure.take().and_then(|failure| failure.evidence);
                let evidence = evidence.map(str::to_owned).or(before);
                Some(Failure { words: why.clone(), since, evidence })
            }
        };
    }
}

/// For how many seconds all mirrors may be behind: as long as the root lets a list go without being called ageing.
fn patience(record: &Record) -> u64 {
    let Some(Memory::Witnessed(memory)) = &record.memory else { return 7 * DAY_SECONDS };
    let days = Anchor::parse(memory.root_note.as_bytes()).map_or(7, |root| root.root().limits.ageing_days);
    u64::from(days) * DAY_SECONDS
}
