use super::*;

fn domain(number: usize) -> Domain {
    Domain::parse(&format!("d{number}.example")).unwrap()
}

fn resolvers(failures: &[Option<&str>]) -> Vec<ResolverState> {
    let state = |(number, failure): (usize, Option<&str>)| ResolverState {
        server: format!("127.0.0.{}:53", number + 1),
        failure: failure.map(Into::into),
    };
    failures.iter().copied().enumerate().map(state).collect()
}

#[tokio::test(start_paused = true)]
async fn fault_16_dead_resolver_is_an_error_until_it_is_back_and_repeated_at_intervals() {
    let (mut tracked, now) = (Tracked::default(), Instant::now());
    let dead = resolvers(&[Some("REFUSED")]);
    tracked.failed(&domain(1), "REFUSED", now);
    let Some(Event::Failing(words)) = tracked.renew(&dead, now) else { panic!("another event") };
    assert!(words.contains("127.0.0.1:53") && words.contains("REFUSED"), "{words}");
    assert_eq!(tracked.renew(&dead, now + REPEAT / 2), None);
    assert!(matches!(tracked.renew(&dead, now + REPEAT), Some(Event::Failing(_))));
    assert_eq!(tracked.renew(&dead, now + REPEAT), None);
    tracked.answered();
    assert_eq!(tracked.renew(&resolvers(&[None]), now + REPEAT), Some(Event::Back));
    assert_eq!(tracked.renew(&resolvers(&[None]), now + REPEAT), None);
}

#[tokio::test(start_paused = true)]
async fn fault_16_resolver_that_fails_for_all_domains_is_a_warning_and_then_an_error() {
    let (mut tracked, begun) = (Tracked::default(), Instant::now());
    let alive = resolvers(&[None]);
    let mut events = Vec::new();
    for number in 0..40 {
        let now = begun + Duration::from_secs(number);
        tracked.failed(&domain(usize::try_from(number).unwrap()), "SERVFAIL", now);
        events.extend(tracked.renew(&alive, now));
    }
    assert_eq!(events, [Event::Begun("SERVFAIL".into()), Event::Failing("SERVFAIL".into())]);
    tracked.answered();
    assert_eq!(tracked.renew(&alive, begun + LONG), Some(Event::Back));
}

#[tokio::test(start_paused = true)]
async fn fault_16_one_broken_domain_is_no_broken_resolver() {
    let (mut tracked, begun) = (Tracked::default(), Instant::now());
    for number in 0..1_000 {
        let now = begun + Duration::from_secs(number);
        tracked.failed(&domain(1), "SERVFAIL", now);
        assert_eq!(tracked.renew(&resolvers(&[None]), now), None);
    }
}

#[tokio::test(start_paused = true)]
async fn fault_16_one_dead_resolver_of_two_is_a_warning() {
    let (mut tracked, now) = (Tracked::default(), Instant::now());
    tracked.answered();
    assert_eq!(tracked.renew(&resolvers(&[None, None]), now), None);
    assert!(matches!(tracked.renew(&resolvers(&[Some("silent"), None]), now), Some(Event::Begun(_))));
    assert_eq!(tracked.state, LookupState::Degraded);
    assert!(matches!(tracked.renew(&resolvers(&[Some("silent"); 2]), now), Some(Event::Failing(_))));
}
