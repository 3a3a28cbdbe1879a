//! Claims about entries of the operator's own tables that a line of ours would hide.

use std::fs;

use super::super::*;
use super::server::{Server, write};

fn entries(server: &Server, domains: &[&str]) -> OperatorEntries {
    let detected = Detected::ask(&server.instance).unwrap();
    let mut tables = OperatorTables::beside_ours(&detected, &server.generations()).unwrap().unwrap();
    for domain in domains {
        tables.add(domain).unwrap();
    }
    tables.ask(&server.instance).unwrap()
}

fn pairs(entries: &OperatorEntries) -> Vec<(&str, &str)> {
    entries.entries.iter().map(|(key, entry)| (key.as_str(), entry.as_str())).collect()
}

/// Has main.cf name a table before and one behind ours.
fn beside_ours(server: &Server) {
    let generations = server.generations();
    server.activate(&generations, "one").unwrap();
    let main_cf = server.main_cf();
    let ours = format!("texthash:{}/current/tls_policy", server.root.display());
    let later = format!("{ours}, proxy:texthash:{}/later", server.home().display());
    fs::write(server.config.join("main.cf"), main_cf.replace(&ours, &later)).unwrap();
}

#[test]
fn fault_entries_above_a_domain_are_found_in_every_table_and_its_own_behind_ours() {
    let server = Server::new();
    fs::write(
        server.home().join("own"),
        ".good.test secure match=.good.test\na.test verify\n.twice.test encrypt\n",
    )
    .unwrap();
    fs::write(
        server.home().join("later"),
        "a.test encrypt\n.else.test fingerprint match=00\n.twice.test may\nb.good.test may\n",
    )
    .unwrap();
    beside_ours(&server);
    let found = entries(&server, &["a.test", "b.good.test", "mx.else.test", "x.twice.test"]);
    assert_eq!(
        pairs(&found),
        [
            (".else.test", "fingerprint match=00"),
            (".good.test", "secure match=.good.test"),
            (".twice.test", "encrypt"),
            ("a.test", "encrypt"),
            ("b.good.test", "may"),
        ]
    );
    assert_eq!(found.findings, []);
}

#[test]
fn fault_b10_entries_within_composed_tables_are_found() {
    let server = Server::new();
    fs::write(server.home().join("own"), ".b.test secure match=.b.test\n").unwrap();
    let own = format!("texthash:{}/own", server.home().display());
    let ours = format!("texthash:{}/current/tls_policy", server.root.display());
    for table in [
        format!("unionmap:{{{own}}}"),
        format!("proxy:unionmap:{{proxy:{own}}}"),
        format!("unionmap:{{{own}, {ours}}}"),
        format!("pipemap:{{ {own} }}"),
    ] {
        fs::write(server.config.join("main.cf"), format!("smtp_tls_policy_maps = {table}\n")).unwrap();
        let found = entries(&server, &["sub.b.test"]);
        assert_eq!(pairs(&found), [(".b.test", "secure match=.b.test")], "{table}");
    }
    for table in [format!("unionmap:{{{ours}}}"), format!("pipemap:{{{ours}, {own}}}")] {
        fs::write(server.config.join("main.cf"), format!("smtp_tls_policy_maps = {table}\n")).unwrap();
        let detected = Detected::ask(&server.instance).unwrap();
        let tables = OperatorTables::beside_ours(&detected, &server.generations()).unwrap();
        assert!(tables.is_none(), "our own lines say nothing of the operator's: {table}");
    }
}

#[test]
fn fault_each_parent_is_asked_for_once_however_many_domains_are_below_it() {
    let server = Server::new();
    fs::write(server.home().join("own"), ".good.test encrypt\n").unwrap();
    let detected = Detected::ask(&server.instance).unwrap();
    let mut tables = OperatorTables::beside_ours(&detected, &server.generations()).unwrap().unwrap();
    for number in 0..100_000 {
        tables.add(&format!("d{number}.sub.good.test")).unwrap();
    }
    assert_eq!(tables.parents_for_test(), ".sub.good.test\n.good.test\n.test\n");
}

#[test]
fn fault_table_that_does_not_answer_is_an_error_and_one_of_another_kind_is_named() {
    let server = Server::new();
    beside_ours(&server);
    let later = format!("proxy:texthash:{}/later", server.home().display());
    let with = |table: &str| {
        fs::write(server.config.join("main.cf"), server.main_cf().replace(&later, table)).unwrap();
    };
    with("ldap:/etc/postfix/ldap.cf");
    let found = entries(&server, &["a.test"]);
    let codes: Vec<_> = found.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["activate.unknown-table"]);
    server.flag("lookup-fails");
    let found = entries(&server, &["a.test"]);
    assert!(found.findings.iter().any(|finding| finding.code == "activate.table-silent"), "{found:?}");
}

#[test]
fn server_without_other_tables_is_not_asked() {
    let server = Server::new();
    let generations = server.generations();
    let mut detected = Detected::ask(&server.instance).unwrap();
    detected.settings.remove("smtp_tls_policy_maps");
    assert!(OperatorTables::beside_ours(&detected, &generations).unwrap().is_none());
    drop(write(&generations, "one"));
}

#[test]
fn fault_entries_that_a_daemon_hides_are_named_with_a_cure() {
    let server = Server::new();
    fs::write(
        server.home().join("own"),
        ".good.test secure match=.good.test\n.open.test may\nexact.test encrypt\n.pinned.test FINGERPRINT match=00\n",
    )
    .unwrap();
    let found = || entries_hidden_by_daemon(&server.instance, &Detected::ask(&server.instance).unwrap());
    assert_eq!(found(), []);
    let own = format!("texthash:{}/own", server.home().display());
    let with =
        |tables: &str| fs::write(server.config.join("main.cf"), format!("smtp_tls_policy_maps = {tables}\n"));
    with(&format!("socketmap:inet:127.0.0.1:8461:queryWithTLSRPT, proxy:{own} ldap:/etc/l.cf")).unwrap();
    let [hidden, unknown] = found().try_into().unwrap();
    assert_eq!((hidden.code, unknown.code), ("status.entry-hidden", "activate.unknown-table"));
    assert!(hidden.message.contains("below .good.test, .pinned.test:"), "{}", hidden.message);
    assert!(hidden.cure.contains("starttls override add DOMAIN require"), "{}", hidden.cure);
    with(&format!("socketmap:inet:127.0.0.1:8461:other, {own}")).unwrap();
    assert_eq!(found(), []);
}
