//! Every way in which a configuration can lead into our output directory.

use std::fs;
use std::os::unix::fs::symlink;

use super::super::*;
use super::server::Server;

fn uses(server: &Server) -> Vec<Use> {
    Detected::ask(&server.instance).unwrap().uses_of(&server.root)
}

/// A text in which `OUT` is our output directory and `HOME` the directory above it.
fn spelled(server: &Server, text: &str) -> String {
    let home = server.home().display().to_string();
    text.replace("OUT", &format!("{home}/out")).replace("HOME", &home)
}

#[test]
fn fault_every_way_from_main_cf_into_the_output_directory_is_found() {
    for (lines, parameter, kind) in [
        ("smtp_tls_policy_maps = texthash:OUT/current/tls_policy", "smtp_tls_policy_maps", UseKind::Ours),
        (
            "smtp_tls_policy_maps = proxy:texthash:OUT/current/tls_policy",
            "smtp_tls_policy_maps",
            UseKind::Ours,
        ),
        (
            "smtp_tls_policy_maps = texthash:HOME//out//current/tls_policy",
            "smtp_tls_policy_maps",
            UseKind::Ours,
        ),
        (
            "smtp_tls_policy_maps =\n  hash:/a,\n# c\n\n  hash:OUT/generations/0001/tls_policy",
            "smtp_tls_policy_maps",
            UseKind::Ours,
        ),
        ("smtp_tls_policy_maps = OUT/current/tls_policy", "smtp_tls_policy_maps", UseKind::Ours),
        (
            "smtp_tls_policy_maps = unionmap:{texthash:OUT/current/tls_policy}",
            "smtp_tls_policy_maps",
            UseKind::Indirect,
        ),
        (
            "smtp_tls_policy_maps = pipemap:{ hash:/a, texthash:OUT/current/tls_policy }",
            "smtp_tls_policy_maps",
            UseKind::Indirect,
        ),
        ("smtp_tls_policy_maps = texthash:HOME/linked/tls_policy", "smtp_tls_policy_maps", UseKind::Indirect),
        ("smtp_tls_policy_maps = hash:HOME/own-table", "smtp_tls_policy_maps", UseKind::Indirect),
        (
            "smtp_tls_policy_maps = texthash:../out/current/tls_policy",
            "smtp_tls_policy_maps",
            UseKind::Indirect,
        ),
        (
            "smtp_tls_policy_maps = inline:{ {x.test = secure tafile=OUT/current/anchors/x.pem} }",
            "smtp_tls_policy_maps",
            UseKind::Indirect,
        ),
        (
            "my_maps = texthash:OUT/current/tls_policy\nsmtp_tls_policy_maps = hash:/a $my_maps",
            "my_maps",
            UseKind::Indirect,
        ),
        ("smtp_tls_CAfile = OUT/current/anchors/x.pem", "smtp_tls_CAfile", UseKind::Indirect),
        ("lmtp_tls_policy_maps = texthash:OUT/current/tls_policy", "lmtp_tls_policy_maps", UseKind::Indirect),
    ] {
        let server = Server::new();
        drop(server.generations());
        fs::create_dir_all(server.root.join("generations/0001")).unwrap();
        fs::write(server.root.join("generations/0001/tls_policy.db"), "").unwrap();
        symlink("generations/0001", server.root.join("current")).unwrap();
        symlink(server.root.join("current"), server.home().join("linked")).unwrap();
        symlink(server.root.join("current/tls_policy.db"), server.home().join("own-table.db")).unwrap();
        assert_eq!(uses(&server), []);
        server.add_to_main_cf(&(spelled(&server, lines) + "\n"));
        let found = uses(&server);
        // By `$name` it is found where it is spelled out and where it has its effect.
        assert_eq!(found.len(), 1 + usize::from(lines.contains('$')), "{lines}: {found:#?}");
        assert_eq!((found[0].parameter.as_str(), found[0].kind), (parameter, kind), "{lines}");
        assert!(found[0].path.starts_with(&server.root), "{lines}: {found:?}");
    }
}

#[test]
fn fault_every_way_from_master_cf_into_the_output_directory_is_found() {
    for arguments in [
        "-o smtp_tls_policy_maps=texthash:OUT/current/tls_policy",
        "-osmtp_tls_policy_maps=texthash:OUT/current/tls_policy",
        "-o { smtp_tls_policy_maps = hash:/a, texthash:OUT/current/tls_policy }",
        "{-o smtp_tls_policy_maps = proxy:texthash:OUT/current/tls_policy}",
        "-o{ smtp_tls_policy_maps = texthash:OUT/current/tls_policy }",
        "-o\n  smtp_tls_policy_maps=texthash:OUT/current/tls_policy",
        "-o smtp_tls_policy_maps=$outside/out/current/tls_policy -o outside=texthash:HOME",
        "-o smtp_tls_policy_maps=unionmap:{texthash:OUT/current/tls_policy}",
    ] {
        let server = Server::new();
        drop(server.generations());
        let text = format!("relay unix - - n - - smtp {}\n", spelled(&server, arguments));
        fs::write(server.config.join("master.cf"), text).unwrap();
        let found = uses(&server);
        assert_eq!(found.len(), 1, "{arguments}: {found:#?}");
        assert_eq!(found[0].place, Place::Service("relay/unix".into()));
        assert_eq!(found[0].kind, UseKind::Indirect);
        assert!(found[0].to_string().contains("smtp_tls_policy_maps"), "{}", found[0]);
        assert!(!found[0].is_policy_table());
    }
}

#[test]
fn fault_tables_of_the_operator_that_name_our_key_files_are_found() {
    let server = Server::new();
    drop(server.generations());
    let line = "own.test secure match=.own.test tafile=OUT/current/anchors/x.pem\n";
    fs::write(server.home().join("own"), spelled(&server, line)).unwrap();
    let found = uses(&server);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(matches!(&found[0].place, Place::Table(table) if table.starts_with("texthash:")), "{found:?}");
    assert_eq!(found[0].parameter, "own.test");
}

#[test]
fn fault_other_instances_that_lead_into_the_output_directory_are_found() {
    let server = Server::new();
    drop(server.generations());
    let other = server.home().join("other");
    fs::create_dir(&other).unwrap();
    let text = spelled(&server, "smtp_tls_policy_maps = texthash:$here/current/tls_policy\nhere = OUT\n");
    fs::write(other.join("main.cf"), text).unwrap();
    server.add_to_main_cf(&spelled(&server, "multi_instance_directories = HOME/other\n"));
    let places: Vec<_> = uses(&server).into_iter().map(|found| (found.place, found.parameter)).collect();
    let place = || Place::OtherInstance(other.join("main.cf"));
    assert_eq!(places, [(place(), "here".into()), (place(), "smtp_tls_policy_maps".into())]);
}

#[test]
fn what_has_our_table_by_name_alone_is_no_use_of_its_own() {
    let server = Server::new();
    drop(server.generations());
    // As the defaults of `proxy_read_maps` and `tlsproxy_client_policy_maps` have it.
    let defaults = "proxy_read_maps = $a $smtp_tls_policy_maps\n\
        tlsproxy_client_policy_maps = ${x?{$x}:{$smtp_tls_policy_maps}}\n";
    fs::write(server.home().join("defaults"), server.defaults() + defaults).unwrap();
    let lines = "smtp_tls_policy_maps = texthash:OUT/current/tls_policy\n\
        lmtp_tls_policy_maps = $smtp_tls_policy_maps\n";
    server.add_to_main_cf(&spelled(&server, lines));
    server
        .write_master_cf("lmtp unix - - n - - lmtp -o lmtp_tls_policy_maps=hash:/a,$smtp_tls_policy_maps\n");
    let found: Vec<_> = uses(&server).into_iter().map(|found| (found.parameter, found.kind)).collect();
    assert_eq!(found, [("smtp_tls_policy_maps".into(), UseKind::Ours)]);
}

#[test]
fn comments_and_other_directories_are_no_use() {
    let server = Server::new();
    drop(server.generations());
    let lines = "# smtp_tls_policy_maps = texthash:OUT/current/tls_policy\nalias_maps = hash:OUTside/aliases\n\
        smtp_tls_CAfile = HOME/ca.pem\n";
    server.add_to_main_cf(&spelled(&server, lines));
    assert_eq!(uses(&server), []);
}
