//! Everything about one domain at once.

use std::net::Ipv4Addr;

use starttls_discover::{MxState, RecordState, Survey, Validation, survey};
use starttls_policy::decide::evidence::{Cause, DaneEvidence, DaneHosts, Security, StsEvidence, Tlsa};
use starttls_policy::{Domain, Mode, Timestamp};
use starttls_testkit::dns::{Behaviour, Data, kind};
use starttls_testkit::https;

use crate::{POLICY_PATH, UNUSABLE, USABLE, World};

const NOW: u64 = 1_795_000_000;

impl World {
    async fn survey(&self, domain: &str) -> Survey {
        let now = Timestamp::from_seconds(NOW).unwrap();
        survey(&self.live(), &Domain::parse(domain).unwrap(), 25, now).await
    }

    fn host(&self, domain: &str, name: &str, tlsa: Option<&[u8]>) {
        self.mx(domain, 10, name);
        self.a(name);
        if let Some(record) = tlsa {
            self.tlsa_of(name, record);
        }
    }
}

fn found(mx: Security, hosts: &[Tlsa]) -> DaneEvidence {
    DaneEvidence::Found(DaneHosts { mx, hosts: hosts.to_vec(), seen: Timestamp::from_seconds(NOW).unwrap() })
}

#[tokio::test]
async fn brings_dane_and_mta_sts() {
    let world = World::new();
    world.host("example.test", "mx1.example.test", Some(&USABLE));
    world.host("example.test", "mx2.example.test", None);
    world.host("example.test", "mx3.example.test", Some(&UNUSABLE));
    world.dns.add("_mta-sts.example.test", 300, Data::text("v=STSv1; id=7;"));
    world.dns.add("mta-sts.example.test", 300, Data::A(Ipv4Addr::LOCALHOST));
    let body = b"version: STSv1\r\nmode: testing\r\nmx: *.example.test\r\nmax_age: 600\r\n";
    world.https.at(POLICY_PATH, https::Behaviour::raw("Content-Type: text/plain\r\n", body));
    let survey = world.survey("example.test").await;
    assert_eq!(survey.dane, found(Security::Secure, &[Tlsa::Usable, Tlsa::Absent, Tlsa::Unusable]));
    assert_eq!(survey.validation, Validation::Proven);
    let StsEvidence::Found(policy) = survey.sts else { panic!("{:?}", survey.policy) };
    assert_eq!((policy.mode, policy.id.as_str(), policy.max_age.as_secs()), (Mode::Testing, "7", 600));
}

#[tokio::test]
async fn of_an_unsigned_domain_asks_for_its_signed_hosts_all_the_same() {
    let world = World::new();
    world.host("example.unsigned.test", "mx.test", Some(&USABLE));
    let survey = world.survey("example.unsigned.test").await;
    assert_eq!(survey.dane, found(Security::Insecure, &[Tlsa::Usable]));
}

#[tokio::test]
async fn of_a_domain_without_mx_asks_for_the_domain_itself() {
    let world = World::new();
    world.a("example.test");
    world.tlsa_of("example.test", &USABLE);
    assert_eq!(world.survey("example.test").await.dane, found(Security::Secure, &[Tlsa::Usable]));
}

#[tokio::test]
async fn of_a_domain_that_gets_no_mail_has_no_hosts() {
    let world = World::new();
    world.mx("example.test", 0, ".");
    let survey = world.survey("example.test").await;
    assert_eq!((survey.dane, survey.hosts), (found(Security::Secure, &[]), Vec::new()));
}

#[tokio::test]
async fn one_host_that_fails_never_stalls_the_domain() {
    for behaviour in [Behaviour::Rcode(2), Behaviour::Silence] {
        let world = World::new();
        world.host("example.test", "mx1.example.test", Some(&USABLE));
        world.host("example.test", "mx2.example.test", None);
        for kind in [kind::A, kind::AAAA] {
            world.dns.at("mx2.example.test", kind, behaviour.clone());
        }
        let survey = world.survey("example.test").await;
        assert_eq!(survey.dane, found(Security::Secure, &[Tlsa::Usable, Tlsa::Inconclusive]));
        assert!(survey.hosts[1].1.failure.is_some());
    }
}

#[tokio::test]
async fn mx_that_cannot_be_told_is_inconclusive() {
    let world = World::new();
    world.dns.at("example.test", kind::MX, Behaviour::Extended(6));
    let survey = world.survey("example.test").await;
    assert_eq!(survey.dane, DaneEvidence::MxInconclusive { cause: Cause::Bogus });
    assert!(matches!(survey.mx.state, MxState::Inconclusive(_)));
}

#[tokio::test]
async fn resolver_that_does_not_validate_brings_no_dane_evidence() {
    let world = World::new();
    world.dns.unsigned(".");
    world.host("example.test", "mx.example.test", Some(&USABLE));
    let survey = world.survey("example.test").await;
    assert_eq!(survey.dane, DaneEvidence::NotAsked);
    assert!(matches!(survey.validation, Validation::Refuted { .. }));
}

#[tokio::test]
async fn policy_that_cannot_be_had_is_inconclusive_and_its_record_is_known() {
    let world = World::new();
    world.dns.add("_mta-sts.example.test", 300, Data::text("v=STSv1; id=7;"));
    let survey = world.survey("example.test").await;
    assert_eq!(survey.record.state, RecordState::Id("7".into()));
    assert_eq!(survey.sts, StsEvidence::Inconclusive { cause: Cause::Failure, cached: None });
}

#[tokio::test]
async fn policy_host_is_not_called_without_a_record() {
    let world = World::new();
    world.dns.add("mta-sts.example.test", 300, Data::A(Ipv4Addr::LOCALHOST));
    let survey = world.survey("example.test").await;
    assert!(matches!(survey.sts, StsEvidence::Absent { .. }) && survey.policy.is_none());
    assert_eq!((world.https.seen().len(), world.dns.count("mta-sts.example.test", kind::A)), (0, 0));
}

#[tokio::test]
async fn many_hosts_keep_their_order() {
    let world = World::new();
    world.dns.at("many.test", kind::MX, Behaviour::Truncated);
    for number in 0..40_u8 {
        world.host("many.test", &format!("mx{number:02}.many.test"), (number % 2 == 0).then_some(&USABLE));
    }
    let survey = world.survey("many.test").await;
    let want: Vec<_> = [Tlsa::Usable, Tlsa::Absent].into_iter().cycle().take(40).collect();
    assert_eq!(survey.dane, found(Security::Secure, &want));
}
