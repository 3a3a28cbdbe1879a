//! The plumbing between serde_json and the dialects: objects read member by member, without a tree.
//!
//! A dialect implements [`Object`] for each kind of object it knows. While a fault travels up, every level adds
//! its step, so that the path costs nothing as long as all is well.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::RefCell;
use core::fmt;
use core::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use smol_str::SmolStr;

use super::Text;
use super::error::{At, Failure, Fault, Path, Step, shortened};
use super::value::ValueSeed;
use crate::list::{Dialect, Extensions};

/// Where a fault is kept while serde carries its own error up.
#[derive(Default)]
pub(super) struct Ctx {
    fault: RefCell<Option<(Fault, At)>>,
    /// From the innermost step outwards.
    path: RefCell<Vec<Step>>,
}

/// One kind of object.
pub(super) trait Object<'de> {
    /// Reads the value of one member, or refuses it.
    fn member<A: MapAccess<'de>>(&mut self, member: Member<'_, 'de, A>) -> Result<(), A::Error>;
}

/// A member whose value has not been read yet.
pub(super) struct Member<'a, 'de, A> {
    pub(super) ctx: &'a Ctx,
    pub(super) name: Text<'de>,
    map: &'a mut A,
}

impl Ctx {
    /// Reads the whole text as one object.
    pub(super) fn read<'de, O: Object<'de>>(&self, text: &'de str, object: &mut O) -> Result<(), Failure> {
        let mut json = serde_json::Deserializer::from_str(text);
        let result = ObjectSeed { ctx: self, object }.deserialize(&mut json).and_then(|()| json.end());
        result.map_err(|error| self.failure(error))
    }

    fn failure(&self, error: serde_json::Error) -> Failure {
        let mut steps = self.path.take();
        steps.reverse();
        match self.fault.take() {
            Some((fault, at)) => Failure::new(fault, at, steps),
            None => Failure { path: Path(steps), ..Failure::from(error) },
        }
    }

    fn refuse<E: serde::de::Error>(&self, fault: Fault, at: At) -> E {
        *self.fault.borrow_mut() = Some((fault, at));
        E::custom("refused")
    }

    fn step<E>(&self, step: Step, error: E) -> E {
        self.path.borrow_mut().push(step);
        error
    }
}

impl<'de, A: MapAccess<'de>> Member<'_, 'de, A> {
    /// The member's name is at fault.
    pub(super) fn refuse_name<T>(&self, fault: Fault) -> Result<T, A::Error> {
        Err(self.ctx.refuse(fault, At::Name))
    }

    /// The member's value is at fault.
    pub(super) fn refuse_value<T>(&self, fault: Fault) -> Result<T, A::Error> {
        Err(self.ctx.refuse(fault, At::Value))
    }

    /// The dialect has no such member.
    pub(super) fn unknown(&self, dialect: Dialect) -> Result<(), A::Error> {
        self.refuse_name(Fault::UnknownMember { name: shortened(&self.name), dialect })
    }

    /// Reads the value into an empty slot; refuses the second member of a name.
    pub(super) fn fill<T>(
        &mut self,
        slot: &mut Option<T>,
        read: impl FnOnce(&mut Self) -> Result<T, A::Error>,
    ) -> Result<(), A::Error> {
        if slot.is_some() {
            return self.refuse_name(Fault::DuplicateMember { name: shortened(&self.name) });
        }
        *slot = Some(read(self)?);
        Ok(())
    }

    /// Reads an object.
    pub(super) fn object<O: Object<'de>>(&mut self, object: &mut O) -> Result<(), A::Error> {
        self.map.next_value_seed(ObjectSeed { ctx: self.ctx, object })
    }

    /// Reads a text.
    pub(super) fn text(&mut self) -> Result<Text<'de>, A::Error> {
        self.map.next_value_seed(TextSeed)
    }

    /// Reads a text and makes a value of it.
    pub(super) fn parsed<T>(&mut self, parse: impl FnOnce(&str) -> Result<T, Fault>) -> Result<T, A::Error> {
        let text = self.text()?;
        parse(&text).or_else(|fault| self.refuse_value(fault))
    }

    /// Reads `true` or `false`.
    pub(super) fn boolean(&mut self) -> Result<bool, A::Error> {
        self.map.next_value()
    }

    /// Reads a whole number from 0.
    pub(super) fn number(&mut self) -> Result<u64, A::Error> {
        self.map.next_value()
    }

    /// Reads a text or a whole number.
    pub(super) fn text_or_number(&mut self) -> Result<TextOrNumber<'de>, A::Error> {
        self.map.next_value_seed(TextOrNumberSeed)
    }

    /// Reads an array of texts, each handed to `each`.
    pub(super) fn texts(&mut self, each: &mut dyn FnMut(&str) -> Result<(), Fault>) -> Result<(), A::Error> {
        self.map.next_value_seed(TextsSeed { ctx: self.ctx, each })
    }

    /// Reads an array of texts into values; `push` refuses those that are none.
    pub(super) fn collected<T>(
        &mut self,
        mut push: impl FnMut(&mut Vec<T>, &str) -> Result<(), Fault>,
    ) -> Result<Vec<T>, A::Error> {
        let mut values = Vec::new();
        self.texts(&mut |text| push(&mut values, text))?;
        Ok(values)
    }

    /// Reads an array of texts as they are.
    pub(super) fn strings(&mut self) -> Result<Vec<String>, A::Error> {
        self.collected(|texts, text| {
            texts.push(text.into());
            Ok(())
        })
    }

    /// Reads an array of objects of one kind.
    pub(super) fn objects<O: Object<'de> + Default>(&mut self) -> Result<Vec<O>, A::Error> {
        self.map.next_value_seed(ObjectsSeed { ctx: self.ctx, kind: PhantomData })
    }

    /// Reads anything and forgets it.
    pub(super) fn ignored(&mut self) -> Result<(), A::Error> {
        self.map.next_value::<serde::de::IgnoredAny>().map(|_| ())
    }

    /// Keeps a member whose name begins with `x-`; any other is unknown.
    pub(super) fn extension(&mut self, kept: &mut Extensions, dialect: Dialect) -> Result<(), A::Error> {
        if !self.name.starts_with("x-") {
            return self.unknown(dialect);
        }
        let value = self.map.next_value_seed(ValueSeed)?;
        match kept.insert(SmolStr::new(&self.name), value) {
            None => Ok(()),
            Some(_) => self.refuse_name(Fault::DuplicateMember { name: shortened(&self.name) }),
        }
    }
}

/// Both forms in which lists have written times.
pub(super) enum TextOrNumber<'de> {
    Text(Text<'de>),
    Number(u64),
}

struct ObjectSeed<'a, O> {
    ctx: &'a Ctx,
    object: &'a mut O,
}

impl<'de, O: Object<'de>> DeserializeSeed<'de> for ObjectSeed<'_, O> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de, O: Object<'de>> Visitor<'de> for ObjectSeed<'_, O> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object `{…}`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key_seed(TextSeed)? {
            let member = Member { ctx: self.ctx, name: name.clone(), map: &mut map };
            if let Err(error) = self.object.member(member) {
                return Err(self.ctx.step(Step::Member(name.into_owned()), error));
            }
        }
        Ok(())
    }
}

struct TextSeed;

impl<'de> DeserializeSeed<'de> for TextSeed {
    type Value = Text<'de>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Text<'de>, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for TextSeed {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text in quotes")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Cow::Owned(text.to_string()))
    }
}

struct TextOrNumberSeed;

impl<'de> DeserializeSeed<'de> for TextOrNumberSeed {
    type Value = TextOrNumber<'de>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TextOrNumberSeed {
    type Value = TextOrNumber<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text in quotes or a whole number from 0")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(TextOrNumber::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(TextOrNumber::Text(Cow::Owned(text.to_string())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(TextOrNumber::Number(number))
    }
}

struct TextsSeed<'a> {
    ctx: &'a Ctx,
    each: &'a mut dyn FnMut(&str) -> Result<(), Fault>,
}

impl<'de> DeserializeSeed<'de> for TextsSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for TextsSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of texts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut index = 0;
        loop {
            let item = seq.next_element_seed(TextSeed).and_then(|text| match text {
                None => Ok(false),
                Some(text) => match (self.each)(&text) {
                    Ok(()) => Ok(true),
                    Err(fault) => Err(self.ctx.refuse(fault, At::Value)),
                },
            });
            match item {
                Ok(true) => index += 1,
                Ok(false) => return Ok(()),
                Err(error) => return Err(self.ctx.step(Step::Item(index), error)),
            }
        }
    }
}

struct ObjectsSeed<'a, O> {
    ctx: &'a Ctx,
    kind: PhantomData<O>,
}

impl<'de, O: Object<'de> + Default> DeserializeSeed<'de> for ObjectsSeed<'_, O> {
    type Value = Vec<O>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Vec<O>, D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de, O: Object<'de> + Default> Visitor<'de> for ObjectsSeed<'_, O> {
    type Value = Vec<O>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<O>, A::Error> {
        let mut objects = Vec::new();
        loop {
            let mut object = O::default();
            match seq.next_element_seed(ObjectSeed { ctx: self.ctx, object: &mut object }) {
                Ok(Some(())) => objects.push(object),
                Ok(None) => return Ok(objects),
                Err(error) => return Err(self.ctx.step(Step::Item(objects.len()), error)),
            }
        }
    }
}
