//! An account that is driven against the emulated services, in process.

use std::sync::Arc;

use auth_emulator::{Emulator, account};
use auth_proto::{
    Action, Cloud, Credential, DomainRef, Error, ErrorKind, RetryDecision, Scope, ServiceCall,
    Session, Settings, Token, UserRef,
};
use http::{HeaderMap, Request, Response, StatusCode};
use serde_json::Value;
use time::UtcDateTime;

use super::NOW;

/// An account, the service that it talks to, and what it said there.
pub(crate) struct Talk {
    pub(crate) account: Session,
    pub(crate) service: Emulator,
    pub(crate) now: UtcDateTime,
    /// Method and path, headers, body.
    pub(crate) said: Vec<(String, HeaderMap, Value)>,
}

impl Talk {
    pub(crate) fn new(cloud: &Cloud, credential: Credential) -> Self {
        Self::with(cloud, credential, Settings::default())
    }

    pub(crate) fn with(cloud: &Cloud, credential: Credential, settings: Settings) -> Self {
        let account = Session::new(cloud.clone(), credential, settings).unwrap();
        Self { account, service: Emulator::new(), now: NOW, said: Vec::new() }
    }

    /// What a caller gets who carries every request.
    pub(crate) fn token(&mut self, scope: &Scope) -> Result<Arc<Token>, Error> {
        for _ in 0..8 {
            match self.account.poll(scope, self.now) {
                Action::Fail(error) => return Err(error),
                Action::Send(flight, request) => {
                    let response = self.carry(request);
                    self.account.handle_response(flight, response, self.now);
                }
                Action::Use(token) => return Ok(token),
                action => panic!("{action:?}"),
            }
        }
        panic!("a login without end")
    }

    pub(crate) fn carry<B: AsRef<[u8]>>(&mut self, request: Request<B>) -> Response<Vec<u8>> {
        let (head, body) = request.into_parts();
        let said = serde_json::from_slice(body.as_ref()).unwrap_or_default();
        self.said.push((format!("{} {}", head.method, head.uri), head.headers.clone(), said));
        self.service.handle(Request::from_parts(head, body.as_ref()), self.now)
    }

    /// What was said since the last time that somebody asked.
    pub(crate) fn lines(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said).into_iter().map(|(line, ..)| line).collect()
    }

    /// A service refuses this token: whether the call is worth a second try.
    pub(crate) fn refuse(&mut self, token: &Token) -> RetryDecision {
        let status = StatusCode::UNAUTHORIZED;
        ServiceCall::new().verdict(&mut self.account, token, status, true, self.now)
    }
}

/// The documented user of Huawei Cloud or Open Telekom Cloud.
pub(crate) fn password(cloud: &Cloud) -> Credential {
    let (name, domain, password) = match cloud.name() {
        "Huawei Cloud" => (account::HUAWEI_USER, account::HUAWEI_DOMAIN, account::HUAWEI_PASSWORD),
        _ => (account::OTC_USER, account::OTC_DOMAIN, account::OTC_PASSWORD),
    };
    Credential::password(UserRef::name_in(name, DomainRef::name(domain)), password)
}

/// A token of the service itself, for somebody else to use.
pub(crate) fn issued(
    service: &mut Emulator,
    cloud: &Cloud,
    credential: Credential,
    scope: &Scope,
) -> String {
    let mut talk = Talk::new(cloud, credential);
    std::mem::swap(&mut talk.service, service);
    let token = talk.token(scope).unwrap().expose().to_owned();
    std::mem::swap(&mut talk.service, service);
    token
}

#[track_caller]
pub(crate) fn refused(result: Result<Arc<Token>, Error>, status: u16, remedy: &str) -> Error {
    let error = result.unwrap_err();
    let ErrorKind::Rejected(refusal) = error.kind() else { panic!("{error:?}") };
    assert_eq!(refusal.status.as_u16(), status);
    assert!(error.to_string().contains(remedy), "{error}");
    error
}
