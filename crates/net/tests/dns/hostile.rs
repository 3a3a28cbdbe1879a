//! Answers of strangers, lies and garbage.
//!
//! Spec: RFC 5452 §4 and §9.

use std::net::Ipv4Addr;

use starttls_net::dns::{Data, Kind, Question, Reading, Unreadable};
use starttls_policy::decide::evidence::{Cause, Security};
use starttls_testkit::dns::{self, Behaviour, kind};

use crate::{failure, found, server};

#[tokio::test]
async fn messages_of_strangers_are_read_past() {
    let dns = server();
    dns.add("x.signed.test", 60, dns::Data::A(Ipv4Addr::LOCALHOST));
    dns.at("x.signed.test", kind::A, Behaviour::StrangersFirst);
    let reply = found(&dns, "x.signed.test", Kind::A).await;
    assert_eq!(reply.records, [Data::A(Ipv4Addr::LOCALHOST)]);
}

#[tokio::test]
async fn answer_under_another_id_or_question_is_silence() {
    let dns = server();
    for behaviour in [Behaviour::WrongId, Behaviour::WrongQuestion] {
        dns.at("x.test", kind::A, behaviour);
        assert_eq!(failure(&dns, "x.test", Kind::A).await.cause, Cause::Timeout);
    }
}

#[tokio::test]
async fn garbage_behind_a_good_question_is_a_failure() {
    let dns = server();
    for bytes in [
        &b""[..],
        b"\0",
        b"\xff\xff\xff",
        // A pointer to itself.
        b"\xc0\x18\0\x01\0\x01\0\0\0\0\0\x04\x7f\0\0\x01",
        // Data longer than the message; an address of three bytes.
        b"\xc0\x0c\0\x01\0\x01\0\0\0\0\xff\xff\x7f",
        b"\xc0\x0c\0\x01\0\x01\0\0\0\0\0\x03\x7f\0\0",
    ] {
        dns.at("x.test", kind::A, Behaviour::Garbage(bytes.to_vec()));
        let failure = failure(&dns, "x.test", Kind::A).await;
        assert_eq!(
            (failure.cause, failure.words.as_str()),
            (Cause::Failure, "an answer that cannot be read")
        );
    }
}

#[tokio::test]
async fn records_of_other_names_do_not_count() {
    let dns = server();
    dns.add("x.signed.test", 60, dns::Data::A(Ipv4Addr::LOCALHOST));
    for name in ["x.signed.test", "gone.signed.test"] {
        dns.at(name, kind::A, Behaviour::Stuffed);
    }
    let reply = found(&dns, "x.signed.test", Kind::A).await;
    assert_eq!(reply.records, [Data::A(Ipv4Addr::LOCALHOST)]);
    assert!(!found(&dns, "gone.signed.test", Kind::A).await.is_found());
}

#[tokio::test]
async fn impossible_name_is_refused_without_a_question() {
    let dns = server();
    let long = "a".repeat(64) + ".test";
    for name in ["", "a..test", &long] {
        assert_eq!(failure(&dns, name, Kind::A).await.server, None);
    }
    assert!(dns.asked().is_empty());
}

#[test]
fn message_of_too_many_records_is_a_failure_rather_than_half_read() {
    let question = Question::new("x.test", Kind::A).unwrap();
    let mut message = b"\x00\x07\x81\x80\0\x01\x02\x01\0\0\0\0\x01x\x04test\0\0\x01\0\x01".to_vec();
    for _ in 0..0x201 {
        message.extend(b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x7f\0\0\x01");
    }
    let reading = Reading::of(&question, 7, &message, Security::Secure);
    assert!(matches!(reading, Ok(Reading::Failed { cause: Cause::Failure, .. })), "{reading:?}");
    assert_eq!(Reading::of(&question, 8, &message, Security::Secure), Err(Unreadable::Foreign));
}
