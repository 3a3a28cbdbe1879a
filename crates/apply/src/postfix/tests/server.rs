//! A fake Postfix: an output directory, a configuration, and scripts in place of its tools.
//!
//! Only for what a real one cannot be made to do on demand; activation on real servers is tested end to end.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use starttls_mta::Output as _;
use starttls_mta::postfix::{TABLE, TableType};
use tempfile::TempDir;

use super::super::*;
use crate::generations::Ready;
use crate::{Commands, Generations, fake};

/// `-c DIR` comes first; settings are the defaults, then main.cf, where the last one counts.
const POSTCONF: &str = include_str!("tools/postconf");

/// `-q - TYPE:FILE` looks up; `-s TYPE:FILE` lists; `TYPE:FILE` builds.
const POSTMAP: &str = include_str!("tools/postmap");

/// `status` and `reload`, which notes main.cf as it was.
const POSTFIX: &str = include_str!("tools/postfix");

const DEFAULTS: &str = "smtp_tls_policy_maps =\nsmtp_tls_CAfile =\nsmtp_tls_CApath =\ndefault_transport = smtp\n\
    relayhost =\nsmtp_dns_support_level =\nsmtp_host_lookup = dns\ncompatibility_level = 3.6\n\
    smtp_tls_fingerprint_digest = sha256\n";
const MASTER_CF: &str = "smtp unix - - y - - smtp\n";
const PEM: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

pub(super) struct Server {
    /// Removes it all when dropped.
    #[expect(dead_code, reason = "held for its drop")]
    holder: Option<TempDir>,
    home: PathBuf,
    pub(super) config: PathBuf,
    pub(super) root: PathBuf,
    pub(super) instance: Instance,
}

impl Server {
    /// A running server with one table of its own, and roots.
    pub(super) fn new() -> Self {
        let holder = starttls_testkit::world::directory().unwrap();
        let home = holder.path().canonicalize().unwrap();
        let server = Self { holder: Some(holder), ..Self::at(&home) };
        let shown = home.display();
        for directory in ["config", "tools", "queue"] {
            fs::create_dir(home.join(directory)).unwrap();
        }
        for (name, body) in [("postconf", POSTCONF), ("postmap", POSTMAP), ("postfix", POSTFIX)] {
            fake::script(&home.join("tools").join(name), body);
        }
        let main_cf = format!(
            "# by hand\nmyhostname = a.test\nsmtp_tls_policy_maps = texthash:{shown}/own\n\
             smtp_tls_CAfile = {shown}/ca.pem\n"
        );
        for (name, text) in [
            ("ca.pem", PEM),
            ("defaults", &format!("{DEFAULTS}queue_directory = {shown}/queue\n")),
            ("own", "own.test encrypt\n"),
            ("config/main.cf", &main_cf),
            ("config/master.cf", MASTER_CF),
        ] {
            fs::write(home.join(name), text).unwrap();
        }
        server.flag("running");
        server
    }

    /// The server that another process has made there.
    pub(super) fn at(home: &Path) -> Self {
        let config = home.join("config");
        let commands = Commands::along(Some(home.join("tools").as_os_str()));
        Self {
            holder: None,
            home: home.to_owned(),
            root: home.join("out"),
            instance: Instance::new(commands, Some(config.clone())),
            config,
        }
    }

    /// Makes the tools behave in some way from now on.
    pub(super) fn flag(&self, name: &str) {
        fs::write(self.config.join(name), "").unwrap();
    }

    pub(super) fn unflag(&self, name: &str) {
        fs::remove_file(self.config.join(name)).unwrap();
    }

    pub(super) fn main_cf(&self) -> String {
        fs::read_to_string(self.config.join("main.cf")).unwrap()
    }

    pub(super) fn add_to_main_cf(&self, lines: &str) {
        fs::write(self.config.join("main.cf"), self.main_cf() + lines).unwrap();
    }

    pub(super) fn defaults(&self) -> String {
        fs::read_to_string(self.home.join("defaults")).unwrap()
    }

    pub(super) fn write_master_cf(&self, text: &str) {
        fs::write(self.config.join("master.cf"), text).unwrap();
    }

    pub(super) fn reloads(&self) -> usize {
        fs::read_to_string(self.config.join("reloads")).unwrap_or_default().lines().count()
    }

    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    pub(super) fn generations(&self) -> Generations {
        Generations::open(&self.root).unwrap()
    }

    /// Plans for what is written, without trying anybody live.
    pub(super) fn plan(&self, generations: &Generations, ready: Option<&Ready<'_>>) -> Plan {
        Plan::make(&self.instance, generations, ready, &wanted()).unwrap()
    }

    /// Writes a generation whose lines hold `word`, and activates it.
    pub(super) fn activate(&self, generations: &Generations, word: &str) -> Result<Activated, ActivateError> {
        let ready = write(generations, word);
        let plan = self.plan(generations, Some(&ready));
        activate(plan, generations, Some(ready))
    }

    pub(super) fn deactivate(&self, generations: &Generations) -> Result<Deactivated, DeactivateError> {
        deactivate(&self.instance, generations, Leftovers::Delete)
    }
}

pub(super) fn wanted() -> Wanted<'static> {
    Wanted { table_type: TableType::Texthash, settings: &[], written_for: None, probe: LiveProbe::Skip }
}

/// A generation of three lines, one with a key file.
pub(super) fn write<'a>(generations: &'a Generations, word: &str) -> Ready<'a> {
    let mut draft = generations.draft().unwrap();
    let key = format!("anchors/{}.pem", key_name(word));
    let directory = generations.current_directory();
    let mut table = format!("# ours\na.test secure match={word}.a.test\nb.test encrypt\n");
    writeln!(table, "c.test secure match=mx.c.test tafile={}/{key}", directory.display()).unwrap();
    draft.append(TABLE, &table).unwrap();
    draft.append(&key, word).unwrap();
    draft.check(&mut |_, _| Ok(())).unwrap()
}

/// As the renderer names key files: 64 hexadecimal digits.
pub(super) fn key_name(word: &str) -> String {
    word.bytes().cycle().take(32).fold(String::new(), |name, byte| name + &format!("{byte:02x}"))
}

/// Where the chrooted service sees a key file.
pub(super) fn key_copy(server: &Server, word: &str) -> PathBuf {
    let seen = server.root.join(format!("current/anchors/{}.pem", key_name(word)));
    server.home().join("queue").join(seen.strip_prefix("/").unwrap())
}

pub(super) fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}
