//! Version 1 without keeping the entries: each is handed on as soon as it is read.

use core::ops::ControlFlow;

use super::Read;
use super::build::Builder;
use super::one::{self, Said, SaidTerms, Taker};
use crate::domain::Domain;
use crate::list::{Head, Listed};

/// How handing on the entries of a list ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Streamed {
    /// All were taken; this is the list's head.
    Whole(Head),
    /// The taker wanted no more.
    Stopped,
    /// The list can be read as a whole alone: its parts do not stand in canonical order, or it is not of version 1. It may
    /// turn out to be malformed.
    NotInOrder,
}

/// Reads a list of version 1.
pub(super) fn read(text: &str, take: &mut dyn FnMut(&Listed<'_>) -> ControlFlow<()>) -> Read<Streamed> {
    let mut broken_off = None;
    let stream =
        Stream { builder: Builder::default(), take, last: None, has_begun: false, end: &mut broken_off };
    match one::read_into(text, stream) {
        // What stands behind the policies obeys the same rules as before them.
        Ok((head, stream)) => Ok(Streamed::Whole(stream.builder.finish(head, &one::WORDS)?.head)),
        Err(failure) => broken_off.ok_or(failure),
    }
}

struct Stream<'a> {
    builder: Builder,
    take: &'a mut dyn FnMut(&Listed<'_>) -> ControlFlow<()>,
    last: Option<Domain>,
    has_begun: bool,
    /// Why it was broken off.
    end: &'a mut Option<Streamed>,
}

impl Stream<'_> {
    /// Follows the references of an entry and hands it on; `None` if one of them leads nowhere so far.
    fn hand_on(&mut self, said: Said) -> Option<ControlFlow<()>> {
        if self.last.as_ref().is_some_and(|last| *last >= said.domain) {
            return None;
        }
        let own_since = said.notes.since;
        let flow = match said.terms {
            SaidTerms::Shared(name) => {
                let (name, policy, notes) = self.builder.defined(&name)?;
                let since = own_since.max(notes.since);
                (self.take)(&Listed { domain: &said.domain, policy, alias: Some(name), since })
            }
            SaidTerms::Own(mut policy, pinset) => {
                if let Some(name) = pinset {
                    policy.pinset = Some(self.builder.pinsets.get(&name)?.clone());
                }
                let policy = &policy;
                (self.take)(&Listed { domain: &said.domain, policy, alias: None, since: own_since })
            }
        };
        self.last = Some(said.domain);
        Some(flow)
    }
}

impl Taker for Stream<'_> {
    fn shared(&mut self) -> &mut Builder {
        &mut self.builder
    }

    fn entry(&mut self, said: Said) -> ControlFlow<()> {
        // Shared policies need their pinsets from the first entry on.
        let is_ready = self.has_begun || self.builder.resolve_pinsets(&one::WORDS).is_ok();
        self.has_begun = true;
        let handed_on = if is_ready { self.hand_on(said) } else { None };
        match handed_on {
            Some(ControlFlow::Continue(())) => return ControlFlow::Continue(()),
            Some(ControlFlow::Break(())) => *self.end = Some(Streamed::Stopped),
            None => *self.end = Some(Streamed::NotInOrder),
        }
        ControlFlow::Break(())
    }
}

#[cfg(test)]
mod handing_on {
    use alloc::string::String;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;
    use crate::list::arbitrary::lists;
    use crate::lookup::Found;
    use crate::{read, write};

    fn streamed(text: &str) -> (Vec<Found<'static>>, Result<Streamed, read::ReadError>) {
        let mut taken = Vec::new();
        let result = read::each(text.as_bytes(), &mut |listed| {
            taken.push(Found {
                domain: alloc::borrow::Cow::Owned(listed.domain.clone()),
                policy: alloc::borrow::Cow::Owned(listed.policy.clone()),
                alias: listed.alias.cloned().map(alloc::borrow::Cow::Owned),
                since: listed.since,
            });
            ControlFlow::Continue(())
        });
        (taken, result)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn tells_of_a_canonical_list_what_reading_it_tells(list in lists()) {
            let mut text = String::new();
            write::one(&list, &mut text).unwrap();
            let (taken, result) = streamed(&text);
            prop_assert_eq!(result.unwrap(), Streamed::Whole(list.head.clone()));
            prop_assert!(taken.into_iter().eq(list.iter().map(Found::from)));
            // Cut off anywhere before its last brace, it is refused as the whole reader refuses it.
            let whole = text.trim_end().len();
            for end in (0..whole).step_by(1 + whole / 20).filter(|end| text.is_char_boundary(*end)) {
                let cut = &text[..end];
                prop_assert_eq!(streamed(cut).1.unwrap_err(), read::list(cut.as_bytes()).unwrap_err());
            }
        }
    }

    const HEAD: &str = r#""version": "1", "author": "A", "serial": 1, "timestamp": 0, "expires": 9"#;
    const PINS: &str = r#""pinsets": {"p": {"kind": "leaf", "static_spki_hashes": ["sha1/5R0zeLx7EWRxqw6HRlgCRxNLHDo=", "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]}}"#;
    const PROVIDERS: &str =
        r#""providers": {"q": {"mode": "testing", "mx": ["mx.q.example"], "pinset": "p"}}"#;

    #[test]
    fn needs_the_canonical_order() {
        let a = r#""a.example": {"provider": "q"}"#;
        let b = r#""b.example": {"mode": "testing", "mx": ["mx.b.example"], "pinset": "p"}"#;
        let policies = |entries: &str| alloc::format!(r#""policies": {{{entries}}}"#);
        let sorted = policies(&alloc::format!("{a}, {b}"));
        for (parts, is_in_order) in [
            ([PINS, PROVIDERS, &sorted], true),
            ([PROVIDERS, PINS, &sorted], true),
            ([PINS, &sorted, PROVIDERS], false),
            ([PROVIDERS, &sorted, PINS], false),
            ([PINS, PROVIDERS, &policies(&alloc::format!("{b}, {a}"))], false),
            ([PINS, PROVIDERS, &policies(&alloc::format!("{a}, {a}"))], false),
            // Nothing refers to what comes late.
            ([&policies(""), PROVIDERS, PINS], true),
        ] {
            let text = alloc::format!("{{{HEAD}, {}}}", parts.join(", "));
            let result = streamed(&text).1.unwrap();
            assert_eq!(matches!(result, Streamed::Whole(_)), is_in_order, "{text}");
            assert_eq!(result == Streamed::NotInOrder, !is_in_order, "{text}");
        }
        let late = alloc::format!("{{{HEAD}, {}, {PROVIDERS}}}", policies(""));
        assert!(matches!(streamed(&late).1.unwrap_err().fault, read::Fault::UndefinedPinset { .. }));
        assert_eq!(streamed(r#"{"version": "0.1", "policies": {}}"#).1, Ok(Streamed::NotInOrder));
    }

    #[test]
    fn ends_when_the_taker_says_so() {
        let text =
            alloc::format!(r#"{{{HEAD}, "policies": {{"a.example": {{"mode": "none"}}, "b.example": 1}}}}"#);
        let result = read::each(text.as_bytes(), &mut |_| ControlFlow::Break(()));
        assert_eq!(result, Ok(Streamed::Stopped));
    }
}
