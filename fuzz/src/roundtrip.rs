//! Responses of the emulator, read by the core.

use auth_emulator::{Emulator, System, account};
use auth_proto::{
    ApiVersion, Cloud, Code, Credential, DomainRef, Error, ErrorKind, FetchCatalog,
    IdentityRequest, Login, ProtocolError, Scope, Step, Token, UserProjects, UserRef, Validate,
    limits,
};
use http::{Request, Response, StatusCode};
use time::{Duration, UtcDateTime};

use crate::{checks::check_error, differential::agree};

/// Any service and any login: words for the system, the length and the lifetime of its tokens, the
/// time, the first failure, and the projects of a page.
///
/// The core reads exactly the values that the emulator was given.
pub fn roundtrip(data: &[u8]) {
    let Some(plan) = std::str::from_utf8(data).ok().and_then(Plan::read) else { return };
    let mut service = plan.service();
    let result = log_in(&mut service, &plan);
    if let Some(status) = plan.failure {
        return check_failure(&result.expect_err("the service was set to fail"), status);
    }
    let (issued, expires) = plan.times();
    let length = plan.length.max(16);
    let lives = expires > issued && expires.year() >= 1 && issued.year() >= 1;
    let token = match result {
        Ok(token) => token,
        Err(error) if length > limits::TOKEN && lives => {
            return assert!(matches!(
                error.kind(),
                ErrorKind::Protocol(ProtocolError::TooLarge { .. })
            ));
        }
        Err(error) => {
            check_error(&error);
            return assert!(!lives, "{error}, although the token lives from {issued} to {expires}");
        }
    };
    assert_eq!(token.expires_at(), expires);
    assert_eq!(token.issued_at(), (issued.year() >= 1).then_some(issued));
    assert_eq!(token.expose().len(), length);
    plan.check_account(&token);
    match plan.cloud.api_version() {
        Some(ApiVersion::V3) if plan.page_size == 0 => look_up(&mut service, &plan, &token),
        _ if plan.system == System::Kakao => list(&mut service, &plan, &token),
        _ => {}
    }
}

/// A whole login, with each response read by both readers.
fn log_in(service: &mut Emulator, plan: &Plan) -> Result<Token, Error> {
    let scope = plan.scope.clone();
    let mut login = Login::new(&plan.cloud, plan.credential.clone(), scope)?;
    loop {
        match login.poll()? {
            Step::Done(token) => return Ok((*token).clone()),
            Step::Ask(question) => panic!("{question:?} from a service without factors"),
            Step::Send(request) => {
                let response = respond(service, request.map(|body| body.as_bytes().to_vec()), plan);
                if response.status().is_success() {
                    agree(&response, plan.cloud.api_version().unwrap_or(ApiVersion::V3));
                }
                login.handle_response(response, plan.now);
            }
        }
    }
}

fn respond(service: &mut Emulator, request: Request<Vec<u8>>, plan: &Plan) -> Response<Vec<u8>> {
    let (head, body) = request.into_parts();
    service.handle(Request::from_parts(head, &body), plan.now)
}

/// One identity request with the token.
fn ask<E: IdentityRequest>(
    service: &mut Emulator,
    plan: &Plan,
    token: &Token,
    request: &E,
) -> E::Output {
    let mut sent = request.request().expect("the request is valid");
    plan.cloud.authorize(token, &mut sent).expect("it goes to the identity service");
    let response = respond(service, sent.map(|body| body.as_bytes().to_vec()), plan);
    request.parse(crate::input::borrowed(&response)).expect("the response is valid")
}

/// The service returns the same token and catalog again.
fn look_up(service: &mut Emulator, plan: &Plan, token: &Token) {
    let validate = Validate::new(&plan.cloud, token.expose());
    let again = ask(service, plan, token, &validate).expect("the token is known");
    assert_eq!(again.expose(), token.expose());
    assert_eq!((again.expires_at(), again.issued_at()), (token.expires_at(), token.issued_at()));
    assert_eq!((again.project(), again.domain()), (token.project(), token.domain()));
    assert_eq!((again.user(), again.roles()), (token.user(), token.roles()));
    assert_eq!(again.catalog(), token.catalog());
    let catalog = ask(service, plan, token, &FetchCatalog::new(&plan.cloud));
    assert_eq!(Some(&catalog), token.catalog());
}

/// All projects are listed once, in any number of pages.
fn list(service: &mut Emulator, plan: &Plan, token: &Token) {
    let mut next = Some(UserProjects::new(&plan.cloud, account::KAKAO_USER_ID));
    let (mut ids, mut pages) = (Vec::new(), 0);
    while let Some(request) = next {
        let page = ask(service, plan, token, &request);
        ids.extend(page.items.into_iter().map(|project| project.id));
        next = page.next;
        pages += 1;
    }
    let all: usize = 25;
    assert_eq!((ids.len(), pages), (all, all.div_ceil(plan.page_size)));
    assert_eq!(ids[0].as_deref(), Some(account::KAKAO_PROJECT));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

fn check_failure(error: &Error, status: StatusCode) {
    check_error(error);
    match error.kind() {
        ErrorKind::Rejected(refusal) | ErrorKind::Unavailable(refusal) => {
            assert_eq!(refusal.status, status);
            assert_eq!(refusal.fault.code, Some(Code::Number(status.as_u16().into())));
        }
        other => panic!("{other} for {status}"),
    }
}

struct Plan {
    system: System,
    cloud: Cloud,
    credential: Credential,
    scope: Scope,
    length: usize,
    life: Duration,
    now: UtcDateTime,
    failure: Option<StatusCode>,
    page_size: usize,
}

impl Plan {
    fn read(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let (system, cloud, credential, scope) = login(words.next()?)?;
        let mut number = || words.next().and_then(|word| word.parse::<i64>().ok());
        // One character past the limit is enough, and takes a thirtieth of the time of a long
        // token.
        let length = usize::try_from(number()?).ok()?.min(limits::TOKEN + 1);
        let life = Duration::milliseconds(number()?);
        let now = UtcDateTime::from_unix_timestamp_nanos(i128::from(number()?) * 1_000_000).ok()?;
        let failure = u16::try_from(number()?).ok()?;
        let failure = StatusCode::from_u16(failure)
            .ok()
            .filter(|status| status.is_client_error() || status.is_server_error());
        let page_size = usize::try_from(number()?).ok()?;
        Some(Self { system, cloud, credential, scope, length, life, now, failure, page_size })
    }

    fn service(&self) -> Emulator {
        let mut service = Emulator::new();
        service.token_length(self.system, self.length).token_lifetime(self.system, self.life);
        service.page_size(self.page_size);
        if let Some(status) = self.failure {
            service.fail_next(self.system, status);
        }
        service
    }

    /// The issue and the end of the token, with the precision of the system.
    fn times(&self) -> (UtcDateTime, UtcDateTime) {
        let (issued, expires) = match self.system {
            System::Kakao | System::Keystone => (SECOND, SECOND),
            System::NhnCompute | System::NhnIaas => (MICROSECOND, SECOND),
            _ => (MICROSECOND, MICROSECOND),
        };
        let cut = |at: UtcDateTime, to: u32| {
            at.replace_nanosecond(at.nanosecond() / to * to).expect("it is smaller")
        };
        let end = if self.life.is_negative() { UtcDateTime::MIN } else { UtcDateTime::MAX };
        let issued = cut(self.now, issued);
        (issued, cut(issued.checked_add(self.life).unwrap_or(end), expires))
    }

    fn check_account(&self, token: &Token) {
        let project = token.project().and_then(|project| project.id.as_deref());
        let domain = token.domain().and_then(|domain| domain.id.as_deref());
        let user = token.user().id.as_deref();
        let expected = match self.system {
            System::NhnIaas | System::NhnCompute => {
                (Some(account::NHN_USER_ID), Some(account::NHN_TENANT), None)
            }
            System::Kakao => (Some(account::KAKAO_USER_ID), Some(account::KAKAO_PROJECT), None),
            System::Otc => (Some(account::OTC_USER_ID), Some(account::OTC_PROJECT), None),
            System::Keystone => {
                (Some(account::KEYSTONE_USER_ID), Some(account::KEYSTONE_PROJECT_ID), None)
            }
            _ => (Some(account::HUAWEI_USER_ID), None, Some(account::HUAWEI_DOMAIN_ID)),
        };
        assert_eq!((user, project, domain), expected);
    }
}

const SECOND: u32 = 1_000_000_000;
const MICROSECOND: u32 = 1_000;

/// A login at each system.
fn login(system: &str) -> Option<(System, Cloud, Credential, Scope)> {
    let user = |name, domain| UserRef::name_in(name, DomainRef::name(domain));
    Some(match system {
        "nhn-iaas" => {
            let credential = Credential::password(account::NHN_USER, account::NHN_PASSWORD);
            (System::NhnIaas, Cloud::nhn(), credential, Scope::project_id(account::NHN_TENANT))
        }
        "otc" => {
            let user = user(account::OTC_USER, account::OTC_DOMAIN);
            let credential = Credential::password(user, account::OTC_PASSWORD);
            let cloud = Cloud::otc("eu-de").ok()?;
            (System::Otc, cloud, credential, Scope::project_id(account::OTC_PROJECT))
        }
        "kakao" => {
            let (id, secret) = (account::KAKAO_KEY_ID, account::KAKAO_SECRET);
            let credential = Credential::application_credential(id, secret);
            (System::Kakao, Cloud::kakao(), credential, Scope::default())
        }
        "keystone" => {
            let user = user(account::KEYSTONE_USER, account::KEYSTONE_DOMAIN);
            let credential = Credential::password(user, account::KEYSTONE_PASSWORD);
            let cloud = Cloud::keystone(System::Keystone.identity_url()).ok()?;
            (System::Keystone, cloud, credential, Scope::project_id(account::KEYSTONE_PROJECT_ID))
        }
        "huawei" => {
            let user = user(account::HUAWEI_USER, account::HUAWEI_DOMAIN);
            let credential = Credential::password(user, account::HUAWEI_PASSWORD);
            let scope = Scope::domain_name(account::HUAWEI_DOMAIN);
            (System::Huawei, Cloud::huawei(), credential, scope)
        }
        _ => return None,
    })
}
