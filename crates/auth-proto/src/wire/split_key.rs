//! Objects with one key that is read separately from the others.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, Error, IntoDeserializer, MapAccess, Visitor, value::MapAccessDeserializer,
    },
};

use super::{
    field::Field,
    read_into::{FieldSeed, ReadInto},
};

/// Deserializes an object into `T`, except one key, whose value is streamed into a caller-supplied
/// reader (serde derive cannot do that).
pub(crate) struct SplitKey<T, R> {
    key: &'static str,
    reader: R,
    rest: PhantomData<T>,
}

impl<T, R> SplitKey<T, R> {
    pub(crate) const fn new(key: &'static str, reader: R) -> Self {
        Self { key, reader, rest: PhantomData }
    }
}

impl<T: for<'a> Deserialize<'a>, R: ReadInto> ReadInto for SplitKey<T, R> {
    type Value = (T, Field<R::Value>);

    fn map<'de, A: MapAccess<'de>>(self, map: A) -> Result<Option<Self::Value>, A::Error> {
        let mut rest =
            OtherKeys { map, key: self.key, reader: Some(self.reader), value: Field::Absent };
        let object = T::deserialize(MapAccessDeserializer::new(&mut rest))?;
        Ok(Some((object, rest.value)))
    }
}

/// A struct without fields: all other keys are ignored.
#[derive(Deserialize)]
pub(crate) struct Nothing {}

/// The object without the separate key. On the way to the next other key, that one is read.
struct OtherKeys<A, R: ReadInto> {
    map: A,
    key: &'static str,
    /// `None` once the key was read.
    reader: Option<R>,
    value: Field<R::Value>,
}

impl<'de, A: MapAccess<'de>, R: ReadInto> MapAccess<'de> for OtherKeys<A, R> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        mut seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        while let Some(key) = self.map.next_key_seed(KeySeed { separate: self.key, seed })? {
            match key {
                SplitKeyName::Other(key) => return Ok(Some(key)),
                SplitKeyName::Separate(same) => seed = same,
            }
            let reader = self.reader.take().ok_or_else(|| A::Error::duplicate_field(self.key))?;
            self.value = self.map.next_value_seed(FieldSeed(reader))?;
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// Reads a key by the seed, unless it is the separate one.
struct KeySeed<S> {
    separate: &'static str,
    seed: S,
}

enum SplitKeyName<S, V> {
    /// The separate key. The seed is unused.
    Separate(S),
    Other(V),
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for KeySeed<S> {
    type Value = SplitKeyName<S, S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for KeySeed<S> {
    type Value = SplitKeyName<S, S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        match key == self.separate {
            true => Ok(SplitKeyName::Separate(self.seed)),
            false => self.seed.deserialize(key.into_deserializer()).map(SplitKeyName::Other),
        }
    }
}
