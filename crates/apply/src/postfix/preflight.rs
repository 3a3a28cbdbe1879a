//! Everything that is looked at before main.cf is touched.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{Access, access};
use starttls_mta::postfix::{Level, PolicyMaps, Settings};
use starttls_mta::{Facts, LeafPins};
use starttls_policy::Finding;

use super::plan::{Plan, Wanted};
use super::probe::{self, LiveProbe, Trust};
use super::reference::{POLICY_MAPS, Reference};
use super::roots::Roots;
use super::{Detected, Table, Use, Where, codes, other_output, routes, shadows, table, values};
use crate::generations::CURRENT;

/// Runs every check; `path` is where the table stands now.
pub(super) fn check(plan: &Plan, reference: &Reference, path: &Path, wanted: &Wanted<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(version(plan, wanted));
    findings.extend(table_kind(plan, wanted));
    findings.extend(main_cf(plan));
    findings.extend(spelling(plan, reference));
    let others = plan.survey.other_outputs.iter();
    findings.extend(others.map(|other| other_output(other, &plan.output)));
    findings.extend(pinned_generations(&plan.survey.uses, &plan.output));
    findings.extend(key_files(plan, path));
    findings.extend(values::check(&plan.server));
    findings.extend(per_site(plan));
    findings.extend(routes::check(&plan.server));
    let setting = |name: &str| plan.setting(name);
    findings.extend(roots(&plan.server, &plan.table, &setting));
    findings.extend(dane(&plan.table, &setting));
    findings.extend(weaker_lines(plan));
    findings.extend(shadows::check(&plan.instance, &plan.survey.earlier, path, codes::ALL_SHADOWED));
    let refused = findings.iter().any(|finding| finding.severity == starttls_policy::Severity::Error);
    // Nobody is disturbed for an activation that will not happen.
    if !refused {
        findings.extend(live(plan, wanted));
    }
    findings
}

fn version(plan: &Plan, wanted: &Wanted<'_>) -> Option<Finding> {
    let written_for = wanted.written_for.filter(|version| *version > plan.server.version)?;
    let message = format!(
        "the table was written for Postfix {written_for}, installed is {}: what it does not know defers all mail",
        plan.server.version
    );
    Some(
        codes::VERSION
            .finding("mail_version", message)
            .with_cure("leave out --mta-version, or give the installed one"),
    )
}

fn table_kind(plan: &Plan, wanted: &Wanted<'_>) -> Option<Finding> {
    let kind = wanted.table_type.name();
    if plan.server.table_kinds.contains(kind) {
        return None;
    }
    let message = format!("this Postfix has no tables of kind `{kind}`");
    let cure = format!("install the package `postfix-{kind}` if there is one, or use `texthash`");
    Some(codes::TABLE_KIND.finding(kind, message).with_cure(cure))
}

fn main_cf(plan: &Plan) -> Option<Finding> {
    if plan.changes.is_empty() {
        return None;
    }
    let path = plan.server.main_cf();
    let is_link = fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink());
    let (message, cure) = if is_link {
        let cure = "copy the lines of `main.cf.fragment` to where it leads, and reload";
        (
            format!("`{}` is a symbolic link, which `postconf -e` would replace by a file", path.display()),
            cure,
        )
    } else if access(&path, Access::WRITE_OK).is_err()
        || access(&plan.server.config_directory, Access::WRITE_OK).is_err()
    {
        (
            format!("`{}` cannot be written", path.display()),
            "run as root, or let whatever manages the file set the lines",
        )
    } else if !plan.main_cf.bytes.ends_with(b"\n") && plan.changes.iter().any(|change| change.old.is_none()) {
        (
            format!("`{}` ends within a line, to which `postconf -e` would add", path.display()),
            "add a line end to the last line",
        )
    } else {
        return None;
    };
    Some(codes::MAIN_CF.finding("main.cf", message).with_cure(cure))
}

fn spelling(plan: &Plan, reference: &Reference) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !reference.is_plain() {
        let message = "the name of the output directory has characters that main.cf gives a meaning";
        let cure = "choose an output directory of `A-Z a-z 0-9 . _ / -`";
        findings.push(codes::PATH.finding(&plan.reference, message).with_cure(cure));
    }
    let now = plan.server.unexpanded.get(POLICY_MAPS).map_or("", String::as_str);
    if !PolicyMaps(now).is_closed() {
        let message = format!("`{POLICY_MAPS}` has a brace that is never closed");
        findings.push(
            codes::SETTING_CONFLICT.finding(POLICY_MAPS, message).with_cure("close the brace in main.cf"),
        );
    }
    findings
}

/// What names one generation would be left with a missing table when that is deleted.
pub(super) fn pinned_generations(uses: &[Use], output: &Path) -> Vec<Finding> {
    let pinned = uses.iter().filter(|found| found.is_pinned(output));
    let finding = |found: &Use| {
        let message = format!("{found}: a generation is deleted once later ones are in force");
        let cure = format!("name `{}` there instead", output.join(CURRENT).display());
        codes::PINNED.finding(&*found.parameter, message).with_cure(cure)
    };
    pinned.map(finding).collect()
}

/// Key files are read by the user `postfix`, unlike tables, which are opened before privileges are dropped.
fn key_files(plan: &Plan, path: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    let chrooted = plan.server.smtp_services.iter().all(|service| service.runs == Where::Chrooted);
    if plan.table.key_files.is_empty() || chrooted {
        return findings;
    }
    for above in path.ancestors().skip(1) {
        if fs::metadata(above).is_ok_and(|metadata| metadata.mode() & 0o001 == 0) {
            let above = above.display().to_string();
            let message =
                format!("lines name key files that the user `postfix` reads, and cannot pass `{above}`");
            let cure = format!("run `chmod o+x {above}`, or choose another output directory");
            findings.push(codes::PATH_CLOSED.finding(above, message).with_cure(cure));
        }
    }
    findings.extend(plan.copies.iter().filter(|copy| !copy.from.is_file()).map(|copy| {
        let message = format!("`{}` is missing", copy.from.display());
        codes::KEY_FILE.finding("anchors", message).with_cure("write the generation anew with `generate`")
    }));
    findings
}

/// The first table that a service gets ends its use of `smtp_tls_per_site`.
fn per_site(plan: &Plan) -> Vec<Finding> {
    let (server, name) = (&plan.server, "smtp_tls_per_site");
    let main = (server.setting(POLICY_MAPS), server.setting(name), "main.cf".to_owned());
    let services = server.smtp_services.iter().filter_map(|service| {
        let own = service.overrides.get(name)?;
        let maps = service.overrides.get(POLICY_MAPS).map_or(main.0, String::as_str);
        Some((maps, own.as_str(), format!("`{}/unix` of master.cf", service.name)))
    });
    let replaced = std::iter::once(main.clone()).chain(services);
    let replaced = replaced.filter(|(maps, per_site, _)| maps.is_empty() && !per_site.is_empty());
    let finding = |given_by: String| {
        let message = format!(
            "with a policy table Postfix no longer looks at `{name}`, which {given_by} sets, so its entries would be lost"
        );
        let cure = "move its entries to a table in `smtp_tls_policy_maps` first";
        codes::PER_SITE.finding(name, message).with_cure(cure)
    };
    replaced.map(|(_, _, given_by)| finding(given_by)).collect()
}

/// Lines with key files of their own need no roots; every other that verifies does.
pub(super) fn roots<'a>(
    server: &'a Detected,
    table: &Table,
    setting: &dyn Fn(&str) -> &'a str,
) -> Option<Finding> {
    if table.need_roots == 0 {
        return None;
    }
    let main = routes::main_service(server);
    let runs = server.smtp_services.iter().find(|service| service.name == main);
    let roots = Roots {
        ca_file: setting("smtp_tls_CAfile"),
        ca_path: setting("smtp_tls_CApath"),
        appends_default: setting("tls_append_default_CA") == "yes",
        runs: runs.map_or(Where::Unconfined, |service| service.runs),
        queue_directory: &server.queue_directory,
    };
    roots.check()
}

/// Lines at a `dane` level need DNSSEC; `setting` answers the values that count.
pub(super) fn dane<'a>(table: &Table, setting: &dyn Fn(&str) -> &'a str) -> Vec<Finding> {
    if table.at(Level::Dane) + table.at(Level::DaneOnly) == 0 {
        return Vec::new();
    }
    let level = setting("smtp_dns_support_level");
    let looks_up = setting("smtp_host_lookup").split([' ', ',']).any(|word| word == "dns");
    if level != "dnssec" || !looks_up || setting("disable_dns_lookups") == "yes" {
        let message = format!(
            "lines at a `dane` level need `smtp_dns_support_level = dnssec` (is `{level}`) and `smtp_host_lookup = dns`"
        );
        let cure = "set both, with a validating resolver on this machine; or leave such domains out";
        return vec![codes::DANE_WITHOUT_DNS.finding("smtp_dns_support_level", message).with_cure(cure)];
    }
    let message = "lines at a `dane` level count on a resolver on this machine that validates DNSSEC";
    vec![codes::DANE_RESOLVER.finding("resolv.conf", message)]
}

fn weaker_lines(plan: &Plan) -> Vec<Finding> {
    let facts: Facts = plan.server.facts(&plan.server.config_directory, None, LeafPins::Ignore);
    let mut findings = Vec::new();
    let mut told = Vec::new();
    for settings in Settings::of(&facts).each() {
        let own = settings.level().filter(|own| !told.contains(own));
        let Some(own) = own else { continue };
        told.push(own);
        findings.extend(plan.table.levels.iter().filter_map(|(name, (count, first))| {
            let level = Level::from_name(name).filter(|level| table::is_weaker(*level, own))?;
            let message = format!(
                "{count} lines demand `{}` where others get `{}` from {}, as for {first}",
                level.name(),
                own.name(),
                settings.given_by()
            );
            Some(codes::LINE_WEAKER.finding(first.as_str(), message))
        }));
    }
    findings
}

fn live(plan: &Plan, wanted: &Wanted<'_>) -> Vec<Finding> {
    let given = match &wanted.probe {
        LiveProbe::Skip => return vec![probe::unprobed("it was not wanted")],
        LiveProbe::Run(given) => given,
    };
    let probes = if given.is_empty() { &plan.table.probes } else { given };
    if probes.is_empty() {
        // Nothing that could be verified with public roots alone.
        return Vec::new();
    }
    let trust = Trust { ca_file: plan.setting("smtp_tls_CAfile"), ca_path: plan.setting("smtp_tls_CApath") };
    probe::run(&plan.instance, plan.server.version, trust, probes)
}
