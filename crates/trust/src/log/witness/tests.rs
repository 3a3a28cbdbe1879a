//! Claims about both sides of the protocol, played against each other.

use super::*;
use crate::bundle::Node;
use crate::key::{Algorithm, SigningKey};
use crate::log::naive;
use crate::log::{Checkpoint, TreeHead};
use crate::note::{NoteError, SignedNote};
use starttls_policy::Timestamp;

fn log() -> SigningKey {
    SigningKey::from_seed("log.example", Algorithm::Ed25519, &[1; 32]).unwrap()
}

fn key() -> SigningKey {
    SigningKey::from_seed("w.example", Algorithm::Cosignature, &[2; 32]).unwrap()
}

fn witness() -> Witness {
    let logs = KnownLogs::parse(&format!("log {}\n", log().public())).unwrap();
    Witness::new(key(), logs).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_seconds(1_800_000_000).unwrap()
}

fn note(head: TreeHead) -> SignedNote {
    let checkpoint = Checkpoint { origin: "log.example".into(), size: head.size, hash: head.hash };
    SignedNote::unsigned(&checkpoint.to_text()).unwrap().signed_by(&log())
}

fn head(size: usize) -> TreeHead {
    naive::head(&naive::leaves(size))
}

fn request(old: usize, new: usize) -> Request {
    let proof = if old == 0 { Vec::new() } else { naive::proof(old, &naive::leaves(new)) };
    Request { old_size: old as u64, proof, checkpoint: note(head(new)) }
}

fn answer(seen: TreeHead, body: &[u8]) -> Reply {
    match witness().admit(body).and_then(|admitted| admitted.cosign(seen, now())) {
        Ok(cosigned) => cosigned.reply,
        Err(refusal) => refusal.reply(),
    }
}

fn words(reply: &Reply) -> (u16, &str, &str) {
    (reply.status, &reply.content_type, std::str::from_utf8(&reply.body).unwrap())
}

mod add_checkpoint {
    use super::*;

    #[test]
    fn request_reads_as_it_writes() {
        for request in [request(0, 5), request(3, 5), request(1, 64), request(7, 7)] {
            assert_eq!(Request::parse(&request.to_bytes()).unwrap(), request);
        }
    }

    /// The form of the specification's example; its keys and trees are not published.
    #[test]
    fn example_of_the_specification_reads_as_it_writes() {
        let body = "old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
";
        let request = Request::parse(body.as_bytes()).unwrap();
        assert_eq!((request.old_size, request.proof.len()), (20_852_014, 4));
        assert_eq!(request.to_bytes(), body.as_bytes());
        assert_eq!(words(&answer(TreeHead::EMPTY, body.as_bytes())).0, 404);
    }

    #[test]
    fn is_answered_with_a_cosignature_when_the_log_has_grown() {
        for (old, new) in [(0, 0), (0, 1), (0, 70), (1, 2), (3, 70), (64, 70), (7, 7)] {
            let request = request(old, new);
            let reply = answer(head(old), &request.to_bytes());
            assert_eq!(reply.status, 200, "{old} to {new}: {:?}", words(&reply));
            let outcome = read_reply(&reply, &request.checkpoint, key().public(), now()).unwrap();
            let Outcome::Cosigned(alone, time) = outcome else { panic!("no cosignature") };
            assert_eq!(time, now());
            let whole = with_cosignature(&request.checkpoint, &alone, key().public()).unwrap();
            assert_eq!(whole.cosigners(&[key().public()]).unwrap(), [(key().public(), now())]);
            assert_eq!(whole.signers(&[log().public()]).unwrap(), [log().public()]);
        }
    }

    #[test]
    fn keeps_the_log_s_signature_and_its_own_alone() {
        let other = SigningKey::from_seed("log.example", Algorithm::Ed25519, &[9; 32]).unwrap();
        let mut request = request(0, 5);
        request.checkpoint = request.checkpoint.signed_by(&other);
        let witness = witness();
        let kept = witness.admit(&request.to_bytes()).unwrap().cosign(TreeHead::EMPTY, now()).unwrap().note;
        assert_eq!(kept, note(head(5)).cosigned_by(&key(), now()));
        assert_eq!(witness.recall(&kept), Some(("log.example".into(), head(5))));
        assert_eq!(witness.recall(&note(head(5))), None);
        let forged = kept.to_string().replace("\n5\n", "\n6\n");
        assert_eq!(witness.recall(&SignedNote::parse(forged.as_bytes()).unwrap()), None);
    }

    #[test]
    fn cosigns_lines_that_a_log_added_unread() {
        let text = note(head(5)).text().to_owned() + "extension\n";
        let checkpoint = SignedNote::unsigned(&text).unwrap().signed_by(&log());
        let request = Request { old_size: 0, proof: Vec::new(), checkpoint };
        let reply = answer(TreeHead::EMPTY, &request.to_bytes());
        let outcome = read_reply(&reply, &request.checkpoint, key().public(), now()).unwrap();
        assert!(matches!(outcome, Outcome::Cosigned(note, _) if note.text() == text));
    }

    #[test]
    fn is_400_when_it_is_malformed() {
        let good = String::from_utf8(request(3, 5).to_bytes()).unwrap();
        let node = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
        let bad = [
            String::new(),
            good.replacen("old 3", "old 03", 1),
            good.replacen("old 3", "old +3", 1),
            good.replacen("old 3", "old  3", 1),
            good.replacen("old 3", "old -3", 1),
            good.replacen("old 3", "old 3 ", 1),
            good.replacen("old 3", "old 3\r", 1),
            good.replacen("old 3", "old 18446744073709551616", 1),
            good.replacen("old 3", "new 3", 1),
            good.replacen("old 3", "old 6", 1),
            good.replacen("old 3\n", "old 3\nAAAA\n", 1),
            good.replacen("old 3\n", "old 3\nno base64\n", 1),
            good.replacen("old 3\n", &format!("old 3\n{}", node.repeat(61)), 1),
            good.replacen("\n\n", "\n", 1),
            good.replacen("\nlog.example\n5\n", "\nlog.example\nfive\n", 1),
            good.trim_end().into(),
            good[..good.len() / 2].into(),
            format!("{good}{}", "\n".repeat(MAX_REQUEST_BYTES)),
            "old 0\n\nno checkpoint\n\n— w.example AAAAAAA=\n".into(),
        ];
        for body in bad {
            let reply = answer(head(3), body.as_bytes());
            assert_eq!(reply.status, 400, "{:?}: {}", words(&reply), body.get(..300).unwrap_or(&body));
        }
        assert_eq!(answer(head(3), b"old 0\n\n\xff\n").status, 400);
    }

    #[test]
    fn is_404_when_the_log_is_unknown() {
        let body = String::from_utf8(request(0, 5).to_bytes()).unwrap();
        assert_eq!(answer(TreeHead::EMPTY, body.replace("\nlog.ex", "\nblog.ex").as_bytes()).status, 404);
    }

    #[test]
    fn is_403_when_the_log_did_not_sign_it_or_the_signature_is_wrong() {
        let other = SigningKey::from_seed("log.example", Algorithm::Ed25519, &[9; 32]).unwrap();
        let text = note(head(5)).text().to_owned();
        let unsigned = SignedNote::unsigned(&text).unwrap().signed_by(&other);
        let body = Request { old_size: 0, proof: Vec::new(), checkpoint: unsigned }.to_bytes();
        assert_eq!(answer(TreeHead::EMPTY, &body).status, 403);
        let forged = String::from_utf8(request(0, 5).to_bytes()).unwrap().replace("\n5\n", "\n6\n");
        assert_eq!(answer(TreeHead::EMPTY, forged.as_bytes()).status, 403);
    }

    #[test]
    fn is_409_with_the_size_when_it_begins_elsewhere() {
        for (seen, old, new) in [(5, 0, 7), (5, 4, 7), (5, 6, 7), (0, 3, 7), (7, 5, 6), (7, 0, 0)] {
            let reply = answer(head(seen), &request(old, new).to_bytes());
            assert_eq!(words(&reply), (409, "text/x.tlog.size", format!("{seen}\n").as_str()));
            let outcome = read_reply(&reply, &note(head(new)), key().public(), now()).unwrap();
            assert_eq!(outcome, Outcome::OtherSize(seen as u64));
        }
    }

    #[test]
    fn is_422_when_it_does_not_continue_what_was_seen() {
        let forked = TreeHead { hash: Node([9; 32]), ..head(3) };
        assert_eq!(answer(forked, &request(3, 5).to_bytes()).status, 422);
        assert_eq!(answer(forked, &request(3, 3).to_bytes()).status, 422);
        for (old, new) in [(0, 5), (3, 5), (5, 5)] {
            let mut longer = request(old, new);
            longer.proof.push(Node([0; 32]));
            assert_eq!(answer(head(old), &longer.to_bytes()).status, 422, "{old} to {new}");
        }
        let empty = TreeHead { size: 0, hash: Node([9; 32]) };
        let body = Request { old_size: 0, proof: Vec::new(), checkpoint: note(empty) }.to_bytes();
        assert_eq!(answer(TreeHead::EMPTY, &body).status, 422);
    }

    #[test]
    fn never_cosigns_two_trees_of_one_size() {
        let seen = head(5);
        let other = TreeHead { hash: Node([9; 32]), ..seen };
        for old_size in 0..7 {
            for proof in [Vec::new(), vec![seen.hash], vec![other.hash; 3]] {
                let body = Request { old_size, proof, checkpoint: note(other) }.to_bytes();
                assert_ne!(answer(seen, &body).status, 200);
            }
        }
    }
}

mod witness {
    use super::*;

    #[test]
    fn wants_a_key_of_its_kind() {
        assert_eq!(Witness::new(log(), KnownLogs::default()).unwrap_err(), WitnessError);
    }
}

mod replies {
    use super::*;

    fn read(status: u16, content_type: &str, body: &str) -> Result<Outcome, ReplyError> {
        let reply = Reply { status, content_type: content_type.into(), body: body.into() };
        read_reply(&reply, &note(head(5)), key().public(), now())
    }

    fn cosignature(time: u64, of: &SigningKey) -> String {
        let time = Timestamp::from_seconds(time).unwrap();
        let note = SignedNote::unsigned(note(head(5)).text()).unwrap().cosigned_by(of, time);
        note.to_string().split_once("\n\n").unwrap().1.to_owned()
    }

    #[test]
    fn that_refuse_are_repeated_in_printable_words() {
        let error = read(403, "text/plain", "no \u{1b}[31msuch\n").unwrap_err();
        assert!(matches!(&error, ReplyError::Refused { status: 403, words } if !words.contains('\u{1b}')));
        let ReplyError::Refused { words, .. } = read(500, "", &"x".repeat(10_000)).unwrap_err() else {
            panic!()
        };
        assert_eq!(words.len(), 200);
    }

    #[test]
    fn without_the_size_or_its_type_are_no_409() {
        for (content_type, body) in [
            ("text/plain", "5\n"),
            ("text/x.tlog.size", "5"),
            ("text/x.tlog.size", "05\n"),
            ("text/x.tlog.size", ""),
        ] {
            assert_eq!(read(409, content_type, body), Err(ReplyError::NoSize), "{body:?}");
        }
    }

    #[test]
    fn count_only_with_a_valid_cosignature_of_the_witness_in_the_root() {
        let stranger = SigningKey::from_seed("w.example", Algorithm::Cosignature, &[3; 32]).unwrap();
        let good = cosignature(1_800_000_000, &key());
        let strange = cosignature(1_800_000_000, &stranger);
        assert!(matches!(read(200, "", &format!("{strange}{good}")), Ok(Outcome::Cosigned(..))));
        for body in ["", "\n", "x\n", &strange, &format!("\n{good}"), &format!("more text\n\n{good}")] {
            assert!(matches!(read(200, "", body), Err(ReplyError::NoCosignature { .. })), "{body:?}");
        }
        let other = note(head(6));
        let reply = Reply { status: 200, content_type: String::new(), body: good.into() };
        let error = read_reply(&reply, &other, key().public(), now()).unwrap_err();
        assert_eq!(error, ReplyError::BadCosignature);
    }

    #[test]
    fn with_a_time_far_from_ours_are_refused() {
        for time in [0, 1_800_000_000 - 86_401, 1_800_000_000 + 86_401] {
            let error = read(200, "", &cosignature(time, &key())).unwrap_err();
            assert!(matches!(error, ReplyError::Clock { .. }), "{time}");
        }
        assert!(read(200, "", &cosignature(1_800_000_000 - 86_400, &key())).is_ok());
    }

    #[test]
    fn replace_the_older_cosignature_of_the_same_witness() {
        let earlier = Timestamp::from_seconds(1_700_000_000).unwrap();
        let second = SigningKey::from_seed("v.example", Algorithm::Cosignature, &[4; 32]).unwrap();
        let old = note(head(5)).cosigned_by(&key(), earlier).cosigned_by(&second, earlier);
        let fresh = SignedNote::unsigned(old.text()).unwrap().cosigned_by(&key(), now());
        let whole = with_cosignature(&old, &fresh, key().public()).unwrap();
        let key = key();
        let keys = [key.public(), second.public()];
        assert_eq!(whole.cosigners(&keys).unwrap(), [(keys[0], now()), (keys[1], earlier)]);
        assert_eq!(whole.signers(&[log().public()]).unwrap().len(), 1);
        assert_eq!(with_cosignature(&note(head(6)), &fresh, keys[0]), Err(NoteError::BadText));
    }
}
