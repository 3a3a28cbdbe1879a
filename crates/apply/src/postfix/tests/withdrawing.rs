//! Withdrawal from the activation record alone, on a Postfix that misbehaves as it is told to.

use std::fs;

use starttls_policy::Timestamp;

use super::server::{Server, exists, wanted, write};
use super::*;
use crate::Generations;
use crate::validity::{ActivationState, Expiries, Part, PartKind, State, Validity, Watcher, table_sha256};

pub(super) fn at(day: u32) -> Timestamp {
    Timestamp::parse(&format!("2026-12-{day:02}T00:00:00Z")).unwrap()
}

/// An override expires on the 10th, an overlay on the 15th, the base on the 20th.
const EXPIRIES: &str = "starttls expiries 1\n@ 2026-12-10T00:00:00Z change\nb.test secure match=mx.b.test\n\
    @ 2026-12-15T00:00:00Z change\na.test\n@ 2026-12-20T00:00:00Z take-out\nend\n";

/// Activates a table as `generate` and `update` do, with its record.
pub(super) fn activate_recorded(server: &Server, generations: &Generations) {
    let ready = write(generations, "one");
    let part = |kind, name: &str, day| Part { kind, name: name.into(), serial: None, expires: Some(at(day)) };
    let validity = Validity {
        made: at(1),
        table_type: "texthash".into(),
        table_sha256: table_sha256(ready.directory()).unwrap(),
        postfix_config: Some(server.config.clone()),
        postfix_commands: Some(server.home().join("tools")),
        watcher: Watcher::Own,
        parts: vec![
            part(PartKind::Override, "override of b.test", 10),
            part(PartKind::List, "over", 15),
            part(PartKind::List, "base", 20),
        ],
        until: None,
    };
    ready.describe(&validity, &Expiries::parse(EXPIRIES).unwrap()).unwrap();
    let plan = Plan::make(&server.instance, generations, Some(&ready), &wanted()).unwrap();
    activate(plan, generations, Some(ready)).unwrap();
    ActivationState::new(State::Active, at(1)).write(generations).unwrap();
}

pub(super) fn table(server: &Server) -> String {
    fs::read_to_string(server.root.join("current/tls_policy")).unwrap()
}

/// The header that our own grammar asks for, above the table of the test.
pub(super) fn with_header(server: &Server) {
    let path = server.root.join("current/tls_policy");
    let text = table(server).replace(
        "# ours\n",
        "# TLS policy per recipient domain (smtp_tls_policy_maps), written by starttls.\n\
         # Not to be edited: the next generation replaces this file.\n",
    );
    fs::write(path, text).unwrap();
}

#[test]
fn fault_c24_what_expires_leaves_step_by_step_without_lists_and_settings() {
    let server = Server::new();
    let before = server.main_cf();
    let generations = server.generations();
    activate_recorded(&server, &generations);
    with_header(&server);
    let active = server.main_cf();
    assert!(matches!(withdraw(&generations, &server.instance, at(9)).unwrap(), Withdrawal::NothingExpired));
    assert_eq!(server.reloads(), 1);

    let exchanged = withdraw(&generations, &server.instance, at(10)).unwrap();
    let Withdrawal::Exchanged { expired, lines: 3 } = &exchanged else { panic!("{exchanged:?}") };
    assert_eq!(expired.len(), 1);
    assert!(table(&server).contains("\nb.test secure match=mx.b.test\n"), "{}", table(&server));
    assert_eq!((server.main_cf(), server.reloads()), (active.clone(), 2));
    assert!(matches!(withdraw(&generations, &server.instance, at(14)).unwrap(), Withdrawal::NothingExpired));

    assert!(matches!(
        withdraw(&generations, &server.instance, at(16)).unwrap(),
        Withdrawal::Exchanged { lines: 2, .. }
    ));
    assert!(!table(&server).contains("a.test secure") && table(&server).contains("c.test secure"));

    let taken = withdraw(&generations, &server.instance, at(21)).unwrap();
    assert!(matches!(taken, Withdrawal::TakenOut { cause: None, .. }), "{taken:?}");
    assert_eq!(server.main_cf(), before);
    assert_eq!(ActivationState::read(&server.root).unwrap().unwrap().state, State::Withdrawn);
    assert!(exists(&server.root.join("current/tls_policy")), "files stay for when lists come back");
    assert!(matches!(
        withdraw(&generations, &server.instance, at(22)).unwrap(),
        Withdrawal::NothingExpired | Withdrawal::NotInForce
    ));
}

#[test]
fn fault_c24_what_cannot_be_exchanged_is_taken_out_altogether() {
    for damage in ["expiries", "table"] {
        let server = Server::new();
        let before = server.main_cf();
        let generations = server.generations();
        activate_recorded(&server, &generations);
        with_header(&server);
        match damage {
            "expiries" => fs::write(server.root.join("current/.expiries"), "damaged").unwrap(),
            _ => fs::write(server.root.join("current/tls_policy"), "no line of ours\n").unwrap(),
        }
        let taken = withdraw(&generations, &server.instance, at(10)).unwrap();
        assert!(matches!(taken, Withdrawal::TakenOut { .. }), "{damage}: {taken:?}");
        assert_eq!(server.main_cf(), before, "{damage}");
    }
}

#[test]
fn fault_c24_withdrawal_never_puts_a_table_back_into_main_cf() {
    let server = Server::new();
    let before = server.main_cf();
    let generations = server.generations();
    activate_recorded(&server, &generations);
    with_header(&server);
    fs::write(server.config.join("main.cf"), &before).unwrap();
    assert!(matches!(withdraw(&generations, &server.instance, at(16)).unwrap(), Withdrawal::NotInForce));
    assert_eq!(server.main_cf(), before);
}

#[test]
fn fault_a4_another_program_that_rewrites_main_cf_is_seen() {
    let server = Server::new();
    let before = server.main_cf();
    let generations = server.generations();
    activate_recorded(&server, &generations);
    let look = || {
        let validity = Validity::read(&server.root).unwrap();
        in_effect(&server.instance, &server.root, validity.as_ref()).unwrap()
    };
    let effect = InEffect {
        is_named: true,
        services_without: Vec::new(),
        main_service: "smtp".into(),
        table: TableState::Same,
        other_outputs: Vec::new(),
        findings: Vec::new(),
    };
    assert_eq!(look(), effect);
    let named = server.main_cf();
    let proxied = named.replace(", texthash:", ", proxy:texthash:").replace("/current/", "//current/");
    fs::write(server.config.join("main.cf"), proxied).unwrap();
    assert_eq!(look(), effect, "by another spelling it is our table, too");
    fs::write(server.config.join("main.cf"), before).unwrap();
    assert_eq!(look(), InEffect { is_named: false, ..effect.clone() });
    fs::write(server.config.join("main.cf"), named).unwrap();
    fs::write(server.root.join("current/tls_policy"), "# empty\n").unwrap();
    assert_eq!(look(), InEffect { table: TableState::Changed, ..effect.clone() });
    fs::remove_file(server.root.join("current/tls_policy")).unwrap();
    assert_eq!(look(), InEffect { table: TableState::Missing, ..effect });
}

#[test]
fn fault_c24_files_that_others_put_in_force_lose_what_has_expired_and_never_go() {
    let server = Server::new();
    let generations = server.generations();
    activate_recorded(&server, &generations);
    with_header(&server);
    let named = server
        .main_cf()
        .replace(", texthash:", ", unionmap:{texthash:")
        .replace("/tls_policy\n", "/tls_policy}\n");
    fs::write(server.config.join("main.cf"), &named).unwrap();
    let exchanged = withdraw(&generations, &server.instance, at(21)).unwrap();
    assert!(matches!(exchanged, Withdrawal::Exchanged { lines: 0, .. }), "{exchanged:?}");
    assert!(!table(&server).contains(".test") && table(&server).starts_with("# "), "{}", table(&server));
    assert_eq!((server.main_cf(), server.reloads()), (named, 2));

    let server = Server::new();
    let before = server.main_cf();
    let generations = server.generations();
    activate_recorded(&server, &generations);
    with_header(&server);
    server.deactivate(&generations).unwrap();
    let generations = {
        drop(generations);
        server.generations()
    };
    activate_recorded(&server, &generations);
    with_header(&server);
    fs::write(server.config.join("main.cf"), &before).unwrap();
    ActivationState::new(State::Written, at(1)).write(&generations).unwrap();
    let reloads = server.reloads();
    assert!(matches!(
        withdraw(&generations, &server.instance, at(16)).unwrap(),
        Withdrawal::Exchanged { lines: 2, .. }
    ));
    assert_eq!((server.main_cf(), server.reloads()), (before, reloads));
}

#[test]
fn fault_a6_the_operators_end_takes_everything_out() {
    let server = Server::new();
    let before = server.main_cf();
    let generations = server.generations();
    activate_recorded(&server, &generations);
    let validity = Validity { until: Some(at(3)), ..Validity::read(&server.root).unwrap().unwrap() };
    generations.describe_current(&validity, &Expiries::parse(EXPIRIES).unwrap()).unwrap();
    assert!(matches!(withdraw(&generations, &server.instance, at(2)).unwrap(), Withdrawal::NothingExpired));
    let taken = withdraw(&generations, &server.instance, at(3)).unwrap();
    let Withdrawal::TakenOut { expired, cause: None } = taken else { panic!("{taken:?}") };
    assert_eq!((expired.len(), server.main_cf()), (3, before));
}
