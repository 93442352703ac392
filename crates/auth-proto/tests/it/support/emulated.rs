//! Logins and sessions against the emulated services, in process.

use std::sync::{Arc, LazyLock};

use auth_emulator::{Emulator, System, account};
use auth_proto::{
    Action, Cloud, Credential, Destination, DomainRef, Error, ErrorKind, Login, RetryDecision,
    Scope, ServiceCall, Session, Settings, Step, Token, UserRef,
};
use http::{HeaderMap, Request, Response, Uri};
use serde_json::Value;
use time::UtcDateTime;

use super::{NOW, session::sent_request};

static SERVICE: LazyLock<Uri> = LazyLock::new(|| Uri::from_static("https://service.example/"));

/// A cloud, a credential that it takes, and a scope of that user.
pub(crate) type LoginInput = (Cloud, Credential, Scope);

pub(crate) fn nhn() -> LoginInput {
    let credential = Credential::password(account::NHN_USER, account::NHN_PASSWORD);
    (Cloud::nhn(), credential, Scope::project_id(account::NHN_TENANT))
}

pub(crate) fn otc(scope: Scope) -> LoginInput {
    let cloud = otc_cloud();
    let credential = password(&cloud);
    (cloud, credential, scope)
}

pub(crate) fn otc_cloud() -> Cloud {
    Cloud::otc("eu-de").unwrap()
}

pub(crate) fn huawei(scope: Scope) -> LoginInput {
    (Cloud::huawei(), password(&Cloud::huawei()), scope)
}

pub(crate) fn kakao() -> LoginInput {
    let key = Credential::application_credential(account::KAKAO_KEY_ID, account::KAKAO_SECRET);
    (Cloud::kakao(), key, Scope::default())
}

/// A user of the stock Keystone who has every scope.
pub(crate) fn keystone(scope: Scope) -> LoginInput {
    let user = UserRef::name_in(account::KEYSTONE_USER, DomainRef::name(account::KEYSTONE_DOMAIN));
    let cloud = Cloud::keystone(System::Keystone.identity_url()).unwrap();
    (cloud, Credential::password(user, account::KEYSTONE_PASSWORD), scope)
}

/// The documented user of Huawei Cloud or Open Telekom Cloud.
pub(crate) fn password(cloud: &Cloud) -> Credential {
    let (name, domain, password) = match cloud.name() {
        "Huawei Cloud" => (account::HUAWEI_USER, account::HUAWEI_DOMAIN, account::HUAWEI_PASSWORD),
        _ => (account::OTC_USER, account::OTC_DOMAIN, account::OTC_PASSWORD),
    };
    Credential::password(UserRef::name_in(name, DomainRef::name(domain)), password)
}

pub(crate) fn carry<B: AsRef<[u8]>>(
    service: &mut Emulator,
    request: Request<B>,
    now: UtcDateTime,
) -> Response<Vec<u8>> {
    let (head, body) = request.into_parts();
    service.handle(Request::from_parts(head, body.as_ref()), now)
}

/// A whole login at the service.
pub(crate) fn log_in(service: &mut Emulator, mut login: Login) -> Result<Arc<Token>, Error> {
    for _ in 0..8 {
        match login.poll()? {
            Step::Done(token) => return Ok(token),
            Step::Ask(question) => panic!("{question:?}"),
            Step::Send(request) => {
                let response = carry(service, request, NOW);
                login.handle_response(response, NOW);
            }
        }
    }
    panic!("a login without end")
}

/// A session, the emulated service that it talks to, and the requests so far.
pub(crate) struct EmulatedSession {
    pub(crate) session: Session,
    pub(crate) service: Emulator,
    pub(crate) now: UtcDateTime,
    /// Method and URL, headers, body.
    pub(crate) requests: Vec<(String, HeaderMap, Value)>,
}

impl EmulatedSession {
    pub(crate) fn new(cloud: &Cloud, credential: Credential) -> Self {
        Self::with(cloud, credential, Settings::default())
    }

    pub(crate) fn with(cloud: &Cloud, credential: Credential, settings: Settings) -> Self {
        let session = Session::new(cloud.clone(), credential, settings).unwrap();
        Self { session, service: Emulator::new(), now: NOW, requests: Vec::new() }
    }

    /// The token that a caller of the service gets who carries every request.
    pub(crate) fn token(&mut self, scope: &Scope) -> Result<Arc<Token>, Error> {
        for _ in 0..8 {
            let service = Destination::At(&SERVICE);
            match self.session.poll_to(scope, service, self.now) {
                Action::Fail(error) => return Err(error),
                Action::Send(pending, request) => {
                    let response = self.carry(request);
                    self.session.handle_response(pending, response, self.now).unwrap();
                }
                Action::Use(token) => return Ok(token),
                action => panic!("{action:?}"),
            }
        }
        panic!("a login without end")
    }

    pub(crate) fn carry<B: AsRef<[u8]>>(&mut self, request: Request<B>) -> Response<Vec<u8>> {
        let body = serde_json::from_slice(request.body().as_ref()).unwrap_or_default();
        let line = format!("{} {}", request.method(), request.uri());
        self.requests.push((line, request.headers().clone(), body));
        carry(&mut self.service, request, self.now)
    }

    /// Carries the request that is due now.
    #[track_caller]
    pub(crate) fn carry_next(&mut self, scope: &Scope) {
        let (pending, request) = sent_request(self.session.poll(scope, self.now));
        let response = self.carry(request);
        self.session.handle_response(pending, response, self.now).unwrap();
    }

    /// The request lines since the last call.
    pub(crate) fn lines(&mut self) -> Vec<String> {
        std::mem::take(&mut self.requests).into_iter().map(|(line, ..)| line).collect()
    }

    /// A service refuses this token: whether the call is worth a second try.
    pub(crate) fn refuse(&mut self, token: &Token) -> RetryDecision {
        ServiceCall::new().decide(&mut self.session, token, &SERVICE, true, self.now)
    }
}

/// A token that the service has issued.
pub(crate) fn issued(
    service: &mut Emulator,
    cloud: &Cloud,
    credential: Credential,
    scope: &Scope,
) -> String {
    let login = Login::new(cloud, credential, scope.clone()).unwrap();
    log_in(service, login).unwrap().expose().to_owned()
}

#[track_caller]
pub(crate) fn refused(result: Result<Arc<Token>, Error>, status: u16, remedy: &str) -> Error {
    let error = result.unwrap_err();
    let ErrorKind::Rejected(refusal) = error.kind() else { panic!("{error:?}") };
    assert_eq!(refusal.status.as_u16(), status);
    assert!(error.to_string().contains(remedy), "{error}");
    error
}
