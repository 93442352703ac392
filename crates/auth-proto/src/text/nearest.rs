//! The most similar known name, for an unknown one.

use crate::limits;

/// The candidate that is most similar to `wanted`, if it is close enough for a typing error: at
/// most three letters differ, and at most a third of all. Of equally similar ones, the first in
/// alphabetical order.
pub(crate) fn nearest<'a>(
    wanted: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let wanted = letters(wanted)?;
    let allowed = (wanted.len() / 3).min(3);
    let near = candidates.into_iter().filter_map(|candidate| {
        let letters = letters(candidate)?;
        // The distance is at least the difference in length.
        let steps = (letters.len().abs_diff(wanted.len()) <= allowed)
            .then(|| distance(&wanted, &letters))?;
        (steps <= allowed).then_some((steps, candidate))
    });
    near.min().map(|(_, candidate)| candidate)
}

/// The letters in lower case; `None` if the name is longer than [`limits::SUGGESTION_INPUT`].
fn letters(name: &str) -> Option<Vec<char>> {
    (name.len() <= limits::SUGGESTION_INPUT)
        .then(|| name.chars().flat_map(char::to_lowercase).collect())
}

/// The Levenshtein distance: the number of letters to insert, delete or replace. Computed row by
/// row.
fn distance(from: &[char], to: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (above, a) in from.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (column, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_have_a_suggestion() {
        let types = ["compute", "network", "image", "object-store", "volumev3"];
        for (wanted, want) in [
            ("comptue", Some("compute")),
            ("Compute", Some("compute")),
            ("compute ", Some("compute")),
            ("objectstore", Some("object-store")),
            ("object-storage", Some("object-store")),
            ("volume", Some("volumev3")),
            ("images", Some("image")),
            ("dns", None),
            ("", None),
            ("computation", None),
        ] {
            assert_eq!(nearest(wanted, types), want, "{wanted}");
        }
        assert_eq!(nearest("ab", ["ac"]), None, "too short to tell");
        assert_eq!(nearest("abc", ["abe", "abd"]), Some("abd"));
        assert_eq!(nearest(&"x".repeat(100), ["x".repeat(100).as_str()]), None);
    }

    #[test]
    fn distances() {
        let of = |a: &str, b: &str| distance(&letters(a).unwrap(), &letters(b).unwrap());
        for (a, b, want) in
            [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("ab", "ba", 2)]
        {
            assert_eq!(of(a, b), want, "{a} {b}");
            assert_eq!(of(b, a), want, "{b} {a}");
        }
    }
}
