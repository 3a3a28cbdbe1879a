//! One domain, asked about on the command line: lists, overrides and, if wanted, the network, up to the decision.

use starttls_discover::{Survey, survey};
use starttls_policy::decide::Question;
use starttls_policy::decide::evidence::{DaneEvidence, StsEvidence};
use starttls_policy::decide::overrides::Override;
use starttls_policy::{Decision, Domain, Timestamp, decide};
use tokio::runtime::Builder;

use crate::choices::ChoiceArgs;
use crate::clock;
use crate::daemon::parts;
use crate::known::Known;
use crate::lists::{self, ListArgs, LoadError};
use crate::settings::{Settings, SettingsArgs};

/// Where mail servers take mail from one another.
const SMTP_PORT: u16 = 25;

/// What is asked, and what may answer.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct InquiryArgs {
    /// The recipient domain: what follows the `@`.
    domain: Domain,

    /// Look MX, DANE and MTA-STS up now, through the resolver of the settings' `[daemon]`. Without it lists and overrides
    /// alone answer.
    #[arg(long)]
    live: bool,

    #[command(flatten)]
    lists: ListArgs,

    #[command(flatten)]
    choices: ChoiceArgs,
}

/// What was found, and what it was found by.
pub(crate) struct Inquiry<'a> {
    pub(crate) decision: Decision<'a>,
    pub(crate) operator: Option<&'a Override>,
    /// What the network says, where it was asked.
    pub(crate) survey: Option<&'a Survey>,
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
        let known = self.known(&settings, now)?;
        let merged = lists::merged(&known.lists);
        let listed = merged.get(&self.domain)?;
        let survey = if self.live { Some(look(&settings, &self.domain, now)?) } else { None };
        let (dane, sts) = match &survey {
            Some(survey) => (survey.dane.clone(), survey.sts.clone()),
            None => (DaneEvidence::NotAsked, StsEvidence::NotAsked),
        };
        let operator = known.overrides.get(&self.domain);
        let decision = decide(&Question {
            domain: &self.domain,
            operator,
            dane: &dane,
            sts: &sts,
            release: None,
            listed: listed.as_ref(),
            choices: self.choices.choices(&settings),
            now,
        });
        show(&Inquiry { decision, operator, survey: survey.as_ref(), settings: &settings, now })
    }

    /// Who asks the network may do without any list.
    fn known(&self, settings: &Settings, now: Timestamp) -> anyhow::Result<Known> {
        match Known::load(&self.lists, settings, now) {
            Err(error) if self.live && matches!(error.downcast_ref(), Some(LoadError::None)) => {
                Ok(Known { lists: Vec::new(), overrides: crate::known::journal(settings)?.overrides() })
            }
            known => known,
        }
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
