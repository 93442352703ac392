//! The requests of each way in.

use auth_proto::{
    Challenge, Cloud, ConfigError, Credential, Factor, Federation, Login, Misuse, OidcClient,
    Question, Reply, Scope, SecretSource, Step,
};
use secrecy::SecretString;
use serde_json::json;

use super::{
    BEARER, CLIENT_SECRET, DISCOVERY, PASSWORD, SCOPED, TOKEN_ENDPOINT, UNSCOPED, authorization,
    bearer, body, client, discovered, document, holder, keystone, line, login_of, person, project,
    robot, run, scoped, unscoped,
};
use crate::support::{NOW, config_error, json as read, response};

const FEDERATED: &str = "POST https://keystone.example/identity/v3/OS-FEDERATION\
                         /identity_providers/corp/protocols/openid/auth";

/// `robot:cl1ent%2Bsecret`, as RFC 6749, section 2.3.1 wants it.
const BASIC: &str = "Basic cm9ib3Q6Y2wxZW50JTJCc2VjcmV0";

#[test]
fn client_credentials_take_three_requests() {
    let mut login = login_of(robot(), project());
    let requests = run(&mut login, vec![bearer(), unscoped(), scoped()]);
    let lines: Vec<_> = requests.iter().map(line).collect();
    let exchange = "POST https://keystone.example/identity/v3/auth/tokens";
    assert_eq!(lines, [&format!("POST {TOKEN_ENDPOINT}"), FEDERATED, exchange]);

    let [provider, federated, derived] = &requests[..] else { panic!("{lines:?}") };
    assert_eq!(authorization(provider), Some(BASIC));
    assert_eq!(provider.headers()["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(body(provider), "grant_type=client_credentials&scope=openid+profile");

    assert_eq!(authorization(federated), Some(format!("Bearer {BEARER}").as_str()));
    assert_eq!(body(federated), "");

    assert_eq!(authorization(derived), None);
    let identity = json!({"methods": ["token"], "token": {"id": UNSCOPED}});
    let scope = json!({"project": {"id": "p"}});
    assert_eq!(read(derived.body()), json!({"auth": {"identity": identity, "scope": scope}}));

    for request in &requests {
        assert_eq!(request.headers()["accept-encoding"], "identity");
        // A gate redirects only those who accept more than JSON, which shows a path for browsers.
        let is_at_gate = request.uri().path().contains("OS-FEDERATION");
        let accepted = if is_at_gate { "application/json, */*;q=0.1" } else { "application/json" };
        assert_eq!(request.headers()["accept"], accepted);
    }
    let Step::Done(token) = login.poll().unwrap() else { panic!() };
    assert_eq!(token.expose(), SCOPED);
}

#[test]
fn no_scope_needs_no_exchange() {
    for scope in [Scope::default(), Scope::unscoped()] {
        let mut login = login_of(robot(), scope);
        run(&mut login, vec![bearer(), unscoped()]);
        let Step::Done(token) = login.poll().unwrap() else { panic!() };
        assert_eq!(token.expose(), UNSCOPED);
        assert_eq!(token.user().id.as_deref(), Some("u"));
    }
}

#[test]
fn a_given_token_goes_to_keystone_alone() {
    let mut login = login_of(holder(), project());
    let requests = run(&mut login, vec![unscoped(), scoped()]);
    assert_eq!(line(&requests[0]), FEDERATED);
    assert_eq!(authorization(&requests[0]), Some(format!("Bearer {BEARER}").as_str()));
    assert!(matches!(login.poll(), Ok(Step::Done(_))));
}

#[test]
fn a_client_without_secret_is_in_the_form() {
    let public = OidcClient::new("a b", TOKEN_ENDPOINT).with_scope("openid email");
    let mut login =
        login_of(Federation::password("corp", "openid", public, "jo", PASSWORD), project());
    let requests = run(&mut login, vec![bearer()]);
    assert_eq!(authorization(&requests[0]), None);
    assert_eq!(
        body(&requests[0]),
        "grant_type=password&username=jo&password=w%C3%BCnsch+dir%3Dwas%26&scope=openid+email\
         &client_id=a+b",
    );
}

#[test]
fn the_id_token_is_used_where_it_is_wanted() {
    let by_id_token = Federation::client_credentials("ovh", "openid", client().with_id_token());
    let mut login = login_of(by_id_token, project());
    let both = response(200, None, r#"{"access_token":"aaa","id_token":"iii"}"#);
    let requests = run(&mut login, vec![both, unscoped()]);
    assert_eq!(authorization(&requests[1]), Some("Bearer iii"));
}

#[test]
fn unversioned_urls_mean_v3() {
    for (identity, base) in [
        ("https://keystone.example", "https://keystone.example/v3"),
        ("https://keystone.example:5000/identity/", "https://keystone.example:5000/identity/v3"),
        ("https://keystone.example/v3/", "https://keystone.example/v3"),
        ("https://keystone.example/v3/auth/tokens", "https://keystone.example/v3"),
    ] {
        let cloud = Cloud::keystone(identity).unwrap();
        let mut login = Login::new(&cloud, Credential::federated(holder()), project()).unwrap();
        let requests = run(&mut login, vec![unscoped(), scoped()]);
        let path = "/OS-FEDERATION/identity_providers/corp/protocols/openid/auth";
        assert_eq!(line(&requests[0]), format!("POST {base}{path}"), "{identity}");
        assert_eq!(line(&requests[1]), format!("POST {base}/auth/tokens"), "{identity}");
    }
    let v2 = Cloud::keystone("https://keystone.example/v2.0").unwrap();
    let refused = Login::new(&v2, Credential::federated(holder()), project());
    assert_eq!(config_error(refused), ConfigError::NotInV2);
}

#[test]
fn ids_are_one_segment_each() {
    for (id, segment) in [
        ("corp", "corp"),
        ("a/b", "a%2Fb"),
        ("../v2.0", "..%2Fv2.0"),
        ("ä b", "%C3%A4%20b"),
        ("a?b#c", "a%3Fb%23c"),
        ("%2e%2e", "%252e%252e"),
        ("a;b@c:d", "a%3Bb%40c%3Ad"),
        ("https://evil.example", "https%3A%2F%2Fevil.example"),
    ] {
        for (provider, protocol, path) in [
            (id, "openid", format!("{segment}/protocols/openid")),
            ("corp", id, format!("corp/protocols/{segment}")),
        ] {
            let login = login_of(Federation::access_token(provider, protocol, BEARER), project());
            let Ok(Step::Send(request)) = login.poll() else { panic!("{id}") };
            let base = "https://keystone.example/identity/v3/OS-FEDERATION/identity_providers";
            assert_eq!(request.uri().to_string(), format!("{base}/{path}/auth"), "{id}");
        }
    }
}

#[test]
fn a_document_names_the_token_endpoint() {
    let federation = Federation::client_credentials("corp", "openid", discovered());
    let mut login = login_of(federation.clone(), project());
    let requests = run(&mut login, vec![document(TOKEN_ENDPOINT), bearer(), unscoped(), scoped()]);
    assert_eq!(line(&requests[0]), format!("GET {DISCOVERY}"));
    assert_eq!(authorization(&requests[0]), None);
    assert_eq!(body(&requests[0]), "");
    assert_eq!(line(&requests[1]), format!("POST {TOKEN_ENDPOINT}"));
    assert_eq!(authorization(&requests[1]), Some(BASIC));
    assert!(matches!(login.poll(), Ok(Step::Done(_))));

    // A configured endpoint wins, and the document is not read.
    let both = discovered().with_token_endpoint("https://other.example/token");
    let login = login_of(Federation::client_credentials("corp", "openid", both), project());
    let Ok(Step::Send(request)) = login.poll() else { panic!() };
    assert_eq!(line(&request), "POST https://other.example/token");
}

#[test]
fn an_id_token_login_is_one_request() {
    let credential = || Credential::federated(Federation::id_token("corp-idp", BEARER));
    let otc = Cloud::otc("eu-de").unwrap();
    for (cloud, scope, want) in [
        (&Cloud::huawei(), project(), Some(json!({"project": {"id": "p"}}))),
        (&Cloud::huawei(), Scope::domain_name("d"), Some(json!({"domain": {"name": "d"}}))),
        (&otc, Scope::project_name("eu-de"), Some(json!({"project": {"name": "eu-de"}}))),
        (&otc, Scope::default(), None),
    ] {
        let mut login = Login::new(cloud, credential(), scope.clone()).unwrap();
        let token = if scope == project() { scoped() } else { unscoped() };
        let requests = run(&mut login, vec![token]);
        let url = requests[0].uri().to_string();
        assert!(url.ends_with("/v3.0/OS-AUTH/id-token/tokens"), "{url}");
        assert_eq!(requests[0].headers()["x-idp-id"], "corp-idp");
        assert_eq!(authorization(&requests[0]), None);
        let auth = read(requests[0].body())["auth"].clone();
        assert_eq!(auth["id_token"], json!({"id": BEARER}));
        assert_eq!(auth.get("scope"), want.as_ref());
        if scope == project() || scope == Scope::default() {
            assert!(matches!(login.poll(), Ok(Step::Done(_))), "{scope}");
        }
    }
}

#[test]
fn clouds_say_which_ways_they_take() {
    let (by_path, by_id_token) = (holder(), Federation::id_token("corp", BEARER));
    let otc = Cloud::otc("eu-de").unwrap();
    for (cloud, path, id_token) in [
        (keystone(), true, false),
        (Cloud::huawei(), true, true),
        (otc, true, true),
        (Cloud::kakao(), false, false),
        (Cloud::nhn(), false, false),
        (Cloud::standalone("https://ironic.example").unwrap(), false, false),
    ] {
        for (federation, takes) in [(&by_path, path), (&by_id_token, id_token)] {
            let credential = Credential::federated(federation.clone());
            let scope =
                if cloud.name().contains("standalone") { Scope::default() } else { project() };
            let login = Login::new(&cloud, credential, scope);
            match takes {
                true => assert!(login.is_ok(), "{}: {login:?}", cloud.name()),
                false => {
                    let why = config_error(login);
                    assert!(matches!(why, ConfigError::Method { .. }), "{why}");
                    assert!(why.to_string().contains(cloud.name()), "{why}");
                }
            }
        }
    }
}

#[test]
fn secrets_are_asked_for_one_by_one() {
    let asked =
        OidcClient::new("robot", TOKEN_ENDPOINT).with_secret(SecretSource::new("the file c"));
    let federation =
        Federation::password("corp", "openid", asked, "jo", SecretSource::new("the file p"))
            .with_code_field("otp");
    let mut login = login_of(federation, project());
    for (name, secret) in [("the file c", CLIENT_SECRET), ("the file p", PASSWORD)] {
        assert_eq!(question(&login), Question::Secret(SecretSource::new(name)));
        assert!(login.answer(Factor::totp("1")).is_err());
        login.answer(SecretString::from(secret)).unwrap();
    }
    let Question::Factor(challenge) = question(&login) else { panic!() };
    assert!(Challenge::missing(&challenge).any(|missing| missing == ["totp"]));
    let wrong = login.answer(Factor::password("pw")).unwrap_err();
    assert_eq!(*wrong.kind(), Misuse::WrongReply.into());
    login.answer(Reply::Factor(Factor::totp("123+456"))).unwrap();
    let requests = run(&mut login, vec![bearer()]);
    assert_eq!(authorization(&requests[0]), Some(BASIC));
    assert!(body(&requests[0]).contains("&password=w%C3%BCnsch+dir%3Dwas%26&otp=123%2B456&"));
}

#[test]
fn a_code_can_be_given_at_once() {
    let credential =
        Credential::federated(person().with_code_field("otp")).and(Factor::totp("123456"));
    let login = Login::new(&keystone(), credential, project()).unwrap();
    let Ok(Step::Send(request)) = login.poll() else { panic!() };
    assert!(body(&request).contains("&otp=123456&"));
}

#[test]
fn a_read_token_may_be_bad() {
    let federation = Federation::access_token("corp", "openid", SecretSource::new("a file"));
    let mut login = login_of(federation, project());
    for bad in ["", "two words", "line\nbreak", "ü"] {
        let error = login.answer(SecretString::from(bad)).unwrap_err();
        assert!(error.to_string().starts_with("credential.access_token: "), "{error}");
        assert!(matches!(question(&login), Question::Secret(_)));
    }
    login.answer(SecretString::from(BEARER)).unwrap();
    assert!(matches!(login.poll(), Ok(Step::Send(_))));
}

#[test]
fn a_repeated_poll_sends_the_same_request() {
    let mut login = login_of(robot(), project());
    for response in [bearer(), unscoped(), scoped()] {
        let (Ok(Step::Send(one)), Ok(Step::Send(two))) = (login.poll(), login.poll()) else {
            panic!()
        };
        assert_eq!(line(&one), line(&two));
        assert_eq!(one.headers(), two.headers());
        assert_eq!(one.body(), two.body());
        login.handle_response(response, NOW);
    }
}

fn question(login: &Login) -> Question {
    match login.poll() {
        Ok(Step::Ask(question)) => question,
        other => panic!("expected a question, got {other:?}"),
    }
}
