//! Keys of the daemon that cannot work, or do not what they seem to.

use crate::settings::Settings;
use crate::settings::audit::warnings;

fn said(daemon: &str) -> String {
    let home = tempfile::tempdir().unwrap();
    let text = format!("state-dir = \".\"\n[daemon]\n{daemon}\n");
    warnings(&Settings::parse(&text, home.path()).unwrap()).join("\n")
}

#[test]
fn fault_5_certificates_that_are_not_there_are_told_of() {
    let said = said(r#"ca-file = "/nope/ca.pem""#);
    assert!(said.contains("`daemon.ca-file`: /nope/ca.pem is not there"), "{said}");
}

#[test]
fn fault_11_that_cannot_work_are_told_of() {
    for (daemon, want) in [
        (r#"store-password-file = "/nope""#, "`daemon.store-password-file` has no effect"),
        (r#"listen = ["127.0.0.1:1", "127.0.0.1:1"]"#, "names 127.0.0.1:1 twice"),
        ("listen = [\"127.0.0.1:1\"]\nstatus-address = \"127.0.0.1:1\"", "is in `listen`, too"),
        ("listen = []", "`daemon.listen` is empty"),
        (r#"postfix-chroot = "/nope""#, "`daemon.postfix-chroot`: /nope is not there"),
        ("listen = [\"unix:/x/y\"]\nsocket-mode = \"0000\"", "lets nobody write"),
        (r#"denial-probe = "test""#, "resolvers serve `test` themselves"),
        (r#"denial-probe = "foo.TEST.""#, "resolvers serve `TEST` themselves"),
        (r#"resolver = "192.0.2.1:53""#, "DANE is off"),
    ] {
        let said = said(daemon);
        assert!(said.contains(want), "{want} is not in:\n{said}");
    }
    for fine in ["resolver = \"192.0.2.1:53\"\ntrust-resolver = true", r#"resolver = "[::1]:53""#, ""] {
        assert_eq!(said(fine), "", "{fine}");
    }
}

#[test]
fn fault_11_resolver_without_a_port_is_answered_with_the_port_of_the_dns() {
    let home = tempfile::tempdir().unwrap();
    let text = "[daemon]\nresolver = \"127.0.0.1\"\n";
    let error = format!("{:?}", Settings::parse(text, home.path()).unwrap_err());
    assert!(error.contains("127.0.0.1:53"), "{error}");
}

#[test]
fn fault_settings_that_are_well_formed_and_cannot_work_are_told_of_with_line_and_cure() {
    let place = tempfile::tempdir().unwrap();
    let home = place.path().display();
    std::fs::write(place.path().join("empty.pem"), "no certificate").unwrap();
    std::fs::write(place.path().join("file"), "text").unwrap();
    std::fs::create_dir(place.path().join("directory")).unwrap();
    let cases: [(&str, &str); 22] = [
        ("dnssec-probe = \"a..b\"", "`daemon.dnssec-probe`: `a..b` is no name"),
        ("bogus-probe = \"a..b\"", "`daemon.bogus-probe`: `a..b` is no name"),
        ("denial-probe = \"a..b\"", "`daemon.denial-probe`: `a..b` is no name"),
        ("control-socket = \"HOME/learned.db\"", "holds what the daemon has learnt"),
        ("control-socket = \"HOME/overrides.jsonl\"", "holds the overrides"),
        ("control-socket = \"/nope/x\"", "`daemon.control-socket`: there is no directory /nope"),
        ("control-socket = \"HOME/file\"", "is no socket; remove it"),
        ("control-socket = \"HOME/s\"\nlisten = [\"unix:HOME/s\"]", "is in `listen`, too"),
        ("resolver = [\"127.0.0.1:53\", \"127.0.0.1:53\"]", "names 127.0.0.1:53 twice"),
        ("resolver = \"127.0.0.1:5\"\nlisten = [\"127.0.0.1:5\"]", "is the daemon's own address"),
        ("resolver = \"127.0.0.1:5\"\nlisten = [\"0.0.0.0:5\"]", "is the daemon's own address"),
        ("resolver = \"127.0.0.1:5\"\nstatus-address = \"127.0.0.1:5\"", "is the daemon's own address"),
        ("resolver = [\"127.0.0.1:53\", \"9.9.9.9:53\"]", "9.9.9.9:53 is not asked"),
        ("ca-file = \"HOME/empty.pem\"", "holds no PEM certificate"),
        ("ca-file = \"HOME/directory\"", "`daemon.ca-file`"),
        ("listen = [\"unix:/nope/s\"]", "`daemon.listen`: there is no directory /nope"),
        ("listen = [\"unix:HOME/file\"]", "is no socket; remove it"),
        ("listen = [\"0.0.0.0:8461\"]", "at every address of this machine"),
        ("listen = [\"[::]:8461\"]", "at every address of this machine"),
        ("status-address = \"0.0.0.0:8462\"", "at every address of this machine"),
        ("anchors-directory = \"/nope\"", "`daemon.anchors-directory`: /nope is not there"),
        ("socket-mode = \"0000\"", "`daemon.socket-mode` has no effect"),
    ];
    for (daemon, want) in cases {
        let text = format!("state-dir = \".\"\n[daemon]\n{}\n", daemon.replace("HOME", &home.to_string()));
        let said = warnings(&Settings::parse(&text, place.path()).unwrap());
        let found = said.iter().find(|warning| warning.contains(want));
        let Some(found) = found else { panic!("{want} is not in {said:?}") };
        assert!(found.starts_with("line 3: ") || found.starts_with("line 4: "), "{found}");
        assert!(found.contains("; ") || found.contains(": "), "{found}");
    }
}
