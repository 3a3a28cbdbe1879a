//! What the running daemon keeps of one domain: asked over its control socket, and never waited for long.

use std::path::PathBuf;
use std::time::Duration;

use starttls_daemon::learned::{Reach, Remembered};
use starttls_daemon::operations::control::{ControlError, Request, Response, ShownOne, ask_within};
use starttls_discover::{Survey, Validation};
use starttls_policy::decide::evidence::{
    DaneEvidence, DaneHosts, Security, StsEvidence, StsPolicy, StsRelease, Tlsa,
};
use starttls_policy::{Domain, Timestamp};

use crate::settings::Settings;

/// How long the daemon is waited for: what it keeps is at hand, and whoever asks can do without it.
const PATIENCE: Duration = Duration::from_secs(2);

/// What was asked of the daemon.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kept {
    /// It was not asked: a question about lists that are named.
    NotAsked,
    /// Nobody told.
    Untold(Untold),
    /// The daemon told.
    Told(Told),
}

/// What the daemon told.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Told {
    pub(crate) remembered: Remembered,
    pub(crate) reach: Reach,
    /// What it knows of its resolver, in one word.
    pub(crate) validation: String,
}

/// Why nobody told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Untold {
    /// No daemon runs, as far as we can see.
    NotRunning {
        /// Where it would answer.
        socket: PathBuf,
    },
    /// Whoever runs this may not ask.
    NotAllowed {
        /// That, with the cure.
        words: String,
    },
    /// It runs, and gave no answer, or none that can be read.
    NoAnswer {
        /// What went wrong.
        words: String,
    },
}

impl Kept {
    /// Asks the daemon of these settings.
    pub(crate) fn ask(settings: &Settings, domain: &Domain) -> Self {
        let request = Request::ShowOne { domain: domain.clone() };
        let told = match ask_within(&settings.control_socket(), &request, PATIENCE) {
            Ok(Response::ShownOne(one)) => Told::read(*one),
            Ok(_) => Err(Untold::NoAnswer { words: "the daemon answered something else".into() }),
            Err(error) => Err(Untold::of(error)),
        };
        told.map_or_else(Self::Untold, Self::Told)
    }

    /// Tells whether a daemon seems to run, whatever it told.
    pub(crate) const fn is_running(&self) -> bool {
        match self {
            Self::NotAsked | Self::Untold(Untold::NotRunning { .. }) => false,
            Self::Told(_) | Self::Untold(Untold::NotAllowed { .. } | Untold::NoAnswer { .. }) => true,
        }
    }

    /// What the daemon told, if it did.
    pub(crate) fn told(&self) -> Option<&Told> {
        match self {
            Self::Told(told) => Some(told),
            Self::NotAsked | Self::Untold(_) => None,
        }
    }

    /// What DANE, MTA-STS and a release come to, as the daemon has it.
    pub(crate) fn evidence(
        &self,
        survey: Option<&Survey>,
        now: Timestamp,
    ) -> (DaneEvidence, StsEvidence, Option<StsRelease>) {
        let nothing = Told::default();
        let told = self.told().unwrap_or(&nothing);
        let dane = told.dane(survey.map(|survey| (&survey.validation, &survey.dane)), now);
        let remembered = &told.remembered;
        let sts = match survey {
            Some(survey) => remembered.evidence_beside(&survey.record.state, survey.sts.clone(), now),
            None => remembered.evidence(now),
        };
        (dane, sts, remembered.standing_release())
    }
}

impl Kept {
    /// A policy that another node fetched, as the daemon has it.
    pub(crate) fn elsewhere(&self, now: Timestamp) -> Option<StsPolicy> {
        self.told()?.remembered.policy_elsewhere(now)
    }
}

impl Told {
    fn read(one: ShownOne) -> Result<Self, Untold> {
        let ShownOne { shown, reach, validation } = one;
        let remembered = shown.map(|shown| shown.remembered()).transpose();
        let remembered = remembered.map_err(|error| Untold::NoAnswer { words: error.to_string() })?;
        Ok(Self { remembered: remembered.unwrap_or_default(), reach, validation })
    }

    /// DANE as it was looked up; where the resolver proves nothing, nobody can say whether records are still there, and domains
    /// that were last answered by DANE wait.
    fn dane(&self, looked_up: Option<(&Validation, &DaneEvidence)>, now: Timestamp) -> DaneEvidence {
        let is_proven = match looked_up {
            Some((Validation::Proven, _)) => true,
            Some((Validation::Refuted { .. }, _)) => false,
            Some((Validation::Unknown(_), _)) | None => self.validation == "proven",
        };
        let was_dane = self.remembered.dane_until.is_some_and(|until| until > now);
        if !is_proven && was_dane {
            return DaneEvidence::Unproven;
        }
        if was_dane && looked_up.is_none() {
            // The daemon answers by DANE. Which records it saw is not stored: nobody was asked, which never reads as "none".
            let hosts = vec![Tlsa::Inconclusive];
            return DaneEvidence::Found(DaneHosts { mx: Security::Secure, hosts, seen: now });
        }
        match looked_up {
            // Its answers prove nothing either way.
            Some((Validation::Refuted { .. }, _)) | None => DaneEvidence::NotAsked,
            Some((Validation::Unknown(_), _)) if self.validation == "lost" => DaneEvidence::NotAsked,
            Some((_, found)) => found.clone(),
        }
    }
}

impl Untold {
    fn of(error: ControlError) -> Self {
        match error {
            ControlError::NotRunning { path } => Self::NotRunning { socket: path },
            ControlError::NotAllowed { .. } => Self::NotAllowed { words: error.to_string() },
            error => Self::NoAnswer { words: format!("{:#}", anyhow::Error::from(error)) },
        }
    }

    /// One word for programs.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::NotRunning { .. } => "not-running",
            Self::NotAllowed { .. } => "not-allowed",
            Self::NoAnswer { .. } => "no-answer",
        }
    }

    /// A line for people.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::NotRunning { socket } => format!("no daemon answers at {}", socket.display()),
            Self::NotAllowed { words } | Self::NoAnswer { words } => words.clone(),
        }
    }
}

#[cfg(test)]
mod dane_while_the_resolver_proves_nothing {
    use super::*;

    const REFUTED: Validation = Validation::Refuted { words: String::new() };

    /// Answered by DANE until the second 1,000; the time is 500.
    fn told(validation: &str) -> Told {
        let dane_until = Timestamp::from_seconds(1_000).ok();
        let remembered = Remembered { dane_until, ..Remembered::default() };
        Told { remembered, validation: validation.into(), ..Told::default() }
    }

    fn dane(validation: &str, looked_up: Option<&Validation>, now: u64) -> DaneEvidence {
        let found = DaneEvidence::NotAsked;
        let looked_up = looked_up.map(|validation| (validation, &found));
        told(validation).dane(looked_up, Timestamp::from_seconds(now).unwrap())
    }

    #[test]
    fn fault_15_dane_that_is_kept_counts_without_a_look_up_as_it_does_in_the_daemon() {
        let settles = |now| dane("proven", None, now).settles();
        assert!(settles(500));
        assert!(!settles(1_000), "counts no longer");
    }

    #[test]
    fn fault_d2_why_names_the_validation_and_no_failed_look_up() {
        use starttls_policy::decide::{Choices, Question};
        let now = Timestamp::from_seconds(500).unwrap();
        let domain = Domain::parse("dane.example").unwrap();
        let dane = told("lost").dane(None, now);
        let decision = starttls_policy::decide(&Question {
            domain: &domain,
            operator: None,
            dane: &dane,
            sts: &StsEvidence::NotAsked,
            release: None,
            elsewhere: None,
            listed: None,
            choices: Choices::default(),
            now,
        });
        let words: Vec<String> = decision.reasons.iter().map(ToString::to_string).collect();
        assert_eq!(decision.action, starttls_policy::Action::Defer);
        assert!(
            words.iter().any(|words| words.contains("does not prove that it validates DNSSEC")),
            "{words:?}"
        );
        assert!(!words.iter().any(|words| words.contains("MX look-up")), "{words:?}");
    }

    #[test]
    fn fault_10_makes_mail_wait_as_the_daemon_does() {
        let waits = DaneEvidence::Unproven;
        for (validation, looked_up, want) in [
            ("lost", None, &waits),
            ("proven", Some(&REFUTED), &waits),
            ("lost", Some(&REFUTED), &waits),
            ("refuted", Some(&REFUTED), &waits),
            ("refuted", None, &waits),
            ("unknown", None, &waits),
            ("lost", Some(&Validation::Proven), &DaneEvidence::NotAsked),
        ] {
            assert_eq!(&dane(validation, looked_up, 500), want, "{validation} {looked_up:?}");
            assert_eq!(dane(validation, looked_up, 1_000), DaneEvidence::NotAsked, "counts no longer");
        }
    }
}
