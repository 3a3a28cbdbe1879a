//! Whose AD bit is believed.
//!
//! Spec: RFC 4035 §4.9.3.

use starttls_net::dns::{Kind, Resolver, ResolverSettings, Trust};
use starttls_policy::decide::evidence::Security;

use crate::{found, server};

#[tokio::test]
async fn ad_bit_of_this_machine_is_believed() {
    let dns = server();
    assert!(found(&dns, "x.signed.test", Kind::A).await.is_secure());
    assert!(!found(&dns, "x.unsigned.test", Kind::A).await.is_secure());
}

#[test]
fn ad_bit_from_elsewhere_is_believed_only_when_the_operator_says_so() {
    let elsewhere = ResolverSettings { servers: vec!["192.0.2.1:53".parse().unwrap()], ..Default::default() };
    let worth = |settings| Resolver::new(&settings).servers().map(|(_, worth)| worth).collect::<Vec<_>>();
    assert_eq!(worth(elsewhere.clone()), [Security::Insecure]);
    assert_eq!(worth(ResolverSettings { trust: Trust::Always, ..elsewhere }), [Security::Secure]);
}
