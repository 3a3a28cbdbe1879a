//! A batch of changes, in the order of their domains: into a file in one transaction, to a server statement by statement.
//!
//! On a server each statement is a transaction of its own. Nothing of a batch needs the rest of it, and so no node holds a lock
//! while it waits for the network, or for the next lock.

use std::collections::{HashMap, HashSet};

use starttls_policy::{Domain, Mode, Timestamp};
use starttls_store::{
    AssertSqlSafe, Connection, Database, SqlSafeStr as _, SqlStr, Statements, StoreError, Value,
};

use super::change::{Change, Ends};
use super::record::{ELSEWHERE, max_age_seconds, patterns_text, release_name, seconds};
use super::remembered::{KeptPolicy, Learnt};
use super::room::{DANE, POLICIES, RELEASES, Room, TO_VERIFY};
use super::upsert::{Role, Upserts};

/// Domains to be verified in the shadow that are kept: some days' work for a prober.
const MAX_TO_VERIFY: u64 = 10_000;

/// Policies that are made ready at once: as many as the largest statement writes.
const WRITTEN_AT_ONCE: usize = 128;

/// Domains that one question about a full table names.
const ASKED_AT_ONCE: usize = 64;

/// A change and whose it is.
type Named<'a> = (&'a Domain, &'a Change);

/// Writes batches into one store.
#[derive(Debug)]
pub(super) struct Batches {
    role: Role,
    upserts: Upserts,
    which_are_there: SqlStr,
    policies: Room,
    releases: Room,
    dane: Room,
    to_verify: Room,
}

impl Batches {
    pub(super) fn new(role: Role, limit: u64) -> Self {
        let places: Vec<String> = (1..=ASKED_AT_ONCE).map(|number| format!("${number}")).collect();
        let which = format!("SELECT domain FROM learned_policies WHERE domain IN ({})", places.join(", "));
        Self {
            policies: Room::new(&POLICIES, limit, &role),
            releases: Room::new(&RELEASES, limit, &role),
            dane: Room::new(&DANE, limit, &role),
            to_verify: Room::new(&TO_VERIFY, MAX_TO_VERIFY.min(limit), &role),
            upserts: Upserts::new(&role),
            role,
            which_are_there: AssertSqlSafe(which).into_sql_str(),
        }
    }

    /// Writes a batch into a file, all or nothing; tells how many policies found no room.
    pub(super) async fn write(
        &mut self,
        database: &Database,
        changes: &HashMap<Domain, Change>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let written = async {
            let mut transaction = database.begin().await?;
            let not_kept = self.write_with(&mut Statements::Together(&mut transaction), changes, now).await?;
            transaction.commit().await?;
            Ok(not_kept)
        };
        let written = written.await;
        if written.is_err() {
            self.forget_counts();
        }
        written
    }

    /// Writes a batch to a server. After an error some of it may be written; writing it again does no harm.
    pub(super) async fn write_to_server(
        &mut self,
        connection: &mut Connection,
        changes: &HashMap<Domain, Change>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let written = self.write_with(&mut Statements::Each(connection), changes, now).await;
        // A refused statement wrote nothing, so that a count is too high at most.
        if written.as_ref().is_err_and(|error| !error.is_refusal()) {
            self.forget_counts();
        }
        written
    }

    /// Whatever was counted no longer holds.
    pub(super) fn forget_counts(&mut self) {
        for room in [&mut self.policies, &mut self.releases, &mut self.dane, &mut self.to_verify] {
            room.forget_count();
        }
    }

    async fn write_with(
        &mut self,
        statements: &mut Statements<'_>,
        changes: &HashMap<Domain, Change>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        // The tables' own order: a page is touched once, and nodes that write the same rows queue instead of locking up.
        let mut changes: Vec<Named<'_>> = changes.iter().collect();
        changes.sort_unstable_by_key(|(domain, _)| *domain);
        let not_kept = self.write_policies(statements, &changes, now).await?;
        self.write_releases(statements, &changes, now).await?;
        self.write_dane(statements, &changes, now).await?;
        self.write_to_verify(statements, &changes, now).await?;
        Ok(not_kept)
    }

    async fn write_policies(
        &mut self,
        statements: &mut Statements<'_>,
        changes: &[Named<'_>],
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let ends = ends_of(changes);
        let mut kept: Vec<(&Domain, &KeptPolicy)> = changes
            .iter()
            .copied()
            .filter_map(|(domain, change)| Some((domain, change.policy.as_ref()?)))
            .collect();
        if kept.is_empty() {
            return Ok(0);
        }
        let surplus = self.policies.make(statements, kept.len() as u64, now).await?;
        let not_kept = if surplus > 0 { self.leave_out(statements, &mut kept, surplus).await? } else { 0 };
        kept.sort_unstable_by_key(|(domain, _)| *domain);
        for some in kept.chunks(WRITTEN_AT_ONCE) {
            let patterns: Vec<String> = some.iter().map(|(_, kept)| patterns_text(&kept.policy.mx)).collect();
            let mut values = Vec::with_capacity(some.len() * 9);
            for ((domain, kept), patterns) in some.iter().zip(&patterns) {
                let policy = &kept.policy;
                values.extend([
                    Value::Text(domain.as_str()),
                    Value::Text(policy.mode.name()),
                    Value::Text(patterns),
                    Value::Text(&policy.id),
                    Value::Integer(seconds(policy.fetched)),
                    Value::Integer(max_age_seconds(policy)),
                    Value::Integer(seconds(policy.ends())),
                    Value::Integer(seconds(kept.confirmed)),
                    Value::Text(node_of(&self.role, kept.origin)),
                ]);
            }
            self.upserts.policies(ends).write(statements, &values).await?;
        }
        Ok(not_kept)
    }

    /// Leaves out new policies for which there is no room, those that do not enforce first; tells how many.
    async fn leave_out(
        &mut self,
        statements: &mut Statements<'_>,
        kept: &mut Vec<(&Domain, &KeptPolicy)>,
        surplus: u64,
    ) -> Result<u64, StoreError> {
        let there = self.which_are_there(statements, kept).await?;
        let is_there = |domain: &Domain| there.contains(domain.as_str());
        let mut room = (kept.len() as u64).saturating_sub(surplus);
        kept.sort_by_key(|(_, kept)| kept.policy.mode != Mode::Enforce);
        let before = kept.len();
        kept.retain(|(domain, _)| {
            let fits = is_there(domain) || room > 0;
            if fits && !is_there(domain) {
                room -= 1;
            }
            fits
        });
        let new = kept.iter().filter(|(domain, _)| !is_there(domain)).count();
        self.policies.took(new as u64);
        Ok((before - kept.len()) as u64)
    }

    async fn which_are_there(
        &self,
        statements: &mut Statements<'_>,
        kept: &[(&Domain, &KeptPolicy)],
    ) -> Result<HashSet<String>, StoreError> {
        let mut there = HashSet::new();
        for some in kept.chunks(ASKED_AT_ONCE) {
            let mut values: Vec<_> = some.iter().map(|(domain, _)| Value::Text(domain.as_str())).collect();
            values.resize(ASKED_AT_ONCE, Value::Text(""));
            for row in statements.rows(self.which_are_there.clone(), &values).await? {
                there.insert(row.text(0)?.to_owned());
            }
        }
        Ok(there)
    }

    async fn write_releases(
        &mut self,
        statements: &mut Statements<'_>,
        changes: &[Named<'_>],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let node = node_of(&self.role, Learnt::Here);
        let mut values = Vec::new();
        for (domain, release) in
            changes.iter().copied().filter_map(|(domain, change)| Some((domain, change.release?)))
        {
            values.extend([
                Value::Text(domain.as_str()),
                Value::Text(release_name(release.mode)),
                Value::Integer(seconds(release.at)),
                Value::Text(node),
            ]);
        }
        if !values.is_empty() {
            self.releases.make(statements, values.len() as u64 / 4, now).await?;
            self.upserts.releases.write(statements, &values).await?;
        }
        Ok(())
    }

    async fn write_dane(
        &mut self,
        statements: &mut Statements<'_>,
        changes: &[Named<'_>],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let node = node_of(&self.role, Learnt::Here);
        let mut values = Vec::new();
        for (domain, until) in
            changes.iter().copied().filter_map(|(domain, change)| Some((domain, change.dane_until?)))
        {
            values.extend([Value::Text(domain.as_str()), Value::Integer(seconds(until)), Value::Text(node)]);
        }
        if !values.is_empty() {
            self.dane.make(statements, values.len() as u64 / 3, now).await?;
            self.upserts.dane(ends_of(changes)).write(statements, &values).await?;
        }
        Ok(())
    }

    async fn write_to_verify(
        &mut self,
        statements: &mut Statements<'_>,
        changes: &[Named<'_>],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut values = Vec::new();
        for (domain, (kind, noted)) in
            changes.iter().copied().filter_map(|(domain, change)| Some((domain, change.to_verify?)))
        {
            values.extend([
                Value::Text(domain.as_str()),
                Value::Text(kind.name()),
                Value::Integer(seconds(noted)),
            ]);
        }
        if !values.is_empty() {
            self.to_verify.make(statements, values.len() as u64 / 3, now).await?;
            self.upserts.to_verify.write(statements, &values).await?;
        }
        Ok(())
    }
}

/// Whether changes that are written together may move ends to earlier times: only if each of them may.
fn ends_of(changes: &[Named<'_>]) -> Ends {
    if changes.iter().all(|(_, change)| change.ends == Ends::Move) { Ends::Move } else { Ends::Stay }
}

fn node_of(role: &Role, origin: Learnt) -> &str {
    match (origin, role) {
        (Learnt::Elsewhere, _) => ELSEWHERE,
        (Learnt::Here, Role::Own) => "",
        (Learnt::Here, Role::Shared { node }) => node,
    }
}
