//! Overrides and lists that cannot be read.

use std::fs;

use starttls_daemon::Known as _;
use starttls_policy::decide::overrides::Ruling;
use starttls_sources::overrides::{Act, Actor, FileError, ReasonText, Record};

use super::*;

fn now() -> Timestamp {
    Timestamp::parse("2026-11-22T00:00:00Z").unwrap()
}

fn domain() -> Domain {
    Domain::parse("a.example").unwrap()
}

fn overridden(standing: &Standing) -> bool {
    let mut found = false;
    standing.show(&domain(), &mut |operator, _| found = operator.is_some()).unwrap();
    found
}

#[test]
fn fault_overrides_that_cannot_be_read_stop_no_start_and_those_read_before_count_on() {
    let home = starttls_testkit::world::directory().unwrap();
    let settings =
        Settings::parse(&format!("state-dir = \"{}\"", home.path().display()), home.path()).unwrap();
    let file = home.path().join(FILE);
    // Damaged: a file that root cannot read either, whoever runs the tests.
    fs::write(&file, "no override\n").unwrap();
    let standing = Standing::new(&settings, now());
    assert!(!overridden(&standing));
    let troubles = standing.troubles();
    assert!(
        troubles.len() == 1 && troubles[0].contains(FILE) && troubles[0].contains("correct the line"),
        "{troubles:?}"
    );

    // Nothing changed: what is at hand stays.
    let generation = standing.generation();
    assert!(!standing.renew(&settings, now()));
    assert_eq!(standing.generation(), generation);

    fs::remove_file(&file).unwrap();
    let act = Act::Add {
        ruling: Ruling::Relax,
        until: Timestamp::parse("2026-12-01T00:00:00Z").unwrap(),
        reason: ReasonText::parse("a test").unwrap(),
    };
    let record = Record { at: now(), by: Actor::uid(0), domain: domain(), act };
    overrides::append(home.path(), &record, |_| Ok::<(), FileError>(())).unwrap();
    assert!(standing.renew(&settings, now()));
    assert!(overridden(&standing) && standing.troubles().is_empty());

    // Damaged again: what was read before counts on, in the daemon that read it.
    fs::write(&file, "no override\n").unwrap();
    standing.renew(&settings, now());
    assert!(overridden(&standing));
    assert!(troubles[0].ends_with("(none counts, since none was read before)"), "{troubles:?}");
    assert!(standing.troubles()[0].ends_with("(those read before count on)"), "{:?}", standing.troubles());
    assert!(standing.reload(&settings, now()).is_err());
    assert!(overridden(&standing));
}

#[test]
fn fault_one_damaged_list_takes_no_other_list_with_it() {
    let home = starttls_testkit::world::directory().unwrap();
    let list = |author: &str, domain: &str| {
        format!(
            r#"{{"version": "1", "author": "{author}", "serial": 1, "timestamp": "2026-11-01T00:00:00Z",
            "expires": "2027-01-01T00:00:00Z", "policies": {{"{domain}": {{"mode": "enforce", "mx": ["mx.{domain}"]}}}}}}"#
        )
    };
    let state = home.path().join("state");
    let mut text = format!("state-dir = \"{}\"\n", state.display());
    for (name, domain) in [("one", "a.example"), ("two", "b.example")] {
        let file = home.path().join(format!("{name}.json"));
        fs::write(&file, list(name, domain)).unwrap();
        let file = file.display();
        text +=
            &["[[list]]\nname = \"", name, "\"\ntrust = \"unsigned\"\nfile = \"", &file.to_string(), "\"\n"]
                .concat();
    }
    let settings = Settings::parse(&text, home.path()).unwrap();
    let listed = |standing: &Standing, name: &str| {
        let mut found = false;
        let domain = Domain::parse(name).unwrap();
        standing.show(&domain, &mut |_, entry| found = entry.is_some()).unwrap();
        found
    };
    // Not accepted yet, they are read where they lie.
    fs::write(home.path().join("one.json"), "{").unwrap();
    let standing = Standing::new(&settings, now());
    assert!(!listed(&standing, "a.example") && listed(&standing, "b.example"));
    assert!(standing.troubles()[0].contains("`one`"), "{:?}", standing.troubles());
    fs::write(home.path().join("one.json"), list("one", "a.example")).unwrap();
    assert!(standing.renew(&settings, now()));
    assert!(
        listed(&standing, "a.example") && listed(&standing, "b.example") && standing.troubles().is_empty()
    );
}

/// Adds an override of [`domain`] in a state directory.
fn add_override(state: &std::path::Path) {
    let act = Act::Add {
        ruling: Ruling::Relax,
        until: Timestamp::parse("2026-12-01T00:00:00Z").unwrap(),
        reason: ReasonText::parse("a test").unwrap(),
    };
    let record = Record { at: now(), by: Actor::uid(0), domain: domain(), act };
    overrides::append(state, &record, |_| Ok::<(), FileError>(())).unwrap();
}

#[test]
fn fault_overrides_whose_file_or_directory_goes_count_on_and_that_is_a_trouble() {
    let home = starttls_testkit::world::directory().unwrap();
    let state = home.path().join("state");
    let settings = Settings::parse(&format!("state-dir = \"{}\"", state.display()), home.path()).unwrap();
    for remove in [
        |state: &std::path::Path| fs::remove_file(state.join(FILE)),
        |state: &std::path::Path| fs::remove_dir_all(state),
    ] {
        add_override(&state);
        let standing = Standing::new(&settings, now());
        assert!(overridden(&standing) && standing.troubles().is_empty());
        remove(&state).unwrap();
        for _ in 0..2 {
            standing.renew(&settings, now());
            assert!(overridden(&standing));
            let troubles = standing.troubles();
            assert!(troubles.len() == 1 && troubles[0].contains("overrides.jsonl"), "{troubles:?}");
            assert!(standing.reload(&settings, now()).is_err());
        }
        // Ended, they count no longer, and nobody misses the file.
        let later = Timestamp::parse("2026-12-02T00:00:00Z").unwrap();
        if state.exists() {
            assert!(standing.renew(&settings, later));
            assert!(standing.troubles().is_empty(), "{:?}", standing.troubles());
        }
        // An empty file is the operator's word.
        let standing = {
            add_override(&state);
            let standing = Standing::new(&settings, now());
            fs::write(state.join(FILE), "").unwrap();
            standing
        };
        assert!(standing.renew(&settings, now()));
        assert!(!overridden(&standing) && standing.troubles().is_empty());
    }
}

#[test]
fn fault_overrides_that_become_unreadable_without_being_written_are_a_trouble() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = starttls_testkit::world::directory().unwrap();
    let settings =
        Settings::parse(&format!("state-dir = \"{}\"", home.path().display()), home.path()).unwrap();
    add_override(home.path());
    let standing = Standing::new(&settings, now());
    // Writable by all: refused whoever runs the tests, root included; the file's time stays.
    fs::set_permissions(home.path().join(FILE), fs::Permissions::from_mode(0o666)).unwrap();
    standing.renew(&settings, now());
    assert!(overridden(&standing));
    assert!(standing.troubles()[0].contains("chmod 640"), "{:?}", standing.troubles());
}

/// Settings with one unsigned list, accepted into the state directory.
fn with_accepted_list(home: &std::path::Path) -> Settings {
    let file = home.join("own.json");
    fs::write(
        &file,
        r#"{"version": "1", "author": "own", "serial": 1, "timestamp": "2026-11-01T00:00:00Z",
            "expires": "2027-01-01T00:00:00Z", "policies": {"a.example": {"mode": "enforce", "mx": ["mx.a.example"]}}}"#,
    )
    .unwrap();
    let state = home.join("state");
    let text = format!(
        "state-dir = \"{}\"\n[[list]]\nname = \"own\"\ntrust = \"unsigned\"\nfile = \"{}\"\n",
        state.display(),
        file.display()
    );
    let settings = Settings::parse(&text, home).unwrap();
    accept(&settings);
    settings
}

/// Accepts what the settings name.
fn accept(settings: &Settings) {
    let lock = starttls_sources::StateDir::make(settings.state_dir()).unwrap().lock().unwrap();
    crate::update::fetch_lists(settings, crate::update::Which::All, &lock, now()).unwrap();
}

fn listed(standing: &Standing) -> bool {
    let mut found = false;
    standing.show(&domain(), &mut |_, entry| found = entry.is_some()).unwrap();
    found
}

#[test]
fn fault_list_whose_state_is_removed_counts_on_until_its_end_and_that_is_a_trouble() {
    type Remove = fn(&std::path::Path) -> std::io::Result<()>;
    let removals: [Remove; 4] = [
        |state| fs::remove_dir_all(state.join("sources")),
        |state| fs::remove_dir_all(state.join("sources/own")),
        |state| fs::remove_file(state.join("sources/own/state.json")),
        |state| fs::remove_dir_all(state).and_then(|()| fs::remove_file(state.with_file_name("own.json"))),
    ];
    for remove in removals {
        let home = tempfile::tempdir().unwrap();
        let settings = with_accepted_list(home.path());
        let standing = Standing::new(&settings, now());
        assert!(listed(&standing) && standing.troubles().is_empty(), "{:?}", standing.troubles());

        remove(settings.state_dir()).unwrap();
        for _ in 0..2 {
            standing.renew(&settings, now());
            assert!(listed(&standing));
            let troubles = standing.troubles();
            assert!(troubles.len() == 1 && troubles[0].contains("`own`"), "{troubles:?}");
            assert!(troubles[0].contains("before counts on"), "{troubles:?}");
        }
        // Ended, it counts no longer.
        standing.renew(&settings, Timestamp::parse("2027-01-01T00:00:00Z").unwrap());
        assert!(!listed(&standing));
    }
}

#[test]
fn fault_list_that_was_lost_before_the_start_is_a_trouble_until_it_is_accepted_again() {
    let home = tempfile::tempdir().unwrap();
    let settings = with_accepted_list(home.path());
    fs::remove_dir_all(settings.state_dir().join("sources")).unwrap();
    let standing = Standing::new(&settings, now());
    let troubles = standing.troubles();
    assert!(troubles.len() == 1 && troubles[0].contains("starttls update"), "{troubles:?}");
    assert!(standing.lacks_lists() && !standing.has_lost_lists());
    accept(&settings);
    assert!(standing.renew(&settings, now()));
    assert!(listed(&standing) && standing.troubles().is_empty());
}

#[test]
fn list_that_the_operator_has_forgotten_counts_no_longer() {
    let home = tempfile::tempdir().unwrap();
    let settings = with_accepted_list(home.path());
    let standing = Standing::new(&settings, now());
    let lock = starttls_sources::StateDir::open(settings.state_dir()).unwrap().lock().unwrap();
    assert!(lock.forget(&settings.lists[0].name).unwrap());
    drop(lock);
    assert!(standing.renew(&settings, now()));
    assert!(!listed(&standing));
    // Accepted again and lost, it counts on.
    accept(&settings);
    standing.renew(&settings, now());
    fs::remove_dir_all(settings.state_dir().join("sources")).unwrap();
    standing.renew(&settings, now());
    assert!(listed(&standing));
}

#[test]
fn fault_what_becomes_unreadable_is_not_said_to_count_from_now_on() {
    let home = tempfile::tempdir().unwrap();
    let settings = with_accepted_list(home.path());
    add_override(settings.state_dir());
    let standing = Standing::new(&settings, now());
    // Overrides that are damaged, then gone; then a list whose state is damaged, then gone.
    let overrides = settings.state_dir().join(FILE);
    let state = settings.state_dir().join("sources/own/state.json");
    let (good_overrides, good_state) = (fs::read(&overrides).unwrap(), fs::read(&state).unwrap());
    for (file, good) in [(&overrides, &good_overrides), (&state, &good_state)] {
        fs::write(file, "no such thing\n").unwrap();
        assert!(!standing.renew(&settings, now()), "{}", file.display());
        fs::remove_file(file).unwrap();
        assert!(!standing.renew(&settings, now()), "{}", file.display());
        assert!(overridden(&standing) && listed(&standing) && !standing.troubles().is_empty());
        fs::write(file, good).unwrap();
        assert!(standing.renew(&settings, now()), "{}", file.display());
        assert!(standing.troubles().is_empty(), "{:?}", standing.troubles());
    }
    // One that changes while another is damaged does.
    fs::write(&state, "no such thing\n").unwrap();
    standing.renew(&settings, now());
    fs::write(&overrides, "").unwrap();
    assert!(standing.renew(&settings, now()));
}
