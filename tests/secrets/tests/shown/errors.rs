//! Every error of the core that contains text, caused by input with secrets.

use auth_proto::{
    ApiVersion, Cloud, Code, ConfigField, Credential, EndpointQuery, Error, ErrorKind, Factor,
    Fault, FieldProblem, IdentityResponse, Login, MethodKind, Scope, ScopeKind, Session, Settings,
    UrlProblem, UserRef,
};
use serde_json::json;

use crate::{
    canaries::{NAME, PASSCODE, PASSWORD, TOKEN},
    types::{NOW, cloud, response, stamp, token, user},
    walk::{Walk, see},
};

pub(crate) fn walk(walk: &mut Walk) {
    for error in of_callers().into_iter().chain(of_endpoints()).chain(of_responses()) {
        match error.kind().clone() {
            ErrorKind::Config(why) => see!(walk, why),
            ErrorKind::Endpoint(why) => see!(walk, why),
            ErrorKind::Misuse(why) => see!(walk, why),
            ErrorKind::Protocol(why) => see!(walk, why),
            ErrorKind::Rejected(why) | ErrorKind::Unavailable(why) => {
                see!(walk, why, why.fault);
            }
            _ => {}
        }
        see!(walk, error, error.kind().clone());
    }
    see!(walk, UrlProblem::Host, FieldProblem::Type);
    see!(walk, ConfigField::Token, MethodKind::Token, ScopeKind::Default);
    see!(walk, Fault::default(), Code::Text(String::new()));
}

fn password(user: UserRef) -> Credential {
    Credential::password(user, PASSWORD)
}

fn session(cloud: Cloud, user: UserRef) -> Session {
    Session::new(cloud, password(user), Settings::default()).unwrap()
}

fn of_callers() -> Vec<Error> {
    let login = |credential, scope| Login::new(&Cloud::nhn(), credential, scope).unwrap_err();
    let (global, project) = (EndpointQuery::new("identity"), Scope::project_id("p"));
    let (own, code) = (Scope::default(), Factor::totp(PASSCODE));
    let mut errors = vec![
        Cloud::named("hauwei").unwrap_err(),
        login(Credential::totp(user(), PASSCODE), Scope::default()),
        login(password(UserRef::name("u")), Scope::system()),
        session(Cloud::huawei(), UserRef::id("u")).scope_for(&global, &project).unwrap_err(),
        session(cloud(), user()).answer(&own, code, NOW).unwrap_err(),
        cloud().with_override("thing", "https://x.example/{word}").unwrap_err(),
    ];
    // Clouds that need a region.
    errors.extend(Cloud::ids().filter_map(|id| Cloud::named(id).err()));
    errors
}

fn of_endpoints() -> Vec<Error> {
    let endpoint = |cloud: &Cloud, service: &str| {
        cloud.endpoint(&token(), &EndpointQuery::new(service)).map(|_| ()).unwrap_err()
    };
    let target = |url: &str| cloud().check_target(&url.parse().unwrap()).unwrap_err();
    let unfilled = cloud().with_override("thing", "https://x.example/{domain_id}").unwrap();
    let template = json!({"token": {
        "catalog": [{"type": "thing", "endpoints": [
            {"interface": "public", "url": "https://thing.example/%(project_id)s"},
        ]}],
        "expires_at": stamp(3600),
    }});
    let template = response(201, &[("X-Subject-Token", TOKEN)], &template);
    let IdentityResponse::Token(_, template) = IdentityResponse::read(&template, None).unwrap()
    else {
        panic!()
    };
    vec![
        endpoint(&cloud(), "thong"),
        endpoint(&unfilled, "thing"),
        cloud().endpoint(&template, &EndpointQuery::new("thing")).unwrap_err(),
        target("http://10.0.0.1/"),
        target("/path"),
    ]
}

/// Errors of responses that contain the password instead of a token.
fn of_responses() -> Vec<Error> {
    let disabled = json!({"id": PASSWORD, "enabled": false});
    let v3 = json!({"token": {"project": disabled, "expires_at": stamp(3600)}});
    let v2 = json!({"access": {
        "token": {"id": TOKEN, "expires": stamp(3600), "tenant": disabled},
    }});
    let place = format!("https://{NAME}.example/");
    let unversioned = Cloud::keystone("https://keystone.example").unwrap();
    let answers = [
        (cloud(), PASSWORD, response(201, &[("X-Subject-Token", TOKEN)], &v3)),
        (Cloud::nhn(), PASSWORD, response(200, &[], &v2)),
        (cloud(), NAME, response(302, &[("Location", &place)], &json!({}))),
        (cloud(), PASSWORD, response(200, &[], &json!({ "token": PASSWORD }))),
        (cloud(), PASSWORD, response(403, &[], &json!({ "error": PASSWORD }))),
        (unversioned, PASSWORD, response(403, &[], &json!({ "error": PASSWORD }))),
    ];
    let errors = answers.into_iter().map(|(cloud, secret, answer)| {
        let user =
            if cloud.api_version() == Some(ApiVersion::V2) { UserRef::name("u") } else { user() };
        let credential = Credential::password(user, secret);
        let mut login = Login::new(&cloud, credential, Scope::project_id("p")).unwrap();
        login.handle_response(answer, NOW);
        login.poll().unwrap_err()
    });
    errors.collect()
}
