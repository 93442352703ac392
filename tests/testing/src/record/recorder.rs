use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{Loopback, Received, Reply, needles::Needles};

/// A log of which secret reached which party, in any spelling.
pub struct Recorder {
    secrets: Vec<(&'static str, Needles)>,
    pairs: Mutex<BTreeSet<(&'static str, &'static str)>>,
}

impl Recorder {
    /// A log of these secrets: a name, and the text or the beginning of it.
    pub fn new(secrets: &[(&'static str, &str)]) -> Arc<Self> {
        // The secret of an OAuth client is encoded twice: as in a form, and for HTTP Basic.
        let needles = |text: &str| Needles::new(&[text, &in_form(text)]);
        let secrets = secrets.iter().map(|(name, text)| (*name, needles(text))).collect();
        Arc::new(Self { secrets, pairs: Mutex::default() })
    }

    /// A server of this party, whose requests are noted.
    pub fn server(
        self: &Arc<Self>,
        party: &'static str,
        reply: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    ) -> Loopback {
        let recorder = Arc::clone(self);
        Loopback::start(move |request| {
            recorder.note(party, request.text.as_bytes());
            reply(request)
        })
    }

    /// Notes a request, head and body, that a party received.
    pub fn note(&self, party: &'static str, request: &[u8]) {
        let found =
            self.secrets.iter().filter(|(_, needles)| needles.find(request).next().is_some());
        let mut pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        pairs.extend(found.map(|(name, _)| (party, *name)));
    }

    /// The pairs of a party and a secret so far, in order.
    pub fn pairs(&self) -> Vec<(&'static str, &'static str)> {
        self.pairs.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}

/// The text as a form has it.
fn in_form(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b' ' => "+".to_owned(),
        _ if byte.is_ascii_alphanumeric() || b"*-._".contains(&byte) => char::from(byte).into(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};

    use super::*;

    #[test]
    fn a_secret_is_noted_in_any_spelling() {
        let basic = |pair: &str| format!("Authorization: Basic {}\r\n", STANDARD.encode(pair));
        for spelled in [
            "POST /s3cret%20pass%2F HTTP/1.1\r\n\r\n".to_owned(),
            "password=s3cret+pass%2F&x=".to_owned(),
            basic("me:s3cret pass/"),
            basic("me:s3cret+pass%2F"),
            "{\"password\": \"s3cret pass/word\"}".to_owned(),
        ] {
            let recorder =
                Recorder::new(&[("password", "s3cret pass/"), ("token", "s3cret-token")]);
            recorder.note("service", b"GET / HTTP/1.1\r\n\r\n");
            assert_eq!(recorder.pairs(), []);
            recorder.note("service", spelled.as_bytes());
            recorder.note("service", spelled.as_bytes());
            assert_eq!(recorder.pairs(), [("service", "password")], "{spelled}");
        }
    }
}
