//! The client's own judgement, before anybody sees a publication: as one that knows nothing yet, and as one that holds the
//! publication before.

use starttls_policy::Timestamp;
use starttls_trust::accept::{self, Accepted, Memory};
use starttls_trust::log;
use starttls_trust::{Bundle, Digest, SignedNote};

use super::PublishError;
use super::directory::Directory;
use super::gathered::Gathered;
use super::home::{LogHome, TilesIn};
use crate::build::number;

pub(super) fn judge(
    gathered: &Gathered,
    directory: &Directory,
    bundle: &Bundle,
    home: &LogHome,
    now: Timestamp,
) -> Result<Accepted, PublishError> {
    let fresh = as_client(gathered, None, bundle, home, now)
        .map_err(|source| PublishError::Refused { client: "a new client", source })?;
    if let Some(memory) = before(gathered, directory, home)? {
        let client = "a client of the publication before";
        as_client(gathered, Some(&memory), bundle, home, now)
            .map_err(|source| PublishError::Refused { client, source })?;
    }
    Ok(fresh)
}

fn as_client(
    gathered: &Gathered,
    memory: Option<&Memory>,
    bundle: &Bundle,
    home: &LogHome,
    now: Timestamp,
) -> Result<Accepted, Box<accept::Refusal>> {
    // What is judged is what is written, so it is read again.
    let judged = accept::judge(&gathered.anchor, memory, bundle, &TilesIn(home.path()), now)?;
    let (size, sha256) = (number(gathered.bytes.len()), Digest::of(&gathered.bytes));
    Ok(judged.with_list(size, sha256, &gathered.list, now)?)
}

/// What a client remembers that accepted the publication before, at the time when that was fresh.
fn before(
    gathered: &Gathered,
    directory: &Directory,
    home: &LogHome,
) -> Result<Option<Memory>, PublishError> {
    let Some(bundle) = directory.bundle() else { return Ok(None) };
    let checkpoint = SignedNote::parse(bundle.checkpoint.as_bytes())?;
    let texts = &bundle.roots;
    let root = starttls_trust::chain::follow(&gathered.anchor, None, texts)?;
    let Some(then) = log::quorum_time(root.root(), &checkpoint)? else { return Ok(None) };
    let judged = accept::judge(&gathered.anchor, None, bundle, &TilesIn(home.path()), then);
    let Ok(judged) = judged else { return Ok(None) };
    let statement = judged.statement().clone();
    let (list, bytes) = directory.list(statement.sha256)?;
    let accepted = judged.with_list(number(bytes.len()), Digest::of(&bytes), &list, then);
    Ok(accepted.ok().map(|accepted| accepted.memory))
}
