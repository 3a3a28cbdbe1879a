//! What refuses an activation, and what merely warns.

use std::fs;
use std::os::unix::fs::symlink;

use starttls_mta::Output as _;
use starttls_mta::postfix::{TABLE, TableType, Version};

use super::super::*;
use super::server::{Server, wanted, write};

/// The findings that a plan for `lines` gets.
fn findings(server: &Server, lines: &str, wanted: &Wanted<'_>) -> Vec<starttls_policy::Finding> {
    let generations = server.generations();
    let mut draft = generations.draft().unwrap();
    draft.append(TABLE, &format!("# ours\n{lines}")).unwrap();
    let ready = draft.check(&mut |_, _| Ok(())).unwrap();
    let plan = Plan::make(&server.instance, &generations, Some(&ready), wanted).unwrap();
    plan.findings.into_iter().filter(|finding| finding.code != "activate.unprobed").collect()
}

fn codes(server: &Server, lines: &str) -> Vec<&'static str> {
    findings(server, lines, &wanted()).iter().map(|finding| finding.code).collect()
}

const LINE: &str = "a.test secure match=mx.a.test\n";

#[test]
fn nothing_speaks_against_a_plain_server() {
    assert_eq!(codes(&Server::new(), LINE), Vec::<&str>::new());
}

#[test]
fn each_obstacle_is_named() {
    for (added, expected) in [
        ("smtp_tls_CAfile =\n", "activate.roots"),
        ("relayhost = [relay.test]\n", "activate.relayhost"),
        ("default_transport = smtp:[relay.test]\n", "activate.relayhost"),
        ("default_transport = uucp\n", "activate.relayhost"),
        ("transport_maps = hash:/x\n", "activate.next-hop"),
        ("sender_dependent_relayhost_maps = hash:/x\n", "activate.next-hop"),
        ("smtp_tls_security_level = secure\n", ""),
    ] {
        let server = Server::new();
        server.add_to_main_cf(added);
        let found = codes(&server, LINE);
        assert_eq!(found.first().copied().unwrap_or_default(), expected, "{added}: {found:?}");
    }
}

#[test]
fn fault_settings_of_single_services_count_in_every_spelling() {
    for (smtp, relay, rewrite, expected) in [
        ("-o smtp_tls_policy_maps=", "", "", "activate.override"),
        ("", "-o smtp_tls_policy_maps=", "", "activate.override-elsewhere"),
        ("", "{-osmtp_tls_policy_maps = hash:/a}", "", "activate.override-elsewhere"),
        ("", "", "-o relayhost=x", "activate.override"),
        ("-o{ smtp_tls_policy_maps = hash:/a }", "", "", "activate.override-unreadable"),
        ("", "-o smtp_tls_CAfile = /x", "", "activate.override-unreadable"),
    ] {
        let server = Server::new();
        server.write_master_cf(&format!(
            "smtp unix - - n - - smtp {smtp}\nrelay unix - - n - - smtp {relay}\n\
             rewrite unix - - y - - trivial-rewrite {rewrite}\n"
        ));
        let overrides = [smtp, relay, rewrite].concat();
        let found = codes(&server, LINE);
        assert_eq!(found.first(), Some(&expected), "{overrides}: {found:?}");
    }
}

#[test]
fn lines_with_key_files_need_no_roots_and_others_do() {
    let server = Server::new();
    server.add_to_main_cf("smtp_tls_CAfile =\n");
    assert_eq!(codes(&server, "a.test encrypt\n"), Vec::<&str>::new());
    let pem = server.root.join("current/anchors").join("0".repeat(64) + ".pem");
    let pinned = format!("a.test secure match=mx.a.test tafile={}\n", pem.display());
    assert!(!codes(&server, &pinned).contains(&"activate.roots"));
    assert!(codes(&server, &(pinned + "b.test secure match=mx.b.test\n")).contains(&"activate.roots"));
}

#[test]
fn dane_lines_need_dnssec() {
    let server = Server::new();
    assert_eq!(codes(&server, "a.test dane-only\n"), ["activate.dane-without-dns"]);
    server.add_to_main_cf("smtp_dns_support_level = dnssec\n");
    assert_eq!(codes(&server, "a.test dane\n"), ["activate.dane-resolver"]);
    server.add_to_main_cf("smtp_host_lookup = native\n");
    assert_eq!(codes(&server, "a.test dane\n"), ["activate.dane-without-dns"]);
}

#[test]
fn domains_that_an_earlier_table_answers_for_are_named() {
    let server = Server::new();
    let found = findings(&server, "a.test encrypt\nown.test encrypt\n", &wanted());
    assert_eq!(found[0].code, "activate.shadowed");
    let own = format!("texthash:{}/own", server.home().display());
    assert_eq!(found[0].subject, own);
    assert!(
        found[0].message.ends_with("answers for 1 of the listed domains: own.test"),
        "{}",
        found[0].message
    );
    let server = Server::new();
    let main_cf = server.main_cf().replace("texthash:", "socketmap:inet:x:1:y, texthash:");
    fs::write(server.config.join("main.cf"), main_cf).unwrap();
    assert_eq!(codes(&server, LINE), ["activate.unknown-table"]);
}

#[test]
fn fault_b3_second_output_directory_of_ours_is_refused_with_the_way_to_move() {
    let server = Server::new();
    let old = server.home().join("old");
    drop(crate::Generations::open(&old).unwrap());
    server.add_to_main_cf(&format!("smtp_tls_policy_maps = texthash:{}/current/tls_policy\n", old.display()));
    let found = findings(&server, LINE, &wanted());
    let found = found.iter().find(|finding| finding.code == "activate.other-output").unwrap();
    assert_eq!(found.severity, starttls_policy::Severity::Error);
    assert!(found.cure.contains(&format!("--output {} --deactivate", old.display())), "{}", found.cure);
}

#[test]
fn a_table_for_a_newer_postfix_or_of_an_unknown_kind_is_refused() {
    let server = Server::new();
    let newer = Wanted { written_for: Some(Version::new(3, 10, 5)), ..wanted() };
    assert_eq!(findings(&server, LINE, &newer)[0].code, "activate.version");
    let older = Wanted { written_for: Some(Version::new(3, 7, 0)), ..wanted() };
    assert!(findings(&server, LINE, &older).is_empty());
    let lmdb = Wanted { table_type: TableType::Lmdb, ..wanted() };
    assert_eq!(findings(&server, LINE, &lmdb)[0].code, "activate.table-kind");
}

#[test]
fn weaker_lines_than_main_cf_are_reported() {
    let server = Server::new();
    server.add_to_main_cf("smtp_tls_security_level = encrypt\n");
    assert_eq!(codes(&server, "a.test may\n"), ["activate.line-weaker"]);
    assert_eq!(codes(&server, "a.test encrypt\n"), Vec::<&str>::new());
    let server = Server::new();
    server.write_master_cf("smtp unix - - y - - smtp -o smtp_tls_security_level=secure -o syslog_name=x\n");
    let found = findings(&server, "a.test encrypt\n", &wanted());
    assert_eq!(found[0].code, "activate.line-weaker");
    assert!(found[0].message.contains("get `secure` from `smtp/unix` of master.cf"), "{}", found[0].message);
}

#[test]
fn a_main_cf_that_is_a_link_or_a_per_site_table_is_left_alone() {
    let server = Server::new();
    let (main_cf, real) = (server.config.join("main.cf"), server.config.join("real.cf"));
    fs::rename(&main_cf, &real).unwrap();
    symlink(&real, &main_cf).unwrap();
    assert_eq!(codes(&server, LINE), ["activate.main-cf"]);
    let server = Server::new();
    server.add_to_main_cf("smtp_tls_policy_maps =\nsmtp_tls_per_site = hash:/x\n");
    assert_eq!(codes(&server, LINE), ["activate.per-site"]);
}

#[test]
fn a_refused_plan_touches_nothing() {
    let server = Server::new();
    server.add_to_main_cf("relayhost = [relay.test]\n");
    let before = server.main_cf();
    let generations = server.generations();
    let ready = write(&generations, "one");
    let plan = server.plan(&generations, Some(&ready));
    let error = activate(plan, &generations, Some(ready)).unwrap_err();
    assert!(matches!(&error, ActivateError::Refused(findings) if findings.len() == 1), "{error}");
    assert_eq!(server.main_cf(), before);
    assert_eq!(generations.current().unwrap(), None);
    assert!(!server.root.join("activation").exists());
}

#[test]
fn fault_values_that_stop_smtp_are_named() {
    for (main, smtp, expected) in [
        ("smtp_tls_security_level = may # comment", "", "activate.comment-in-value"),
        ("smtp_tls_security_level = sekure", "", "activate.level-invalid"),
        ("smtp_tls_loglevel = 1 # comment", "", "activate.comment-in-value"),
        ("", "-o smtp_tls_security_level=half-dane", "activate.level-invalid"),
        ("", "-o { smtp_tls_security_level = may # comment }", "activate.comment-in-value"),
    ] {
        let server = Server::new();
        server.add_to_main_cf(&format!("{main}\n"));
        server.write_master_cf(&format!("smtp unix - - n - - smtp {smtp}\n"));
        assert_eq!(codes(&server, LINE), [expected], "{main} {smtp}");
    }
    let server = Server::new();
    server.add_to_main_cf("smtp_tls_security_level = DANE\nsmtp_header_checks = inline:{ #a }\n");
    assert_eq!(codes(&server, LINE), Vec::<&str>::new());
}

/// The conflicts that a plan finds which must set a parameter.
fn conflicts(server: &Server, name: &'static str, value: &str) -> Vec<String> {
    let setting = starttls_mta::Setting {
        name,
        value: value.into(),
        reason: "test",
        need: starttls_mta::Need::Required,
    };
    let wanted = Wanted { settings: std::slice::from_ref(&setting), ..wanted() };
    let found = findings(server, LINE, &wanted);
    assert!(
        found.iter().all(|finding| finding.code != "activate.setting-conflict" || !finding.cure.is_empty())
    );
    found
        .into_iter()
        .filter(|finding| finding.code == "activate.setting-conflict")
        .map(|finding| finding.message)
        .collect()
}

#[test]
fn fault_fingerprints_made_with_another_digest_are_a_conflict() {
    const MD5: &str = "smtp_tls_fingerprint_digest = md5\n";
    for (main, own, smtp, is_conflict) in [
        ("", "own.test encrypt\n", "", false),
        ("smtp_tls_security_level = fingerprint\n", "", "", true),
        ("smtp_tls_fingerprint_cert_match = 00:11\n", "", "", true),
        ("", "own.test fingerprint match=00:11\n", "", true),
        ("", "# own.test fingerprint match=00:11\n", "", false),
        ("", "", "-o smtp_tls_security_level=fingerprint", true),
        ("", "", "{-osmtp_tls_fingerprint_cert_match = 00:11}", true),
        ("", "", "-o smtp_tls_policy_maps=inline:{x.test=fingerprint}", true),
        ("", "", "-o smtp_tls_policy_maps=ldap:/x", true),
        ("", "", "-o smtp_tls_security_level=fingerprint -o smtp_tls_fingerprint_digest=md5", false),
        ("smtp_tls_policy_maps = socketmap:inet:x:1:y\n", "", "", true),
    ] {
        let server = Server::new();
        fs::write(server.home().join("defaults"), server.defaults() + MD5).unwrap();
        fs::write(server.home().join("own"), own).unwrap();
        server.add_to_main_cf(main);
        server.write_master_cf(&format!("smtp unix - - n - - smtp {smtp}\n"));
        let found = conflicts(&server, "smtp_tls_fingerprint_digest", "sha256");
        assert_eq!(!found.is_empty(), is_conflict, "{main} {own} {smtp} {found:?}");
    }
    let server = Server::new();
    server.add_to_main_cf(MD5);
    assert_eq!(conflicts(&server, "smtp_tls_fingerprint_digest", "sha256").len(), 1);
}

#[test]
fn fault_b9_users_of_the_digest_are_seen_in_any_case_and_through_other_parameters() {
    let inherits = "lmtp_tls_fingerprint_digest = $smtp_tls_fingerprint_digest\n";
    for (main, own, lmtp, is_conflict) in [
        ("", "own.test FINGERPRINT match=AA:BB\n", "", true),
        ("", "own.test Fingerprint, match=AA:BB\n", "", true),
        ("smtp_tls_policy_maps = inline:{x.test=Fingerprint}\n", "", "", true),
        (inherits, "", "", true),
        ("foo = ${smtp_tls_fingerprint_digest}\nsmtpd_tls_fingerprint_digest = $foo\n", "", "", true),
        ("", "", "-o lmtp_tls_fingerprint_digest=$smtp_tls_fingerprint_digest", true),
        ("", "", "-o lmtp_tls_fingerprint_digest=md5", false),
        ("foo = $smtp_tls_fingerprint_digests\n", "", "", false),
    ] {
        let server = Server::new();
        fs::write(server.home().join("defaults"), server.defaults() + "smtp_tls_fingerprint_digest = md5\n")
            .unwrap();
        fs::write(server.home().join("own"), own).unwrap();
        server.add_to_main_cf(main);
        server.write_master_cf(&format!("smtp unix - - n - - smtp\nlmtp unix - - n - - lmtp {lmtp}\n"));
        let found = conflicts(&server, "smtp_tls_fingerprint_digest", "sha256");
        assert_eq!(!found.is_empty(), is_conflict, "{main} {own} {lmtp} {found:?}");
    }
}

#[test]
fn fault_dane_entries_under_another_insecure_mx_policy_are_a_conflict() {
    const MAY: &str = "smtp_tls_dane_insecure_mx_policy = may\n";
    for (main, own, is_conflict) in
        [("", "own.test encrypt\n", false), ("", "own.test dane\n", true), (MAY, "", true)]
    {
        let server = Server::new();
        fs::write(server.home().join("defaults"), server.defaults() + MAY).unwrap();
        fs::write(server.home().join("own"), own).unwrap();
        server.add_to_main_cf(main);
        let found = conflicts(&server, "smtp_tls_dane_insecure_mx_policy", "dane");
        assert_eq!(!found.is_empty(), is_conflict, "{main} {own} {found:?}");
    }
}

#[test]
fn a_per_site_table_of_one_service_and_a_file_that_ends_within_a_line_are_refused() {
    let server = Server::new();
    server.add_to_main_cf("smtp_tls_policy_maps =\n");
    server.write_master_cf("smtp unix - - n - - smtp -o smtp_tls_per_site=hash:/x\n");
    assert_eq!(codes(&server, LINE), ["activate.per-site"]);
    let server = Server::new();
    let own = format!("smtp_tls_policy_maps = texthash:{}/own\n", server.home().display());
    let main_cf = server.main_cf().replace(&own, "");
    fs::write(server.config.join("main.cf"), main_cf.trim_end()).unwrap();
    assert_eq!(codes(&server, LINE), ["activate.main-cf"]);
}
