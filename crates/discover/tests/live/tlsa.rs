//! The TLSA records of one host: every row of RFC 7672 §2.2.

use starttls_discover::{FAILURE_TTL, TlsaLookup};
use starttls_policy::decide::evidence::{Cause, Tlsa};
use starttls_testkit::dns::{Behaviour, Data, kind};

use crate::{UNUSABLE, USABLE, World};

const MX: &str = "mx.test";

fn cause(lookup: &TlsaLookup) -> Option<Cause> {
    lookup.failure.as_ref().map(|failure| failure.cause)
}

mod rfc7672_section_2_2 {
    use super::*;

    #[tokio::test]
    async fn one_usable_record_is_enough() {
        let world = World::new();
        world.a(MX);
        world.tlsa_of(MX, &UNUSABLE);
        world.tlsa_of(MX, &USABLE);
        let lookup = world.tlsa(MX).await;
        assert_eq!((lookup.state, lookup.ttl.as_secs(), lookup.failure), (Tlsa::Usable, 300, None));
    }

    #[tokio::test]
    async fn records_that_are_all_unusable_are_not_absent() {
        for record in [&UNUSABLE[..], &[3, 1, 1], &[3], &[]] {
            let world = World::new();
            world.a(MX);
            world.tlsa_of(MX, record);
            assert_eq!(world.tlsa(MX).await.state, Tlsa::Unusable, "{record:?}");
        }
    }

    #[tokio::test]
    async fn insecure_records_are_absent() {
        let world = World::new();
        world.a(MX);
        world.tlsa_of(MX, &USABLE);
        world.dns.unsigned("_tcp.mx.test");
        assert_eq!(world.tlsa(MX).await.state, Tlsa::Absent);
        assert_eq!(world.tlsa_count(MX), 1);
    }

    #[tokio::test]
    async fn denial_is_absence_and_lasts_as_long_as_it_says() {
        let world = World::new();
        world.dns.soa(3600, 45);
        world.a(MX);
        let lookup = world.tlsa(MX).await;
        assert_eq!((lookup.state, lookup.ttl.as_secs()), (Tlsa::Absent, 45));
        world.dns.add("_25._tcp.mx.test", 300, Data::text("x"));
        assert_eq!(world.tlsa(MX).await.state, Tlsa::Absent, "no data");
    }

    /// The name of the host fits in the DNS, and with `_25._tcp.` in front it does not.
    #[tokio::test]
    async fn fault_host_without_room_for_a_tlsa_name_has_none() {
        let world = World::new();
        let label = "a".repeat(60);
        let host = format!("{label}.{label}.{label}.{label}.test");
        world.a(&host);
        assert_eq!((host.len(), world.tlsa(&host).await.state), (248, Tlsa::Absent));
        // Nor has an alias of it more room.
        world.alias(MX, &host);
        assert_eq!(world.tlsa(MX).await.state, Tlsa::Absent);
    }

    #[tokio::test]
    async fn failing_look_up_is_inconclusive() {
        for (behaviour, want) in [
            (Behaviour::Rcode(2), Cause::Failure),
            (Behaviour::Rcode(4), Cause::Failure),
            (Behaviour::Extended(6), Cause::Bogus),
            (Behaviour::Silence, Cause::Timeout),
            (Behaviour::Garbage(vec![0xff]), Cause::Failure),
        ] {
            let world = World::new();
            world.a(MX);
            world.tlsa_of(MX, &USABLE);
            world.tlsa_fails(MX, behaviour);
            let lookup = world.tlsa(MX).await;
            assert_eq!(
                (lookup.state, cause(&lookup), lookup.ttl),
                (Tlsa::Inconclusive, Some(want), FAILURE_TTL)
            );
        }
    }

    #[tokio::test]
    async fn port_is_part_of_the_question() {
        let world = World::new();
        world.a(MX);
        world.tlsa_of(MX, &USABLE);
        let host = starttls_policy::MxHost::parse(MX).unwrap();
        let lookup = starttls_discover::Discovering::tlsa(&world.live(), &host, 587).await;
        assert_eq!(lookup.state, Tlsa::Absent);
        assert_eq!(world.dns.count("_587._tcp.mx.test", kind::TLSA), 1);
    }
}

mod rfc7672_section_2_2_2 {
    use super::*;

    #[tokio::test]
    async fn tlsa_of_a_host_with_insecure_addresses_is_not_even_asked() {
        let world = World::new();
        world.a("mx.unsigned.test");
        // Some name servers that are not signed do not answer such questions at all.
        world.tlsa_fails("mx.unsigned.test", Behaviour::Silence);
        assert_eq!(world.tlsa("mx.unsigned.test").await.state, Tlsa::Absent);
        assert_eq!(world.tlsa_count("mx.unsigned.test"), 0);
    }

    #[tokio::test]
    async fn host_without_address_has_nothing_to_hold_against_it() {
        let world = World::new();
        world.dns.add("mute.test", 300, Data::text("x"));
        for host in ["gone.test", "mute.test"] {
            world.tlsa_of(host, &USABLE);
        }
        world.dns.at("gone.test", kind::A, Behaviour::Well);
        assert_eq!(world.tlsa("mute.test").await.state, Tlsa::Absent);
        assert_eq!(world.tlsa("nobody.test").await.state, Tlsa::Absent);
        assert_eq!(world.dns.count("nobody.test", kind::AAAA), 0, "there is no such name in any family");
    }

    #[tokio::test]
    async fn address_of_either_family_will_do() {
        let world = World::new();
        world.aaaa("six.test");
        world.a("four.test");
        for host in ["six.test", "four.test"] {
            world.tlsa_of(host, &USABLE);
            assert_eq!(world.tlsa(host).await.state, Tlsa::Usable);
        }
        assert_eq!(world.dns.count("four.test", kind::AAAA), 0);
    }

    #[tokio::test]
    async fn failing_family_is_no_trouble_where_the_other_is_there() {
        for (fails, adds) in [(kind::A, World::aaaa as fn(&World, &str)), (kind::AAAA, World::a)] {
            let world = World::new();
            adds(&world, MX);
            world.dns.at(MX, fails, Behaviour::Rcode(2));
            world.tlsa_of(MX, &USABLE);
            assert_eq!(world.tlsa(MX).await.state, Tlsa::Usable);
        }
    }

    #[tokio::test]
    async fn addresses_that_cannot_be_told_are_inconclusive() {
        for (four, six) in [
            (Behaviour::Rcode(2), Behaviour::Rcode(2)),
            (Behaviour::Rcode(2), Behaviour::Well),
            (Behaviour::Well, Behaviour::Rcode(2)),
        ] {
            let world = World::new();
            world.dns.add(MX, 300, Data::text("neither A nor AAAA"));
            world.dns.at(MX, kind::A, four);
            world.dns.at(MX, kind::AAAA, six);
            assert_eq!(world.tlsa(MX).await.state, Tlsa::Inconclusive);
        }
    }

    #[tokio::test]
    async fn insecure_addresses_behind_a_secure_alias_leave_the_host_itself() {
        let world = World::new();
        world.alias(MX, "real.unsigned.test");
        world.a("real.unsigned.test");
        world.tlsa_of(MX, &USABLE);
        world.tlsa_of("real.unsigned.test", &UNUSABLE);
        assert_eq!(world.tlsa(MX).await.state, Tlsa::Usable);
        assert_eq!((world.dns.count(MX, kind::CNAME), world.tlsa_count("real.unsigned.test")), (1, 0));
    }

    #[tokio::test]
    async fn insecure_alias_means_no_dane() {
        let world = World::new();
        world.alias("mx.unsigned.test", "real.test");
        world.a("real.test");
        world.tlsa_of("real.test", &USABLE);
        world.tlsa_of("mx.unsigned.test", &USABLE);
        assert_eq!(world.tlsa("mx.unsigned.test").await.state, Tlsa::Absent);
        assert_eq!((world.tlsa_count("real.test"), world.tlsa_count("mx.unsigned.test")), (0, 0));
    }

    #[tokio::test]
    async fn alias_whose_own_state_cannot_be_told_is_inconclusive() {
        let world = World::new();
        world.alias(MX, "real.unsigned.test");
        world.a("real.unsigned.test");
        world.dns.at(MX, kind::CNAME, Behaviour::Rcode(2));
        assert_eq!(world.tlsa(MX).await.state, Tlsa::Inconclusive);
    }
}

mod rfc7672_section_2_2_3 {
    use super::*;

    fn aliased() -> World {
        let world = World::new();
        world.alias(MX, "middle.test");
        world.alias("middle.test", "real.test");
        world.a("real.test");
        world
    }

    #[tokio::test]
    async fn records_at_the_target_of_an_aliased_host_count() {
        let world = aliased();
        world.tlsa_of("real.test", &USABLE);
        assert_eq!(world.tlsa(MX).await.state, Tlsa::Usable);
        assert_eq!(world.tlsa_count(MX), 0);
    }

    #[tokio::test]
    async fn records_at_the_host_itself_count_where_the_target_has_none() {
        let world = aliased();
        world.tlsa_of(MX, &USABLE);
        assert_eq!(world.tlsa(MX).await.state, Tlsa::Usable);
    }

    #[tokio::test]
    async fn target_comes_before_the_host_itself() {
        let world = aliased();
        world.tlsa_of("real.test", &UNUSABLE);
        world.tlsa_of(MX, &USABLE);
        assert_eq!(world.tlsa(MX).await.state, Tlsa::Unusable);
    }

    #[tokio::test]
    async fn names_in_between_never_count() {
        let world = aliased();
        world.tlsa_of("middle.test", &USABLE);
        assert_eq!(world.tlsa(MX).await.state, Tlsa::Absent);
        assert_eq!(world.tlsa_count("middle.test"), 0);
    }

    #[tokio::test]
    async fn failure_at_the_target_is_not_made_good_by_the_host_itself() {
        let world = aliased();
        world.tlsa_fails("real.test", Behaviour::Rcode(2));
        world.tlsa_of(MX, &USABLE);
        assert_eq!(world.tlsa(MX).await.state, Tlsa::Inconclusive);
        assert_eq!(world.tlsa_count(MX), 0);
    }

    #[tokio::test]
    async fn records_may_be_behind_an_alias_of_their_own() {
        let world = World::new();
        world.a(MX);
        world.alias("_25._tcp.mx.test", "tlsa201._dane.test");
        world.dns.add("tlsa201._dane.test", 60, Data::Tlsa(USABLE.to_vec()));
        let lookup = world.tlsa(MX).await;
        assert_eq!((lookup.state, lookup.ttl.as_secs()), (Tlsa::Usable, 60));
    }

    #[tokio::test]
    async fn insecure_alias_of_the_records_makes_them_absent() {
        let world = World::new();
        world.a(MX);
        world.alias("_25._tcp.mx.test", "tlsa.unsigned.test");
        world.dns.add("tlsa.unsigned.test", 60, Data::Tlsa(USABLE.to_vec()));
        assert_eq!(world.tlsa(MX).await.state, Tlsa::Absent);
    }
}
