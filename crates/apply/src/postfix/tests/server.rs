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
const POSTCONF: &str = r#"dir=$2; shift 2
given() { grep -v '^[ \t]*#' "$dir/main.cf" | grep '[^ ]'; }
all() { cat "$dir/../defaults" 2> /dev/null; given; echo "config_directory = $dir"; }
edit() { awk -v name="$1" -v pair="$2" '
    /^[ \t]*(#|$)/ { print; next }
    /^[ \t]/ { if (!ours) print; next }
    { ours = 0 }
    $0 ~ "^" name "[ \t]*=" { ours = 1; if (pair != "") print pair; done = 1; next }
    { print }
    END { if (!done && pair != "") print pair }' "$dir/main.cf" > "$dir/main.cf.tmp" &&
  cat "$dir/main.cf.tmp" > "$dir/main.cf" && rm "$dir/main.cf.tmp"; }
if test "$1 $2" = '-x -h'; then all | sed -n "s/^$3 =//p" | tail -1; exit; fi
case "$1" in
-h) if test -e "$dir/snapshot"; then echo 3.11-20250906; else echo 3.7.11; fi;;
-n) given;;
-d) cat "$dir/../defaults";;
-x) all | sed 's/ \$verified$/ verify/; s/ \$newest$/ >=TLSv1.3/';;
'') all;;
-m) printf 'hash\ntexthash\ninline\n';;
-e) shift; for pair; do
    edit "${pair%% =*}" "$pair"
    if test -e "$dir/edit-breaks-off"; then echo 'postconf: fatal: broken off' >&2; exit 1; fi
  done;;
-X) shift; for name; do edit "$name" ''; done;;
*) echo "postconf: fatal: $*" >&2; exit 1;;
esac
if test "$1" != -e && test -e "$dir/then"; then . "$dir/then"; fi"#;

/// `-q - TYPE:FILE` looks up; `-s TYPE:FILE` lists; `TYPE:FILE` builds.
const POSTMAP: &str = r#"dir=$2; shift 2
if test "$1" = -s; then sed 's/ /\t/' "${2#*:}"; exit; fi
if test "$1" != -q; then cp "${1#*:}" "${1#*:}.db"; exit; fi
if test -e "$dir/answers-nothing"; then exit 1; fi
if test -e "$dir/lookup-fails"; then echo "postmap: fatal: open ${3#*:}: No such file" >&2; exit 1; fi
file=${3#*:}; case $file in '{'*) file=${file#'{'}; file=${file%'}'}; file=${file#*:};; esac
awk -v file="$file" 'BEGIN { while ((getline line < file) > 0) { i = index(line, " ")
    value[substr(line, 1, i - 1)] = substr(line, i + 1) } }
  $0 in value { print $0 "\t" value[$0]; found = 1 } END { exit !found }'"#;

/// `status` and `reload`, which notes main.cf as it was.
const POSTFIX: &str = r#"dir=$2; shift 2
if ! test -e "$dir/running"; then echo 'postfix-script: the Postfix mail system is not running' >&2; exit 1; fi
case "$1" in
status) exit 0;;
reload) cksum < "$dir/main.cf" >> "$dir/reloads"
  if test -e "$dir/someone-edits"; then echo '# theirs' >> "$dir/main.cf"; fi
  if test -e "$dir/reload-stops"; then rm -f "$dir/running" "$dir/reload-stops"; fi
  if test -e "$dir/reload-fails"; then rm "$dir/reload-fails"; echo 'fatal: no reload today' >&2; exit 1; fi;;
esac"#;

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
        let holder = tempfile::tempdir().unwrap();
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
