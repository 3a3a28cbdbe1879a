//! Other output directories of ours that main.cf asks already: two tables of ours would contradict each other, and the first one
//! that Postfix asks would win, whichever is newer.
//!
//! Spec: postconf(5) `smtp_tls_policy_maps`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use starttls_mta::postfix::{PolicyMaps, TABLE};
use starttls_policy::Finding;

use super::codes;
use super::composition::parts;
use super::reference::{FILE_KINDS, POLICY_MAPS};
use crate::generations::{CURRENT, FOLDER, MARKER};

/// The finding about another output directory of ours that main.cf names while the settings name `output`.
pub fn other_output(other: &Path, output: &Path) -> Finding {
    let (other, output) = (other.display(), output.display());
    let message = format!(
        "main.cf names the table of another output directory of ours, `{other}`, which is no longer updated, since `{output}` \
         is the one that is meant"
    );
    let cure = format!(
        "run `starttls generate --mta postfix --output {other} --deactivate`, then `starttls update --activate`; or set `output` back \
         to `{other}`"
    );
    codes::OTHER_OUTPUT.finding(POLICY_MAPS, message).with_cure(cure)
}

/// The output directories that a value leads to, save this one.
pub(super) fn others(value: &str, output: &Path) -> BTreeSet<PathBuf> {
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let outputs = PolicyMaps(value).tables().flat_map(parts).filter_map(|table| output_of(&table));
    outputs.filter(|other| real(other) != real(output)).collect()
}

/// The output directory whose table this is: it has our marker, or is gone with it.
fn output_of(table: &str) -> Option<PathBuf> {
    let path = match table.split_once(':') {
        Some((kind, path)) if FILE_KINDS.contains(&kind) => path,
        // Without a kind it is of `default_database_type`.
        _ => table,
    };
    let directory = Path::new(path).strip_prefix("/").ok().and(Path::new(path).parent())?;
    if Path::new(path).file_name()? != TABLE {
        return None;
    }
    let above = directory.parent()?;
    let root = if directory.file_name()? == CURRENT {
        above
    } else if above.file_name()? == FOLDER {
        above.parent()?
    } else {
        return None;
    };
    (root.join(MARKER).exists() || !root.exists()).then(|| root.to_owned())
}

#[cfg(test)]
mod tables {
    use super::*;

    #[test]
    fn fault_b3_of_another_output_directory_are_known_by_its_marker_or_its_absence() {
        let home = starttls_testkit::world::directory().unwrap();
        let [old, theirs, new] = ["old", "theirs", "new"].map(|name| home.path().join(name));
        for directory in [&old, &theirs, &new] {
            fs::create_dir(directory).unwrap();
        }
        for ours in [&old, &new] {
            fs::write(ours.join(MARKER), "").unwrap();
        }
        let shown = |path: &Path| path.display().to_string();
        for (table, expected) in [
            (format!("texthash:{}/current/tls_policy", shown(&old)), Some(&old)),
            (format!("proxy:lmdb:{}/generations/0003/tls_policy", shown(&old)), Some(&old)),
            (format!("unionmap:{{hash:/x, cdb:{}/current/tls_policy}}", shown(&old)), Some(&old)),
            (format!("texthash:{}/current/tls_policy", shown(&theirs)), None),
            (format!("texthash:{}/current/tls_policy", shown(&new)), None),
            (format!("texthash:{}/tls_policy", shown(&old)), None),
            (format!("{}/current/tls_policy", shown(&old)), Some(&old)),
            (format!("socketmap:{}/current/tls_policy", shown(&old)), None),
            (
                format!("texthash:{}/gone/current/tls_policy", shown(home.path())),
                Some(&home.path().join("gone")),
            ),
        ] {
            let found = others(&format!("hash:/a, {table}"), &new);
            assert_eq!(found.iter().next(), expected, "{table}");
        }
    }
}
