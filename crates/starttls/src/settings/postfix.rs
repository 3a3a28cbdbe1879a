//! `[postfix]`: what `generate` and `update` write for Postfix.

use std::path::PathBuf;

use starttls_mta::postfix::TableType;

use super::role::role;
use super::value::ServerVersion;

role! {
    /// What `generate` and `update` write for Postfix; the options of `generate` overrule each key.
    pub(crate) struct Postfix in "postfix" {
        /// The directory for our files, which belongs to `starttls` alone. `generate` writes there with `--activate`
        /// and `--deactivate` alone unless `--output` names it.
        "output" => output: PathBuf = "/etc/postfix/starttls".into(),
        /// The version to write for, as in `3.10.5`; `auto` asks the installed server, and assumes 3.7 if there is none.
        "version" => version: ServerVersion = ServerVersion::Auto,
        /// Postfix's configuration directory; without it the default instance is asked.
        "config" => config: Option<PathBuf> = None,
        /// Where Postfix's own commands are; without it they are looked for along PATH and in the system's directories.
        "commands" => commands: Option<PathBuf> = None,
        /// The kind of look-up table: `texthash`, `hash`, `lmdb` or `cdb`.
        "table-type" => table_type: TableType = TableType::Texthash,
        /// Whether leaf pins are checked where lists ask for them, although chain, names and dates then go unchecked.
        "allow-leaf-pins" => allow_leaf_pins: bool = false,
        /// Whether nothing is written if anything that is demanded cannot be expressed.
        "strict" => strict: bool = false,
        /// Whether a few listed domains are tried live before activation; `false` where this machine cannot reach others.
        "probe" => probe: bool = true,
    }
}
