//! What services and the identity service do: they accept and refuse tokens, answer, or fail.

use std::time::Duration;

use auth_proto::{Failure, FailureKind, RefusalReason, RetryDecision, ServiceCall};
use http::{HeaderMap, StatusCode};

use super::{
    Given, Out, Simulation, answers,
    coverage::reach,
    ops::{Call, HEADS, ODD, Reply, STATUSES, Stamps, Which},
    reference::{Cause, Note},
    uri,
};

impl Simulation {
    pub(super) fn accept(&mut self, which: Which, origin: usize, status: usize) {
        let Some(id) = self.id_of(which) else { return };
        let (status, shows) = STATUSES[status % STATUSES.len()];
        let token = self.tokens[id].token.as_ref().unwrap();
        let status = StatusCode::from_u16(status).unwrap();
        assert!(!ServiceCall::is_refusal(token, &uri(origin), status));
        if shows {
            self.model.accepted(id, origin);
        }
    }

    pub(super) fn refuse(&mut self, which: Which, origin: usize, call: Call) {
        let Some(id) = self.id_of(which) else { return };
        let token = self.tokens[id].token.clone().unwrap();
        assert!(ServiceCall::is_refusal(&token, &uri(origin), StatusCode::UNAUTHORIZED));
        let (mut service_call, is_replayable) = (ServiceCall::new(), call != Call::OneShot);
        for is_second in [false, true] {
            let decision = service_call.decide(
                &mut self.session,
                &token,
                &uri(origin),
                is_replayable,
                self.now,
            );
            self.listen();
            let reason = match self.model.refused(id, origin) {
                true => Some((RefusalReason::AtOdds, "1: delivered, at odds")),
                false if self.model.one_time && !self.model.has_root_token() => {
                    Some((RefusalReason::NoOtherToken, "1: delivered, no other token"))
                }
                false if is_second => Some((RefusalReason::Repeated, "1: delivered, repeated")),
                false if !is_replayable => {
                    Some((RefusalReason::NotReplayable, "1: delivered, not replayable"))
                }
                false => None,
            };
            assert_eq!(decision == RetryDecision::Deliver, reason.is_some(), "{reason:?}");
            if let Some((reason, branch)) = reason {
                reach(branch);
                self.model.notes.push(Note::Delivered(origin, reason));
            }
            if reason.is_some() || call != Call::Retried {
                return;
            }
        }
    }

    pub(super) fn fail(&mut self, index: usize, kind: FailureKind) {
        let Some(Out { request, .. }) = self.pending[index].take() else { return };
        self.session.handle_failure(request, Failure::new(kind, "broken"), self.now).unwrap();
        self.listen();
        if self.model.hands_back(index) {
            return;
        }
        let is_known = matches!(kind, FailureKind::Connect | FailureKind::Dns | FailureKind::Tls);
        if self.model.is_taking(index) {
            self.model.has_no_answer(index);
        } else if self.model.is_checking(index) {
            self.model.has_no_statement(index);
        } else if self.model.in_flight(index).is_some() {
            if !is_known {
                self.model.gets_no_status(index);
            }
            let is_tls = kind == FailureKind::Tls;
            let cause = if is_tls { Cause::Tls } else { Cause::Transport };
            self.model.fails(index, cause, None);
        }
    }

    /// A status arrives, and no body.
    pub(super) fn head(&mut self, index: usize, which: usize, asked: u32) {
        let Some(Out { request, .. }) = self.pending[index].take() else { return };
        let (status, cause) = HEADS[which % HEADS.len()];
        let asked = answers::seconds_asked(asked);
        let mut headers = HeaderMap::new();
        if let Some(asked) = asked {
            headers.insert("retry-after", asked.as_secs().into());
        }
        if status == 401 && cause.is_none() {
            headers.insert("openstack-auth-receipt", "r".parse().unwrap());
        }
        let failure = Failure::new(FailureKind::Io, "cut off");
        let failure = failure.with_head(StatusCode::from_u16(status).unwrap(), headers);
        self.session.handle_failure(request, failure, self.now).unwrap();
        self.listen();
        if self.model.hands_back(index) {
            return;
        }
        if self.model.is_taking(index) {
            // A response is no answer of the store.
            match cause {
                Some(_) => self.model.is_not_asked(index),
                None => self.model.has_no_answer(index),
            }
        } else if self.model.is_checking(index) {
            match status == 401 && cause.is_none() {
                true => self.model.has_no_statement(index),
                false => self.model.has_statement(index, status, asked),
            }
        } else if self.model.in_flight(index).is_some() {
            reach("5: a head without a body");
            match cause {
                Some(cause) => self.model.is_answered(index, cause, asked),
                None => self.model.gets_good_head(index, status == 201),
            }
        }
    }

    pub(super) fn respond(&mut self, index: usize, reply: &Reply) {
        let Some(Out { request, .. }) = self.pending[index].take() else { return };
        let id = self.tokens.len();
        let sent_at = self.model.in_flight(index).map(|(sent_at, _)| sent_at);
        let on_the_way = sent_at.map_or(Duration::ZERO, |sent_at| self.elapsed() - sent_at);
        let witnesses = match *reply {
            Reply::Token(tens, stamps) => answers::witnesses(tens, stamps, self.now - on_the_way),
            _ => answers::witnesses(0, Stamps::AllRight, self.now - on_the_way),
        };
        let (text, is_v2) = (format!("token-{id}"), self.model.is_v2);
        let response = answers::answer(reply, index, &text, &witnesses, is_v2);
        let status = response.status().as_u16();
        self.session.handle_response(request, response, self.now).unwrap();
        self.listen();
        if self.model.hands_back(index) {
            return;
        }
        let (model, asked) = (&mut self.model, answers::asked(reply));
        if model.is_checking(index) {
            return model.has_statement(index, status, asked);
        }
        match *reply {
            Reply::Odd(which, _) => model.is_answered(index, ODD[which % ODD.len()].2, asked),
            Reply::Receipt(_) if is_v2 => model.is_answered(index, Cause::Refused, None),
            Reply::Receipt(life) => model.gets_receipt(index, Duration::from_secs(life.into())),
            Reply::Refused(..) => model.is_answered(index, Cause::Refused, asked),
            Reply::Token(tens, stamps) => {
                let expires_at = answers::end(tens, stamps, witnesses.caller);
                let agreed = Some(expires_at).filter(|_| witnesses.clocks_agree());
                let end = agreed.zip(sent_at).map(|(end, sent_at)| {
                    sent_at + Duration::try_from(end - witnesses.caller).unwrap_or_default()
                });
                self.tokens.push(Given { token: None, end, index });
                let times = (witnesses.issued_at, expires_at);
                model.gets_token(index, id, witnesses.life(expires_at), times);
            }
            Reply::Unavailable(_) => model.is_answered(index, Cause::Unavailable, asked),
        }
    }
}
