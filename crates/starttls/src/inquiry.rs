//! One domain, asked about on the command line: lists, overrides, what the running daemon keeps and, if wanted, the network, up
//! to the decision.

use owo_colors::OwoColorize as _;
use starttls_discover::{Survey, survey};
use starttls_policy::decide::Question;
use starttls_policy::decide::overrides::Override;
use starttls_policy::{Decision, Domain, Timestamp, decide};
use tokio::runtime::Builder;

use crate::choices::ChoiceArgs;
use crate::clock;
use crate::daemon::parts;
use crate::kept::Kept;
use crate::known::Known;
use crate::lists::{self, ListArgs, LoadError};
use crate::settings::{Settings, SettingsArgs};

/// Where mail servers take mail from one another.
const SMTP_PORT: u16 = 25;

/// A recipient domain; for a name that can have no policy, what that means for mail.
fn recipient(text: &str) -> Result<Domain, String> {
    Domain::parse(text).map_err(|error| {
        let is_other = text.contains('@') || text.starts_with('[');
        let meaning = if is_other {
            ""
        } else {
            "; a name like that can have no policy, list entry or override: the daemon answers NOTFOUND for it, and mail to it goes by \
             main.cf alone"
        };
        format!("{error}{meaning}")
    })
}

/// What is asked, and what may answer.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct InquiryArgs {
    /// The recipient domain: what follows the `@`.
    #[arg(value_parser = recipient)]
    domain: Domain,

    /// Look MX, DANE and MTA-STS up now, through the resolver of the settings' `[daemon]`. Without it lists, overrides and
    /// what a running daemon keeps of the domain answer; and where lists are named with `--list`, these and overrides alone.
    #[arg(long)]
    live: bool,

    #[command(flatten)]
    lists: ListArgs,

    #[command(flatten)]
    choices: ChoiceArgs,
}

/// What was found, and what it was found by.
pub(crate) struct Inquiry<'a> {
    pub(crate) question: &'a Question<'a>,
    pub(crate) decision: Decision<'a>,
    pub(crate) operator: Option<&'a Override>,
    /// What the network says, where it was asked.
    pub(crate) survey: Option<&'a Survey>,
    /// What the running daemon keeps.
    pub(crate) kept: &'a Kept,
    pub(crate) settings: &'a Settings,
    pub(crate) now: Timestamp,
}

impl InquiryArgs {
    /// Asks, decides, and shows what came of it.
    ///
    /// # Errors
    /// Lists, overrides or settings that cannot be read; whatever `show` answers. What the network does not answer is no error.
    pub(crate) fn answer(
        &self,
        place: &SettingsArgs,
        show: impl FnOnce(&Inquiry<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let settings = place.load()?;
        let now = clock::now();
        let kept = if self.asks_the_daemon() { Kept::ask(&settings, &self.domain) } else { Kept::NotAsked };
        let known = self.known(&settings, &kept, now)?;
        let merged = lists::merged(&known.lists);
        let listed = merged.get(&self.domain)?;
        let survey = if self.live { Some(look(&settings, &self.domain, now)?) } else { None };
        let (dane, sts, release) = kept.evidence(survey.as_ref(), now);
        let operator = known.overrides.get(&self.domain);
        let elsewhere = kept.elsewhere(now);
        let question = Question {
            domain: &self.domain,
            operator,
            dane: &dane,
            sts: &sts,
            release,
            elsewhere: elsewhere.as_ref(),
            listed: listed.as_ref(),
            choices: self.choices.choices(&settings),
            now,
        };
        let decision = decide(&question);
        show(&Inquiry {
            question: &question,
            decision,
            operator,
            survey: survey.as_ref(),
            kept: &kept,
            settings: &settings,
            now,
        })
    }

    /// Whoever names lists without more asks what these demand, not what the daemon answers.
    fn asks_the_daemon(&self) -> bool {
        self.live || !self.lists.are_named()
    }

    /// Who asks the network or a running daemon may do without any list.
    fn known(&self, settings: &Settings, kept: &Kept, now: Timestamp) -> anyhow::Result<Known> {
        let is_content = self.live || kept.is_running();
        let error = match Known::load(&self.lists, settings, now) {
            Err(error) if is_content => error,
            known => return known,
        };
        match error.downcast_ref() {
            Some(LoadError::None) => {}
            Some(LoadError::NothingInForce(absences)) => {
                for absence in absences {
                    anstream::eprintln!("{} {absence}", "warning:".yellow().bold());
                }
            }
            _ => return Err(error),
        }
        Ok(Known { lists: Vec::new(), overrides: crate::known::journal(settings)?.overrides() })
    }
}

fn look(settings: &Settings, domain: &Domain, now: Timestamp) -> anyhow::Result<Survey> {
    let live = parts::live(settings);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        live.prepare().await?;
        Ok(survey(&live, domain, SMTP_PORT, now).await)
    })
}
