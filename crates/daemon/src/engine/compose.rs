//! One answer from all branches: the decision, and its text for each form.

use std::sync::Arc;

use starttls_discover::Discovering;
use starttls_mta::postfix::socketmap::{Answer, Answered, Form as Wording};
use starttls_policy::decide::evidence::{Cause, DaneEvidence, StsEvidence, StsPolicy};
use starttls_policy::decide::overrides::Ruling;
use starttls_policy::decide::{Decision, Question};
use starttls_policy::{Action, Demand, Origin, Timestamp, decide};
use tokio::time::Instant;

use super::dane::DaneBranch;
use super::protected::{LEAST_DANE, after, has_seen_records};
use super::reader::Reader;
use super::revisions::Revision;
use super::sts::StsBranch;
use super::{Inner, Known, Memory, Target};
use crate::answer::{Form, Reply};
use crate::learned::ToVerify;

/// An answer, found out.
#[derive(Debug)]
pub(crate) struct Found {
    replies: [Reply; 3],
    /// How long it may be given.
    pub(crate) until: Instant,
    /// The lists and overrides that it was made from.
    pub(crate) generation: u64,
    /// The state of the domain's policy that it was made from.
    pub(crate) made: Revision,
    /// State of validation that it was made in.
    pub(crate) epoch: u64,
}

/// What became of MTA-STS.
pub(crate) enum Awaited {
    /// Nobody waited for it: it cannot change the answer.
    Not,
    /// It did not come in time; this was the revision when waiting began.
    InVain(Revision),
    /// It came.
    Came(StsBranch),
}

const WAIT: Reply = Reply::Temporary("what must hold for this domain cannot be found out now");

impl Found {
    /// What is said when finding out broke off: that can only be a fault of ours.
    pub(crate) fn broken_off() -> Self {
        let made = Revision::default();
        Self { replies: [WAIT, WAIT, WAIT], until: Instant::now(), generation: 0, made, epoch: 0 }
    }

    pub(crate) fn reply(&self, form: Form) -> Reply {
        let [plain, tlsrpt, sendmail] = &self.replies;
        match form {
            Form::Plain => plain.clone(),
            Form::Tlsrpt => tlsrpt.clone(),
            Form::Sendmail => sendmail.clone(),
        }
    }
}

impl<D: Discovering, K: Known, M: Memory> Inner<D, K, M> {
    /// The answer, where the operator's override leaves nothing to find out.
    pub(crate) fn by_operator_alone(&self, target: &Target, reader: Reader) -> Option<Found> {
        let now = self.clock.now();
        let mut is_settled = false;
        let seen = self.known.show(&target.domain, &mut |operator, _| {
            is_settled = operator
                .is_some_and(|operator| operator.until > now && !matches!(operator.ruling, Ruling::Testing));
        });
        if seen.is_err() || !is_settled {
            return None;
        }
        Some(self.compose(target, reader, &self.without_dane(), Awaited::Not))
    }

    /// For answers that DANE has no part in.
    pub(crate) fn without_dane(&self) -> DaneBranch {
        let evidence = Arc::new(DaneEvidence::NotAsked);
        DaneBranch { evidence, until: Instant::now() + self.settings.longest }
    }

    /// The answer.
    pub(crate) fn compose(&self, target: &Target, reader: Reader, dane: &DaneBranch, sts: Awaited) -> Found {
        let generation = self.known.generation();
        let now = self.clock.now();
        let late = || StsEvidence::Inconclusive { cause: Cause::Timeout, cached: None };
        let short = Instant::now() + self.settings.failure;
        let (evidence, release, elsewhere, sts_until, made) = match sts {
            Awaited::Not => (Arc::new(StsEvidence::NotAsked), None, None, dane.until, self.hot.revision()),
            Awaited::InVain(begun) => (Arc::new(late()), None, None, short, begun),
            Awaited::Came(branch) => {
                (branch.evidence, branch.release, branch.elsewhere, branch.until, branch.made)
            }
        };
        let evidence = self.dated_evidence(evidence);
        let mut replies = [WAIT, WAIT, WAIT];
        let mut until = dane.until.min(sts_until);
        let seen = self.known.show(&target.domain, &mut |operator, listed| {
            let question = Question {
                domain: &target.domain,
                operator,
                dane: &dane.evidence,
                sts: &evidence,
                release,
                elsewhere: elsewhere.as_deref(),
                listed,
                choices: self.choices(),
                now,
            };
            let decision = decide(&question);
            self.note(target, &decision, dane, now);
            if let Some(end) = decision.valid_until {
                until = until.min(Instant::now() + now.until(end));
            }
            replies = self.render(reader, &decision, policy_of(&evidence, now));
        });
        if let Err(error) = seen {
            // Not known to be listed is not known to be unlisted.
            self.failed(&target.domain, "list", &error.words);
            self.metrics.deferred("list");
            until = until.min(short);
        }
        Found { replies, until, generation, made, epoch: self.validation.epoch() }
    }

    /// The text of each form that the reader reads.
    fn render(&self, reader: Reader, decision: &Decision<'_>, sts: Option<&StsPolicy>) -> [Reply; 3] {
        [Form::Plain, Form::Tlsrpt, Form::Sendmail].map(|form| {
            if Reader::of(form) != reader {
                return WAIT;
            }
            let form = match form {
                Form::Plain => Wording::Plain,
                Form::Tlsrpt => Wording::Tlsrpt,
                Form::Sendmail => Wording::Sendmail,
            };
            let Answered { answer, anchor_file, .. } = self.renderer.answer(decision, form, sts);
            if let (Some(file), Some(anchors)) = (anchor_file, &self.anchors)
                && let Err(error) = anchors.provide(&file)
            {
                // Postfix would defer, too, and would not say why.
                self.failed(decision.domain, "key file", &error.to_string());
                self.metrics.deferred("key-file");
                return WAIT;
            }
            match answer {
                Answer::Policy(text) => Reply::Ok(text.into()),
                Answer::Nothing => Reply::NotFound,
                Answer::Later => WAIT,
            }
        })
    }

    /// Keeps what must outlast the answer: that DANE held, and what is to be verified in the shadow.
    fn note(&self, target: &Target, decision: &Decision<'_>, dane: &DaneBranch, now: Timestamp) {
        match &decision.action {
            Action::Dane | Action::DaneOnly if has_seen_records(&dane.evidence) => {
                let left = dane.until.saturating_duration_since(Instant::now()).max(LEAST_DANE);
                self.memory.keep_dane(&target.domain, after(now, left));
            }
            Action::LogOnly(Demand { origin: Origin::MtaSts, .. }) => {
                self.memory.to_verify(&target.domain, ToVerify::StsTesting, now);
            }
            Action::LogOnly(Demand { origin: Origin::List, .. }) => {
                self.memory.to_verify(&target.domain, ToVerify::ListTesting, now);
            }
            Action::Defer => self.metrics.deferred("dns"),
            // Records that may be there protect as long as they cannot be looked up, and no longer.
            Action::Dane
            | Action::DaneOnly
            | Action::LogOnly(_)
            | Action::Opportunistic
            | Action::Relaxed
            | Action::Require(_) => {}
        }
    }
}

/// The policy that holds, for the attributes that tell of it.
fn policy_of(evidence: &StsEvidence, now: Timestamp) -> Option<&StsPolicy> {
    let policy = match evidence {
        StsEvidence::Found(policy) => Some(policy),
        StsEvidence::Inconclusive { cached, .. } => cached.as_ref(),
        StsEvidence::Absent { .. } | StsEvidence::NotAsked => None,
    };
    policy.filter(|policy| policy.ends() > now)
}
