//! Answers to `QUERYwithTLSRPT`, which quote what reports are to show.

use super::*;

#[test]
fn quote_mta_sts_in_the_order_of_its_file() {
    assert_eq!(
        policy(
            &server(None),
            &sts("a.example", &["z.a.example", "*.b.example", "c.a.example"]),
            Form::Tlsrpt
        ),
        "secure match=z.a.example:.b.example:c.a.example servername=hostname protocols=>=TLSv1.2 \
         policy_type=sts policy_domain=a.example mx_host_pattern=z.a.example mx_host_pattern=*.b.example \
         mx_host_pattern=c.a.example policy_ttl=604800 { policy_string = version: STSv1 } \
         { policy_string = mode: enforce } { policy_string = mx: z.a.example } { policy_string = mx: *.b.example } \
         { policy_string = mx: c.a.example } { policy_string = max_age: 604800 }"
    );
}

#[test]
fn never_show_a_list_as_mta_sts() {
    for origin in [Origin::List, Origin::Override] {
        let case = Case::new("a.example", &["mx.a.example"]).origin(origin);
        let answered = answered(&server(Some(Level::May)), &case, Form::Tlsrpt);
        let Reply::Policy(text) = &answered.answer else { panic!("{answered:?}") };
        assert!(text.starts_with("secure match=mx.a.example ") && !text.contains("policy_"), "{text}");
        assert_eq!(gaps(&answered), ["postfix.mx-name-unchecked"]);
        let testing = answered_testing(origin);
        assert_eq!(testing.answer, Reply::Nothing);
    }
}

fn answered_testing(origin: Origin) -> Answered {
    let case = Case::new("a.example", &["mx.a.example"]).origin(origin).action(What::LogOnly);
    answered(&server(Some(Level::May)), &case, Form::Tlsrpt)
}

#[test]
fn tell_of_testing_only_where_may_is_no_step_down() {
    let case = sts("a.example", &["mx.a.example"]).action(What::LogOnly);
    for level in [Level::None, Level::May] {
        assert_eq!(
            policy(&server(Some(level)), &case, Form::Tlsrpt),
            "may policy_type=sts policy_domain=a.example mx_host_pattern=mx.a.example policy_ttl=604800 \
             { policy_string = version: STSv1 } { policy_string = mode: testing } \
             { policy_string = mx: mx.a.example } { policy_string = max_age: 604800 }"
        );
    }
    for level in Level::ALL.into_iter().filter(|level| !matches!(level, Level::None | Level::May)) {
        assert_eq!(answered(&server(Some(level)), &case, Form::Tlsrpt).answer, Reply::Nothing, "{level:?}");
    }
    assert_eq!(answered(&server(None), &case, Form::Tlsrpt).answer, Reply::Nothing);
}

#[test]
fn quote_no_policy_but_the_one_that_decided() {
    let case = sts("a.example", &["mx.a.example"]);
    let socketmap = Socketmap::new(server(None)).unwrap();
    let other_names = published(&sts("a.example", &["evil.example"]));
    let other_mode = StsPolicy { mode: Mode::Testing, ..published(&case) };
    for sts in [None, Some(&other_names), Some(&other_mode)] {
        let Reply::Policy(text) = socketmap.answer(&case.decision(), Form::Tlsrpt, sts).answer else {
            panic!()
        };
        let quoted = "mx_host_pattern=mx.a.example { policy_string = version: STSv1 } { policy_string = mode: enforce }";
        assert!(text.ends_with(quoted), "{text}");
    }
}
