//! How the value of a key is read, without failing over its type.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::field::Field;

/// A reader for one JSON value: a method for each JSON type that it accepts. The default of each
/// method is to reject the value, as [`Field::WrongType`].
///
/// A reader either carries state, such as the arena that it writes to, or is the `PhantomData` of
/// its value: serde's own two kinds, `DeserializeSeed` and `Deserialize`, joined in the same way.
pub(crate) trait ReadInto: Sized {
    type Value;

    fn bool(self, _: bool) -> Option<Self::Value> {
        None
    }

    fn number(self, _: i64) -> Option<Self::Value> {
        None
    }

    fn text(self, _: &str) -> Option<Self::Value> {
        None
    }

    fn map<'de, A: MapAccess<'de>>(self, mut map: A) -> Result<Option<Self::Value>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn seq<'de, A: SeqAccess<'de>>(self, mut seq: A) -> Result<Option<Self::Value>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// The field of a derived struct, read by the `PhantomData` of its type.
impl<'de, T> Deserialize<'de> for Field<T>
where
    PhantomData<T>: ReadInto<Value = T>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        FieldSeed(PhantomData::<T>).deserialize(deserializer)
    }
}

/// Reads a [`Field`] by this reader.
pub(crate) struct FieldSeed<R>(pub(crate) R);

impl<'de, R: ReadInto> DeserializeSeed<'de> for FieldSeed<R> {
    type Value = Field<R::Value>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, R: ReadInto> Visitor<'de> for FieldSeed<R> {
    type Value = Field<R::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Field::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(given(self.0.bool(flag)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(given(self.0.number(number)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(given(i64::try_from(number).ok().and_then(|number| self.0.number(number))))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Field::WrongType)
    }

    #[inline]
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(given(self.0.text(text)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        self.0.map(map).map(given)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        self.0.seq(seq).map(given)
    }
}

#[inline]
fn given<T>(value: Option<T>) -> Field<T> {
    value.map_or(Field::WrongType, Field::Given)
}
