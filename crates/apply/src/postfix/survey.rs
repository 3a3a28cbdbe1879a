//! Where the configuration of Postfix leads: into an output directory, into others of ours, and past our table.
//!
//! [`Detected::survey`] looks through main.cf and master.cf once; activation, deactivation, `update` and `status` all decide by
//! what it finds. What the tables before ours answer is `shadows`.
//!
//! Spec: postconf(5) `smtp_tls_policy_maps`; master(5) `-o`.

use std::path::{Path, PathBuf};

use super::composition::without_ours;
use super::reference::{POLICY_MAPS, Reference};
use super::uses::Use;
use super::{Detected, other_outputs, routes};

/// The places of the configuration that bear on one output directory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Survey {
    /// Places that lead into the output directory.
    pub uses: Vec<Use>,
    /// Other output directories of ours whose tables `smtp_tls_policy_maps` of main.cf names.
    pub other_outputs: Vec<PathBuf>,
    /// Delivering services of master.cf that have tables of their own, without ours.
    pub services_without: Vec<String>,
    /// The service that delivers to recipients' own MX hosts.
    pub main_service: String,
    /// The tables that Postfix asks before ours; all of them where main.cf does not name ours.
    pub(super) earlier: Vec<String>,
}

impl Survey {
    /// Tells whether `smtp_tls_policy_maps` of main.cf names our table, in any spelling.
    pub fn is_named(&self) -> bool {
        self.uses.iter().any(Use::is_policy_table)
    }

    /// Tells whether anything in the configuration leads into the output directory.
    pub fn is_used(&self) -> bool {
        !self.uses.is_empty()
    }

    /// Tells whether mail to recipients' own MX hosts is delivered without asking our table.
    pub fn is_bypassed(&self) -> bool {
        self.services_without.contains(&self.main_service)
    }
}

impl Detected {
    /// Looks for everything that bears on an output directory; nothing in it is locked or changed.
    pub fn survey(&self, output: &Path) -> Survey {
        let output = output.canonicalize().unwrap_or_else(|_| output.to_owned());
        let maps = self.setting(POLICY_MAPS);
        let has_others = |maps: &String| !self.leads_into(&output, maps);
        let services = self.smtp_services.iter();
        let without = services.filter(|service| service.overrides.get(POLICY_MAPS).is_some_and(has_others));
        Survey {
            uses: self.uses_of(&output),
            other_outputs: other_outputs::others(maps, &output).into_iter().collect(),
            services_without: without.map(|service| service.name.clone()).collect(),
            main_service: routes::main_service(self).to_owned(),
            earlier: around(maps, &Reference::new(&output)).0,
        }
    }
}

/// The operator's tables in a value: those that are asked before ours, and those behind it.
///
/// A table that is made of ours and others stands where ours does; what else it holds is asked with it, and counts as before.
pub(super) fn around(maps: &str, reference: &Reference) -> (Vec<String>, Vec<String>) {
    let (mut earlier, mut later, mut is_behind) = (Vec::new(), Vec::new(), false);
    for table in starttls_mta::postfix::PolicyMaps(maps).tables() {
        let rest = if reference.is(table) { None } else { without_ours(table, reference) };
        let has_ours = rest.as_deref() != Some(table);
        if is_behind {
            later.extend(rest);
        } else {
            earlier.extend(rest);
        }
        is_behind |= has_ours;
    }
    (earlier, later)
}

#[cfg(test)]
mod tables_around_ours {
    use super::*;

    #[test]
    fn fault_a_table_made_of_ours_alone_is_none_of_the_operators() {
        let reference = Reference::new(Path::new("/out"));
        let ours = "texthash:/out/current/tls_policy";
        for (maps, earlier, later) in [
            (format!("hash:/a, {ours}, hash:/b"), vec!["hash:/a"], vec!["hash:/b"]),
            (format!("unionmap:{{{ours}}}, hash:/b"), vec![], vec!["hash:/b"]),
            (format!("proxy:unionmap:{{{ours}}}"), vec![], vec![]),
            (format!("unionmap:{{hash:/a, {ours}}} hash:/b"), vec!["unionmap:{hash:/a}"], vec!["hash:/b"]),
            (format!("pipemap:{{{ours}, hash:/a}} hash:/b"), vec![], vec!["hash:/b"]),
            ("unionmap:{hash:/a} hash:/b".to_owned(), vec!["unionmap:{hash:/a}", "hash:/b"], vec![]),
            (format!("{ours} hash:/a cdb:/out/current/tls_policy"), vec![], vec!["hash:/a"]),
        ] {
            let found = around(&maps, &reference);
            assert_eq!((found.0, found.1), (strings(&earlier), strings(&later)), "{maps}");
        }
    }

    fn strings(tables: &[&str]) -> Vec<String> {
        tables.iter().map(|table| (*table).to_owned()).collect()
    }
}
