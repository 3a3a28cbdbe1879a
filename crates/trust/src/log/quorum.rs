//! Quorum time: since when enough organisations have seen the log as it stands.
//!
//! Spec: docs/list-distribution.md, "Freshness"; C2SP tlog-cosignature.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use starttls_policy::Timestamp;

use crate::document::Root;
use crate::key::VerifierKey;
use crate::note::{NoteError, SignedNote};

/// The newest time at which witnesses of as many organisations as the root's quorum had seen this checkpoint; nothing
/// where they are fewer. Of an organisation with several witnesses the newest counts, once.
///
/// Whether the log itself signed the checkpoint is for [`Checkpoint::verified`](super::Checkpoint::verified) to tell.
///
/// # Errors
/// [`NoteError::BadSignature`] when a witness's cosignature is wrong.
pub fn quorum_time(root: &Root, checkpoint: &SignedNote) -> Result<Option<Timestamp>, NoteError> {
    let keys: Vec<&VerifierKey> = root.witnesses.iter().map(|witness| &witness.key).collect();
    let mut newest: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for (key, time) in checkpoint.cosigners(&keys)? {
        // Without a time it says nothing of when (C2SP tlog-cosignature, "Format").
        if time.seconds() == 0 {
            continue;
        }
        for witness in root.witnesses.iter().filter(|witness| witness.key == *key) {
            let known = newest.entry(&witness.organisation).or_insert(time);
            *known = time.max(*known);
        }
    }
    let mut times: Vec<Timestamp> = newest.into_values().collect();
    times.sort_unstable_by(|one, other| other.cmp(one));
    let last = usize::try_from(root.quorum).unwrap_or(usize::MAX).checked_sub(1);
    Ok(last.and_then(|last| times.get(last).copied()))
}

#[cfg(test)]
mod quorum_time {
    use super::*;
    use crate::document::{Limits, Log, Organisation, Role, Roles, Witness};
    use crate::key::{Algorithm, SigningKey};

    fn key(name: &str, algorithm: Algorithm, seed: u8) -> SigningKey {
        SigningKey::from_seed(name, algorithm, &[seed; 32]).unwrap()
    }

    fn witness(seed: u8) -> SigningKey {
        key(&format!("w{seed}.example"), Algorithm::Cosignature, seed)
    }

    /// Witnesses 1 and 2 are run by one organisation, 3 and 4 by one each.
    fn root(quorum: u32) -> Root {
        let organisations = ["one", "one", "three", "four"];
        let witnesses = organisations.into_iter().zip(1..).map(|(organisation, seed)| Witness {
            organisation: organisation.into(),
            key: witness(seed).public().clone(),
            url: "https://w.example/".into(),
        });
        let role = Role { threshold: 1, organisations: ["one".into()].into() };
        let signer = Organisation { keys: vec![key("one.example", Algorithm::Ed25519, 10).public().clone()] };
        Root {
            version: 1,
            timestamp: at(0),
            organisations: [("one".into(), signer)].into(),
            roles: Roles { root: role.clone(), list: role.clone(), relax: role },
            log: Log { key: key("log.example", Algorithm::Ed25519, 11).public().clone() },
            witnesses: witnesses.collect(),
            quorum,
            limits: Limits { ageing_days: 14, max_stale_days: 30 },
        }
    }

    fn at(minute: u64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + 60 * minute).unwrap()
    }

    fn cosigned(times: &[(u8, u64)]) -> SignedNote {
        let text = "log.example\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
        let note = SignedNote::unsigned(text).unwrap();
        times.iter().fold(note, |note, (seed, minute)| note.cosigned_by(&witness(*seed), at(*minute)))
    }

    #[test]
    fn is_the_newest_of_the_organisation_that_completes_the_quorum() {
        let note = cosigned(&[(1, 5), (3, 7), (4, 2)]);
        for (quorum, minute) in [(1, 7), (2, 5), (3, 2)] {
            assert_eq!(quorum_time(&root(quorum), &note), Ok(Some(at(minute))), "{quorum}");
        }
    }

    #[test]
    fn counts_an_organisation_once_by_its_newest_witness() {
        let note = cosigned(&[(1, 5), (2, 9), (3, 1)]);
        assert_eq!(quorum_time(&root(1), &note), Ok(Some(at(9))));
        assert_eq!(quorum_time(&root(2), &note), Ok(Some(at(1))));
        assert_eq!(quorum_time(&root(3), &note), Ok(None));
    }

    #[test]
    fn is_none_without_witnesses_and_ignores_strangers() {
        assert_eq!(quorum_time(&root(1), &cosigned(&[])), Ok(None));
        assert_eq!(quorum_time(&root(1), &cosigned(&[(9, 1)])), Ok(None));
    }

    #[test]
    fn does_not_count_a_cosignature_without_a_time() {
        let never = Timestamp::from_seconds(0).unwrap();
        let note = cosigned(&[(3, 1)]).cosigned_by(&witness(1), never);
        assert_eq!(quorum_time(&root(1), &note), Ok(Some(at(1))));
        assert_eq!(quorum_time(&root(2), &note), Ok(None));
    }

    #[test]
    fn is_refused_with_a_wrong_cosignature_of_a_known_witness() {
        let forged = cosigned(&[(1, 5)]).to_string().replace("\n0\n", "\n1\n");
        let forged = SignedNote::parse(forged.as_bytes()).unwrap();
        let error = NoteError::BadSignature { name: "w1.example".into() };
        assert_eq!(super::quorum_time(&root(1), &forged), Err(error));
    }
}
