//! The texts of values, and the types that were checked.

use std::{
    any::type_name_of_val,
    collections::BTreeSet,
    error::Error,
    fmt::{Debug, Display},
};

use serde::Serialize;

use crate::canaries::{self, seen_in};

/// The types that were checked, and their texts.
#[derive(Default)]
pub(crate) struct Walk {
    /// Crate and name of each type.
    pub(crate) types: BTreeSet<(String, String)>,
    pub(crate) text: String,
}

impl Walk {
    pub(crate) fn add<T>(&mut self, value: &T, text: &str) {
        let name = type_name_of_val(value);
        assert_eq!(seen_in(text), None, "{name} shows a secret:\n{text}");
        let path = name.trim_start_matches('&').trim_start_matches("mut ");
        let path = path.split('<').next().unwrap_or(path);
        let package = path.split("::").next().unwrap_or(path);
        let own = path.rsplit("::").next().unwrap_or(path);
        self.types.insert((package.to_owned(), own.to_owned()));
        self.text += text;
        self.text.push('\n');
    }
}

/// Checks values: `Debug`, `Display`, error sources and `Serialize`, as far as each type has them.
macro_rules! see {
    ($walk:expr, $($value:expr),+ $(,)?) => {$({
        #[allow(unused_imports, reason = "some values have all of them")]
        use $crate::walk::{Nothing as _, Shows};
        let value = &$value;
        let shows = Shows(value);
        let text = [shows.debug(), shows.display(), shows.causes(), shows.serialized()].join("\n");
        $walk.add(value, &text);
    })+};
}
pub(crate) use see;

/// An inherent method precedes the trait's, so that each text is taken where the type implements it.
pub(crate) struct Shows<'a, T>(pub(crate) &'a T);

/// The empty text of a type that lacks the trait.
pub(crate) trait Nothing {
    fn debug(&self) -> String {
        String::new()
    }
    fn display(&self) -> String {
        String::new()
    }
    fn causes(&self) -> String {
        String::new()
    }
    fn serialized(&self) -> String {
        String::new()
    }
}

impl<T> Nothing for Shows<'_, T> {}

impl<T: Debug> Shows<'_, T> {
    pub(crate) fn debug(&self) -> String {
        format!("{0:?}\n{0:#?}", self.0)
    }
}

impl<T: Display> Shows<'_, T> {
    pub(crate) fn display(&self) -> String {
        self.0.to_string()
    }
}

impl<T: Error> Shows<'_, T> {
    pub(crate) fn causes(&self) -> String {
        canaries::shown(self.0)
    }
}

impl<T: Serialize> Shows<'_, T> {
    pub(crate) fn serialized(&self) -> String {
        serde_json::to_string_pretty(self.0).unwrap()
    }
}

#[test]
fn every_text_of_a_type_is_checked() {
    #[derive(Debug)]
    struct Leaky(#[expect(dead_code, reason = "shown")] &'static str);
    for (leaks, look) in [
        (true, (|walk| see!(walk, Leaky(canaries::PASSCODE))) as fn(&mut Walk)),
        (true, |walk| see!(walk, format_args!("{}", canaries::PASSWORD))),
        (true, |walk| see!(walk, std::io::Error::other(canaries::TOKEN))),
        (true, |walk| see!(walk, serde_json::json!([canaries::RECEIPT]))),
        (false, |walk| see!(walk, Leaky("nothing"))),
        (false, |walk| see!(walk, || canaries::PASSCODE)),
    ] {
        let result = std::panic::catch_unwind(|| look(&mut Walk::default()));
        assert_eq!(result.is_err(), leaks);
    }
}
