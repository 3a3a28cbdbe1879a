//! Socketmap answers: one decision as the text behind `OK `, in the form that the asking mail server understands.
//!
//! | decision | `Plain` | `Tlsrpt` | `Sendmail` |
//! |---|---|---|---|
//! | require a certificate | `secure match=… servername=hostname protocols=…` | the same; of MTA-STS with `policy_type=sts …` | `secure match=… servername=hostname` |
//! | other demands, DANE, exempt | as the policy table has it | the same | nothing |
//! | log only | `may` where the server's own level is `none` | the same; of MTA-STS `may policy_type=sts …`, also at `may` | nothing |
//! | opportunistic | nothing | nothing | nothing |
//! | defer | later | later | later |
//!
//! The wire format is `starttls-proto`, connections are `starttls-daemon`. Tables in files are `renderer`; what an answer says is
//! `answer` for both.
//!
//! Spec: postconf(5) `smtp_tls_policy_maps`; socketmap_table(5); RFC 8460 §4.4 (what reports quote).

mod sendmail;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use starttls_policy::decide::evidence::StsPolicy;
use starttls_policy::{Action, Decision, Demand, Finding, Mode, Origin, TlsVersion, printable};

use super::anchors::Anchors;
use super::answer::{Answers, Entry, Used};
use super::capabilities::{Capabilities, MxPatterns};
use super::level::Level;
use super::line::is_path;
use super::shortfall::{Gap, Gaps};
use super::version::Version;
use super::{findings, report};
use crate::{Code, LeafPins};

pub use sendmail::SENDMAIL_SHORTFALLS;

/// Longest answer in bytes: Postfix reads replies of 100,000, and `OK ` stands in front.
pub const MAX_ANSWER_BYTES: usize = 100_000 - "OK ".len();

/// What the asking mail server understands.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Form {
    /// Attributes that Postfix knows from 3.4 on; an older one would defer all mail for `servername=`.
    Plain,
    /// Attributes of Postfix 3.10 and later; an older one would defer all mail for them.
    Tlsrpt,
    /// What sendmail's `FEATURE(sts)` reads; one attribute more and no mail goes out.
    Sendmail,
}

/// What is known of the mail servers that ask.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SocketmapFacts {
    /// Their own level, `smtp_tls_security_level`; `None` where it is not known.
    pub level: Option<Level>,
    /// The oldest TLS version that their own settings admit; `None` where it is not known.
    pub lowest: Option<TlsVersion>,
    /// Whether leaf pins may be used although chain, name and dates go unchecked then.
    pub leaf_pins: LeafPins,
    /// Where they find key files, absolute, as smtp(8) sees it; `None` if they find none.
    pub anchors_directory: Option<String>,
}

/// Answers for mail servers that ask; it remembers nothing, so that any number of threads may share it.
#[derive(Clone, Debug)]
pub struct Socketmap {
    facts: SocketmapFacts,
}

/// What to reply.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// This, behind `OK `; never longer than [`MAX_ANSWER_BYTES`].
    Policy(String),
    /// There is no policy: the server's own level applies.
    Nothing,
    /// Ask again later.
    Later,
}

/// An answer, and what goes with it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answered {
    /// What to reply.
    pub answer: Answer,
    /// What the decision asks and the answer cannot say: of [`SHORTFALLS`](super::SHORTFALLS) or [`SENDMAIL_SHORTFALLS`].
    pub gaps: Vec<Code>,
    /// The key file that the answer names: it must be there before the answer goes out.
    pub anchor_file: Option<AnchorFile>,
}

/// A file with public keys.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AnchorFile {
    /// Its name relative to [`SocketmapFacts::anchors_directory`], `anchors/HASH.pem`: the same name is always the same text.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

impl Socketmap {
    /// Makes ready to answer.
    ///
    /// # Errors
    /// A finding if the directory of key files cannot stand in an answer.
    pub fn new(facts: SocketmapFacts) -> Result<Self, Finding> {
        if let Some(directory) = facts.anchors_directory.as_deref().filter(|directory| !is_path(directory)) {
            let message = format!("`{}` cannot stand in an answer", printable(directory));
            let cure = "choose an absolute path of `A-Z a-z 0-9 . _ / -`, up to 1024 characters";
            return Err(findings::DIRECTORY.finding("directory", message).with_cure(cure));
        }
        Ok(Self { facts })
    }

    /// Renders a decision. `sts` is the MTA-STS policy behind it, if there is one: what TLS reports quote.
    ///
    /// Nothing but fixed words, names, numbers and digests stands in an answer: it belongs to the closed grammar of
    /// [`Answer::parse_reply`](super::Answer::parse_reply).
    pub fn answer(&self, decision: &Decision<'_>, form: Form, sts: Option<&StsPolicy>) -> Answered {
        match (&decision.action, form) {
            (Action::Defer, _) => Answered::of(Answer::Later, Vec::new()),
            (action, Form::Sendmail) => sendmail::answer(action),
            (Action::LogOnly(demand), Form::Tlsrpt) => self
                .reported_log_only(decision, demand, sts)
                .unwrap_or_else(|| self.written(decision, form, sts)),
            _ => self.written(decision, form, sts),
        }
    }

    fn written(&self, decision: &Decision<'_>, form: Form, sts: Option<&StsPolicy>) -> Answered {
        let with_patterns = form == Form::Tlsrpt;
        let mut written = self.write(decision, form.capabilities());
        if written.text.len() > MAX_ANSWER_BYTES && with_patterns {
            // The names of the certificates matter more than the same names once again as MX patterns.
            written =
                self.write(decision, Capabilities::assumed(Version::new(3, 10, 0), MxPatterns::Ignored));
        }
        let Written { mut text, mut gaps, entry, answers } = written;
        if let (true, Action::Require(demand)) = (answers.used.mx_patterns, &decision.action) {
            let quoted = sts.filter(|sts| sts.mode == Mode::Enforce && sts.mx == demand.mx);
            quote(quoted, &mut text, &mut gaps);
        }
        let answer = match entry {
            Entry::Absent => Answer::Nothing,
            // Out of reach: the names of a policy have 64 KiB in all at most, those of a list are 256.
            Entry::Written if text.len() > MAX_ANSWER_BYTES => Answer::Later,
            Entry::Written => Answer::Policy(text),
        };
        let named = answers.directory.is_some();
        let anchor_file = answers.anchors.into_files().next().filter(|_| named);
        let anchor_file = anchor_file.map(|(name, text)| AnchorFile { name, text });
        Answered { anchor_file, ..Answered::of(answer, gaps.codes().collect()) }
    }

    fn write(&self, decision: &Decision<'_>, capabilities: Capabilities) -> Written {
        let mut answers = Answers {
            capabilities,
            levels: alloc::vec![self.facts.level],
            lowest: self.facts.lowest,
            leaf_pins: self.facts.leaf_pins,
            directory: self.facts.anchors_directory.as_deref().map(|path| path.trim_end_matches('/').into()),
            anchors: Anchors::default(),
            used: Used::default(),
        };
        let (mut text, mut gaps) = (String::new(), Gaps::default());
        let (_, entry) = answers.write(decision, &mut text, &mut gaps);
        Written { text, gaps, entry, answers }
    }

    /// MTA-STS in testing, told to a server that reports TLS results: only where `may` is no step down from its own level.
    fn reported_log_only(
        &self,
        decision: &Decision<'_>,
        demand: &Demand<'_>,
        sts: Option<&StsPolicy>,
    ) -> Option<Answered> {
        let is_no_step_down = matches!(self.facts.level, Some(Level::None | Level::May));
        if demand.origin != Origin::MtaSts || !is_no_step_down || demand.mx.is_empty() {
            return None;
        }
        let (mut text, mut gaps) = (String::from(Level::May.name()), Gaps::default());
        gaps.add(Gap::LogOnlyUnchecked);
        let quoted = sts.filter(|sts| sts.mode != Mode::None && sts.mx == demand.mx)?;
        report::push_policy(decision.domain, demand.mx, quoted.mode, &mut text).ok()?;
        quote(Some(quoted), &mut text, &mut gaps);
        (text.len() <= MAX_ANSWER_BYTES).then(|| Answered::of(Answer::Policy(text), gaps.codes().collect()))
    }
}

/// An answer as `answer` wrote it.
struct Written {
    text: String,
    gaps: Gaps,
    entry: Entry,
    answers: Answers,
}

fn quote(policy: Option<&StsPolicy>, text: &mut String, gaps: &mut Gaps) {
    if policy.is_some_and(|policy| report::extend_quotation(policy, MAX_ANSWER_BYTES, text).is_err()) {
        gaps.add(Gap::ReportShortened);
    }
}

impl Form {
    /// What a Postfix that asks in this form knows at least. Where MX patterns are read, they count as enforced: from 3.10.5
    /// on they are, and before they do no harm.
    fn capabilities(self) -> Capabilities {
        match self {
            Self::Plain | Self::Sendmail => {
                Capabilities::assumed(Version::new(3, 4, 0), MxPatterns::Rejected)
            }
            Self::Tlsrpt => Capabilities::assumed(Version::new(3, 10, 0), MxPatterns::Enforced),
        }
    }
}

impl Answered {
    fn of(answer: Answer, gaps: Vec<Code>) -> Self {
        Self { answer, gaps, anchor_file: None }
    }
}
