//! What MTA-STS comes to where a domain was looked up just now and something was kept of it: as the engine has it, for people
//! who ask what the daemon answers.
//!
//! Spec: RFC 8461 §3.3 (failures), §5.1 (a kept policy holds until its end).

use starttls_discover::RecordState;
use starttls_policy::Timestamp;
use starttls_policy::decide::evidence::{StsEvidence, StsPolicy};

use super::remembered::{Remembered, SHORTEST_POLICY};

impl Remembered {
    /// What MTA-STS comes to, where nobody looked.
    pub fn evidence(&self, now: Timestamp) -> StsEvidence {
        match self.standing_policy(now) {
            Some(kept) => StsEvidence::Found(kept.policy.clone()),
            None => StsEvidence::NotAsked,
        }
    }

    /// What MTA-STS comes to, where a look-up brought this record and what follows from it alone.
    pub fn evidence_beside(
        &self,
        record: &RecordState,
        looked_up: StsEvidence,
        now: Timestamp,
    ) -> StsEvidence {
        let Some(kept) = self.standing_policy(now) else { return lengthened(looked_up) };
        let policy = kept.policy.clone();
        match (record, looked_up) {
            (RecordState::Id(id), _) if kept.is_confirmed_by(id, now) => StsEvidence::Found(policy),
            // RFC 8461 §5.1: without a record, a kept policy holds until its end.
            (_, StsEvidence::Absent { .. } | StsEvidence::NotAsked) => StsEvidence::Found(policy),
            (_, StsEvidence::Inconclusive { cause, .. }) => {
                StsEvidence::Inconclusive { cause, cached: Some(policy) }
            }
            (_, found @ StsEvidence::Found(_)) => lengthened(found),
        }
    }
}

/// A policy just fetched holds as long as the engine lets it.
fn lengthened(looked_up: StsEvidence) -> StsEvidence {
    match looked_up {
        StsEvidence::Found(policy) => {
            let max_age = policy.max_age.max(SHORTEST_POLICY);
            StsEvidence::Found(StsPolicy { max_age, ..policy })
        }
        other => other,
    }
}
