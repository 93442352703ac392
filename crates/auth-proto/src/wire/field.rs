//! What may stand under a key.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer,
    },
};
use time::UtcDateTime;
use zeroize::Zeroizing;

use crate::{
    error::{FieldProblem, ProtocolError},
    limits,
    text::timestamp,
};

/// What stood under a key. Reading one never fails over its type: a catalog with one odd entry
/// must not cost a login, and what does matter is told by name afterwards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Field<T> {
    #[default]
    Absent,
    Null,
    /// Something of another type.
    WrongType,
    Given(T),
}

impl<T> Field<T> {
    /// The value, if there is a usable one.
    pub(crate) fn ok(self) -> Option<T> {
        match self {
            Self::Given(value) => Some(value),
            _ => None,
        }
    }

    /// The value, which has to be there.
    pub(crate) fn required(self, field: &'static str) -> Result<T, ProtocolError> {
        let problem = match self {
            Self::Given(value) => return Ok(value),
            Self::Absent | Self::Null => FieldProblem::Missing,
            Self::WrongType => FieldProblem::Type,
        };
        Err(ProtocolError::Field { field, problem })
    }
}

impl Field<String> {
    /// The text, if there is any: clouds write `""` where they mean nothing.
    pub(crate) fn text(self) -> Option<String> {
        self.ok().filter(|text| !text.is_empty())
    }
}

impl Field<Timestamp> {
    /// A moment that nothing depends on: what is none is as good as absent.
    pub(crate) fn moment(self) -> Option<UtcDateTime> {
        self.ok()?.0
    }

    pub(crate) fn required_moment(self, field: &'static str) -> Result<UtcDateTime, ProtocolError> {
        let problem = FieldProblem::Timestamp;
        self.required(field)?.0.ok_or(ProtocolError::Field { field, problem })
    }
}

impl<T> Field<Object<T>> {
    pub(crate) fn object(self) -> Option<T> {
        self.ok().map(|Object(object)| object)
    }

    pub(crate) fn required_object(self, field: &'static str) -> Result<T, ProtocolError> {
        self.required(field).map(|Object(object)| object)
    }
}

impl<T> Field<List<T>> {
    /// The entries; none if there is no list.
    pub(crate) fn list(self, what: &'static str) -> Result<Vec<T>, ProtocolError> {
        self.list_within(what, limits::LIST)
    }

    /// The same with a bound that is lower than [`limits::LIST`].
    pub(crate) fn list_within(
        self,
        what: &'static str,
        limit: usize,
    ) -> Result<Vec<T>, ProtocolError> {
        match self {
            Self::Given(list) if list.cut || list.entries.len() > limit => {
                Err(ProtocolError::TooLarge { what, limit })
            }
            given => Ok(given.ok().map_or_else(Vec::new, |list| list.entries)),
        }
    }
}

/// What stands in a moment's place, if it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Timestamp(Option<UtcDateTime>);

/// A JSON object that is read as a `T`, which a derived reader describes. (Such a reader alone
/// would take an array too.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Object<T>(pub(crate) T);

/// A JSON array, or the single entry that some documents show in its place. Entries of another
/// type are passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List<T> {
    entries: Vec<T>,
    /// There were more than [`limits::LIST`].
    cut: bool,
}

/// A type that says which JSON it can be made of. Every reader that is not overridden refuses.
pub(crate) trait Shape: Sized {
    fn from_bool(_: bool) -> Option<Self> {
        None
    }

    fn from_number(_: i64) -> Option<Self> {
        None
    }

    fn from_text(_: &str) -> Option<Self> {
        None
    }

    fn from_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn from_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Option<Self>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// Ids and names; some clouds write them as numbers.
impl Shape for String {
    fn from_number(number: i64) -> Option<Self> {
        Some(number.to_string())
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl Shape for Timestamp {
    fn from_number(_: i64) -> Option<Self> {
        Some(Self(None))
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(Self(timestamp::parse(text)))
    }
}

impl Shape for Zeroizing<String> {
    fn from_text(text: &str) -> Option<Self> {
        Some(Self::new(text.to_owned()))
    }
}

/// `true`, `"true"` (NHN Cloud's table of types) and `1`.
impl Shape for bool {
    fn from_bool(flag: bool) -> Option<Self> {
        Some(flag)
    }

    fn from_number(number: i64) -> Option<Self> {
        match number {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        match text {
            _ if text.eq_ignore_ascii_case("true") => Some(true),
            _ if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }
}

impl<T: for<'a> Deserialize<'a>> Shape for Object<T> {
    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|object| Some(Self(object)))
    }
}

impl<T: Shape> Shape for List<T> {
    fn from_text(text: &str) -> Option<Self> {
        T::from_text(text).map(Self::of_one)
    }

    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        Ok(T::from_map(map)?.map(Self::of_one))
    }

    fn from_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Option<Self>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = seq.next_element::<Field<T>>()? {
            let Some(entry) = entry.ok() else { continue };
            if entries.len() == limits::LIST {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(Some(Self { entries, cut: true }));
            }
            entries.push(entry);
        }
        Ok(Some(Self { entries, cut: false }))
    }
}

impl<T> List<T> {
    /// The entries, whether or not there were more.
    pub(crate) fn into_entries(self) -> Vec<T> {
        self.entries
    }

    fn of_one(entry: T) -> Self {
        Self { entries: vec![entry], cut: false }
    }
}

impl<'de, T: Shape> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Into(PhantomData).deserialize(deserializer)
    }
}

/// Whoever takes what stands under a key, for a value that knows where it is put. Every reader that
/// is not overridden refuses.
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

/// A value that is put nowhere.
impl<T: Shape> ReadInto for PhantomData<T> {
    type Value = T;

    fn bool(self, flag: bool) -> Option<T> {
        T::from_bool(flag)
    }

    fn number(self, number: i64) -> Option<T> {
        T::from_number(number)
    }

    fn text(self, text: &str) -> Option<T> {
        T::from_text(text)
    }

    fn map<'de, A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
        T::from_map(map)
    }

    fn seq<'de, A: SeqAccess<'de>>(self, seq: A) -> Result<Option<T>, A::Error> {
        T::from_seq(seq)
    }
}

/// Reads a [`Field`] into whoever takes it.
pub(crate) struct Into<T>(pub(crate) T);

impl<'de, T: ReadInto> DeserializeSeed<'de> for Into<T> {
    type Value = Field<T::Value>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: ReadInto> Visitor<'de> for Into<T> {
    type Value = Field<T::Value>;

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

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Shape>(json: &str) -> Field<T> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_field_takes_whatever_stands_there() {
        for (json, want) in [
            ("null", Field::Null),
            ("[1]", Field::WrongType),
            ("{\"a\":[{}]}", Field::WrongType),
            ("true", Field::WrongType),
            ("1.5", Field::WrongType),
            ("18446744073709551615", Field::WrongType),
            ("7", Field::Given("7".to_owned())),
            ("-7", Field::Given("-7".to_owned())),
            ("\"x\"", Field::Given("x".to_owned())),
        ] {
            assert_eq!(read::<String>(json), want, "{json}");
        }
    }

    #[test]
    fn flags_are_spelled_in_many_ways() {
        for (json, want) in [
            ("true", Some(true)),
            ("\"True\"", Some(true)),
            ("1", Some(true)),
            ("\"false\"", Some(false)),
            ("0", Some(false)),
            ("2", None),
            ("\"\"", None),
            ("null", None),
        ] {
            assert_eq!(read::<bool>(json).ok(), want, "{json}");
        }
    }

    #[test]
    fn a_list_may_be_a_single_entry_and_may_hold_odd_ones() {
        let list = |json| read::<List<String>>(json).list("list").unwrap();
        assert_eq!(list(r#"["a",{},null,"b"]"#), ["a", "b"]);
        assert_eq!(list(r#""a""#), ["a"]);
        assert_eq!(list("null"), [""; 0]);
        assert_eq!(list("{}"), [""; 0]);
        type Entry = Object<std::collections::BTreeMap<String, String>>;
        let one = read::<List<Entry>>(r#"{"a":"b"}"#).list("list").unwrap();
        assert_eq!(one, [Object([("a".to_owned(), "b".to_owned())].into())]);
    }

    #[test]
    fn lists_are_bounded() {
        let json = |entries| format!("[{}]", vec!["\"a\""; entries].join(","));
        let list = |entries| read::<List<String>>(&json(entries)).list("list");
        assert_eq!(list(limits::LIST).unwrap().len(), limits::LIST);
        let limit = limits::LIST;
        assert_eq!(list(limit + 1), Err(ProtocolError::TooLarge { what: "list", limit }));
    }
}
