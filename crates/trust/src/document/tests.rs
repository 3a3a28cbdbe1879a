//! Documents as texts: what reads, what is refused.
use super::*;

const ROOT: &str = r#"{
  "type": "starttls-everywhere/root/v1",
  "version": 1,
  "timestamp": "2026-11-22T00:00:00Z",
  "organisations": {
    "alpha": { "keys": ["KEY-1"] },
    "beta": { "keys": ["KEY-2"] }
  },
  "roles": {
    "root": { "threshold": 2, "organisations": ["alpha", "beta"] },
    "list": { "threshold": 2, "organisations": ["alpha", "beta"] },
    "relax": { "threshold": 1, "organisations": ["alpha", "beta"] }
  },
  "log": { "key": "KEY-3" },
  "witnesses": [{ "organisation": "gamma", "key": "WITNESS-4", "url": "https://gamma.example/" }],
  "quorum": 1,
  "limits": { "ageing-days": 7, "max-stale-days": 30 }
}
"#;

/// Puts keys in for their names.
fn with_keys(text: &str) -> String {
    use crate::key::{Algorithm, SigningKey};
    let mut text = String::from(text);
    for seed in 1..=4_u8 {
        let of = |algorithm| {
            let key =
                SigningKey::from_seed(&alloc::format!("{seed}.example"), algorithm, &[seed; 32]).unwrap();
            key.public().to_string()
        };
        text = text.replace(&alloc::format!("KEY-{seed}"), &of(Algorithm::Ed25519));
        text = text.replace(&alloc::format!("WITNESS-{seed}"), &of(Algorithm::Cosignature));
    }
    text
}

mod root {
    use super::*;

    #[test]
    fn reads_as_it_writes() {
        let root = Root::parse(&with_keys(ROOT)).unwrap();
        assert_eq!(root.roles.list.threshold, 2);
        assert_eq!(Root::parse(&Document::from(root.clone()).to_text()).unwrap(), root);
    }

    #[test]
    fn without_sense_is_refused_with_the_reason() {
        let cases = [
            ("\"version\": 1", "\"version\": 0", "count from 1"),
            ("KEY-2", "KEY-1", "stands there twice"),
            ("WITNESS-4", "WITNESS-1", "stands there twice"),
            ("WITNESS-4", "KEY-4", "type 01"),
            ("\"KEY-3\"", "\"WITNESS-3\"", "the log's key must be"),
            ("\"KEY-1\"", "\"WITNESS-1\"", "is a witness's"),
            ("\"threshold\": 2", "\"threshold\": 3", "wants 3 of 2"),
            ("\"threshold\": 1", "\"threshold\": 0", "wants 0 of 2"),
            ("[\"alpha\", \"beta\"]", "[\"alpha\", \"delta\"]", "`delta`, which is no organisation"),
            ("\"quorum\": 1", "\"quorum\": 2", "the quorum is 2"),
            ("\"quorum\": 1", "\"quorum\": 0", "the quorum is 0"),
            ("\"ageing-days\": 7", "\"ageing-days\": 30", "`ageing-days` < `max-stale-days`"),
            ("\"gamma\"", "\"Gamma Inc\"", "names no organisation"),
            ("[\"KEY-2\"]", "[]", "wants 1 to 64 keys"),
        ];
        for (from, to, says) in cases {
            let error = Root::parse(&with_keys(&ROOT.replacen(from, to, 1))).unwrap_err();
            assert!(matches!(&error, DocumentError::Sense(_)), "{from} → {to}: {error}");
            assert!(error.to_string().contains(says), "{from} → {to}: {error}");
        }
    }
}

mod form {
    use super::*;

    #[test]
    fn with_anything_that_is_not_known_is_refused() {
        let cases = [
            ("\"quorum\": 1", "\"quorum\": 1, \"quorum\": 1"),
            ("\"quorum\": 1", "\"quorum\": 1, \"min\": 1"),
            ("root/v1", "root/v2"),
            ("2026-11-22T00:00:00Z", "yesterday"),
            ("\"quorum\": 1", "\"quorum\": -1"),
            ("}\n}", "}\n} x"),
        ];
        for (from, to) in cases {
            let error = Document::parse(&with_keys(&ROOT.replacen(from, to, 1))).unwrap_err();
            assert!(matches!(error, DocumentError::Form { .. }), "{from} → {to}: {error}");
        }
    }

    #[test]
    fn of_another_type_is_refused() {
        let error = Manifest::parse(&with_keys(ROOT)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "want a document of type `starttls-everywhere/manifest/v1`, not `starttls-everywhere/root/v1`"
        );
    }
}

mod life {
    use super::*;

    #[test]
    fn of_relax_orders_is_fourteen_days_at_most() {
        let order = |expires: &str| {
            RelaxOrder::parse(&alloc::format!(
                r#"{{"type": "starttls-everywhere/relax/v1", "organisation": "alpha", "timestamp": "2026-11-01T00:00:00Z",
                "expires": "{expires}", "reason": "certificate lost", "domains": ["Example.ORG"], "providers": []}}"#
            ))
        };
        assert_eq!(order("2026-11-15T00:00:00Z").unwrap().domains[0].as_str(), "example.org");
        for bad in ["2026-11-15T00:00:01Z", "2026-11-01T00:00:00Z", "2026-10-01T00:00:00Z"] {
            assert!(order(bad).unwrap_err().to_string().contains("at most 14 days"), "{bad}");
        }
    }
}
