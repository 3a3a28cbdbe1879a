//! The overrides file: hostile lines, torn ends, locks and links.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use proptest::prelude::*;
use starttls_policy::decide::overrides::Ruling;
use starttls_policy::{Mode, MxPattern, Policy, Requirement, TlsVersion};

use super::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn add(domain: &str, ruling: Ruling) -> Record {
    Record {
        at: at("2026-11-22T08:00:00Z"),
        by: Actor::parse("alice").unwrap(),
        domain: Domain::parse(domain).unwrap(),
        act: Act::Add {
            ruling,
            until: at("2026-12-22T08:00:00Z"),
            reason: ReasonText::parse("ticket 7").unwrap(),
        },
    }
}

fn remove(domain: &str) -> Record {
    Record { act: Act::Remove { reason: None }, ..add(domain, Ruling::Relax) }
}

fn require() -> Ruling {
    let policy = Policy::new(Mode::Enforce, [MxPattern::parse(".mx.example").unwrap()]);
    Ruling::Require(Policy { requirement: Requirement::Tls, min_tls: Some(TlsVersion::Tls13), ..policy })
}

fn put(state: &std::path::Path, record: &Record) -> Result<Journal, FileError> {
    append(state, record, |_| Ok::<(), FileError>(()))
}

mod lines {
    use super::*;

    #[test]
    fn read_back_as_they_were_written() {
        for record in [
            add("a.example", Ruling::Relax),
            add("b.example", Ruling::Testing),
            add("c.example", require()),
            remove("a.example"),
        ] {
            let line = record.render();
            assert_eq!(line.matches('\n').count(), 1, "{line}");
            assert_eq!(Record::parse(line.trim_end().as_bytes()).unwrap(), record);
        }
        assert_eq!(
            add("c.example", require()).render(),
            "{\"at\":\"2026-11-22T08:00:00Z\",\"by\":\"alice\",\"action\":\"add\",\"domain\":\"c.example\",\"ruling\":\"require\",\
             \"mx\":[\".mx.example\"],\"require\":\"tls\",\"min-tls-version\":\"TLSv1.3\",\"until\":\"2026-12-22T08:00:00Z\",\"reason\":\"ticket 7\"}\n"
        );
    }

    #[test]
    fn that_nobody_wrote_with_this_program_are_refused_by_number() {
        let good = add("a.example", Ruling::Relax).render();
        let required = add("a.example", require()).render();
        let removed = remove("a.example").render();
        for (line, want) in [
            (String::new(), "it is no override"),
            ("null".into(), "it is no override"),
            ("{}".into(), "missing field `at`"),
            ("[".repeat(50_000), "it is no override"),
            (good.replace("a.example", "a b.example"), "`domain`"),
            (good.replace("a.example", "a.example\\n"), "`domain`"),
            (good.replace("\"relax\"", "\"off\""), "`ruling`: want `relax`"),
            (good.replace("\"ruling\":\"relax\",", ""), "`ruling` is missing"),
            (good.replace("\"add\"", "\"drop\""), "`action`"),
            (good.replace("alice", "alice@example.org"), "`by`"),
            (good.replace("alice", ""), "`by`"),
            (good.replace("2026-12-22T", "2028-12-22T"), "`until`: the end is more than 400 days"),
            (good.replace("2026-12-22T", "2026-11-22T"), "`until`: the end is not in the future"),
            (good.replace("2026-12-22T08:00:00Z", "tomorrow"), "`until`: want a time"),
            (good.replace(",\"reason\":\"ticket 7\"", ""), "`reason` is missing"),
            (good.replace("ticket 7", "  "), "`reason`: the reason is empty"),
            (good.replace("ticket 7", "a\\u001b[2J"), "`reason`: the reason has a line end or a control"),
            (good.replace("{\"at\"", "{\"at\":\"2026-11-22T08:00:00Z\",\"at\""), "duplicate field"),
            (good.replace("{\"at\"", "{\"colour\":1,\"at\""), "unknown field"),
            (good.replace("\"until\"", "\"mx\":[],\"until\""), "`mx` does not belong to `relax`"),
            (required.replace("[\".mx.example\"]", "[]"), "`mx`: want 1 to"),
            (required.replace(".mx.example", ".com"), "`mx`"),
            (required.replace("\"require\":\"tls\"", "\"require\":\"none\""), "`require`: want"),
            (required.replace("TLSv1.3", "SSLv3"), "`min-tls-version`"),
            (
                removed.replace("\"domain\"", "\"ruling\":\"relax\",\"domain\""),
                "`ruling` does not belong to `remove`",
            ),
            (format!("{}{}", good.trim_end(), good.trim_end()), "trailing characters"),
            (" ".repeat(MAX_LINE_BYTES), "longer than"),
        ] {
            let text = format!("{good}{}\n{good}", line.trim_end_matches('\n'));
            let error = Journal::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with("line 2: ") && error.contains(want), "{line}: {error}");
        }
        assert!(Journal::parse(b"\xff\n").is_err());
        assert!(Journal::parse(b"\n").is_err());
    }

    proptest! {
        #[test]
        fn of_any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Journal::parse(&bytes);
        }

        #[test]
        fn with_any_reason_read_back_or_are_refused(text in any::<String>()) {
            if let Ok(reason) = ReasonText::parse(&text) {
                let mut record = add("a.example", Ruling::Relax);
                record.act = Act::Add { ruling: Ruling::Relax, until: at("2026-12-22T08:00:00Z"), reason };
                let journal = Journal::parse(record.render().as_bytes()).unwrap();
                prop_assert_eq!(&journal.records[..], &[record][..]);
            }
        }
    }
}

mod what_is_in_force {
    use super::*;

    fn domains(records: &[Record], now: &str) -> Vec<String> {
        Overrides::of(records).in_force(at(now)).map(|s| s.operator.domain.to_string()).collect()
    }

    #[test]
    fn is_the_last_word_on_each_domain_until_it_ends() {
        let now = "2026-11-23T00:00:00Z";
        let relax = |domain| add(domain, Ruling::Relax);
        assert_eq!(domains(&[relax("b.example"), relax("a.example")], now), ["a.example", "b.example"]);
        assert_eq!(domains(&[relax("a.example"), remove("a.example")], now), [""; 0]);
        assert_eq!(domains(&[remove("a.example"), relax("a.example")], now), ["a.example"]);
        let replaced = Overrides::of(&[relax("a.example"), add("a.example", require())]);
        assert_eq!(replaced.get(&Domain::parse("a.example").unwrap()).unwrap().ruling, require());
        assert_eq!(domains(&[relax("a.example")], "2026-12-22T07:59:59Z"), ["a.example"]);
        assert_eq!(domains(&[relax("a.example")], "2026-12-22T08:00:00Z"), [""; 0], "end == now has ended");
    }
}

mod appending {
    use super::*;

    #[test]
    fn makes_directory_and_file_for_their_owner() {
        let home = starttls_testkit::world::directory().unwrap();
        let state = home.path().join("state");
        assert_eq!(read(&state).unwrap(), Journal::default());
        put(&state, &add("a.example", Ruling::Relax)).unwrap();
        put(&state, &remove("a.example")).unwrap();
        assert_eq!(read(&state).unwrap().records, [add("a.example", Ruling::Relax), remove("a.example")]);
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&state.join(FILE)) & !0o640, 0);
        assert_eq!(mode(&state) & !0o750, 0);
        assert!(put(&home.path().join("no/such"), &remove("a.example")).is_err(), "only one level is made");
    }

    #[test]
    fn after_a_crash_at_any_byte_loses_no_complete_line() {
        let home = starttls_testkit::world::directory().unwrap();
        let file = home.path().join(FILE);
        let before = [add("a.example", Ruling::Relax), add("b.example", require())];
        let (one, two) = (before[0].render(), before[1].render());
        let next = remove("a.example");
        let whole = format!("{one}{two}");
        for cut in 0..=whole.len() {
            fs::write(&file, &whole.as_bytes()[..cut]).unwrap();
            let complete = usize::from(cut >= one.len()) + usize::from(cut == whole.len());
            let rest = cut - [0, one.len(), whole.len()][complete];
            let seen = read(home.path()).unwrap();
            assert_eq!(
                (&seen.records[..], seen.torn_bytes),
                (&before[..complete], rest as u64),
                "cut at {cut}"
            );
            put(home.path(), &next).unwrap();
            let repaired = read(home.path()).unwrap();
            assert_eq!(repaired.torn_bytes, 0);
            assert_eq!(repaired.records.split_last().unwrap(), (&next, &before[..complete]), "cut at {cut}");
        }
    }

    #[test]
    fn cuts_off_what_a_power_cut_left_behind_the_last_line() {
        let home = starttls_testkit::world::directory().unwrap();
        let good = add("a.example", Ruling::Relax);
        for rest in [&b"\0\0\0\0"[..], b"\xff\xfe", b"{\"at\":\"2026"] {
            fs::write(home.path().join(FILE), [good.render().as_bytes(), rest].concat()).unwrap();
            put(home.path(), &remove("a.example")).unwrap();
            assert_eq!(read(home.path()).unwrap().records.len(), 2);
        }
    }

    #[test]
    fn adds_nothing_where_the_file_or_the_check_says_no() {
        let home = starttls_testkit::world::directory().unwrap();
        let file = home.path().join(FILE);
        fs::write(&file, "{}\n").unwrap();
        let error = put(home.path(), &remove("a.example")).unwrap_err().to_string();
        assert!(error.contains("line 1") && error.contains("correct the line"), "{error}");
        assert_eq!(fs::read(&file).unwrap(), b"{}\n");
        fs::remove_file(&file).unwrap();
        let refused =
            append(home.path(), &remove("a.example"), |_| Err(FileError::Busy { path: file.clone() }));
        assert!(refused.is_err() && fs::read(&file).unwrap().is_empty());
    }

    #[test]
    fn follows_no_link_and_waits_for_no_pipe() {
        let home = starttls_testkit::world::directory().unwrap();
        let file = home.path().join(FILE);
        let elsewhere = home.path().join("elsewhere");
        fs::write(&elsewhere, "").unwrap();
        symlink(&elsewhere, &file).unwrap();
        let refused = |what: &str| {
            let errors =
                [put(home.path(), &remove("a.example")).unwrap_err(), read(home.path()).unwrap_err()];
            assert!(
                errors.iter().all(|error| matches!(error, FileError::NotAFile { .. })),
                "{what}: {errors:?}"
            );
        };
        refused("a link");
        assert_eq!(fs::read(&elsewhere).unwrap(), b"");
        fs::remove_file(&elsewhere).unwrap();
        refused("a link to nowhere");
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        refused("a directory");
        fs::remove_dir(&file).unwrap();
        let pipe = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &file, pipe, 0o600.into(), 0).unwrap();
        refused("a pipe");
    }

    #[test]
    fn trusts_no_file_that_everybody_can_write() {
        let home = starttls_testkit::world::directory().unwrap();
        let file = home.path().join(FILE);
        fs::write(&file, "").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(matches!(read(home.path()), Err(FileError::WritableByAll { .. })));
        let sparse = fs::File::create(&file).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        sparse.set_len(MAX_JOURNAL_BYTES + 1).unwrap();
        assert!(matches!(read(home.path()), Err(FileError::TooLarge { .. })));
    }

    #[test]
    fn from_many_threads_keeps_every_line_whole() {
        let home = starttls_testkit::world::directory().unwrap();
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let state = home.path();
                scope.spawn(move || {
                    for line in 0..5 {
                        put(state, &add(&format!("d{line}.w{writer}.example"), require())).unwrap();
                        read(state).unwrap();
                    }
                });
            }
        });
        let journal = read(home.path()).unwrap();
        assert_eq!((journal.records.len(), journal.torn_bytes), (40, 0));
        assert_eq!(journal.overrides().in_force(at("2026-11-23T00:00:00Z")).count(), 40);
    }
}
