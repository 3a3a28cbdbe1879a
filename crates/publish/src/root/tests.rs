//! Templates and the roots they make.
use super::*;
use starttls_trust::{Algorithm, SigningKey};

const TEMPLATE: &str = r#"
quorum = 1

[organisations]
alpha = { keys = ["KEY-1"] }
beta = { keys = ["KEY-2"] }

[roles]
root = { threshold = 2 }
list = { threshold = 2, organisations = ["alpha", "beta"] }
relax = { threshold = 1 }

[log]
key = "KEY-3"

[[witnesses]]
organisation = "gamma"
key = "WITNESS-4"
url = "https://witness.gamma.example/"
"#;

fn with_keys(text: &str) -> String {
    (1..=6_u8).fold(text.to_owned(), |text, seed| {
        let of = |algorithm| {
            let key = SigningKey::from_seed(&format!("{seed}.example"), algorithm, &[seed; 32]).unwrap();
            key.public().to_string()
        };
        text.replace(&format!("KEY-{seed}"), &of(Algorithm::Ed25519))
            .replace(&format!("WITNESS-{seed}"), &of(Algorithm::Cosignature))
    })
}

fn template(text: &str) -> Template {
    Template::parse(&with_keys(text)).unwrap()
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

mod templates {
    use super::*;

    #[test]
    fn say_what_differs_from_the_defaults() {
        let root = first(&template(TEMPLATE), time("2026-11-22T00:00:00Z")).unwrap();
        assert_eq!((root.version, root.limits.ageing_days, root.limits.max_stale_days), (1, 7, 30));
        assert_eq!(in_words_of(&root), "2 of alpha, beta");
    }

    fn in_words_of(root: &Root) -> String {
        change::in_words(&root.roles.root)
    }

    #[test]
    fn of_toml_and_json_make_the_same_root() {
        let json = with_keys(
            r#"{"organisations": {"alpha": {"keys": ["KEY-1"]}, "beta": {"keys": ["KEY-2"]}},
            "roles": {"root": {"threshold": 2}, "list": {"threshold": 2}, "relax": {"threshold": 1}},
            "log": {"key": "KEY-3"}, "quorum": 1, "limits": {"ageing-days": 7},
            "witnesses": [{"organisation": "gamma", "key": "WITNESS-4", "url": "https://witness.gamma.example/"}]}"#,
        );
        let when = time("2026-11-22T00:00:00Z");
        let from_json = first(&Template::parse(&json).unwrap(), when).unwrap();
        assert_eq!(from_json, first(&template(TEMPLATE), when).unwrap());
    }

    #[test]
    fn with_a_slip_are_refused_with_its_place() {
        for (from, to, says) in [
            ("quorum = 1", "quorom = 1", "unknown field `quorom`"),
            ("quorum = 1", "", "missing field `quorum`"),
            ("KEY-2", "KEY-2x", "line 6"),
            ("threshold = 1", "threshold = -1", "line 11"),
            ("[log]", "[log", "line 13"),
        ] {
            let error = Template::parse(&with_keys(&TEMPLATE.replacen(from, to, 1))).unwrap_err();
            assert!(error.to_string().contains(says), "{from} → {to}: {error}");
        }
        assert!(matches!(Template::parse("{"), Err(TemplateError::Json { .. })));
    }

    #[test]
    fn that_contradict_themselves_make_no_root() {
        let text = TEMPLATE.replacen("threshold = 2", "threshold = 3", 1);
        let error = first(&template(&text), time("2026-11-22T00:00:00Z")).unwrap_err();
        assert!(matches!(error, RootError::Sense(_)), "{error}");
    }
}

mod rotation {
    use super::*;

    #[test]
    fn names_everything_that_changes() {
        let old = first(&template(TEMPLATE), time("2026-11-22T00:00:00Z")).unwrap();
        let text = TEMPLATE
            .replace("KEY-2", "KEY-5")
            .replace("beta", "delta")
            .replace("threshold = 1", "threshold = 2")
            .replace("KEY-3", "KEY-6")
            .replace("gamma", "omega")
            .replace("[log]", "[limits]\nmax-stale-days = 20\n[log]");
        let new = next(&template(&text), &old, time("2026-12-22T00:00:00Z")).unwrap();
        assert_eq!(new.version, 2);
        let words: Vec<String> = changes(&old, &new).iter().map(ToString::to_string).collect();
        let words = words.join("\n");
        for says in [
            "organisation beta is removed",
            "organisation delta is added",
            "of beta no longer counts",
            "delta may sign with the new key 5.example+",
            "role list: 2 of alpha, beta becomes 2 of alpha, delta",
            "role relax: 1 of alpha, beta becomes 2 of alpha, delta",
            "the log's key 3.example+",
            "of omega is added",
            "of gamma no longer counts",
            "ends after 20 days instead of 30",
        ] {
            assert!(words.contains(says), "{says} is not in\n{words}");
        }
    }

    #[test]
    fn without_a_change_or_back_in_time_is_refused() {
        let old = first(&template(TEMPLATE), time("2026-11-22T00:00:00Z")).unwrap();
        let error = next(&template(TEMPLATE), &old, time("2026-12-22T00:00:00Z")).unwrap_err();
        assert!(matches!(error, RootError::Unchanged { version: 1 }), "{error}");
        let error = next(&template(TEMPLATE), &old, time("2026-11-21T00:00:00Z")).unwrap_err();
        assert!(matches!(error, RootError::Earlier { .. }), "{error}");
    }
}
