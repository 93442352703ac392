//! Text from outside: made safe to print, and searched for secrets and misspellings.

pub(crate) mod nearest;
pub(crate) mod redact;
pub mod timestamp;

use crate::limits;

/// Whether a character must be escaped before a text is printed: it controls a terminal, ends a
/// line, changes the direction of writing, or is invisible.
///
/// The errors of this crate escape these characters in the texts that they quote, and show a line
/// break or tab as a blank. A server's names are returned unchanged; a program that prints them
/// should replace or escape these characters.
/// Letters, accents and emoji are printable. The joiners and variation selectors that change the
/// look of a letter or an emoji are not.
pub fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            // Unicode's `Default_Ignorable_Code_Point`, which includes all of `Bidi_Control`.
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
                // Separators of lines and paragraphs, marks of interlinear annotations.
                | '\u{2028}'..='\u{2029}'
                | '\u{FFF9}'..='\u{FFFB}'
        )
}

/// At most [`limits::ERROR_TEXT`] characters of `text`, in one line: line breaks and tabs, with the
/// blanks around them, become one blank, and other unprintable characters are escaped.
pub(crate) fn shown(text: &str) -> String {
    shown_within(text, limits::ERROR_TEXT)
}

/// As [`shown`], with another limit.
pub(crate) fn shown_within(text: &str, limit: usize) -> String {
    // With enough capacity the text rarely moves: a move would leave a copy in freed memory.
    let mut out = String::with_capacity(text.len().min(4 * limit) + '…'.len_utf8());
    let (mut count, mut after_break) = (0, false);
    for c in text.trim().chars() {
        let is_break = matches!(c, '\n' | '\r' | '\t');
        let is_shown = match c {
            _ if is_break => !out.ends_with(' '),
            ' ' => !after_break,
            _ => true,
        };
        after_break = is_break || (c == ' ' && after_break);
        if !is_shown {
            continue;
        }
        if count == limit {
            out.push('…');
            break;
        }
        count += 1;
        match c {
            _ if is_break => out.push(' '),
            _ if is_unprintable(c) => out.extend(c.escape_unicode()),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use regex_syntax::hir::{Class, HirKind};

    use super::*;

    #[test]
    fn unprintable_characters_are_those_of_unicode() {
        let unprintable = r"(?x) [
            \p{Default_Ignorable_Code_Point} \p{Bidi_Control} \p{Cc} \p{Zl} \p{Zp} \u{FFF9}-\u{FFFB}
        ]";
        let parsed = regex_syntax::parse(unprintable).unwrap();
        let HirKind::Class(Class::Unicode(unprintable)) = parsed.kind() else {
            panic!("{parsed:?}")
        };
        let ranges = unprintable.ranges();
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
    fn a_line_break_is_one_blank() {
        for (text, want) in [
            ("a\nb", "a b"),
            ("a\r\n\t b", "a b"),
            ("a \n b", "a b"),
            ("a  b", "a  b"),
            ("\na\n", "a"),
            ("a\u{b}\n\u{2028}b", "a\\u{b} \\u{2028}b"),
        ] {
            assert_eq!(shown(text), want, "{text:?}");
        }
        assert_eq!(shown_within("a\n\n\nbc", 3), "a b…");
        assert_eq!(shown_within("a\n\n\nb", 3), "a b");
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(shown_within("abcdef", 3), "abc…");
        assert_eq!(shown_within("abc", 3), "abc");
    }
}
