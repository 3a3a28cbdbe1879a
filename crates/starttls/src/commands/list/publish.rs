//! `starttls list publish`: log, witness and lay out what organisations signed.
//!
//! Exit: 0 published, 1 could not, or too few witnesses answered, 3 refused (signatures, thresholds, serials, what clients would
//! refuse).

use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::json;
use starttls_publish::key_file;
use starttls_publish::operator::{self, Gpg};
use starttls_publish::publication::{self, LogHome, Published, Submission};

use crate::clock;
use crate::exit::Exit;
use crate::lists;
use crate::output::{self, Format, Progress, facts, print_findings};
use crate::witnesses::Witnesses;

/// Publish a signed list, root or order to relax: log it, have it witnessed, write the directory that mirrors carry.
///
/// Nothing becomes public before enough organisations signed, enough witnesses cosigned, and the client's own judgement
/// accepts it. If it stops half-way, run it again with the same arguments: the log never forks.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  starttls list publish public --log-key log.key --root root.1.note --list list-43.json --statement list-43.note\n  starttls list publish public --log-key log.key --relax relax.note"
)]
pub(crate) struct Args {
    /// The directory that web servers and mirrors serve.
    directory: PathBuf,

    /// The log's secret key.
    #[arg(long, value_name = "FILE")]
    log_key: PathBuf,

    /// The log's own memory, private and backed up; without it, the key's file name with `.log` after it.
    #[arg(long, value_name = "DIR")]
    log_home: Option<PathBuf>,

    /// Roots that are new; of the first publication all.
    #[arg(long, value_name = "NOTE", num_args = 1..)]
    root: Vec<PathBuf>,

    /// A new list; without it, the published one stays.
    #[arg(long, value_name = "LIST", requires = "statement")]
    list: Option<String>,

    /// Its statement: the copies that organisations signed.
    #[arg(long, value_name = "NOTE", num_args = 1.., requires = "list")]
    statement: Vec<PathBuf>,

    /// Orders to relax, or what takes them back.
    #[arg(long, value_name = "NOTE", num_args = 1..)]
    relax: Vec<PathBuf>,

    /// Sign the list with OpenPGP too, detached and clearsigned, with this key of `gpg`; best its whole fingerprint.
    #[arg(long, value_name = "KEY")]
    openpgp_key: Option<String>,

    /// The `gpg` to sign with.
    #[arg(long, value_name = "FILE", default_value = "gpg", requires = "openpgp_key")]
    gpg: PathBuf,

    /// Commit the list in this git repository and sign the tag `list-SERIAL`; pushing it is left to you.
    #[arg(long, value_name = "DIR", requires = "openpgp_key")]
    git: Option<PathBuf>,

    /// Copies of the log's checkpoint that witnesses cosigned; other witnesses are asked at their URL in the root.
    #[arg(long, value_name = "NOTE", num_args = 1..)]
    cosigned: Vec<PathBuf>,
}

impl Args {
    pub(crate) fn run(self, format: Format) -> anyhow::Result<Exit> {
        let key = key_file::read(&self.log_key)?.key;
        let home = self.log_home.unwrap_or_else(|| {
            let mut name = self.log_key.clone().into_os_string();
            name.push(".log");
            name.into()
        });
        let mut submission = Submission::default().with_roots(&self.root)?.with_relax(&self.relax)?;
        if let Some(file) = &self.list {
            let bytes = lists::load_bytes(file)?;
            submission = submission.with_list(lists::parse(file, &bytes)?, bytes, &self.statement)?;
        }
        submission.gpg = self.openpgp_key.map(|key| Gpg { program: self.gpg, key });
        let gpg = submission.gpg.clone();
        let witnesses = Witnesses::new(&self.cosigned)?;
        let progress = Progress::waiting("publishing".into());
        let mut home = LogHome::open(&home, key)?;
        let published =
            publication::publish(&self.directory, &mut home, submission, &witnesses, clock::now())
                .context("nothing was published")?;
        drop(progress);
        if let (Some(repository), Some(gpg)) = (&self.git, &gpg) {
            let bytes = publication::published_bytes(&self.directory)?;
            let serial = published.statement.serial;
            let tagged = operator::tag(repository, serial, &bytes, gpg, clock::now())
                .context("published, but not tagged; run it again")?;
            anstream::eprintln!("tagged {} as {}; push it", tagged.commit, tagged.name);
        }
        show(&published, format)?;
        Ok(Exit::Done)
    }
}

fn show(published: &Published, format: Format) -> anyhow::Result<()> {
    let Published { statement, signers, head, quorum_time, effective_end, findings, unanswered } = published;
    if format == Format::Json {
        return output::print_json(&json!({
            "serial": statement.serial,
            "sha256": statement.sha256,
            "signers": signers,
            "log_size": head.size,
            "quorum_time": quorum_time.to_string(),
            "effective_end": effective_end.to_string(),
            "unanswered": unanswered.iter().map(|one| json!({ "organisation": one.organisation, "cause": one.cause })).collect::<Vec<_>>(),
            "findings": output::findings_json(findings),
        }));
    }
    let mut out = anstream::stdout().lock();
    let mut all = vec![
        ("serial", statement.serial.to_string()),
        ("sha256", statement.sha256.to_string()),
        ("signed by", signers.join(", ")),
        ("log", format!("{} leaves", head.size)),
        ("witnessed", quorum_time.to_string()),
        ("ends", format!("{effective_end}, unless the cosignatures are refreshed")),
    ];
    all.extend(unanswered.iter().map(|one| ("no answer", format!("{}: {}", one.organisation, one.cause))));
    facts::print(&mut out, "published", &all)?;
    Ok(print_findings(&mut out, findings)?)
}
