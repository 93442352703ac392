//! The core wipes all memory with secrets before it frees it, without exception.

use std::hint::black_box;

use auth_config::{Choices, Config, Files, Variables};
use auth_proto::{
    Action, Agency, Body, Check, Cloud, Credential, DomainRef, Entry, Factor, Failure, FailureKind,
    Federation, IdentityRequest, IdentityResponse, Lease, Login, Name, Note, OidcClient, Projects,
    Scope, Session, Settings, Step, UserRef, Validate,
};
use http::{HeaderValue, Response};
use time::UtcDateTime;

use crate::{
    PASSCODE, PASSWORD, RECEIPT, TOKEN,
    allocator::{is_of, searched_blocks, watch},
};

const NOW: UtcDateTime = UtcDateTime::UNIX_EPOCH;

/// One test for all of it, because the allocator watches every thread.
#[test]
fn secrets_are_wiped_before_memory_is_freed() {
    // The watch itself works.
    let (_, found) = watch(|| drop(black_box(PASSWORD.to_owned())));
    assert_eq!(found.len(), 1, "a String is not wiped");
    let (_, found) = watch(|| black_box(Vec::from(PASSCODE)).reserve(1 << 16));
    assert_eq!(found.len(), 2, "a block that moves leaves a copy behind");

    let before = searched_blocks();
    for (what, act) in ACTS {
        let ((), found) = watch(act);
        let own: Vec<_> = found.iter().filter(|trace| !is_of(trace, &LIBRARIES)).collect();
        assert!(own.is_empty(), "{what}: {} blocks, the first one by\n{}", own.len(), own[0]);
    }
    assert!(searched_blocks() > before + 1000, "{}", searched_blocks() - before);
    crate::drivers::are_watched();
    crate::loading::is_watched();
}

/// Libraries that cannot wipe memory: the YAML parser.
pub(crate) const LIBRARIES: [&str; 1] = ["saphyr_parser"];

const ACTS: [(&str, fn()); 15] = [
    ("credentials", credentials),
    ("a v3 login", || login(&v3(), password(), V3_TOKEN)),
    ("a v2.0 login", || login(&v2(), Credential::password("u", PASSWORD), V2_TOKEN)),
    ("an application credential", || {
        login(&v3(), Credential::application_credential("k", PASSWORD), V3_TOKEN);
    }),
    ("a token to exchange", || login(&v3(), Credential::token(TOKEN), V3_TOKEN)),
    ("an existing token", || login(&v3(), Credential::existing_token(TOKEN), V3_VALIDATED)),
    ("an agency", || {
        let agency = Agency::new("a", DomainRef::name("o"));
        let cloud = Cloud::otc("eu-de").unwrap();
        login(&cloud, password().assume(agency), V3_TOKEN);
    }),
    ("federated logins", federated),
    ("two factors", two_factors),
    ("a long password with all that JSON escapes", || {
        let long: &'static str = concat!("t0ps3cret\"\\\u{1}\n\u{7f}", "t0ps3cret-long");
        login(&v3(), Credential::password(UserRef::id("u"), long), V3_TOKEN);
    }),
    ("sessions: closed, refused, with a new credential", sessions),
    ("refusals that repeat the secret", repeated),
    ("identity requests and recorded responses", identity_requests),
    ("a configuration", configuration),
    ("an entry of a store", entries),
];

fn v3() -> Cloud {
    Cloud::keystone("https://keystone.example/v3").unwrap()
}

fn v2() -> Cloud {
    Cloud::keystone("https://keystone.example/v2.0").unwrap()
}

fn password() -> Credential {
    Credential::password(UserRef::name_in("u", DomainRef::name("d")), PASSWORD)
}

/// A response in static memory, which is never freed: status, header, body.
type Canned = (u16, Option<(&'static str, &'static str)>, &'static str);

const V3_BODY: &str = r#"{"token": {"project": {"id": "p"}, "domain": {"name": "d"},
    "issued_at": "1970-01-01T00:00:00Z", "expires_at": "1970-01-01T01:00:00Z"}}"#;
const V3_TOKEN: Canned = (201, Some(("X-Subject-Token", TOKEN)), V3_BODY);
const V3_VALIDATED: Canned = (200, Some(("X-Subject-Token", TOKEN)), V3_BODY);
const V2_TOKEN: Canned = (
    200,
    None,
    r#"{"access": {"token": {"id": "t0ps3cret-token", "expires": "1970-01-01T01:00:00Z",
        "tenant": {"id": "p"}}, "user": {"id": "u"}}}"#,
);
const WANTS_CODE: Canned = (
    401,
    Some(("Openstack-Auth-Receipt", RECEIPT)),
    r#"{"receipt": {"methods": ["password"], "expires_at": "1970-01-01T00:05:00Z"},
        "required_auth_methods": [["password", "totp"]]}"#,
);
const REFUSED: Canned = (401, None, r#"{"error": {"code": 401, "message": "no"}}"#);

/// The response with its body on the heap, as an adapter hands it over.
fn response((status, header, body): Canned) -> Response<Body> {
    let mut response = Response::builder().status(status);
    if let Some((name, value)) = header {
        response = response.header(name, HeaderValue::from_static(value));
    }
    response.body(Body::new(body.as_bytes().to_vec().into())).unwrap()
}

fn credentials() {
    let all = password().and(Factor::totp(PASSCODE));
    let more = all.clone().and(Factor::password(PASSWORD));
    black_box((all, more, Credential::token(TOKEN), Credential::totp("u", PASSCODE)));
    // A text without spare capacity is moved, not copied (see SECURITY.md).
    black_box(Credential::password("u", PASSWORD.to_owned().into_boxed_str()));
}

fn login(cloud: &Cloud, credential: Credential, canned: Canned) {
    let scope = match cloud.agency_field() {
        Some(_) => Scope::project_id("p"),
        None => Scope::default(),
    };
    let mut login = Login::new(cloud, credential, scope).unwrap();
    let mut requests = 0;
    while let Step::Send(request) = login.poll().unwrap() {
        requests += 1;
        black_box((request.clone(), format!("{request:?}")));
        login.handle_response(response(canned), NOW);
    }
    let Step::Done(token) = login.poll().unwrap() else { panic!("no token") };
    assert!(requests > 0 && token.expose() == TOKEN);
    let mut call = http::Request::get("https://thing.example").body(()).unwrap();
    cloud.authorize(&token, &mut call).unwrap();
    black_box((token.header().clone(), token, login.clone(), call));
}

/// Each way in to its token, and with refusals that repeat the secrets.
fn federated() {
    const BEARER: Canned =
        (200, None, r#"{"access_token": "t0ps3cret-bearer", "id_token": "t0ps3cret-id"}"#);
    const DOCUMENT: Canned = (200, None, r#"{"token_endpoint": "https://idp.example/token"}"#);
    const REPEATED: Canned = (
        401,
        None,
        r#"{"error": "invalid_grant", "error_description": "t0ps3cret-token, and t0ps3cret-token again"}"#,
    );
    let client = || OidcClient::new("u", "https://idp.example/token").with_secret(TOKEN);
    let document = "https://idp.example/.well-known/openid-configuration";
    let discovered = OidcClient::discovered("u", document).with_secret(PASSWORD);
    let given = Federation::access_token("i", "p", TOKEN);
    let person = || {
        let person = Federation::password("i", "p", client(), "u", PASSWORD).with_code_field("c");
        Credential::federated(person).and(Factor::totp(PASSCODE))
    };
    let robot = Credential::federated(Federation::client_credentials("i", "p", discovered));
    for (credential, responses) in [
        (robot, vec![DOCUMENT, BEARER, V3_TOKEN, V3_TOKEN]),
        (person(), vec![BEARER, V3_TOKEN, V3_TOKEN]),
        (person(), vec![REPEATED]),
        (person(), vec![BEARER, REPEATED]),
        (person(), vec![BEARER, V3_TOKEN, REPEATED]),
        (Credential::federated(given), vec![V3_TOKEN, V3_TOKEN]),
    ] {
        let mut login = Login::new(&v3(), credential, Scope::project_id("p")).unwrap();
        for canned in responses {
            let Step::Send(request) = login.poll().unwrap() else { panic!("no request") };
            black_box((request.clone(), format!("{request:?}")));
            login.handle_response(response(canned), NOW);
        }
        black_box((login.clone(), format!("{:?}", login.poll())));
    }
    let id_token = Credential::federated(Federation::id_token("i", TOKEN));
    login(&Cloud::otc("eu-de").unwrap(), id_token, V3_TOKEN);
}

fn two_factors() {
    let mut login = Login::new(&v3(), password(), Scope::default()).unwrap();
    login.handle_response(response(WANTS_CODE), NOW);
    login.answer(Factor::totp(PASSCODE)).unwrap();
    let Step::Send(request) = login.poll().unwrap() else { panic!("no request") };
    assert_eq!(request.headers()["Openstack-Auth-Receipt"], RECEIPT);
    login.handle_response(response(REFUSED), NOW);
    login.answer(Factor::totp(PASSCODE)).unwrap();
    login.handle_response(response(V3_TOKEN), NOW);
    assert!(matches!(login.poll(), Ok(Step::Done(_))));
}

fn sessions() {
    let scope = Scope::default();
    for canned in [V3_TOKEN, REFUSED, WANTS_CODE] {
        let mut session = Session::new(v3(), password(), Settings::default()).unwrap();
        let Action::Send(pending, _) = session.poll(&scope, NOW) else { panic!("no request") };
        session.handle_response(pending, response(canned), NOW).unwrap();
        black_box(session.last_error(&scope));
        if let Action::Use(token) = session.poll(&scope, NOW) {
            let service = http::Uri::from_static("https://service.example/");
            let _ = session.handle_unauthorized(&token, &service, NOW);
        }
        if let Action::Send(pending, _) = session.poll(&scope, NOW) {
            session.handle_failure(pending, Failure::new(FailureKind::Io, "no"), NOW).unwrap();
        }
        session.replace_credential(password().and(Factor::totp(PASSCODE))).unwrap();
        session.close();
        while let Some(event) = session.poll_event() {
            black_box(event.to_string());
        }
    }
}

/// Bodies without JSON escapes, because serde_json unescapes in an internal buffer and frees it.
fn repeated() {
    let plain = || Credential::password(UserRef::id("u"), TOKEN);
    for body in [
        r#"{"error": {"code": "t0ps3cret-token", "title": "t0ps3cret-token", "message": "t0ps3cret-token"}}"#,
        r#"{"t0ps3cret-token": {"message": "no t0ps3cret-token", "x": ["t0ps3cret-token", {"t0ps3cret-token": 1}]}}"#,
        r#"{"error": "t0ps3cret-token", "error_description": "a t0ps3cret-token, and t0ps3cret-token again"}"#,
        r#"["t0ps3cret-token"]"#,
        // Truncated JSON, and a duplicate key.
        r#"{"error": {"message": "t0ps3cret-token", "t0ps3cret-token": ["t0ps3cret-token"#,
        r#"{"error": {"message": "t0ps3cret-token", "message": "t0ps3cret-token"}}"#,
        r#"{"message": "t0ps3cret-token", "x": ["t0ps3cret-token", 1e400]}"#,
    ] {
        let mut login = Login::new(&v3(), plain(), Scope::default()).unwrap();
        login.handle_response(response((401, None, body)), NOW);
        black_box(login.poll().unwrap_err().to_string());
        // A secret that the core does not know: the adapter's token.
        let (head, body) = response((403, None, body)).into_parts();
        let refused = Projects::new(&v3()).parse(Response::from_parts(head, body.as_bytes()));
        black_box(refused.unwrap_err().without_secret(TOKEN).to_string());
    }
}

fn identity_requests() {
    let validate = Validate::new(&v3(), TOKEN);
    black_box((validate.request().unwrap(), Check::new(&v3(), TOKEN).request().unwrap()));
    for canned in [V3_VALIDATED, REFUSED, (200, None, V3_BODY)] {
        let (head, body) = response(canned).into_parts();
        let _ = black_box(validate.parse(Response::from_parts(head, body.as_bytes())));
    }
    for canned in [V3_TOKEN, V2_TOKEN, WANTS_CODE, REFUSED] {
        black_box(IdentityResponse::read(&response(canned), None).unwrap());
    }
}

fn entries() {
    // An entry in static memory, which is never freed.
    let v3: &[u8] =
        b"\x01\x03\0\0\0\0\0\0\xea\x60\0\0\0\0\0\0\0\0\0\x0ft0ps3cret-token{\"t0ps3cret\": 1}";
    let v2: &[u8] =
        b"\x01\x02\0\0\0\0\0\0\xea\x60\0\0\0\0\0\0\0\0\0\0{\"id\": \"t0ps3cret-token\"}";
    for bytes in [v3, v2] {
        let entry = Entry::from_bytes(bytes).unwrap();
        black_box((entry.clone(), entry.to_bytes(), format!("{entry:?}")));
        // Not the bytes of an entry any more.
        let (last, most) = bytes.split_last().unwrap();
        let _ = black_box((Entry::from_bytes(&bytes[..26]), Entry::from_bytes(most), last));
        let name = Name::new(PASSWORD.as_bytes().to_vec().into());
        let lease = Lease::new(name.clone(), 1);
        black_box((format!("{name:?}"), Note::Put { lease, entry: Some(entry) }));
    }
}

fn configuration() {
    let file: &'static str = "clouds: {mine: {auth: {auth_url: 'https://k.example/v3', username: u, \
        user_domain_id: d, password: 't0ps3cret-file-''and-a-long-one-with-quotes', project_id: p}}}";
    let files = Files::in_directory("/srv").with("clouds.yaml", file);
    let variables = Variables::from_iter([("OS_TOKEN", TOKEN), ("OS_PASSWORD", PASSWORD)]);
    let config = Config::merge(&files, &variables).unwrap();
    let cloud = config.cloud(&Choices::default().cloud("mine")).unwrap();
    black_box((
        cloud.cloud().unwrap(),
        cloud.credential().unwrap(),
        cloud.settings().len(),
        format!("{cloud:?}"),
    ));
}
