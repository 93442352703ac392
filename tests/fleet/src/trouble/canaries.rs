//! The search for secrets and names in all spellings.

use std::cell::OnceCell;

use testing::needles::Needles;

use crate::scenario::Tally;

/// Texts that may be nowhere.
#[derive(Default)]
pub(super) struct Canaries {
    texts: Vec<String>,
    needles: OnceCell<Needles>,
}

impl Canaries {
    pub(super) fn add(&mut self, text: &str) {
        self.texts.push(text.to_owned());
        self.needles = OnceCell::new();
    }

    /// Each text also backwards, and as UTF-16 of both orders.
    fn needles(&self) -> &Needles {
        self.needles.get_or_init(|| {
            let spelled: Vec<String> = self.texts.iter().flat_map(|text| spelled(text)).collect();
            Needles::new(&spelled.iter().map(String::as_str).collect::<Vec<_>>())
        })
    }

    /// Looks for all of them. Returns the number of bytes that were searched.
    pub(super) fn search(&self, place: &str, bytes: &[u8], tally: &mut Tally) -> u64 {
        for found in self.needles().find(bytes) {
            tally.holds(
                format!("no canary of {} bytes in {place} ({})", found.bytes, found.spelling),
                false,
            );
        }
        bytes.len() as u64
    }

    pub(super) fn are_in(&self, bytes: &[u8]) -> bool {
        self.needles().find(bytes).next().is_some()
    }

    /// Each of them is found in each spelling, where it is.
    pub(super) fn check(&self, tally: &mut Tally) {
        tally.figure("canaries", self.texts.len() as u64);
        tally.holds("there are 20 canaries", self.texts.len() >= 20);
        for text in &self.texts {
            for spelled in spelled(text) {
                let is_found = self.are_in(format!("before{spelled}behind").as_bytes());
                tally.holds("a canary is found", is_found);
            }
        }
    }
}

fn spelled(text: &str) -> [String; 4] {
    let wide: String = text.chars().flat_map(|c| [c, '\0']).collect();
    let other: String = text.chars().flat_map(|c| ['\0', c]).collect();
    [text.to_owned(), text.chars().rev().collect(), wide, other]
}
