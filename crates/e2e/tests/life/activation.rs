//! An activation and what befalls it: another program rewrites main.cf, the operator deactivates, lists expire while
//! settings are broken and an update hangs.

use std::fs::{self, File};

use anyhow::{Context as _, Result, ensure};
use starttls_e2e::delivery::{Channel, Delivery};
use starttls_e2e::lab::Lab;
use starttls_e2e::network::sealed;
use starttls_e2e::program::{Program, Run};
use starttls_e2e::sender::{Reloaded, Sender};
use starttls_e2e::site::Site;
use starttls_e2e::tree::Tree;
use starttls_policy::Timestamp;

use crate::{MAIL, SECONDS_A_DAY, chapter};

const SETTINGS: &str = "/lab/operator/starttls.toml";
const OUTPUT: &str = "/lab/operator/policy";
const LIST: &str = "/lab/operator/list.json";
const TOLD: &str = "/lab/operator/told";

/// Later than the list's end.
const LATER_DAYS: u64 = 25;

struct Operator {
    site: Site,
    sender: Sender,
    program: Program,
}

#[test]
#[ignore = "needs unpacked servers: run `./test e2e`"]
fn fault_a3_a4_a6_c24_bookworm_activation_survives_what_befalls_it() -> Result<()> {
    sealed("activation::fault_a3_a4_a6_c24_bookworm_activation_survives_what_befalls_it", |trees, site| {
        let lab = Lab::build(trees, &site, |names| names.mail(MAIL))?;
        let tree = Tree::mount(trees, "bookworm", &site)?;
        let sender = Sender::start(&tree, &site)?;
        let program = Program::bring(&tree, &site)?;
        let operator = Operator { site, sender, program };
        let result = operator.play();
        drop(lab);
        result
    })
}

#[test]
#[ignore = "needs unpacked servers: run `./test e2e`"]
fn fault_2_3_bookworm_withdrawal_outlives_the_loss_of_its_files() -> Result<()> {
    sealed("activation::fault_2_3_bookworm_withdrawal_outlives_the_loss_of_its_files", |trees, site| {
        let lab = Lab::build(trees, &site, |names| names.mail(MAIL))?;
        let tree = Tree::mount(trees, "bookworm", &site)?;
        let sender = Sender::start(&tree, &site)?;
        let program = Program::bring(&tree, &site)?;
        let operator = Operator { site, sender, program };
        let result = operator.lose_files();
        drop(lab);
        result
    })
}

#[test]
#[ignore = "needs unpacked servers: run `./test e2e`"]
fn fault_1_4_bookworm_status_says_which_table_has_effect() -> Result<()> {
    sealed("activation::fault_1_4_bookworm_status_says_which_table_has_effect", |trees, site| {
        let lab = Lab::build(trees, &site, |names| names.mail(MAIL))?;
        let tree = Tree::mount(trees, "bookworm", &site)?;
        let sender = Sender::start(&tree, &site)?;
        let program = Program::bring(&tree, &site)?;
        let operator = Operator { site, sender, program };
        let result = operator.lead_elsewhere();
        drop(lab);
        result
    })
}

impl Operator {
    /// Another table than that of the settings has effect: the one of an earlier output directory, or the operator's own.
    fn lead_elsewhere(&self) -> Result<()> {
        const MOVED: &str = "/lab/operator/moved";
        const DEACTIVATE: [&str; 4] = ["generate", "--mta", "postfix", "--deactivate"];
        let in_force = |expected: &str| -> Result<()> {
            let status = self.run(0, &["status"])?.expect(4)?;
            let line = status.stdout.lines().find(|line| line.starts_with("in force:"));
            ensure!(line.is_some_and(|line| line.contains(expected)), "{}", status.stdout);
            Ok(())
        };

        chapter(
            "The output directory changes in the settings: the policy of the earlier one stays in force, and is named",
        );
        self.prepare()?;
        let original = self.sender.postfix().main_cf()?;
        self.changing(0, &["update"])?.expect(0)?;
        let settings = self.site.read(SETTINGS)?.replace(OUTPUT, MOVED);
        self.site.write(SETTINGS, &settings)?;
        self.expect_deferred("moved@absent.test")?;
        in_force(&format!("another output directory, {OUTPUT}"))?;
        let update = self.run(0, &["update"])?.expect(3)?;
        ensure!(!update.words().contains("nothing is in force"), "{}", update.words());
        in_force(&format!("another output directory, {OUTPUT}"))?;
        let refused = self.run(0, &DEACTIVATE)?.expect(3)?;
        ensure!(refused.words().contains(&format!("--output {OUTPUT} --deactivate`")), "{}", refused.words());
        let earlier = [&DEACTIVATE[..], &["--output", OUTPUT]].concat();
        self.changing(0, &earlier)?.expect(0)?;
        ensure!(self.sender.postfix().main_cf()? == original, "it is still named");
        self.changing(0, &["update", "--activate"])?.expect(0)?;
        self.run(0, &["status"])?.expect(0)?;
        self.expect_deferred("renewed@absent.test")?;

        chapter(
            "A table before ours answers for all domains: nothing is in force, and status and update say so",
        );
        let active = self.sender.postfix().main_cf()?;
        let ours = format!("texthash:{MOVED}/current/tls_policy");
        self.rewrite(&active.replace(&ours, &format!("static:may, {ours}")))?;
        self.expect_cleartext("hidden@absent.test")?;
        in_force("nothing, since every listed domain gets its answer from `static:may`")?;
        let update = self.run(0, &["update"])?.expect(3)?;
        ensure!(update.words().contains("status.hidden"), "{}", update.words());

        chapter("Our table alone within another one is asked as by itself");
        self.rewrite(&active.replace(&ours, &format!("unionmap:{{{ours}}}")))?;
        self.expect_deferred("union@absent.test")?;
        let status = self.run(0, &["status"])?.expect(0)?;
        ensure!(!status.stdout.contains("[activate."), "{}", status.stdout);
        Ok(())
    }

    /// Files of the activation go, and neither stops mail nor keeps the policy in force beyond its end.
    fn lose_files(&self) -> Result<()> {
        const WITHDRAW: [&str; 3] = ["withdraw", "--record", OUTPUT];
        let generate = ["generate", "--mta", "postfix", "--list", LIST, "--activate"];
        let lost = |name: &str| self.site.outside(&format!("{OUTPUT}/{name}"));

        chapter("The record is lost before the timer ran for the first time: the policy ends all the same");
        self.prepare()?;
        self.changing(0, &generate)?.expect(0)?;
        self.expect_deferred("first@absent.test")?;
        fs::remove_file(lost("current/.validity.json"))?;
        let run = self.run(0, &WITHDRAW)?.expect(1)?;
        ensure!(run.words().contains("run `starttls update`"), "no cure: {}", run.words());
        self.withdraw()?;
        self.expect_cleartext("withdrawn@absent.test")?;

        chapter("The files are removed: Postfix defers all mail, and the next run of the timer ends that");
        for directory in ["generations", ""] {
            self.changing(0, &generate)?.expect(0)?;
            fs::remove_dir_all(lost(directory))?;
            self.sender.changing(|| self.sender.postfix().reload())?;
            let harm = self.deliver("harmed@good.test")?;
            ensure!(harm.status == "deferred", "the harm is not shown: {harm:?}");
            // Where the record is gone with the directory, the timer names the instance.
            let config = self.sender.postfix().directory();
            let arguments = [&WITHDRAW[..], &["--postfix-config", &config]].concat();
            let run = self.changing(0, &arguments)?.expect(3)?;
            ensure!(run.words().contains("deferred all mail"), "{}", run.words());
            self.expect_cleartext("freed@absent.test")?;
        }

        chapter("After a deactivation the timer has nothing to say, and a mistyped directory is an error");
        self.changing(0, &generate)?.expect(0)?;
        self.changing(0, &["generate", "--mta", "postfix", "--deactivate"])?.expect(0)?;
        let quiet = self.run(LATER_DAYS, &WITHDRAW)?.expect(0)?;
        ensure!(quiet.words().is_empty(), "{}", quiet.words());
        self.run(0, &["withdraw", "--record", "/lab/operator/mistyped"])?.expect(1)?;
        ensure!(!self.site.outside("/lab/operator/mistyped").exists(), "it was made");
        Ok(())
    }

    fn play(&self) -> Result<()> {
        self.prepare()?;
        let original = self.sender.postfix().main_cf()?;

        chapter("The first activation by an update shows what it changes in main.cf, even when it is quiet");
        let run = self.changing(0, &["update"])?.expect(0)?;
        ensure!(run.stdout.contains("+smtp_tls_policy_maps"), "no diff: {}", run.stdout);
        self.expect_deferred("first@absent.test")?;

        chapter(
            "Another program rewrites main.cf: status says so, an update repairs it once, and then fights no more",
        );
        self.rewrite(&original)?;
        self.expect_cleartext("rewritten@absent.test")?;
        let status = self.run(0, &["status"])?.expect(4)?;
        ensure!(status.stdout.contains("not in force"), "{}", status.stdout);
        let run = self.changing(0, &["update"])?.expect(0)?;
        ensure!(run.stderr.contains("put back"), "a silent repair: {}", run.stderr);
        self.expect_deferred("repaired@absent.test")?;
        self.run(0, &["status"])?.expect(0)?;
        self.rewrite(&original)?;
        let run = self.run(0, &["update"])?.expect(3)?;
        ensure!(run.stderr.contains("again"), "{}", run.stderr);
        ensure!(self.sender.postfix().main_cf()? == original, "it fights for main.cf");
        self.changing(0, &["update", "--activate"])?.expect(0)?;
        self.expect_deferred("again@absent.test")?;

        chapter("Deactivated stays deactivated");
        self.changing(0, &["generate", "--mta", "postfix", "--deactivate"])?.expect(0)?;
        ensure!(
            self.run(0, &["update"])?.expect(0)?.stderr.contains("deactivated by the operator"),
            "unsaid"
        );
        let quiet = self.run(0, &["update"])?.expect(0)?;
        ensure!(quiet.words().is_empty(), "said every hour: {}", quiet.words());
        let status = self.run(0, &["status"])?.expect(0)?;
        ensure!(status.stdout.contains("deactivated by the operator"), "{}", status.stdout);
        ensure!(self.sender.postfix().main_cf()? == original, "an update activated again");
        self.expect_cleartext("deactivated@absent.test")?;
        self.changing(0, &["update", "--activate"])?.expect(0)?;
        self.expect_deferred("reactivated@absent.test")?;

        chapter(
            "The list expires while the settings are broken and an update holds the lock of the state directory",
        );
        self.site.write(SETTINGS, "this is = no TOML [")?;
        let lock = File::open(self.site.outside("/lab/operator/state/lock"))?;
        lock.lock()?;
        self.run(LATER_DAYS, &["update"])?.expect(1)?;
        self.withdraw()?;
        ensure!(self.site.read(TOLD)?.contains("has expired"), "nobody was alerted");
        self.expect_cleartext("withdrawn@absent.test")?;
        drop(lock);

        chapter("What `generate` activated expires, too, and says when");
        self.prepare()?;
        let generate = ["generate", "--mta", "postfix", "--list", LIST, "--activate"];
        let run = self.changing(0, &generate)?.expect(0)?;
        ensure!(run.stderr.contains("expires:") && run.stderr.contains(LIST), "no date: {}", run.stderr);
        self.expect_deferred("generated@absent.test")?;
        self.withdraw()?;
        self.expect_cleartext("expired@absent.test")
    }

    /// Settings with one list that ends in twenty days, and a pager that is a file.
    fn prepare(&self) -> Result<()> {
        let _ = fs::remove_file(self.site.outside(TOLD));
        self.site.write(
            SETTINGS,
            &format!(
                "state-dir = \"/lab/operator/state\"\n\
                 [postfix]\noutput = \"{OUTPUT}\"\nconfig = \"{}\"\nprobe = false\n\
                 [update]\nwithdrawal-timer = \"own\"\nalert-command = [\"/usr/bin/tee\", \"{TOLD}\"]\n\
                 [[list]]\nname = \"ours\"\ntrust = \"unsigned\"\nfile = \"list.json\"\n",
                self.sender.postfix().directory()
            ),
        )?;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
        let (begin, end) = (
            Timestamp::from_seconds(now - SECONDS_A_DAY)?,
            Timestamp::from_seconds(now + 20 * SECONDS_A_DAY)?,
        );
        self.site.write(
            LIST,
            &format!(
                r#"{{"version": "1", "author": "A", "serial": 1, "timestamp": "{begin}", "expires": "{end}",
                    "policies": {{"absent.test": {{"mode": "enforce", "mx": ["absent.mx.test"]}},
                                  "good.test": {{"mode": "enforce", "mx": ["good.mx.test"]}}}}}}"#
            ),
        )
    }

    /// As a configuration management program does that knows nothing of us.
    fn rewrite(&self, text: &str) -> Result<()> {
        self.sender.changing(|| {
            self.sender.postfix().write_main_cf(text)?;
            self.sender.postfix().reload()
        })
    }

    /// As the timer runs it, after the list's end.
    fn withdraw(&self) -> Result<()> {
        self.changing(LATER_DAYS, &["withdraw", "--record", OUTPUT])?.expect(3)?;
        Ok(())
    }

    fn changing(&self, days: u64, arguments: &[&str]) -> Result<Run> {
        self.sender.perhaps_changing(|| {
            let before = self.sender.postfix().main_cf()?;
            let run = self.run(days, arguments)?;
            let is_same = self.sender.postfix().main_cf()? == before;
            Ok((run, if is_same { Reloaded::No } else { Reloaded::Yes }))
        })
    }

    fn run(&self, days: u64, arguments: &[&str]) -> Result<Run> {
        println!("  # starttls {}", arguments.join(" "));
        let run = self.program.run_later(days, &[&["--config", SETTINGS], arguments].concat())?;
        run.words().lines().for_each(|line| println!("    {line}"));
        Ok(run)
    }

    fn expect_cleartext(&self, recipient: &str) -> Result<()> {
        let delivery = self.deliver(recipient)?;
        ensure!(delivery.status == "sent" && delivery.channel() == Channel::Cleartext, "{delivery:?}");
        Ok(())
    }

    fn expect_deferred(&self, recipient: &str) -> Result<()> {
        let delivery = self.deliver(recipient)?;
        ensure!(delivery.status == "deferred" && delivery.reason.contains("TLS is required"), "{delivery:?}");
        Ok(())
    }

    fn deliver(&self, recipient: &str) -> Result<Delivery> {
        let mut deliveries = self.sender.deliver(&[recipient.to_owned()])?;
        deliveries.remove(recipient).with_context(|| format!("nothing is heard of {recipient}"))
    }
}
