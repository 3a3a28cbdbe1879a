//! Withdrawal where our table cannot be taken out of main.cf, or where files of the record are damaged.

use std::fs;

use super::server::{Server, exists};
use super::withdrawing::{activate_recorded, at, table, with_header};
use super::*;
use crate::Generations;
use crate::validity::Validity;

/// A server whose policy expires on the 20th.
fn recorded() -> (Server, Generations) {
    let server = Server::new();
    let generations = server.generations();
    activate_recorded(&server, &generations);
    with_header(&server);
    (server, generations)
}

fn ours(server: &Server) -> String {
    format!("texthash:{}/current/tls_policy", server.root.display())
}

/// Makes main.cf a file that cannot be replaced, for root too.
pub(super) fn block_main_cf(server: &Server) {
    fs::create_dir(server.config.join("main.cf.starttls-new")).unwrap();
}

pub(super) fn has_no_lines(server: &Server) -> bool {
    table(server).lines().all(|line| line.starts_with('#'))
}

#[test]
fn fault_a3_what_has_expired_leaves_a_table_that_is_named_elsewhere_too() {
    for place in ["service", "by name", "lmtp"] {
        let (server, generations) = recorded();
        let ours = ours(&server);
        match place {
            "service" => server.write_master_cf(&format!(
                "smtp unix - - y - - smtp\nrelay unix - - y - - smtp -o smtp_tls_policy_maps={ours}\n"
            )),
            "by name" => {
                let text = server.main_cf().replace(&ours, "$my") + &format!("my = {ours}\n");
                fs::write(server.config.join("main.cf"), text).unwrap();
            }
            _ => server.add_to_main_cf(&format!("lmtp_tls_policy_maps = {ours}\n")),
        }
        let before = server.main_cf();
        let result = withdraw(&generations, &server.instance, at(21)).unwrap();
        assert!(has_no_lines(&server), "{place}: {result:?} {}", table(&server));
        assert_eq!((server.main_cf(), server.reloads() > 1), (before, true), "{place}");
        // Nothing is left that expires; another run has nothing to do.
        let again = withdraw(&generations, &server.instance, at(22)).unwrap();
        assert!(matches!(again, Withdrawal::NothingExpired), "{place}: {again:?}");
    }
}

#[test]
fn fault_a3_what_an_update_takes_out_leaves_a_table_that_is_named_elsewhere_too() {
    let (server, generations) = recorded();
    server.add_to_main_cf(&format!("lmtp_tls_policy_maps = {}\n", ours(&server)));
    let taken = take_out(&server.instance, &generations, at(2)).unwrap();
    assert!(matches!(taken, TakenOut::Emptied { .. }), "{taken:?}");
    assert!(has_no_lines(&server));
}

#[test]
fn fault_c13_what_is_left_of_a_table_named_by_another_parameter_stays_named_once() {
    let (server, generations) = recorded();
    let text = server.main_cf().replace(&ours(&server), "$my") + &format!("my = {}\n", ours(&server));
    fs::write(server.config.join("main.cf"), &text).unwrap();
    let exchanged = withdraw(&generations, &server.instance, at(16)).unwrap();
    assert!(matches!(exchanged, Withdrawal::Exchanged { lines: 2, .. }), "{exchanged:?}");
    assert_eq!((server.main_cf(), server.reloads()), (text, 2));
}

#[test]
fn fault_a4_what_has_expired_leaves_the_table_when_main_cf_cannot_be_written() {
    for draft in ["works", "fails"] {
        let (server, generations) = recorded();
        block_main_cf(&server);
        if draft == "fails" {
            fs::write(server.root.join("generations/draft"), "").unwrap();
        }
        let result = withdraw(&generations, &server.instance, at(21)).unwrap();
        let Withdrawal::Emptied { cause, .. } = &result else { panic!("{result:?}") };
        assert!(cause.contains("write") && !cause.contains("cannot read `"), "{cause}");
        assert!(has_no_lines(&server), "{draft}: {}", table(&server));
        assert_eq!(server.reloads(), 2, "{draft}");
    }
}

#[test]
fn fault_a5_what_has_expired_leaves_with_a_damaged_file_of_ours() {
    for (file, text) in [
        ("current/.validity.json", None),
        ("current/.validity.json", Some("garbage")),
        ("state.json", Some("garbage")),
        ("activation", Some("garbage")),
        (".starttls-output", None),
        ("generations", None),
        ("current", None),
    ] {
        let (server, generations) = recorded();
        assert!(matches!(
            withdraw(&generations, &server.instance, at(2)).unwrap(),
            Withdrawal::NothingExpired
        ));
        drop(generations);
        let path = server.root.join(file);
        match (file, text) {
            (_, Some(text)) => fs::write(path, text).unwrap(),
            ("generations", None) => {
                fs::remove_dir_all(&path).unwrap();
                fs::create_dir(path).unwrap();
            }
            ("current", None) => {
                fs::remove_file(&path).unwrap();
                fs::create_dir(server.home().join("elsewhere")).unwrap();
                std::os::unix::fs::symlink(server.home().join("elsewhere"), path).unwrap();
            }
            (_, None) => fs::remove_file(path).unwrap(),
        }
        let generations = server.generations();
        let taken = withdraw(&generations, &server.instance, at(21)).unwrap();
        let is_out = matches!(taken, Withdrawal::TakenOut { .. } | Withdrawal::WasMissing(TakenOut::Removed));
        assert!(is_out, "{file} {text:?}: {taken:?}");
        assert!(!server.main_cf().contains("/current/"), "{file} {text:?}: {}", server.main_cf());
    }
}

#[test]
fn fault_a5_a_table_whose_record_is_lost_is_an_error_before_it_expires() {
    for text in [None, Some("garbage")] {
        let (server, generations) = recorded();
        withdraw(&generations, &server.instance, at(2)).unwrap();
        let path = server.root.join("current/.validity.json");
        text.map_or_else(|| fs::remove_file(&path), |text| fs::write(&path, text)).unwrap();
        let error = withdraw(&generations, &server.instance, at(3)).unwrap_err();
        assert!(matches!(error, WithdrawError::NoRecord { .. }), "{error:?}");
        assert!(!has_no_lines(&server), "what is not known to have expired stays");
        // A copy of an earlier generation does not speak for an activation that was undone since.
        server.deactivate(&generations).unwrap();
        assert!(matches!(withdraw(&generations, &server.instance, at(21)).unwrap(), Withdrawal::NotInForce));
    }
}

#[test]
fn fault_a5_damaged_files_of_ours_are_put_right_by_the_next_activation_or_deactivation() {
    for damage in ["activation", "marker", "current"] {
        for deactivates in [true, false] {
            let (server, generations) = recorded();
            let before = server.main_cf().replace(&format!(", {}", ours(&server)), "");
            drop(generations);
            match damage {
                "activation" => fs::write(server.root.join("activation"), "garbage").unwrap(),
                "marker" => fs::remove_file(server.root.join(".starttls-output")).unwrap(),
                _ => {
                    fs::remove_file(server.root.join("current")).unwrap();
                    std::os::unix::fs::symlink(server.home(), server.root.join("current")).unwrap();
                }
            }
            let generations = server.generations();
            if deactivates {
                server.deactivate(&generations).unwrap();
                assert_eq!(server.main_cf(), before, "{damage}");
                assert!(!exists(&server.root.join("activation")), "{damage}");
            } else {
                server.activate(&generations, "two").unwrap();
                assert!(table(&server).contains("two.a.test"), "{damage}");
                assert!(exists(&server.root.join(".starttls-output")), "{damage}");
                server.deactivate(&generations).unwrap();
                assert_eq!(server.main_cf(), before, "{damage}");
            }
        }
    }
}

#[test]
fn fault_a5_a_directory_with_files_of_others_is_not_taken_for_ours() {
    let (server, generations) = recorded();
    drop(generations);
    fs::remove_file(server.root.join(".starttls-output")).unwrap();
    fs::write(server.root.join("theirs"), "").unwrap();
    let refused = Generations::open(&server.root);
    assert!(matches!(refused, Err(crate::generations::OpenError::NotOurs { .. })), "{refused:?}");
}

#[test]
fn fault_a6_deactivation_takes_a_comment_behind_our_table_out_of_the_value() {
    let (server, generations) = recorded();
    let before = server.main_cf().replace(&format!(", {}", ours(&server)), "");
    let commented = server.main_cf().replace(&ours(&server), &format!("{} # ours, since May", ours(&server)));
    fs::write(server.config.join("main.cf"), commented).unwrap();
    server.deactivate(&generations).unwrap();
    assert_eq!(server.main_cf(), before);
}

#[test]
fn a_record_that_is_whole_is_kept_as_a_second_copy() {
    let (server, generations) = recorded();
    withdraw(&generations, &server.instance, at(2)).unwrap();
    let seen = Validity::copy(&server.root).unwrap().unwrap();
    assert_eq!(Some(seen), Validity::read(&server.root).unwrap());
}
