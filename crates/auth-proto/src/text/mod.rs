//! Foreign text made fit to be shown.

pub(crate) mod nearest;
pub(crate) mod redact;
pub mod timestamp;

use crate::limits;

/// Whether a character is no part of a text that people read: it steers a terminal, ends a line,
/// changes the direction of writing, or hides, as what nobody sees does.
///
/// What the errors of this crate quote is free of these. Whoever prints a server's names, which are
/// handed over as they came, should replace or escape them. Letters, accents and emoji are none of
/// them, but the joiners and selectors that change a letter's or an emoji's look are.
pub fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            // Unicode's `Default_Ignorable_Code_Point`, which has all of `Bidi_Control`.
            '\u{AD}'
                | '\u{34F}'
                | '\u{61C}'
                | '\u{115F}'..='\u{1160}'
                | '\u{17B4}'..='\u{17B5}'
                | '\u{180B}'..='\u{180F}'
                | '\u{200B}'..='\u{200F}'
                | '\u{202A}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{3164}'
                | '\u{FE00}'..='\u{FE0F}'
                | '\u{FEFF}'
                | '\u{FFA0}'
                | '\u{FFF0}'..='\u{FFF8}'
                | '\u{1BCA0}'..='\u{1BCA3}'
                | '\u{1D173}'..='\u{1D17A}'
                | '\u{E0000}'..='\u{E0FFF}'
                // Separators of lines and paragraphs, and the marks of interlinear annotations.
                | '\u{2028}'..='\u{2029}'
                | '\u{FFF9}'..='\u{FFFB}'
        )
}

/// At most [`limits::ERROR_TEXT`] characters of `text`, on one line: a line break or a tab becomes a
/// blank, other unprintable characters are escaped.
pub(crate) fn shown(text: &str) -> String {
    shown_within(text, limits::ERROR_TEXT)
}

pub(crate) fn shown_within(text: &str, limit: usize) -> String {
    // Room for most, so that no copy of what is not fit to be shown is left behind when it grows.
    let mut out = String::with_capacity(text.len().min(4 * limit) + '…'.len_utf8());
    let mut count = 0;
    let mut after_break = false;
    for c in text.trim().chars() {
        // The indentation of the next line belongs to the line break.
        let is_break = matches!(c, '\n' | '\r' | '\t');
        if after_break && (is_break || c == ' ') {
            continue;
        }
        after_break = is_break;
        if count == limit {
            out.push('…');
            break;
        }
        count += 1;
        match c {
            _ if is_break && out.ends_with(' ') => {}
            _ if is_break => out.push(' '),
            c if is_unprintable(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use regex_syntax::hir::{Class, HirKind};

    use super::*;

    #[test]
    fn whatever_unicode_hides_or_turns_is_harmful_and_nothing_else() {
        let harmful = r"(?x) [
            \p{Default_Ignorable_Code_Point} \p{Bidi_Control} \p{Cc} \p{Zl} \p{Zp} \u{FFF9}-\u{FFFB}
        ]";
        let parsed = regex_syntax::parse(harmful).unwrap();
        let HirKind::Class(Class::Unicode(harmful)) = parsed.kind() else { panic!("{parsed:?}") };
        let ranges = harmful.ranges();
        let wrong: Vec<char> = ('\0'..=char::MAX)
            .filter(|c| {
                is_unprintable(*c) != ranges.iter().any(|r| r.start() <= *c && *c <= r.end())
            })
            .collect();
        assert_eq!(wrong, []);
    }

    #[test]
    fn control_and_direction_marks_are_escaped() {
        assert_eq!(shown("a\u{1b}[31m\u{202e}b\n"), "a\\u{1b}[31m\\u{202e}b");
        assert_eq!(shown("a\u{61c}b\u{e0041}"), "a\\u{61c}b\\u{e0041}");
        assert_eq!(shown("요청 ✓ é e\u{301} 😀"), "요청 ✓ é e\u{301} 😀");
    }

    #[test]
    fn line_breaks_and_tabs_become_one_blank() {
        assert_eq!(shown("one \ntwo"), "one two");
        assert_eq!(shown("one\r\n\ttwo\n\n  three\tfour\n"), "one two three four");
        assert_eq!(
            shown("two  blanks stay, \u{b}\u{2028} are escaped"),
            "two  blanks stay, \\u{b}\\u{2028} are escaped"
        );
        assert_eq!(shown_within("a\n\n\nbcd", 3), "a b…");
        assert_eq!(shown_within("abc\n", 3), "abc");
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(shown_within("abcdef", 3), "abc…");
        assert_eq!(shown_within("abc", 3), "abc");
    }
}
