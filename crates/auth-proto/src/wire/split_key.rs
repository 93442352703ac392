//! Objects of which one part is read in another way than the rest.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, Error, IntoDeserializer, MapAccess, Visitor, value::MapAccessDeserializer,
    },
};

use super::field::{Field, Into, ReadInto};

/// Takes an object as a `T`, which a derived reader describes, but for what stands under one key:
/// that goes where it is put, which no derived reader can be told.
pub(crate) struct SplitKey<T, P> {
    key: &'static str,
    part: P,
    rest: PhantomData<T>,
}

impl<T, P> SplitKey<T, P> {
    pub(crate) const fn new(key: &'static str, part: P) -> Self {
        Self { key, part, rest: PhantomData }
    }
}

impl<T: for<'a> Deserialize<'a>, P: ReadInto> ReadInto for SplitKey<T, P> {
    type Value = (T, Field<P::Value>);

    fn map<'de, A: MapAccess<'de>>(self, map: A) -> Result<Option<Self::Value>, A::Error> {
        let mut rest = Rest { map, key: self.key, part: Some(self.part), read: Field::Absent };
        let object = T::deserialize(MapAccessDeserializer::new(&mut rest))?;
        Ok(Some((object, rest.read)))
    }
}

/// An object without any key, as far as a derived reader is concerned.
#[derive(Deserialize)]
pub(crate) struct Nothing {}

/// An object without the key, which is read in passing.
struct Rest<A, P: ReadInto> {
    map: A,
    key: &'static str,
    part: Option<P>,
    read: Field<P::Value>,
}

impl<'de, A: MapAccess<'de>, P: ReadInto> MapAccess<'de> for Rest<A, P> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        mut seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        while let Some(key) = self.map.next_key_seed(KeySeed { apart: self.key, seed })? {
            match key {
                Key::Other(key) => return Ok(Some(key)),
                Key::SplitKey(same) => seed = same,
            }
            let part = self.part.take().ok_or_else(|| A::Error::duplicate_field(self.key))?;
            self.read = self.map.next_value_seed(Into(part))?;
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// Reads a key for whoever wants it, unless it is the one that is read apart.
struct KeySeed<S> {
    apart: &'static str,
    seed: S,
}

enum Key<S, V> {
    SplitKey(S),
    Other(V),
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for KeySeed<S> {
    type Value = Key<S, S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for KeySeed<S> {
    type Value = Key<S, S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        match key == self.apart {
            true => Ok(Key::SplitKey(self.seed)),
            false => self.seed.deserialize(key.into_deserializer()).map(Key::Other),
        }
    }
}
