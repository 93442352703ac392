//! Untrusted text, escaped for display.

use std::path::Path;

use auth_proto::text::is_unprintable;

use crate::limits::ERROR_TEXT;

/// The first [`ERROR_TEXT`] characters, with control and invisible characters escaped.
pub(crate) fn shown(text: &str) -> String {
    let mut out = String::new();
    text.chars().take(ERROR_TEXT).for_each(|letter| push(&mut out, letter));
    if text.chars().nth(ERROR_TEXT).is_some() {
        out.push('…');
    }
    out
}

/// A path in full length, with unprintable characters escaped, but not quotes and backslashes.
pub(crate) fn shown_path(path: &Path) -> String {
    let mut out = String::new();
    for letter in path.to_string_lossy().chars() {
        match letter {
            '\'' | '"' | '\\' => out.push(letter),
            _ => push(&mut out, letter),
        }
    }
    out
}

fn push(out: &mut String, letter: char) {
    // `escape_debug` leaves some invisible letters as they are.
    if is_unprintable(letter) && !letter.is_control() {
        out.extend(letter.escape_unicode());
    } else {
        out.extend(letter.escape_debug());
    }
}

/// Names, separated by commas.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.into_iter().map(shown).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_unprintable_texts_are_shown_safely() {
        assert_eq!(shown("a\u{1b}[31m\n"), "a\\u{1b}[31m\\n");
        assert_eq!(shown("a\u{61c}b\u{3164}요청"), "a\\u{61c}b\\u{3164}요청");
        assert_eq!(shown_path(Path::new("/'\u{3164}")), "/'\\u{3164}");
        assert_eq!(shown(&"x".repeat(200)).chars().count(), ERROR_TEXT + 1);
        assert_eq!(listed([]), "none");
        assert_eq!(listed(["a", "b"]), "a, b");
    }
}
