//! Entries of a store.

use std::time::Duration;

use auth_proto::{
    Action, Credential, Entry, Scope, Session, Settings, Taken, Token, UserRef, limits,
};
use time::UtcDateTime;

use crate::{
    checks::{PART, check_error, check_hidden, check_text},
    input::{STOCK, expanded},
    tokens::check_token,
};

/// Any entry of a store.
///
/// It is read and written as the same bytes, or it is no entry. Its text is short and clean, and
/// shows no token. A session uses its token only if that fits.
pub fn store_entry(data: &[u8]) {
    let data = expanded(data);
    let Some(entry) = Entry::from_bytes(&data) else { return };
    assert!(*entry.to_bytes() == *data, "{entry:?} has another form");
    assert!(data.len() <= limits::ENTRY, "{} bytes", data.len());
    // The longest life is that of a token.
    assert!(entry.life() <= limits::TOKEN_LIFETIME, "{:?}", entry.life());
    let label = entry.label();
    for text in [label.identity_service(), label.user(), label.scope()] {
        check_text(text, PART);
    }
    // A label that is made up may repeat the token.
    let shown = format!("{entry:?}").replace(&format!("{label:?}"), "");
    check_text(&shown, 4 * PART);
    match token(&data) {
        Some(token) => {
            assert!(token.is_empty() || token.iter().all(u8::is_ascii_graphic));
            if token.len() > 16 {
                check_hidden(&String::from_utf8_lossy(token), [shown.as_str()]);
            }
        }
        None => assert!(entry.life() <= limits::RETRY_AFTER + KNOWN_AFTER, "{entry:?}"),
    }
    take(entry);
}

/// Hands the entry to a session that wants a token of `project`.
fn take(entry: Entry) {
    let (scope, now) = (Scope::project_id("project"), UtcDateTime::UNIX_EPOCH);
    let credential = Credential::password(UserRef::id("user"), "correct horse battery staple");
    let settings = Settings::default().with_store();
    let mut session = Session::new(STOCK.clone(), credential, settings).expect("the input is good");
    let Action::Take(pending, _) = session.poll(&scope, now) else { panic!("no question") };
    let found = Taken::Found { entry, generation: 1, age: Duration::ZERO };
    session.handle_taken(pending, found, now).expect("the session's own question");
    match session.poll(&scope, now) {
        Action::Use(token) => check_fits(&token),
        Action::Fail(error) => check_error(&error),
        // For a newer entry, or after the pause.
        Action::Take(..) | Action::Wait(_) => {}
        other => panic!("{other:?}"),
    }
}

fn check_fits(token: &Token) {
    check_token(token);
    let project = token.project().expect("a token of another scope");
    assert!(project.id.as_ref().is_none_or(|id| id.to_lowercase() == "project"), "{project:?}");
}

/// The texts of a label.
const LABEL_TEXTS: usize = 3;

/// How long a refusal is known after its pause.
const KNOWN_AFTER: Duration = Duration::from_secs(4 * 3600);

/// The token of an answer.
fn token(data: &[u8]) -> Option<&[u8]> {
    let (head, mut rest) = data.split_at_checked(10)?;
    if !matches!(head, [1, 2 | 3, ..]) {
        return None;
    }
    for _ in 0..LABEL_TEXTS {
        let (length, text) = rest.split_first_chunk()?;
        rest = text.get(u16::from_be_bytes(*length).into()..)?;
    }
    let (length, rest) = rest.split_first_chunk()?;
    rest.get(..u32::from_be_bytes(*length) as usize)
}
