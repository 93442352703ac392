//! What holds for every text that is shown, whatever a server wrote.

use auth_proto::{Code, Error, Fault, limits, text::is_unprintable};

/// An error's text is short and clean.
pub(crate) fn check_error(error: &Error) {
    // Three parts of a fault, every character escaped, and our own words.
    const LONGEST: usize = 4 * PART;
    check_text(&error.to_string(), LONGEST);
    check_text(&format!("{error:?}"), 2 * LONGEST);
}

/// So is each part of what a service says.
pub(crate) fn check_fault(fault: &Fault) {
    let code = match &fault.code {
        Some(Code::Text(text)) => Some(text),
        _ => None,
    };
    for part in [code, fault.title.as_ref(), fault.message.as_ref()].into_iter().flatten() {
        check_text(part, PART);
    }
}

/// As much as [`limits::ERROR_TEXT`] characters take, each of them escaped, and the mark of a cut.
const PART: usize = limits::ERROR_TEXT * r"\u{e0041}".len() + '…'.len_utf8();

/// Nothing in it moves a terminal's cursor, turns the direction of writing or hides other text.
pub(crate) fn check_text(text: &str, longest: usize) {
    assert!(text.len() <= longest, "{} bytes, at most {longest}: {text:?}", text.len());
    for c in text.chars() {
        assert!(!is_unprintable(c), "{c:?} in {text:?}");
    }
}

/// None of these texts holds the secret.
pub(crate) fn check_hidden<'t>(secret: &str, texts: impl IntoIterator<Item = &'t str>) {
    for text in texts {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
