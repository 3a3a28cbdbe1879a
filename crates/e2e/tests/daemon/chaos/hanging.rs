//! Claim: policy hosts that hang are waited for by nobody but who asked for their domains.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use starttls_e2e::daemon::Settings;
use starttls_e2e::names::Names;
use starttls_e2e::policy_host::{Published, Serving};

use super::{announce, held};
use crate::stage::{Claim, Stage};

pub(crate) const CLAIM: Claim = Claim { names, play };

/// Who waits longer has waited for somebody else: a hanging host is given up after more than that.
const PROMPT: Duration = Duration::from_secs(4);

fn policies() -> Vec<Published> {
    let domains = (0..50).map(|number| format!("held{number}.plain")).collect::<Vec<_>>();
    let mut policies = held(&domains.iter().map(String::as_str).collect::<Vec<_>>());
    for (number, serving) in
        [Serving::Hanging, Serving::Stalled, Serving::Dripping].into_iter().cycle().take(12).enumerate()
    {
        policies.extend(held(&[&format!("hanging{number}.plain")]).pop().map(|one| one.served(serving)));
    }
    policies
}

fn names(names: &mut Names) -> Result<()> {
    announce(names, &policies())
}

fn play(stage: &mut Stage) -> Result<()> {
    let _hosts = stage.lab.policy_hosts(&policies())?;
    // Nobody is to be let go early.
    let settings = Settings { further: "answer-within = \"60s\"\n".into(), ..Settings::default() };
    let mut daemon = stage.start(settings)?;
    let address = daemon.address();
    let (hanging, well): (Vec<_>, Vec<_>) =
        policies().into_iter().partition(|policy| policy.serving != Serving::Well);
    thread::scope(|scope| {
        let asking: Vec<_> = hanging
            .iter()
            .map(|policy| {
                scope.spawn(move || {
                    let mut client = starttls_e2e::socketmap::Client::connect(address)?;
                    client.ask("QUERY", &policy.domain)
                })
            })
            .collect();
        for policy in &well {
            let begun = Instant::now();
            daemon.expect(&[(&policy.domain, "secure")])?;
            ensure!(begun.elapsed() < PROMPT, "{} waited for {:?}", policy.domain, begun.elapsed());
        }
        // Ends those who still wait.
        daemon.kill()?;
        let answered = asking.into_iter().filter_map(|thread| thread.join().ok()?.ok());
        let protected = answered.filter(|reply| reply.level() != "none").count();
        ensure!(protected == 0, "{protected} policies came from hosts that hang");
        Ok(())
    })
}
