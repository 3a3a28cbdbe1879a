//! Claims about what is seen of a table that is in force.

use std::fs;

use starttls_mta::postfix::TableType;

use super::super::*;
use super::server::{Server, wanted, write};

fn look(server: &Server) -> InEffect {
    in_effect(&server.instance, &server.root, None).unwrap()
}

fn codes_of(effect: &InEffect) -> Vec<&'static str> {
    effect.findings.iter().map(|finding| finding.code).collect()
}

/// Puts a table of three lines into force as an index, as `update` does.
fn activate_indexed(server: &Server) {
    let generations = server.generations();
    let ready = write(&generations, "one");
    let path = ready.directory().join("tls_policy");
    fs::copy(&path, path.with_extension("db")).unwrap();
    let wanted = Wanted { table_type: TableType::Hash, ..wanted() };
    let plan = Plan::make(&server.instance, &generations, Some(&ready), &wanted).unwrap();
    activate(plan, &generations, Some(ready)).unwrap();
}

fn answers(server: &Server) -> bool {
    answers_as_written(&server.instance, &Detected::ask(&server.instance).unwrap(), &server.root)
}

#[test]
fn fault_an_index_that_is_missing_is_seen_although_the_text_is_there() {
    let server = Server::new();
    activate_indexed(&server);
    assert_eq!(look(&server).table, TableState::Unrecorded);
    assert!(answers(&server));
    fs::remove_file(server.root.join("current/tls_policy.db")).unwrap();
    let table = look(&server).table;
    assert!(matches!(table, TableState::Silent(_)) && table.defers_mail(), "{table:?}");
    assert!(!answers(&server));
}

#[test]
fn fault_an_index_of_other_lines_is_seen_although_the_text_is_ours() {
    let server = Server::new();
    activate_indexed(&server);
    let index = server.root.join("current/tls_policy.db");
    let good = fs::read_to_string(&index).unwrap();
    for text in ["a.test may\n".to_owned(), good.clone() + "evil.test none\n", good.replace("encrypt", "may")]
    {
        fs::write(&index, &text).unwrap();
        let table = look(&server).table;
        assert!(matches!(table, TableState::Differs(_)) && !table.defers_mail(), "{text}: {table:?}");
        assert!(!answers(&server), "{text}");
    }
    fs::write(&index, good).unwrap();
    assert!(answers(&server));
}

#[test]
fn fault_a_missing_output_directory_is_seen_where_main_cf_names_it() {
    let server = Server::new();
    server.activate(&server.generations(), "one").unwrap();
    fs::remove_dir_all(&server.root).unwrap();
    let effect = look(&server);
    assert!(effect.is_named && effect.table == TableState::Missing, "{effect:?}");
}

#[test]
fn fault_a_link_that_leads_out_of_the_output_directory_is_seen() {
    let server = Server::new();
    server.activate(&server.generations(), "one").unwrap();
    let other = server.home().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("tls_policy"), "").unwrap();
    fs::remove_file(server.root.join("current")).unwrap();
    std::os::unix::fs::symlink(&other, server.root.join("current")).unwrap();
    assert_eq!(look(&server).table, TableState::Astray);
}

#[test]
fn fault_what_speaks_against_a_table_in_force_is_found_by_the_checks_of_an_activation() {
    for (change, code) in [
        ("relayhost = [mx.test]\n", "activate.relayhost"),
        ("transport_maps = hash:/etc/transport\n", "activate.next-hop"),
        ("smtp_tls_CAfile =\n", "activate.roots"),
        ("smtp_tls_security_level = sekure\n", "activate.level-invalid"),
        ("smtp_tls_loglevel = 1 # ours\n", "activate.comment-in-value"),
    ] {
        let server = Server::new();
        server.activate(&server.generations(), "one").unwrap();
        assert_eq!(codes_of(&look(&server)), [""; 0], "{change}");
        server.add_to_main_cf(change);
        assert_eq!(codes_of(&look(&server)), [code], "{change}");
    }
}

#[test]
fn fault_own_tables_that_hide_ours_or_are_missing_are_found() {
    let server = Server::new();
    server.activate(&server.generations(), "one").unwrap();
    fs::write(server.home().join("own"), "b.test may\n").unwrap();
    assert_eq!(codes_of(&look(&server)), ["activate.shadowed"]);
    let main_cf = server.main_cf();
    let own = format!("texthash:{}/own", server.home().display());
    fs::write(server.config.join("main.cf"), main_cf.replace(&own, "static:may")).unwrap();
    assert_eq!(codes_of(&look(&server)), ["status.hidden"]);
    let detected = Detected::ask(&server.instance).unwrap();
    assert_eq!(hidden(&server.instance, &detected, &server.root).len(), 1);
    fs::write(server.config.join("main.cf"), main_cf).unwrap();
    fs::remove_file(server.home().join("own")).unwrap();
    assert!(codes_of(&look(&server)).contains(&"activate.table-silent"));
}

#[test]
fn fault_a_main_service_with_other_tables_bypasses_ours_and_one_that_names_it_by_a_parameter_does_not() {
    let server = Server::new();
    server.activate(&server.generations(), "one").unwrap();
    server.add_to_main_cf(&format!(
        "my = {0}\nmine = texthash:{0}/current/tls_policy\n",
        server.root.display()
    ));
    for (maps, bypasses) in
        [("", true), ("static:may", true), ("$mine", false), ("texthash:$(my)/current/tls_policy", false)]
    {
        server.write_master_cf(&format!("smtp unix - - y - - smtp\n  -o smtp_tls_policy_maps={maps}\n"));
        let effect = look(&server);
        assert_eq!((effect.is_bypassed(), codes_of(&effect)), (bypasses, Vec::new()), "{maps}");
    }
}
