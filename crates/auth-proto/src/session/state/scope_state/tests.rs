use time::macros::utc_datetime;

use super::*;
use crate::{
    error::{Failure, FailureKind},
    session::{pauses::failure_streak::Probe, state::live_token::tests::held},
};

const AT: Duration = Duration::from_secs(100);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// One step, `after` seconds after [`AT`].
fn step(state: &mut ScopeState, input: Input, after: u64) -> Option<Event> {
    let mut clock = Clock::default();
    clock.advance(utc_datetime!(2026-11-22 08:00:00));
    state.step(input, AT + seconds(after), &clock, &mut Jitter::new(0))
}

fn state() -> ScopeState {
    ScopeState::new(Scope::default())
}

fn failure() -> Error {
    Failure::new(FailureKind::Connect, "refused").into()
}

#[test]
fn a_shorter_token_only_postpones_the_renewal() {
    let mut state = state();
    step(&mut state, Input::Token(held(seconds(3600), AT, 0)), 0);
    let ends_at = state.live.as_ref().unwrap().ends_at;
    step(&mut state, Input::Token(held(seconds(3600), AT, 1)), 3000);
    let kept = state.live.as_ref().unwrap();
    let postponed = AT + seconds(3000) + (ends_at - AT - seconds(3000)) / 4;
    assert_eq!((kept.ends_at, kept.renew_at), (ends_at, postponed));
    step(&mut state, Input::Token(held(seconds(3600), AT, 1)), 3500);
    assert_eq!(state.live.as_ref().unwrap().renew_at, AT + seconds(3500) + REPEATED);
    step(&mut state, Input::Token(held(seconds(3601), AT, 1)), 3000);
    assert!(state.live.as_ref().unwrap().ends_at > ends_at);
}

#[test]
fn success_ends_the_streak() {
    let mut state = state();
    step(&mut state, Input::Failed(failure()), 0);
    step(&mut state, Input::Refused(failure(), Probe::Rarely), 10);
    assert!(state.streak.is_some() && !state.granted);
    step(&mut state, Input::Token(held(seconds(3600), AT, 0)), 20);
    assert!(state.streak.is_none() && state.granted);
}

#[test]
fn a_shorter_token_replaces_a_refused_one() {
    let mut state = state();
    step(&mut state, Input::Token(held(seconds(3600), AT, 0)), 0);
    let url = Uri::from_static("https://service.example/");
    assert_eq!(state.refuse(&url, AT), Some(Refused::First));
    let to_service = Destination::At(&url);
    assert!(state.usable(to_service).is_none());
    assert!(state.usable(Destination::Later).is_some());
    step(&mut state, Input::Token(held(seconds(100), AT, 0)), 0);
    assert!(state.usable(to_service).is_some() && state.evidence.due().is_none());
}

#[test]
fn a_slow_pause_ends_with_the_token() {
    for ends in [true, false] {
        let mut state = state();
        step(&mut state, Input::Token(held(seconds(3600), AT, 0)), 0);
        step(&mut state, Input::Failed(failure()), 0);
        let until = state.streak.as_ref().unwrap().until;
        assert!(until >= AT + seconds(2));
        match ends {
            true => assert!(state.expire_token(AT + seconds(3600))),
            false => {
                state.refuse(&Uri::from_static("https://service.example/"), AT).unwrap();
            }
        }
        assert!(state.streak.is_none());
        step(&mut state, Input::Failed(failure()), 0);
        assert!(state.streak.as_ref().unwrap().until <= AT + Duration::from_millis(250));
    }
}

#[test]
fn a_recent_scope_keeps_its_place_unless_empty() {
    let mut state = state();
    state.used_at = AT;
    assert!(state.may_be_removed(AT));
    state.live = Some(held(seconds(3600), AT, 0));
    assert!(!state.may_be_removed(AT + seconds(119)) && state.may_be_removed(AT + seconds(120)));
}
