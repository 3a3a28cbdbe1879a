//! Orders to relax, made so that clients will honour them.
//!
//! Whether an order holds is `starttls_trust::relax`, when it is published and at every client.

use starttls_policy::{Domain, Label, List, Mode, Timestamp};
use starttls_trust::document::{RelaxCancel, RelaxOrder};
use starttls_trust::relax::max_domains;
use starttls_trust::{Digest, Document, DocumentError};

/// Why an order would have no effect.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RelaxError {
    /// Not on the list.
    #[error("{domain} is not on the list; there is nothing to relax")]
    NotListed {
        /// The domain.
        domain: Domain,
    },
    /// Nothing is enforced.
    #[error("{domain} is of mode `{mode}`; there is nothing to relax")]
    NotEnforced {
        /// The domain.
        domain: Domain,
        /// As it is listed.
        mode: Mode,
    },
    /// No domain has it.
    #[error("no enforced domain of the list refers to the provider {provider}")]
    NoProvider {
        /// The provider.
        provider: Label,
    },
    /// More than one organisation may do in a hurry.
    #[error("the order would relax {domains} domains; at most {max}: for more, sign a new list")]
    TooMany {
        /// How many it names, those of providers included.
        domains: usize,
        /// How many it may.
        max: usize,
    },
    /// No reason is given.
    #[error("say why: the reason is public")]
    NoReason,
    /// The document makes no sense.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

/// Makes an order, if it would hold for this list.
///
/// # Errors
/// [`RelaxError`].
pub fn order(order: RelaxOrder, list: &List) -> Result<RelaxOrder, RelaxError> {
    if order.reason.trim().is_empty() {
        return Err(RelaxError::NoReason);
    }
    for domain in &order.domains {
        let listed = list.get(domain).ok_or_else(|| RelaxError::NotListed { domain: domain.clone() })?;
        if listed.policy.mode != Mode::Enforce {
            return Err(RelaxError::NotEnforced { domain: domain.clone(), mode: listed.policy.mode });
        }
    }
    let of = |provider: &Label| {
        list.iter()
            .filter(|listed| listed.alias == Some(provider) && listed.policy.mode == Mode::Enforce)
            .filter(|listed| !order.domains.contains(listed.domain))
            .count()
    };
    let mut domains = order.domains.len();
    for provider in &order.providers {
        let count = of(provider);
        if count == 0 {
            return Err(RelaxError::NoProvider { provider: provider.clone() });
        }
        domains += count;
    }
    let max = max_domains(list.entries.len());
    if domains > max {
        return Err(RelaxError::TooMany { domains, max });
    }
    Ok(RelaxOrder::parse(&Document::from(order).to_text())?)
}

/// Makes the document that takes an order back.
///
/// # Errors
/// [`RelaxError::NoReason`].
pub fn cancel(
    order: Digest,
    organisation: String,
    timestamp: Timestamp,
    reason: String,
) -> Result<RelaxCancel, RelaxError> {
    if reason.trim().is_empty() {
        return Err(RelaxError::NoReason);
    }
    Ok(RelaxCancel { order, organisation, timestamp, reason })
}

#[cfg(test)]
mod orders {
    use super::*;

    fn list(domains: usize) -> List {
        let own: Vec<String> =
            (0..domains).map(|n| format!(r#""d{n}.example": {{"provider": "big"}}"#)).collect();
        let text = format!(
            r#"{{"version": "1", "author": "A", "serial": 1, "timestamp": "2026-11-20T00:00:00Z", "expires": "2026-12-20T00:00:00Z",
            "providers": {{"big": {{"mode": "enforce", "mx": ["mx.big.example"]}}}},
            "policies": {{"t.example": {{"mode": "testing", "mx": ["mx.t.example"]}}, {}}}}}"#,
            own.join(",")
        );
        starttls_policy::read::list(text.as_bytes()).unwrap()
    }

    fn of(domains: &[&str], providers: &[&str], days: u64) -> RelaxOrder {
        let timestamp = Timestamp::parse("2026-11-22T00:00:00Z").unwrap();
        RelaxOrder {
            organisation: "alpha".into(),
            timestamp,
            expires: Timestamp::from_seconds(timestamp.seconds() + days * 86_400).unwrap(),
            reason: "certificate lost".into(),
            domains: domains.iter().map(|domain| Domain::parse(domain).unwrap()).collect(),
            providers: providers.iter().map(|provider| Label::parse(provider).unwrap()).collect(),
        }
    }

    #[test]
    fn name_what_is_enforced_and_little_of_it() {
        assert!(order(of(&["d0.example"], &[], 14), &list(30)).is_ok());
        assert!(order(of(&[], &["big"], 14), &list(20)).is_ok());
        let refused = |new: RelaxOrder, domains| order(new, &list(domains)).unwrap_err();
        assert!(matches!(refused(of(&["x.example"], &[], 7), 3), RelaxError::NotListed { .. }));
        assert!(matches!(refused(of(&["t.example"], &[], 7), 3), RelaxError::NotEnforced { .. }));
        assert!(matches!(refused(of(&[], &["small"], 7), 3), RelaxError::NoProvider { .. }));
        assert_eq!(refused(of(&[], &["big"], 7), 21), RelaxError::TooMany { domains: 21, max: 20 });
        for days in [0, 15] {
            assert!(matches!(refused(of(&["d0.example"], &[], days), 3), RelaxError::Document(_)), "{days}");
        }
        assert!(matches!(refused(of(&[], &[], 7), 3), RelaxError::Document(_)));
        assert_eq!(
            refused(RelaxOrder { reason: " ".into(), ..of(&["d0.example"], &[], 7) }, 3),
            RelaxError::NoReason
        );
    }
}
