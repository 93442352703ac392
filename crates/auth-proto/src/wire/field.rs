//! Values of a server's JSON: present, absent or of another type than documented.

use std::marker::PhantomData;

use serde::{
    Deserialize,
    de::{IgnoredAny, MapAccess, SeqAccess, value::MapAccessDeserializer},
};
use time::UtcDateTime;
use zeroize::Zeroizing;

use super::read_into::ReadInto;
use crate::{
    error::{FieldProblem, ProtocolError},
    limits,
    text::timestamp,
};

/// The value of a key. Reading never fails over the type of a value: one odd entry in a catalog
/// must not fail a login. The accessors report a required value that is missing or odd.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Field<T> {
    #[default]
    Absent,
    Null,
    /// A value of another type.
    WrongType,
    Given(T),
}

impl<T> Field<T> {
    /// An optional value.
    pub(crate) fn ok(self) -> Option<T> {
        match self {
            Self::Given(value) => Some(value),
            _ => None,
        }
    }

    /// A required value. `field` is its path in the document, for the error.
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
    /// An optional text. Clouds write `""` for an absent one.
    pub(crate) fn text(self) -> Option<String> {
        self.ok().filter(|text| !text.is_empty())
    }
}

impl Field<Timestamp> {
    /// An optional timestamp. An invalid one is treated as absent.
    pub(crate) fn timestamp(self) -> Option<UtcDateTime> {
        self.ok()?.0
    }

    pub(crate) fn required_timestamp(
        self,
        field: &'static str,
    ) -> Result<UtcDateTime, ProtocolError> {
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
    /// The entries of an optional list.
    pub(crate) fn list(self, what: &'static str) -> Result<Vec<T>, ProtocolError> {
        self.list_within(what, limits::LIST)
    }

    /// As [`list`](Self::list), with a limit below [`limits::LIST`].
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

/// A timestamp, or `None` for a text or number that is not one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Timestamp(Option<UtcDateTime>);

/// A JSON object for a derived `T`. A derived reader alone would accept an array too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Object<T>(pub(crate) T);

/// A JSON array, or a single entry without one, as some documents show it. Entries of another type
/// are skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List<T> {
    entries: Vec<T>,
    /// Entries beyond [`limits::LIST`] were dropped.
    cut: bool,
}

impl<T> List<T> {
    /// The entries, cut or not.
    pub(crate) fn into_entries(self) -> Vec<T> {
        self.entries
    }

    fn of_one(entry: T) -> Self {
        Self { entries: vec![entry], cut: false }
    }
}

/// An id or a name; some clouds write them as numbers.
impl ReadInto for PhantomData<String> {
    type Value = String;

    fn number(self, number: i64) -> Option<String> {
        Some(number.to_string())
    }

    fn text(self, text: &str) -> Option<String> {
        Some(text.to_owned())
    }
}

impl ReadInto for PhantomData<Timestamp> {
    type Value = Timestamp;

    fn number(self, _: i64) -> Option<Timestamp> {
        Some(Timestamp(None))
    }

    fn text(self, text: &str) -> Option<Timestamp> {
        Some(Timestamp(timestamp::parse(text)))
    }
}

impl ReadInto for PhantomData<Zeroizing<String>> {
    type Value = Zeroizing<String>;

    fn text(self, text: &str) -> Option<Zeroizing<String>> {
        Some(Zeroizing::new(text.to_owned()))
    }
}

/// `true`, `"true"` (NHN Cloud's table of types) or `1`.
impl ReadInto for PhantomData<bool> {
    type Value = bool;

    fn bool(self, flag: bool) -> Option<bool> {
        Some(flag)
    }

    fn number(self, number: i64) -> Option<bool> {
        match number {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn text(self, text: &str) -> Option<bool> {
        match text {
            _ if text.eq_ignore_ascii_case("true") => Some(true),
            _ if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }
}

impl<T: for<'a> Deserialize<'a>> ReadInto for PhantomData<Object<T>> {
    type Value = Object<T>;

    fn map<'de, A: MapAccess<'de>>(self, map: A) -> Result<Option<Object<T>>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|object| Some(Object(object)))
    }
}

impl<T> ReadInto for PhantomData<List<T>>
where
    PhantomData<T>: ReadInto<Value = T>,
{
    type Value = List<T>;

    fn text(self, text: &str) -> Option<List<T>> {
        PhantomData::<T>.text(text).map(List::of_one)
    }

    fn map<'de, A: MapAccess<'de>>(self, map: A) -> Result<Option<List<T>>, A::Error> {
        Ok(PhantomData::<T>.map(map)?.map(List::of_one))
    }

    fn seq<'de, A: SeqAccess<'de>>(self, mut seq: A) -> Result<Option<List<T>>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = seq.next_element::<Field<T>>()? {
            let Some(entry) = entry.ok() else { continue };
            if entries.len() == limits::LIST {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(Some(List { entries, cut: true }));
            }
            entries.push(entry);
        }
        Ok(Some(List { entries, cut: false }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T>(json: &str) -> Field<T>
    where
        PhantomData<T>: ReadInto<Value = T>,
    {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_field_takes_any_json() {
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
    fn a_list_takes_one_entry_and_skips_wrong_types() {
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
