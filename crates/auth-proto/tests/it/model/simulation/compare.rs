//! What the session says, compared with what the model expects.

use std::time::Duration;

use auth_proto::{Action, Body, Event, FailureClass, Scope};
use http::Request;
use serde_json::{Value, json};
use time::UtcDateTime;

use super::{
    DESTINATIONS, PROJECTS, SCOPES, Simulation,
    reference::{Caller, Destination, GIVEN, Late, Note, Reference, UNSCOPED, Verdict, is_within},
    scope, uri,
};

impl Simulation {
    /// The time on the session's axis.
    pub(super) fn elapsed(&self) -> Duration {
        self.model.now + Duration::try_from(self.now - self.told).unwrap_or_default()
    }

    /// The session has just been called with the current time: takes its events, and tells the
    /// model.
    pub(super) fn listen(&mut self) {
        self.take_events(self.now);
        self.model.tick(self.now - self.told);
        self.told = self.now;
    }

    /// Takes the events of a call, for which this was the current time.
    pub(super) fn take_events(&mut self, now: UtcDateTime) {
        let elapsed = self.model.now + Duration::try_from(now - self.told).unwrap_or_default();
        let on_axis = |at: UtcDateTime| {
            elapsed.saturating_add(Duration::try_from(at - now).unwrap_or_default())
        };
        while let Some(event) = self.session.poll_event() {
            let note = match event {
                Event::ClockJump { .. } => Note::ClockJump,
                Event::CredentialRejected { scope, retry_at, .. } => {
                    self.model.announced[index_of(&scope)] = retry_at.map(on_axis);
                    Note::CredentialRejected(index_of(&scope))
                }
                Event::LoginFailed { scope, class, retry_at, .. } => {
                    self.model.announced[index_of(&scope)] = Some(on_axis(retry_at));
                    Note::LoginFailed(index_of(&scope), class == FailureClass::Transient)
                }
                Event::LeaseLost { scope } => Note::LeaseLost(index_of(&scope)),
                Event::LoginStarted { scope } => Note::LoginStarted(index_of(&scope)),
                Event::PauseImported { scope, retry_at, .. } => {
                    self.model.announced[index_of(&scope)] = retry_at.map(on_axis);
                    Note::PauseImported(index_of(&scope))
                }
                Event::RefusalDelivered { origin, reason } => {
                    Note::Delivered(origin_of(&origin), reason)
                }
                Event::ServiceAtOdds { scope, origin, until } => {
                    Note::AtOdds(index_of(&scope), origin_of(&origin), on_axis(until))
                }
                Event::StoreSuspended { scope, reason, until } => {
                    assert_eq!(on_axis(until), elapsed + Duration::from_secs(30));
                    Note::StoreSuspended(index_of(&scope), reason)
                }
                Event::TokenImported { scope, .. } => Note::TokenImported(index_of(&scope)),
                Event::TokenRejected { scope, origin } => {
                    Note::TokenRejected(index_of(&scope), origin_of(&origin))
                }
                Event::TokenRenewed { scope, .. } => Note::TokenRenewed(index_of(&scope)),
                event => panic!("{event:?}"),
            };
            self.count(&note);
            self.heard.push(note);
        }
    }

    /// Compares everything that can be asked without a change.
    pub(super) fn check(&mut self) {
        let _ = self.session.cached_token(&scope(0), self.now);
        self.listen();
        self.model.keep_leases();
        if self.model.is_unsure {
            return;
        }
        self.compare_events();
        self.compare_notes();
        for index in 0..SCOPES {
            let live = self.session.cached_token(&scope(index), self.now);
            let id = self.model.scopes[index].token.as_ref().map(|token| token.id);
            let text = id.map(|id| format!("token-{id}"));
            assert_eq!(live.as_ref().map(|token| token.expose()), text.as_deref(), "{index}");
            if let Some((id, live)) = id.zip(live) {
                let given = &mut self.tokens[id];
                assert!(given.end.is_none_or(|end| self.model.now < end), "past its expires_at");
                // The store may give a token again.
                given.token = Some(live);
            }
            self.compare_destinations(index);
            self.compare_renewal(index);
        }
        // A late response may follow.
        for (request, scope) in self.pending.iter_mut().zip(&self.model.scopes) {
            self.late.extend(request.take_if(|_| scope.phase.handed().is_none()));
        }
    }

    fn count(&mut self, note: &Note) {
        let [logins, refusals, pauses, imports] = &mut self.counted;
        match note {
            Note::CredentialRejected(_) => *refusals += 1,
            Note::LoginFailed(..) | Note::PauseImported(_) => *pauses += 1,
            Note::LoginStarted(_) => *logins += 1,
            Note::TokenImported(_) => *imports += 1,
            _ => {}
        }
    }

    fn compare_events(&mut self) {
        let counts = self.session.counts();
        let counted = [counts.logins(), counts.refusals(), counts.pauses(), counts.imports()];
        assert_eq!((counted, counts.misses()), (self.counted, self.model.misses));
        let (mut heard, mut owed) =
            (std::mem::take(&mut self.heard), std::mem::take(&mut self.model.notes));
        // One call may cause several events, in any order.
        for notes in [&mut heard, &mut owed].into_iter().filter(|notes| notes.len() > 1) {
            notes.sort_by_cached_key(|note| format!("{note:?}"));
        }
        assert_eq!(heard, owed);
        assert_eq!(self.model.announced, [None; 5]);
    }

    /// Who gets the token without waiting, and which error the others get.
    fn compare_destinations(&mut self, index: usize) {
        let uris = [uri(0), uri(1), uri(2)];
        for destination in DESTINATIONS {
            let got = self.session.at_deadline(&scope(index), public(destination, &uris), self.now);
            let expected = self.model.scopes[index].usable(destination);
            match (got, expected) {
                (Ok(token), Some(expected)) => {
                    assert_eq!(token.expose(), format!("token-{}", expected.id));
                    if let Destination::At(origin) = destination {
                        assert!(!token.is_refused_at(&uris[origin]));
                    }
                }
                (Err(error), None) if !self.known[index] => assert!(error.is_none()),
                (Err(error), None) => {
                    let expected = self.model.last_errors(index);
                    let Some(error) = error else {
                        assert!(expected.contains(&None), "no error, not {expected:?}");
                        continue;
                    };
                    let expected: Vec<_> = expected.into_iter().flatten().collect();
                    let at = error.retry_at().map(|at| self.on_axis(at));
                    assert!(is_within(at, &expected), "{at:?}, not {expected:?}");
                }
                (got, expected) => panic!("{destination:?}: {got:?}, not {expected:?}"),
            }
        }
    }

    fn compare_renewal(&mut self, index: usize) {
        let at = self.session.renew_at(&scope(index)).map(|at| self.on_axis(at));
        let expected = self.model.renewal(index);
        assert!(is_within(at, &expected), "renewal at {at:?}, not {expected:?}");
        if let Some(at) = at {
            self.model.hear_renewal(index, at);
        }
    }

    fn on_axis(&self, at: UtcDateTime) -> Duration {
        self.elapsed().saturating_add(Duration::try_from(at - self.now).unwrap_or_default())
    }

    /// `None` if the model cannot know what the session does.
    pub(super) fn poll_once(&mut self, index: usize, caller: Caller) -> Option<Action> {
        let uris = [uri(0), uri(1), uri(2)];
        self.known[index] = true;
        let action = match caller.is_background {
            true => self.session.renew(&scope(index), self.now),
            false => {
                let destination = public(caller.destination, &uris);
                match caller.life {
                    Duration::ZERO => self.session.poll_to(&scope(index), destination, self.now),
                    life => self.session.poll_for(&scope(index), destination, life, self.now),
                }
            }
        };
        self.listen();
        if self.model.is_unsure {
            return None;
        }
        let results = self.model.poll(index, caller);
        let verdict = match &action {
            Action::Fail(error) => Verdict::Fail(error.retry_at().map(|at| self.on_axis(at))),
            Action::Ask(..) => Verdict::Ask,
            Action::Send(_, request) if request.method() == "GET" => Verdict::SendQuestion,
            Action::Send(_, request) => Verdict::SendLogin(self.place_of(request)),
            Action::Take(_, want) => Verdict::Take(self.place_of_want(want, &results)),
            Action::Use(token) => {
                let usable = self.model.scopes[index].token.as_ref();
                assert_eq!(
                    Some(token.expose()),
                    usable.map(|t| format!("token-{}", t.id)).as_deref()
                );
                Verdict::Use
            }
            Action::Wait(until) => Verdict::Wait(self.on_axis(*until)),
        };
        if let Action::Fail(error) = &action {
            self.named = error.retry_at().or(self.named);
        }
        if let Action::Wait(until) = action {
            assert!(until > self.now);
            self.named = Some(until);
        }
        match choose(index, verdict, results) {
            Ok((expected, model)) => {
                self.model = model;
                self.model.hear_end(index, expected, verdict);
            }
            Err(expected) => panic!("{caller:?} of {index}: {action:?}, not {expected:?}"),
        }
        Some(action)
    }
}

impl Simulation {
    /// The scope of a login or an exchange.
    fn place_of(&self, request: &Request<Body>) -> usize {
        let body: Value = serde_json::from_slice(request.body().as_bytes()).unwrap();
        let auth = &body["auth"];
        let project =
            if self.model.is_v2 { &auth["tenantId"] } else { &auth["scope"]["project"]["id"] };
        let place = project.as_str().and_then(|id| PROJECTS.iter().position(|own| *own == id));
        place.unwrap_or(UNSCOPED)
    }

    /// A request is a login, an exchange, or a question, for this scope.
    pub(super) fn compare_request(&self, index: usize, request: &Request<Body>) {
        if request.method() == "GET" || self.model.is_v2 {
            return;
        }
        let body: Value = serde_json::from_slice(request.body().as_bytes()).unwrap();
        let project = body["auth"]["scope"]["project"]["id"].as_str();
        assert_eq!(project, PROJECTS.get(index).copied());
        let is_exchange = body["auth"]["identity"]["methods"] == json!(["token"]);
        assert_eq!(is_exchange, self.model.exchanged(index).is_some());
    }
}

/// The result that the session has chosen.
fn choose(
    index: usize,
    verdict: Verdict,
    results: Vec<(Verdict, Late, Reference)>,
) -> Result<(Verdict, Reference), Vec<Verdict>> {
    let expected: Vec<Verdict> = results.iter().map(|(verdict, ..)| *verdict).collect();
    // Another verdict says that the time may have passed.
    let times = |pick: fn(Verdict) -> Option<Duration>| {
        let times: Vec<_> = expected.iter().map(|verdict| pick(*verdict)).collect();
        times
    };
    let fits = |other: Verdict| match (verdict, other) {
        (Verdict::Wait(at), Verdict::Wait(_)) => {
            is_within(Some(at), &times(|v| if let Verdict::Wait(at) = v { Some(at) } else { None }))
        }
        (Verdict::Fail(Some(at)), Verdict::Fail(Some(_))) => {
            is_within(Some(at), &times(|v| if let Verdict::Fail(at) = v { at } else { None }))
        }
        _ => verdict == other,
    };
    let mut fitting = results.into_iter().filter(|(other, ..)| fits(*other));
    let (other, late, mut model) = fitting.next().ok_or_else(|| expected.clone())?;
    let others: Vec<_> = fitting.map(|(.., other)| other).collect();
    if others.is_empty() && expected.len() > 1 {
        model.narrow(index, late);
    }
    // The background task's time may have begun, or not.
    model.is_unsure |= others.iter().any(|other| other.left_since() != model.left_since());
    Ok((other, model))
}

fn public(destination: Destination, uris: &[http::Uri; 3]) -> auth_proto::Destination<'_> {
    match destination {
        Destination::At(origin) => auth_proto::Destination::At(&uris[origin]),
        Destination::Later => auth_proto::Destination::Later,
        Destination::Unknown => auth_proto::Destination::Unknown,
    }
}

fn index_of(scope: &Scope) -> usize {
    let project = PROJECTS.iter().position(|id| Scope::project_id(*id) == *scope);
    project.unwrap_or_else(|| if *scope == Scope::unscoped() { UNSCOPED } else { GIVEN })
}

fn origin_of(text: &str) -> usize {
    let hosts = ["https://a.example:443", "https://b.example:8443", ""];
    hosts.iter().position(|host| *host == text).unwrap()
}
