//! Foreign text made fit to be shown.

use crate::limits;

/// At most [`limits::SHOWN`] characters of `text`, with nothing in it that moves a terminal's
/// cursor or turns the direction of writing.
pub(crate) fn shown(text: &str) -> String {
    shown_within(text, limits::SHOWN)
}

pub(crate) fn shown_within(text: &str, limit: usize) -> String {
    // Room for most, so that no copy of what is not fit to be shown is left behind when it grows.
    let mut out = String::with_capacity(text.len().min(4 * limit) + '…'.len_utf8());
    for (count, c) in text.trim().chars().enumerate() {
        if count == limit {
            out.push('…');
            break;
        }
        if c.is_control() || is_invisible(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Line and paragraph separators, the marks that reorder or hide what stands beside them, and tags,
/// which are letters that nobody sees.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{61C}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}'
            | '\u{E0000}'..='\u{E007F}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_direction_marks_are_escaped() {
        assert_eq!(shown("a\u{1b}[31m\u{202e}b\n"), "a\\u{1b}[31m\\u{202e}b");
        assert_eq!(shown("a\u{61c}b\u{e0041}"), "a\\u{61c}b\\u{e0041}");
        assert_eq!(shown("요청 ✓"), "요청 ✓");
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(shown_within("abcdef", 3), "abc…");
        assert_eq!(shown_within("abc", 3), "abc");
    }
}
