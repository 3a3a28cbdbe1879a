//! MTA-STS: the record, and the policy.

use std::net::Ipv4Addr;

use starttls_discover::{Discovering as _, PolicyFailure, RecordState};
use starttls_policy::decide::evidence::Cause;
use starttls_policy::{Domain, Mode};
use starttls_proto::mta_sts::PolicyFile;
use starttls_testkit::dns::{Behaviour, Data, kind};
use starttls_testkit::https;

use crate::{POLICY_PATH, World};

const NAME: &str = "_mta-sts.example.test";

mod rfc8461_section_3_1 {
    use super::*;

    async fn with(texts: &[&[&str]]) -> RecordState {
        let world = World::new();
        for strings in texts {
            let strings = strings.iter().map(|string| string.as_bytes().to_vec()).collect();
            world.dns.add(NAME, 300, Data::Txt(strings));
        }
        world.record("example.test").await.state
    }

    #[tokio::test]
    async fn record_announces_a_policy_by_its_id() {
        assert_eq!(with(&[&["v=STSv1; id=20261122;"]]).await, RecordState::Id("20261122".into()));
    }

    #[tokio::test]
    async fn strings_of_one_record_are_joined() {
        assert_eq!(with(&[&["v=STS", "v1; id=2026", "1122;"]]).await, RecordState::Id("20261122".into()));
    }

    #[tokio::test]
    async fn other_texts_do_not_count() {
        let texts: [&[&str]; 3] = [&["v=spf1 -all"], &["v=STSv1; id=1;"], &["\u{0}"]];
        assert_eq!(with(&texts).await, RecordState::Id("1".into()));
        assert_eq!(with(&[&["v=spf1 -all"]]).await, RecordState::Absent);
    }

    #[tokio::test]
    async fn several_records_are_as_good_as_none() {
        assert_eq!(with(&[&["v=STSv1; id=1;"], &["v=STSv1; id=2;"]]).await, RecordState::Absent);
        assert_eq!(with(&[&["v=STSv1; id=not-an-id;"]]).await, RecordState::Absent);
    }

    #[tokio::test]
    async fn alias_is_followed_into_an_unsigned_zone() {
        let world = World::new();
        world.alias(NAME, "sts.unsigned.test");
        world.dns.add("sts.unsigned.test", 60, Data::text("v=STSv1; id=1;"));
        let lookup = world.record("example.test").await;
        assert_eq!((lookup.state, lookup.ttl.as_secs()), (RecordState::Id("1".into()), 60));
    }

    #[tokio::test]
    async fn absent_and_unknown_are_two_things() {
        let world = World::new();
        world.dns.soa(3600, 90);
        let lookup = world.record("example.test").await;
        assert_eq!((lookup.state, lookup.ttl.as_secs()), (RecordState::Absent, 90));
        for (behaviour, cause) in
            [(Behaviour::Rcode(2), Cause::Failure), (Behaviour::Silence, Cause::Timeout)]
        {
            world.dns.at(NAME, kind::TXT, behaviour);
            let state = world.record("example.test").await.state;
            assert!(
                matches!(state, RecordState::Inconclusive(ref failure) if failure.cause == cause),
                "{state:?}"
            );
        }
    }
}

mod rfc8461_section_3_3 {
    use super::*;

    async fn fetched(body: &str) -> Result<PolicyFile, PolicyFailure> {
        let world = World::new();
        world.dns.add("mta-sts.example.test", 60, Data::A(Ipv4Addr::LOCALHOST));
        let behaviour = https::Behaviour::raw("Content-Type: text/plain\r\n", body.as_bytes());
        world.https.at(POLICY_PATH, behaviour);
        world.live().sts_policy(&Domain::parse("example.test").unwrap()).await
    }

    #[tokio::test]
    async fn policy_is_fetched_and_read() {
        // A blank line at the end is no reason to leave a domain without protection.
        let policy =
            fetched("version: STSv1\nmode: enforce\nmx: mx.example.test\nmax_age: 86400\n\n").await.unwrap();
        assert_eq!((policy.mode, policy.mx.len(), policy.max_age.as_secs()), (Mode::Enforce, 1, 86_400));
    }

    #[tokio::test]
    async fn text_that_is_no_policy_is_invalid() {
        for body in ["", "<html>", "version: STSv1\nmode: enforce\nmax_age: 1\n"] {
            let error = fetched(body).await.unwrap_err();
            assert_eq!(error.result_type, "sts-policy-invalid", "{error:?}");
        }
    }

    #[tokio::test]
    async fn failures_have_their_registered_names() {
        let world = World::new();
        let fetch =
            async |domain: &str| world.live().sts_policy(&Domain::parse(domain).unwrap()).await.unwrap_err();
        let error = fetch("example.test").await;
        assert_eq!((error.result_type, error.failure.cause), ("sts-policy-fetch-error", Cause::Failure));
        // The certificate names another host.
        world.dns.add("mta-sts.other.test", 60, Data::A(Ipv4Addr::LOCALHOST));
        let error = fetch("other.test").await;
        assert_eq!((error.result_type, error.failure.cause), ("sts-webpki-invalid", Cause::Certificate));
        assert!(error.failure.words.contains("mta-sts.other.test"), "{}", error.failure.words);
        world.dns.at("mta-sts.bogus.test", kind::A, Behaviour::Extended(6));
        assert_eq!(fetch("bogus.test").await.failure.cause, Cause::Bogus);
    }
}
