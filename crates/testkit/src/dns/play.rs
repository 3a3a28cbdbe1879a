//! A behaviour, played: the bytes that go out.

use super::Behaviour;
use super::message::{Answer, Query, Record, kind};
use super::zone::Zone;

/// What a good resolver sends.
pub(super) fn well(query: &Query, zone: &Zone) -> Vec<u8> {
    zone.answer(query).to_bytes(query)
}

/// The datagrams for a question, in order.
pub(super) fn datagrams(behaviour: &Behaviour, query: &Query, zone: &Zone) -> Vec<Vec<u8>> {
    let good = || zone.answer(query);
    let other_id = query.id.wrapping_add(1);
    match behaviour {
        Behaviour::Silence => Vec::new(),
        Behaviour::Truncated | Behaviour::TruncatedThenClosed => {
            let cut = Answer { is_truncated: true, is_authentic: good().is_authentic, ..Answer::default() };
            vec![cut.to_bytes(query)]
        }
        Behaviour::StrangersFirst => vec![
            b"no DNS".to_vec(),
            good().to_bytes_about(other_id, &query.name, query.kind),
            good().to_bytes_about(query.id, "stranger.example", query.kind),
            good().to_bytes_about(query.id, &query.name, query.kind ^ 1),
            well(query, zone),
        ],
        Behaviour::WrongId => vec![good().to_bytes_about(other_id, &query.name, query.kind)],
        Behaviour::WrongQuestion => vec![good().to_bytes_about(query.id, "stranger.example", query.kind)],
        other => vec![one(other, query, zone)],
    }
}

/// The bytes that go out over a connection; none closes it in effect.
pub(super) fn over_tcp(behaviour: &Behaviour, query: &Query, zone: &Zone) -> Vec<u8> {
    if matches!(behaviour, Behaviour::Silence | Behaviour::TruncatedThenClosed) {
        return Vec::new();
    }
    let message = one(behaviour, query, zone);
    let length = u16::try_from(message.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], &message].concat()
}

fn one(behaviour: &Behaviour, query: &Query, zone: &Zone) -> Vec<u8> {
    let mut answer = zone.answer(query);
    match behaviour {
        Behaviour::Rcode(rcode) => answer = Answer { rcode: *rcode, ..Answer::default() },
        Behaviour::Extended(code) => {
            answer = Answer { rcode: 2, extended: Some(*code), ..Answer::default() };
        }
        Behaviour::AliasAlone => {
            answer.records.retain(|record| record.name.eq_ignore_ascii_case(&query.name));
            answer.authority.clear();
            answer.rcode = 0;
        }
        Behaviour::DenialWithoutSoa => answer.authority.clear(),
        Behaviour::Stuffed => {
            let stranger = |kind, data| Record { name: "stranger.example".into(), kind, ttl: 1, data };
            answer.records.insert(0, stranger(query.kind, vec![0; 4]));
            answer.records.insert(0, stranger(kind::CNAME, vec![0]));
        }
        Behaviour::Garbage(bytes) => {
            let mut message = Answer { is_authentic: true, ..Answer::default() }.to_bytes(query);
            // One answer is announced, and what follows the question is not one; the OPT record is overwritten.
            message.truncate(message.len() - 11);
            message.splice(6..8, [0, 1]);
            message.extend(bytes);
            return message;
        }
        _ => {}
    }
    answer.to_bytes(query)
}
