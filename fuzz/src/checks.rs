//! Checks of every shown text.

use auth_proto::{Code, Error, Fault, limits, text::is_unprintable};

/// Checks that an error's text is short and clean.
pub(crate) fn check_error(error: &Error) {
    // Three parts of a fault with every character escaped, and our own words.
    const LONGEST: usize = 4 * PART;
    check_text(&error.to_string(), LONGEST);
    check_text(&format!("{error:?}"), 2 * LONGEST);
}

/// Checks that each part of a fault is short and clean.
pub(crate) fn check_fault(fault: &Fault) {
    let code = match &fault.code {
        Some(Code::Text(text)) => Some(text),
        _ => None,
    };
    for part in [code, fault.title.as_ref(), fault.message.as_ref()].into_iter().flatten() {
        check_text(part, PART);
    }
}

/// The bytes of [`limits::ERROR_TEXT`] escaped characters and the mark of a cut.
pub(crate) const PART: usize = limits::ERROR_TEXT * r"\u{e0041}".len() + '…'.len_utf8();

/// Checks that no character moves a terminal's cursor, turns the direction of text or hides other
/// text.
pub(crate) fn check_text(text: &str, longest: usize) {
    assert!(text.len() <= longest, "{} bytes, at most {longest}: {text:?}", text.len());
    for c in text.chars() {
        assert!(!is_unprintable(c), "{c:?} in {text:?}");
    }
}

/// Checks that no text contains the secret.
pub(crate) fn check_hidden<'t>(secret: &str, texts: impl IntoIterator<Item = &'t str>) {
    for text in texts {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
