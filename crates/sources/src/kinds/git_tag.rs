//! A list in a git repository, taken from a tag that one OpenPGP certificate signed.
//!
//! The tag's raw bytes are judged here, its inner name among them; from the commit that they name to the list's bytes, every
//! object's name is computed anew. What `git` says of all this counts for nothing.

use std::collections::BTreeMap;
use std::path::Path;

use starttls_openpgp::Certificate;
use starttls_trust::GitTag as RawTag;

use super::chain_of_ids;
use super::openpgp::read_certificate;
use super::plain::{self, Bound, Plain};
use super::search::{Attempt, Offer, Rejection, Search};
use crate::git::{Bare, Limits};
use crate::settings::{GitTag, TagChoice};
use crate::state::StateError;

/// Tags of one run that are looked at, newest first; each costs a verification and the reading of a list.
const MAX_TAGS: usize = 8;

pub(super) fn search(attempt: &Attempt<'_>, settings: &GitTag) -> Result<Search, StateError> {
    let certificate = match read_certificate(&settings.certificate) {
        Ok(certificate) => certificate,
        Err(words) => return Ok(Search::impossible(words)),
    };
    let path = attempt.source.repository()?;
    // The programs that are run inherit the user.
    let directory = attempt.source.directory();
    attempt.visit(1, |_| directory.act(|| Ok::<_, StateError>(visit(attempt, &certificate, settings, &path))))
}

fn visit(
    attempt: &Attempt<'_>,
    certificate: &Certificate,
    settings: &GitTag,
    path: &Path,
) -> Result<Offer, Rejection> {
    let place = settings.repository.to_string();
    let unusable = |error: &dyn std::fmt::Display| Rejection::unusable(format!("{place}: {error}"));
    let bare = Bare::open(attempt.outside.git, path, Limits::default()).map_err(|error| unusable(&error))?;
    let pattern = match &settings.tag {
        TagChoice::Named(name) => name.as_str().to_owned(),
        TagChoice::NewestWithPrefix(prefix) => format!("{}*", prefix.as_str()),
    };
    bare.fetch(&settings.repository, &pattern).map_err(|error| unusable(&error))?;
    let names = bare.tags(&pattern).map_err(|error| unusable(&error))?;
    let mut best: Option<Plain> = None;
    let mut rejection = None;
    for name in names.iter().take(MAX_TAGS) {
        match from_tag(attempt, certificate, settings, &bare, name) {
            Ok(found) if best.as_ref().is_none_or(|best| serial(best) < serial(&found)) => best = Some(found),
            Ok(_) => {}
            Err(refused) => rejection = rejection.or(Some(refused)),
        }
    }
    match (best, rejection) {
        (Some(best), _) => plain::judge(attempt, best),
        (None, Some(rejection)) => Err(rejection),
        (None, None) => Err(unusable(&format!("there is no tag `{pattern}`"))),
    }
}

/// The list of one tag, if the tag is signed as it must be.
fn from_tag(
    attempt: &Attempt<'_>,
    certificate: &Certificate,
    settings: &GitTag,
    bare: &Bare<'_>,
    name: &str,
) -> Result<Plain, Rejection> {
    let place = format!("{}, tag `{}`", settings.repository, starttls_policy::printable(name));
    let unusable = |error: &dyn std::fmt::Display| Rejection::unusable(format!("{place}: {error}"));
    let raw = bare.tag(name).map_err(|error| unusable(&error))?;
    let forged = |words: String| {
        Rejection::forged(format!("{place}: {words}"), vec![("offered-tag".into(), raw.clone())])
    };
    let tag = RawTag::parse(&raw, name).map_err(|error| forged(error.to_string()))?;
    let verified = certificate
        .verify_detached(tag.payload, tag.signature, attempt.now)
        .map_err(|error| forged(error.to_string()))?;
    let bytes =
        chain_of_ids::file(bare, tag.commit, settings.path.as_str()).map_err(|error| unusable(&error))?;
    Ok(Plain {
        place: place.clone(),
        bytes,
        anchor: Some(certificate.fingerprint().to_string()),
        signers: vec![verified.key.to_string()],
        seen: BTreeMap::new(),
        bound: Bound::ByMemory,
        proof: Some(raw),
    })
}

/// What decides between tags; a list that cannot be read has the lowest.
fn serial(plain: &Plain) -> u64 {
    starttls_policy::read::list(&plain.bytes).map_or(0, |list| list.head.serial)
}
