//! A store: what it answers, and the notes that it is told.

use std::{collections::BTreeSet, time::Duration};

use auth_proto::{Entry, Lease, Name, Note, PendingRequest, Taken, Want};

use super::{
    Given, PROJECTS, SCOPES, Simulation, answers,
    ops::{Said, Shared},
    reference::{self, Cause, Content, LEASE, Late, Reference, Told, UNSCOPED, Verdict},
};

/// The store's side of a walk.
#[derive(Default)]
pub(super) struct StoreSide {
    /// The names of the entries that were asked for: of a scope, with a credential.
    names: Vec<((usize, u32), Name)>,
    /// The generation of the last lease.
    last: u64,
    /// The leases that were given and not told back.
    leases: BTreeSet<(usize, u32, u64)>,
    /// The lease of another process, for each scope.
    busy: [u64; 5],
}

/// What the store answers, as the session and the model get it.
enum Answer {
    Busy,
    Led(u64),
    Pause(u64, Cause, bool, Duration, Duration),
    Silent,
    Token(u64, reference::Entry),
}

/// The longest life of an entry, in milliseconds.
const LONGEST: u64 = 30 * 86_400_000;
const DAY: u64 = 86_400_000;

impl Simulation {
    /// The question is one for an entry of this scope.
    pub(super) fn compare_want(&mut self, index: usize, want: &Want) {
        assert_eq!(want.newer_than(), self.model.scopes[index].share.known);
        assert_eq!(want.lease(), LEASE);
        let key = (index, self.credential);
        let known =
            self.store.names.iter().find(|(known, name)| *known == key || name == want.name());
        match known {
            Some((known, name)) => assert!(*known == key && name == want.name(), "{key:?}"),
            None => self.store.names.push((key, want.name().clone())),
        }
    }

    /// The scope of a question. A new name is that of a scope that has none.
    pub(super) fn place_of_want(
        &self,
        want: &Want,
        results: &[(Verdict, Late, Reference)],
    ) -> usize {
        let names = &self.store.names;
        let is_new = |index: usize| names.iter().all(|(key, _)| *key != (index, self.credential));
        match names.iter().find(|(_, name)| name == want.name()) {
            Some(((index, _), _)) => *index,
            None => {
                let mut expected = results.iter().filter_map(|(verdict, ..)| match verdict {
                    Verdict::Take(index) => Some(*index),
                    _ => None,
                });
                expected.find(|index| is_new(*index)).unwrap_or(UNSCOPED)
            }
        }
    }

    fn key_of(&self, name: &Name) -> (usize, u32) {
        self.store.names.iter().find(|(_, known)| known == name).unwrap().0
    }

    /// The store answers.
    pub(super) fn answer_want(
        &mut self,
        index: usize,
        request: PendingRequest,
        want: &Want,
        said: &Said,
    ) {
        let (taken, answer) = self.answer_of(index, want, said);
        self.session.handle_taken(request, taken, self.now).unwrap();
        self.listen();
        let (is_late, name) = (!self.model.is_taking(index), self.key_of(want.name()));
        let model = &mut self.model;
        match answer {
            Answer::Led(generation) if is_late => model.is_led_late(name, generation),
            _ if is_late => {}
            Answer::Busy => {
                model.misses += 1;
                model.is_busy(index);
            }
            Answer::Led(generation) => {
                model.misses += 1;
                model.is_led(index, generation);
            }
            Answer::Pause(generation, cause, is_refusal, rest, age) => {
                let is_of_use = model.finds(index, generation)
                    && model.finds_pause(index, (cause, is_refusal), rest, age);
                model.misses += u64::from(!is_of_use);
            }
            Answer::Silent => model.has_no_answer(index),
            Answer::Token(generation, entry) => {
                if model.finds(index, generation) && model.finds_token(index, generation, entry) {
                    // It is used no longer than the entry lives.
                    let end = Some(self.model.now + entry.rest);
                    self.tokens[entry.id] = Given { token: None, end, index };
                } else {
                    self.model.misses += 1;
                }
            }
        }
    }

    /// The answer to a question that no longer counts is a lease.
    pub(super) fn answer_late_want(&mut self, request: PendingRequest, want: &Want) {
        let generation = self.next_lease(want);
        let lease = Lease::new(want.name().clone(), generation);
        self.session.handle_taken(request, Taken::Led(lease), self.now).unwrap();
        self.model.is_led_late(self.key_of(want.name()), generation);
    }

    fn next_lease(&mut self, want: &Want) -> u64 {
        self.store.last = self.store.last.max(want.newer_than()) + 1;
        let (index, credential) = self.key_of(want.name());
        self.store.leases.insert((index, credential, self.store.last));
        self.store.last
    }

    fn answer_of(&mut self, index: usize, want: &Want, said: &Said) -> (Taken, Answer) {
        let newer = |by: i64| want.newer_than().saturating_add_signed(by);
        match *said {
            Said::Busy(is_same) => {
                self.store.busy[index] += u64::from(!is_same);
                let generation = self.store.busy[index];
                (Taken::Busy { generation }, Answer::Busy)
            }
            Said::Led => {
                let generation = self.next_lease(want);
                let lease = Lease::new(want.name().clone(), generation);
                (Taken::Led(lease), Answer::Led(generation))
            }
            Said::Silent => (Taken::Silent, Answer::Silent),
            Said::Pause { generation, status, is_refusal, rest, age } => {
                // Another status refuses no credential.
                let status =
                    if is_refusal && cause_of(status) != Cause::Refused { 401 } else { status };
                let (generation, rest) = (newer(generation), (1000 * u64::from(rest)).min(DAY));
                let head = [&[1, u8::from(is_refusal)][..], &rest.to_be_bytes(), &[0; 6]].concat();
                let bytes = [&head[..], &status.to_be_bytes(), &[0; 5]].concat();
                let (rest, age) = (Duration::from_millis(rest), Duration::from_millis(age.into()));
                let taken =
                    Taken::Found { entry: Entry::from_bytes(&bytes).unwrap(), generation, age };
                (taken, Answer::Pause(generation, cause_of(status), is_refusal, rest, age))
            }
            Said::Token { generation, which, rest, life, age } => {
                let rest = (10_000 * u64::from(rest)).min(LONGEST);
                let age = Duration::from_millis(age.into());
                let shared = self.shared(index, which, (rest, age), life);
                let entry = Entry::from_bytes(&shared.0).unwrap();
                let generation = newer(generation);
                (Taken::Found { entry, generation, age }, Answer::Token(generation, shared.1))
            }
        }
    }

    /// The bytes of an entry with a token, and what the model knows of it.
    fn shared(
        &mut self,
        index: usize,
        which: Shared,
        (rest, age): (u64, Duration),
        life: u32,
    ) -> (Vec<u8>, reference::Entry) {
        let held = self.model.scopes[index].token.as_ref().map(|token| token.id);
        let known = match which {
            Shared::Again => held,
            Shared::Old => {
                let is_old = |(id, given): &(usize, &Given)| {
                    given.index == index && given.token.is_some() && Some(*id) != held
                };
                self.tokens.iter().enumerate().rfind(is_old).map(|(id, _)| id)
            }
            Shared::Refused => self.model.scopes[index].share.refused.map(|(id, _)| id),
            _ => None,
        };
        let id = known.unwrap_or_else(|| {
            self.tokens.push(Given { token: None, end: None, index });
            self.tokens.len() - 1
        });
        let user = if which == Shared::OtherUser { 2 } else { 1 };
        let is_v2 = self.model.is_v2 != (which == Shared::OtherVersion);
        let project = if which == Shared::OtherScope { (index + 1) % SCOPES } else { index };
        let left = Duration::from_millis(rest).saturating_sub(age);
        let expires_at = self.now + left;
        let issued_at = (life > 0).then(|| expires_at - Duration::from_secs(10 * u64::from(life)));
        let text = format!("token-{id}");
        let times = (issued_at, expires_at);
        let body = match which {
            Shared::Unreadable => serde_json::json!({}),
            _ => {
                let user = format!("u{user}");
                answers::token_body(PROJECTS.get(project), &user, &text, times, is_v2)
            }
        };
        let header = if is_v2 { "" } else { &text };
        let length = (header.len() as u32).to_be_bytes();
        let kind = if is_v2 { 2 } else { 3 };
        let head = [&[1, kind][..], &rest.to_be_bytes(), &[0; 6], &length].concat();
        let bytes = [&head[..], header.as_bytes(), body.to_string().as_bytes()].concat();
        let unfit = [Shared::OtherScope, Shared::OtherVersion, Shared::Unreadable];
        let life = Duration::from_secs(10 * u64::from(life));
        let fits = !unfit.contains(&which);
        (bytes, reference::Entry { id, fits, user, rest: left, life, issued_at, expires_at })
    }

    /// The session tells the store what the model expects, and each lease once.
    pub(super) fn compare_notes(&mut self) {
        let mut told = Vec::new();
        while let Some(note) = self.session.poll_note() {
            told.push(self.read(&note));
        }
        let mut owed = std::mem::take(&mut self.model.told);
        // One call may cause several notes, in any order.
        for notes in [&mut told, &mut owed] {
            notes.sort_by_key(|note| match *note {
                Told::Forget(name, generation) => (name, generation, false),
                Told::Keep(name, generation) | Told::Put(name, generation, _) => {
                    (name, generation, true)
                }
            });
        }
        let is_same = told.len() == owed.len()
            && told.iter().zip(&owed).all(|(told, owed)| is_as_owed(told, owed));
        assert!(is_same, "{told:?}, not {owed:?}");
    }

    fn read(&mut self, note: &Note) -> Told {
        match note {
            Note::Forget { name, generation } => Told::Forget(self.key_of(name), *generation),
            Note::Keep { name, generation, lease } => {
                assert_eq!(*lease, LEASE);
                Told::Keep(self.key_of(name), *generation)
            }
            Note::Put { lease, entry } => {
                let (index, credential) = self.key_of(lease.name());
                let lease = (index, credential, lease.generation());
                assert!(self.store.leases.remove(&lease), "{lease:?} again");
                let content = entry.as_ref().map_or(Content::Nothing, |entry| {
                    self.check_kind(entry);
                    content_of(entry)
                });
                Told::Put((index, credential), lease.2, content)
            }
        }
    }

    fn check_kind(&self, entry: &Entry) {
        let kind = entry.to_bytes()[1];
        assert!(kind < 2 || kind == if self.model.is_v2 { 2 } else { 3 });
    }

    /// At the end, every lease has been told back.
    pub(super) fn compare_leases(&mut self) {
        while let Some(note) = self.session.poll_note() {
            self.read(&note);
        }
        assert_eq!(self.store.leases, BTreeSet::new(), "leases that were kept");
    }
}

/// What an entry of a note is, read by its bytes.
fn content_of(entry: &Entry) -> Content {
    let bytes = entry.to_bytes();
    let life = Duration::from_millis(u64::from_be_bytes(bytes[2..10].try_into().unwrap()));
    match bytes[1] {
        kind @ 0..2 => {
            let label = entry.label();
            let texts = [label.identity_service(), label.user(), label.scope()];
            let at = texts.iter().fold(10, |at, text| at + 2 + text.len());
            let status = u16::from_be_bytes(bytes[at..at + 2].try_into().unwrap());
            Content::Pause {
                is_refusal: kind == 1,
                is_of_credential: cause_of(status) == Cause::Refused,
                rest: reference::Span::exact(life),
            }
        }
        _ => {
            let text = String::from_utf8_lossy(&bytes);
            let id: String =
                text.split_once("token-").unwrap().1.chars().map_while(digit).collect();
            Content::Token(id.parse().unwrap(), life)
        }
    }
}

fn digit(character: char) -> Option<char> {
    Some(character).filter(char::is_ascii_digit)
}

fn is_as_owed(told: &Told, owed: &Told) -> bool {
    // An entry has whole milliseconds.
    let is_in = |told: Duration, low: Duration, high: Duration| {
        low.as_millis() <= told.as_millis() && told.as_millis() <= high.as_millis()
    };
    match (told, owed) {
        (Told::Forget(one, generation), Told::Forget(other, owed))
        | (Told::Keep(one, generation), Told::Keep(other, owed)) => {
            one == other && generation == owed
        }
        (Told::Put(one, generation, told), Told::Put(other, owed, content)) => {
            let is_same = match (told, content) {
                (Content::Nothing, Content::Nothing) => true,
                (Content::Token(id, life), Content::Token(owed, owed_life)) => {
                    id == owed && is_in(*life, *owed_life, *owed_life)
                }
                (
                    Content::Pause { is_refusal: one, is_of_credential: of, rest },
                    Content::Pause { is_refusal: other, is_of_credential: owed, rest: owed_rest },
                ) => one == other && of == owed && is_in(rest.0, owed_rest.0, owed_rest.1),
                _ => false,
            };
            one == other && generation == owed && is_same
        }
        _ => false,
    }
}

/// What a pause with this status means.
fn cause_of(status: u16) -> Cause {
    match status {
        401 | 403 => Cause::Refused,
        404 => Cause::Missing,
        408 | 429 | 500..600 => Cause::Unavailable,
        _ => Cause::Permanent,
    }
}
