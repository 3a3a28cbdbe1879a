//! Requests as they lie in a buffer, and their replies.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use starttls_proto::socketmap::{self, MAX_REQUEST_BYTES, next};

use super::Traffic;
use super::traffic::count;
use super::unknown_maps::UnknownMaps;
use crate::{Answering, Form, Reply};

/// What is read at once: the longest request fits, with its length and comma.
pub(super) const INPUT_BYTES: usize = 16 * 1024;

const _: () = assert!(INPUT_BYTES > MAX_REQUEST_BYTES + 16, "the longest request must fit");

/// Replies that have not been read: with so many bytes of them, no more requests are taken.
pub(super) const OUTPUT_BYTES: usize = 16 * 1024;

/// Not `NOTFOUND`, which would silently mean "no policy", nor `PERM`: mail waits, and the mail server's log tells why.
const UNKNOWN_MAP: Reply = Reply::Temporary("unknown map: ask QUERY, QUERYwithTLSRPT or sts");

/// Whoever answers broke; the others go on.
pub(super) const BROKEN: Reply = Reply::Temporary("internal error");

/// What the connections of a server have in common.
#[derive(Debug)]
pub(super) struct Shared<A> {
    pub answering: Arc<A>,
    pub traffic: Arc<Traffic>,
    pub unknown_maps: UnknownMaps,
}

/// Why no more requests were answered.
#[derive(Debug)]
pub(super) enum Answered {
    /// All are, but for the beginning of another.
    All,
    /// The replies are enough for one write.
    Some,
    /// One has to be found out.
    Ask(Form, Vec<u8>),
    /// What follows is no request.
    Malformed,
}

/// Answers the requests in `input` as far as answers are at hand, and tells how many bytes they had.
pub(super) fn answer<A: Answering>(
    input: &[u8],
    output: &mut Vec<u8>,
    shared: &Shared<A>,
) -> (usize, Answered) {
    let mut used = 0;
    loop {
        let rest = input.get(used..).unwrap_or_default();
        if rest.is_empty() {
            return (used, Answered::All);
        }
        if output.len() >= OUTPUT_BYTES {
            return (used, Answered::Some);
        }
        let (request, length) = match next(rest) {
            Ok(Some(found)) => found,
            Ok(None) if rest.len() < INPUT_BYTES => return (used, Answered::All),
            Ok(None) | Err(_) => return (used, Answered::Malformed),
        };
        used += length;
        let form = std::str::from_utf8(request.map).ok().and_then(Form::of_map);
        let reply = match form {
            None => {
                count(&shared.traffic.unknown_map);
                shared.unknown_maps.note(request.map);
                UNKNOWN_MAP
            }
            Some(form) => match at_hand(shared, form, request.key) {
                None => return (used, Answered::Ask(form, request.key.to_vec())),
                Some(reply) => reply,
            },
        };
        push(&reply, output);
    }
}

/// The server goes on whatever breaks in an answer.
fn at_hand<A: Answering>(shared: &Shared<A>, form: Form, key: &[u8]) -> Option<Reply> {
    catch_unwind(AssertUnwindSafe(|| shared.answering.at_hand(form, key))).unwrap_or_else(|_| {
        count(&shared.traffic.unanswered);
        Some(BROKEN)
    })
}

/// Adds a reply to what goes out.
pub(super) fn push(reply: &Reply, output: &mut Vec<u8>) {
    let reply = match reply {
        Reply::Ok(policy) => socketmap::Reply::Ok(policy),
        Reply::NotFound => socketmap::Reply::NotFound,
        Reply::Temporary(reason) => socketmap::Reply::Temporary(reason),
    };
    reply.push(output);
}
