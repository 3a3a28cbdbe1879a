//! Where mail goes.

use starttls_discover::{FAILURE_TTL, MxState};
use starttls_policy::MxHost;
use starttls_policy::decide::evidence::{Cause, Security};
use starttls_testkit::dns::{Behaviour, Data, kind};

use crate::World;

fn hosts(names: &[&str]) -> Vec<MxHost> {
    names.iter().map(|name| MxHost::from_dns(name).unwrap()).collect()
}

fn secure(names: &[&str]) -> MxState {
    MxState::Hosts { security: Security::Secure, hosts: hosts(names), beyond: 0 }
}

mod rfc5321_section_5_1 {
    use super::*;

    #[tokio::test]
    async fn hosts_stand_by_preference_and_once() {
        let world = World::new();
        for (preference, host) in
            [(20, "c.test.example"), (10, "B.example.test"), (10, "a.example.test"), (30, "a.example.test")]
        {
            world.mx("example.test", preference, host);
        }
        let want = secure(&["a.example.test", "b.example.test", "c.test.example"]);
        assert_eq!(world.mx_of("example.test").await.state, want);
    }

    #[tokio::test]
    async fn domain_without_mx_record_is_its_own_host() {
        let world = World::new();
        world.a("example.test");
        let mx = world.mx_of("example.test").await;
        assert_eq!(mx.state, MxState::Implicit { security: Security::Secure });
        world.dns.add("bare.unsigned.test", 300, Data::text("x"));
        let mx = world.mx_of("bare.unsigned.test").await;
        assert_eq!(mx.state, MxState::Implicit { security: Security::Insecure });
    }

    #[tokio::test]
    async fn domain_that_does_not_exist_gets_no_mail() {
        let world = World::new();
        world.dns.soa(600, 120);
        let mx = world.mx_of("gone.test").await;
        assert_eq!(mx.state, MxState::Nowhere { security: Security::Secure });
        assert_eq!(mx.ttl.as_secs(), 120);
    }

    #[tokio::test]
    async fn alias_of_the_domain_is_followed() {
        let world = World::new();
        world.alias("example.test", "real.test");
        world.mx("real.test", 10, "mx.real.test");
        assert_eq!(world.mx_of("example.test").await.state, secure(&["mx.real.test"]));
    }

    #[tokio::test]
    async fn names_that_no_host_can_have_are_left_out() {
        let world = World::new();
        for host in ["a b.example.test", "x-.test", "-x.test", "*.example.test", "1.2", "mx.example.test"] {
            world.mx("example.test", 10, host);
        }
        assert_eq!(world.mx_of("example.test").await.state, secure(&["mx.example.test"]));
        world.mx("only.test", 10, "-x.test");
        assert_eq!(
            world.mx_of("only.test").await.state,
            MxState::NoUsableName { security: Security::Secure }
        );
    }

    #[tokio::test]
    async fn hosts_without_number_are_cut_at_the_least_preferred() {
        let world = World::new();
        world.dns.at("many.test", kind::MX, Behaviour::Truncated);
        for number in (0..100_u16).rev() {
            world.mx("many.test", number, &format!("mx{number}.many.test"));
        }
        let MxState::Hosts { hosts, beyond, .. } = world.mx_of("many.test").await.state else {
            panic!("another answer");
        };
        assert_eq!(
            (hosts.len(), beyond, hosts[0].as_str(), hosts[63].as_str()),
            (64, 36, "mx0.many.test", "mx63.many.test")
        );
    }
}

mod names_of_hosts {
    use super::*;

    /// As Postfix takes them; compared as text, since no other type of names has them.
    #[tokio::test]
    async fn fault_that_postfix_takes_are_hosts() {
        let world = World::new();
        for (preference, host) in
            [(10, "mx_1.example.test"), (20, "mail"), (30, "192.0.2.1"), (40, "-a.example.test")]
        {
            world.mx("example.test", preference, host);
        }
        let MxState::Hosts { hosts, .. } = world.mx_of("example.test").await.state else { panic!() };
        let names: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["mx_1.example.test", "mail", "192.0.2.1"]);
    }
}

mod rfc7505_section_3 {
    use super::*;

    #[tokio::test]
    async fn fault_mx_of_an_unusable_name_is_no_null_mx() {
        let world = World::new();
        for (domain, name) in [("one.test", "m x.test"), ("two.test", "*.x.test"), ("three.test", "-x.test")]
        {
            world.mx(domain, 10, name);
            let mx = world.mx_of(domain).await;
            assert_eq!(mx.state, MxState::NoUsableName { security: Security::Secure }, "{name}");
        }
        // The null MX beside one is none.
        world.mx("four.test", 0, ".");
        world.mx("four.test", 10, "*.x.test");
        let mx = world.mx_of("four.test").await;
        assert_eq!(mx.state, MxState::NoUsableName { security: Security::Secure });
    }

    #[tokio::test]
    async fn null_mx_means_no_mail() {
        let world = World::new();
        world.mx("example.test", 0, ".");
        let mx = world.mx_of("example.test").await;
        assert_eq!(mx.state, MxState::Nowhere { security: Security::Secure });
    }

    #[tokio::test]
    async fn null_mx_beside_others_does_not_count() {
        let world = World::new();
        world.mx("example.test", 0, ".");
        world.mx("example.test", 10, "mx.example.test");
        assert_eq!(world.mx_of("example.test").await.state, secure(&["mx.example.test"]));
    }
}

mod rfc7672_section_2_1_2 {
    use super::*;

    #[tokio::test]
    async fn failure_is_inconclusive_and_never_an_absence() {
        let world = World::new();
        for (behaviour, cause) in [
            (Behaviour::Rcode(2), Cause::Failure),
            (Behaviour::Rcode(5), Cause::Failure),
            (Behaviour::Extended(7), Cause::Bogus),
            (Behaviour::Silence, Cause::Timeout),
            (Behaviour::Garbage(vec![0]), Cause::Failure),
        ] {
            world.dns.at("example.test", kind::MX, behaviour);
            let mx = world.mx_of("example.test").await;
            assert_eq!(mx.ttl, FAILURE_TTL);
            let MxState::Inconclusive(failure) = mx.state else { panic!("{:?}", mx.state) };
            assert_eq!(failure.cause, cause);
            assert!(failure.words.starts_with("MX of `example.test`: "), "{}", failure.words);
        }
    }

    #[tokio::test]
    async fn insecure_alias_of_the_domain_makes_the_mx_insecure() {
        let world = World::new();
        world.alias("a.unsigned.test", "example.test");
        world.mx("example.test", 10, "mx.example.test");
        let want =
            MxState::Hosts { security: Security::Insecure, hosts: hosts(&["mx.example.test"]), beyond: 0 };
        assert_eq!(world.mx_of("a.unsigned.test").await.state, want);
    }
}
