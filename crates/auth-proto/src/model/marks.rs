//! What origins have made of a token: accepted it, or refused it.

use std::{
    fmt,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use http::Uri;

use crate::{limits, url::Origin};

/// A list with an entry for each origin that has answered a request with the token. Callers read
/// and set marks without a lock, because each call does it. After [`limits::ORIGINS`] entries, all
/// further origins share one more.
#[derive(Default)]
pub(crate) struct Marks(OnceLock<Box<Mark>>);

/// The marks of one origin.
struct Mark {
    /// `None` for URIs without an origin.
    origin: Option<Origin<'static>>,
    is_accepted: AtomicBool,
    is_refused: AtomicBool,
    next: Marks,
}

impl Marks {
    /// Notes that this origin has accepted the token.
    pub(crate) fn accept(&self, origin: &Option<Origin<'_>>) {
        let mark = self.entry(origin);
        // A mark that is set already costs no write to memory that all callers read.
        if !mark.is_accepted.load(Relaxed) {
            mark.is_accepted.store(true, Relaxed);
        }
    }

    /// Notes whether callers of this origin need another token.
    pub(crate) fn refuse(&self, origin: &Option<Origin<'_>>, is_refused: bool) {
        self.entry(origin).is_refused.store(is_refused, Relaxed);
    }

    pub(crate) fn is_accepted(&self, origin: &Option<Origin<'_>>) -> bool {
        self.find(origin).is_some_and(|mark| mark.is_accepted.load(Relaxed))
    }

    /// Whether any origin has refused the token. Hardly ever, so callers ask this before they look
    /// at their URL.
    pub(crate) fn has_refusal(&self) -> bool {
        self.iter().any(|mark| mark.is_refused.load(Relaxed))
    }

    pub(crate) fn is_accepted_anywhere(&self) -> bool {
        self.iter().any(|mark| mark.is_accepted.load(Relaxed))
    }

    pub(crate) fn is_refused(&self, origin: &Option<Origin<'_>>) -> bool {
        self.find(origin).is_some_and(|mark| mark.is_refused.load(Relaxed))
    }

    fn find(&self, origin: &Option<Origin<'_>>) -> Option<&Mark> {
        // A full list ends with the entry that all further origins share.
        let is_shared = |index| index == limits::ORIGINS;
        let mut marks = self.iter().enumerate();
        let found = marks.find(|(index, mark)| mark.origin == *origin || is_shared(*index));
        found.map(|(_, mark)| mark)
    }

    /// The entry of this origin, which is created if missing.
    fn entry(&self, origin: &Option<Origin<'_>>) -> &Mark {
        let (mut list, mut index) = (self, 0);
        loop {
            let mark = list.0.get_or_init(|| Box::new(Mark::new(origin.clone())));
            if mark.origin == *origin || index == limits::ORIGINS {
                return mark;
            }
            (list, index) = (&mark.next, index + 1);
        }
    }

    fn iter(&self) -> impl Iterator<Item = &Mark> {
        std::iter::successors(self.0.get(), |mark| mark.next.0.get()).map(|mark| &**mark)
    }
}

/// The origin of a URI, as [`Marks`] compare it.
pub(crate) fn origin(uri: &Uri) -> Option<Origin<'_>> {
    Origin::of(uri).ok()
}

impl Mark {
    fn new(origin: Option<Origin<'_>>) -> Self {
        Self {
            origin: origin.map(Origin::into_owned),
            is_accepted: AtomicBool::new(false),
            is_refused: AtomicBool::new(false),
            next: Marks::default(),
        }
    }
}

/// A copy of a token has no history.
impl Clone for Marks {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for Marks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|mark| &mark.origin)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<Origin<'static>> {
        origin(&text.parse().unwrap()).map(Origin::into_owned)
    }

    #[test]
    fn marks_belong_to_an_origin() {
        let marks = Marks::default();
        assert!(!marks.is_accepted(&at("https://a.example/x")));
        marks.accept(&at("https://a.example/x"));
        assert!(!marks.has_refusal());
        marks.refuse(&at("https://b.example/"), true);
        assert!(marks.has_refusal());
        for (text, accepted, refused) in [
            ("https://A.example:443/y?z", true, false),
            ("http://a.example/x", false, false),
            ("https://a.example:8443/x", false, false),
            ("https://b.example", false, true),
            ("/path", false, false),
        ] {
            let marked = (marks.is_accepted(&at(text)), marks.is_refused(&at(text)));
            assert_eq!(marked, (accepted, refused), "{text}");
        }
        marks.refuse(&at("https://b.example/"), false);
        assert!(!marks.is_refused(&at("https://b.example/")));
        assert!(!marks.clone().is_accepted(&at("https://a.example/x")));
    }

    #[test]
    fn a_full_list_shares_its_last_entry() {
        let marks = Marks::default();
        let host = |n| at(&format!("https://h{n}.example"));
        for n in 0..limits::ORIGINS + 2 {
            marks.accept(&host(n));
        }
        assert_eq!(marks.iter().count(), limits::ORIGINS + 1);
        marks.refuse(&host(limits::ORIGINS + 7), true);
        let last = limits::ORIGINS - 1;
        assert!(marks.is_refused(&host(last + 1)) && !marks.is_refused(&host(last)));
    }
}
