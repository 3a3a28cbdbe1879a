//! Deactivation while something else leads to our files: refused, and nothing changes.

use std::fs;
use std::os::unix::fs::symlink;

use super::super::*;
use super::server::{Server, exists, key_copy};

fn still_used(server: &Server) -> Vec<Use> {
    let generations = server.generations();
    match server.deactivate(&generations) {
        Err(DeactivateError::StillUsed(uses)) => uses,
        other => panic!("{other:?}"),
    }
}

fn assert_untouched(server: &Server, main_cf: &str, reloads: usize) {
    assert_eq!((server.main_cf().as_str(), server.reloads()), (main_cf, reloads));
    assert!(exists(&server.root.join("current/tls_policy")) && exists(&server.root.join("activation")));
    assert!(exists(&key_copy(server, "one")));
}

#[test]
fn fault_deactivation_deletes_nothing_that_main_cf_leads_to() {
    for (before, after) in [
        ("texthash:OURS", "unionmap:{texthash:OURS}"),
        ("texthash:OURS", "pipemap:{hash:/a,proxy:texthash:OURS}"),
        ("texthash:OURS", "texthash:OURS\nmy_maps = texthash:OURS"),
        ("texthash:OURS", "$my_maps\nmy_maps = texthash:OURS"),
        ("texthash:OURS", "texthash:OURS\nlmtp_tls_policy_maps = proxy:texthash:OURS"),
        ("texthash:OURS", "texthash:LINK/tls_policy"),
        ("texthash:OURS", "texthash:../out/current/tls_policy"),
        ("texthash:OURS", "texthash:OURS\nsmtp_tls_policy_maps = hash:/a"),
    ] {
        let server = Server::new();
        server.activate(&server.generations(), "one").unwrap();
        symlink(server.root.join("current"), server.home().join("link")).unwrap();
        let ours = server.root.join("current/tls_policy").display().to_string();
        let link = server.home().join("link").display().to_string();
        let spell = |text: &str| text.replace("OURS", &ours).replace("LINK", &link);
        let main_cf = server.main_cf().replace(&spell(before), &spell(after));
        fs::write(server.config.join("main.cf"), &main_cf).unwrap();
        let uses = still_used(&server);
        assert!(!uses.is_empty() && !uses[0].cure().is_empty(), "{after}");
        assert_untouched(&server, &main_cf, 1);
    }
}

#[test]
fn fault_deactivation_takes_our_table_out_in_every_spelling() {
    for spelling in [
        "proxy:texthash:OURS",
        "texthash:/OURS",
        "hash:GENERATION",
        "OURS",
        "texthash:HERE/./current/tls_policy",
    ] {
        let server = Server::new();
        let before = server.main_cf();
        server.activate(&server.generations(), "one").unwrap();
        let root = server.root.display().to_string();
        let ours = format!("{root}/current/tls_policy");
        let spelled = spelling
            .replace("OURS", &ours)
            .replace("GENERATION", &format!("{root}/generations/0001/tls_policy"))
            .replace("HERE", &root);
        let main_cf = server.main_cf().replace(&format!("texthash:{ours}"), &spelled);
        fs::write(server.config.join("main.cf"), main_cf).unwrap();
        let done = server.deactivate(&server.generations()).unwrap();
        assert!(done.was_active && done.was_recorded, "{spelling}");
        assert_eq!(server.main_cf(), before, "{spelling}");
        assert!(!exists(&server.root.join("current")), "{spelling}");
    }
}

#[test]
fn fault_deactivation_deletes_nothing_that_master_cf_leads_to() {
    for arguments in ["-o smtp_tls_policy_maps=texthash:OURS", "{-osmtp_tls_policy_maps = proxy:hash:OURS}"] {
        let server = Server::new();
        server.activate(&server.generations(), "one").unwrap();
        let ours = server.root.join("current/tls_policy").display().to_string();
        let entry = format!("smtp unix - - y - - smtp\nbulk unix - - y - - smtp {arguments}\n");
        fs::write(server.config.join("master.cf"), entry.replace("OURS", &ours)).unwrap();
        let main_cf = server.main_cf();
        let uses = still_used(&server);
        assert_eq!(uses[0].place, Place::Service("bulk/unix".into()), "{arguments}");
        assert_untouched(&server, &main_cf, 1);
    }
}

#[test]
fn fault_what_leads_to_our_files_without_an_activation_keeps_them() {
    let server = Server::new();
    let generations = server.generations();
    super::write(&generations, "one").publish().unwrap();
    drop(generations);
    let ours = server.root.join("current/tls_policy").display().to_string();
    server.add_to_main_cf(&format!("smtp_tls_policy_maps = unionmap:{{texthash:{ours}}}\n"));
    still_used(&server);
    assert!(exists(&server.root.join("current/tls_policy")));
}

#[test]
fn fault_a_table_that_another_program_took_out_is_known_from_the_record() {
    let server = Server::new();
    let before = server.main_cf();
    server.activate(&server.generations(), "one").unwrap();
    fs::write(server.config.join("main.cf"), &before).unwrap();
    let done = server.deactivate(&server.generations()).unwrap();
    assert_eq!((done.was_active, done.was_recorded), (false, true));
    assert_eq!((server.main_cf(), server.reloads()), (before, 2));
    let again = server.deactivate(&server.generations()).unwrap();
    assert_eq!((again.was_active, again.was_recorded), (false, false));
}

#[test]
fn fault_activation_is_refused_while_a_generation_is_named_by_its_number() {
    for maps in ["texthash:PINNED", "hash:/a, unionmap:{texthash:PINNED}"] {
        let server = Server::new();
        server.activate(&server.generations(), "one").unwrap();
        let pinned = server.root.join("generations/0001/tls_policy").display().to_string();
        server.add_to_main_cf(&format!("smtp_tls_policy_maps = {}\n", maps.replace("PINNED", &pinned)));
        let error = server.activate(&server.generations(), "two").unwrap_err();
        let ActivateError::Refused(findings) = error else { panic!("{error}") };
        assert_eq!(findings[0].code, "activate.pinned-generation", "{findings:?}");
    }
}

/// How main.cf may give a parameter that an activation sets.
const SHAPES: [&str; 8] = [
    "",
    "smtp_tls_policy_maps =\n",
    "smtp_tls_policy_maps=\n",
    "smtp_tls_policy_maps =\n  inline:{ x.test=may },\n# between\n\n   # indented\n\tinline:{ y.test=may }\n",
    "smtp_tls_policy_maps = $default\ndefault = inline:{x.test=may}\n",
    "smtp_tls_policy_maps = inline:{x.test=may}\nsmtp_tls_policy_maps =\n",
    "smtp_tls_policy_maps  =   inline:{ x.test=may }  ,\n",
    "smtp_dns_support_level =\nsmtp_tls_policy_maps = \n",
];

/// A server whose main.cf gives a parameter in some shape among others.
fn shaped(shape: &str) -> Server {
    let server = Server::new();
    let own = format!("smtp_tls_policy_maps = texthash:{}/own\n", server.home().display());
    let main_cf = server.main_cf().replace(&own, &format!("# above\nrelayhost =\n{shape}# below\n"));
    fs::write(server.config.join("main.cf"), main_cf).unwrap();
    server
}

fn activate_with_dnssec(server: &Server, word: &str) {
    let generations = server.generations();
    let ready = super::write(&generations, word);
    let setting = starttls_mta::Setting {
        name: "smtp_dns_support_level",
        value: "dnssec".into(),
        reason: "test",
        need: starttls_mta::Need::Required,
    };
    let wanted = Wanted { settings: std::slice::from_ref(&setting), ..super::server::wanted() };
    let plan = Plan::make(&server.instance, &generations, Some(&ready), &wanted).unwrap();
    activate(plan, &generations, Some(ready)).unwrap();
}

#[test]
fn fault_what_main_cf_gave_in_any_shape_comes_back_to_the_byte() {
    for shape in SHAPES {
        let server = shaped(shape);
        let before = server.main_cf();
        activate_with_dnssec(&server, "one");
        assert_ne!(server.main_cf(), before);
        server.deactivate(&server.generations()).unwrap();
        assert_eq!(server.main_cf(), before, "{shape}");
    }
}

#[test]
fn fault_what_main_cf_gave_comes_back_though_others_change_the_file() {
    for shape in SHAPES {
        let server = shaped(shape);
        let before = server.main_cf();
        let edits = |text: &str| text.replace("relayhost =\n", "relayhost =\n\nnew = 1\n") + "last = 1\n";
        activate_with_dnssec(&server, "one");
        let now = server.main_cf();
        fs::write(server.config.join("main.cf"), edits(&now)).unwrap();
        server.deactivate(&server.generations()).unwrap();
        assert_eq!(server.main_cf(), edits(&before), "{shape}");
    }
}

#[test]
fn fault_what_main_cf_gave_comes_back_after_a_second_activation_and_others_changes() {
    for shape in SHAPES {
        let server = shaped(shape);
        let before = server.main_cf();
        let first = |text: &str| text.replace("# above\n", "# above\nnew = 1\n");
        let second = |text: &str| text.replace("# below\n", "# under\n");
        server.activate(&server.generations(), "one").unwrap();
        fs::write(server.config.join("main.cf"), first(&server.main_cf())).unwrap();
        activate_with_dnssec(&server, "two");
        fs::write(server.config.join("main.cf"), second(&server.main_cf())).unwrap();
        server.deactivate(&server.generations()).unwrap();
        assert_eq!(server.main_cf(), second(&first(&before)), "{shape}");
    }
}
