//! Fields that no program expects a secret in.

use auth_proto::{
    Agency, Cloud, Credential, DomainRef, EndpointQuery, Factor, Login, Question, Scope, Session,
    Settings, Step, UserRef,
};
use http::{Response, header};
use serde_json::json;

use super::granted;
use crate::support::{NOW, alice, keystone, keystone_v2, response, session::respond, set_header};

const PASSWORD: &str = "correct-horse-7";
const TOKEN: &str = "gAAAAABmVtoken123";

/// A login whose response repeats its own token, and the password, in every field.
fn login(cloud: &Cloud, scope: Scope, response: Response<Vec<u8>>) -> Login {
    let user = match cloud.api_version() == keystone().api_version() {
        true => alice(),
        false => UserRef::name("alice"),
    };
    let mut login = Login::new(cloud, Credential::password(user, PASSWORD), scope).unwrap();
    login.handle_response(response, NOW);
    login
}

#[track_caller]
fn check(shown: &str) {
    assert!(shown.contains("[redacted]"), "{shown}");
    assert!(!shown.contains(PASSWORD) && !shown.contains(TOKEN), "{shown}");
}

#[test]
fn a_new_token_is_not_shown_as_another_scope() {
    let v2 = |secret: &str, enabled: bool| {
        let tenant = json!({"id": secret, "enabled": enabled});
        let token = json!({"id": TOKEN, "expires": "2026-11-22T20:00:00Z", "tenant": tenant});
        response(200, None, &json!({"access": {"token": token}}).to_string())
    };
    for secret in [TOKEN, PASSWORD] {
        for field in ["project", "domain"] {
            let body = granted(&json!({field: {"id": secret}}));
            let refused =
                login(&keystone(), Scope::project_id("p"), response(201, Some(TOKEN), &body));
            let error = refused.poll().unwrap_err();
            check(&error.to_string());
            check(&format!("{error:?}"));
            check(&format!("{refused:?}"));

            let mut session = Session::new(
                keystone(),
                Credential::password(alice(), PASSWORD),
                Settings::default(),
            )
            .unwrap();
            respond(&mut session, &Scope::project_id("p"), response(201, Some(TOKEN), &body), NOW);
            let _ = session.poll_event();
            let event = session.poll_event().unwrap();
            check(&event.to_string());
            check(&format!("{event:?}"));
        }
        for enabled in [true, false] {
            let refused = login(&keystone_v2(), Scope::project_id("p"), v2(secret, enabled));
            check(&refused.poll().unwrap_err().to_string());
        }
    }
}

#[test]
fn a_token_does_not_show_its_secrets() {
    for secret in [TOKEN, PASSWORD] {
        let body = granted(&json!({
            "project": {"id": "p", "name": secret, "domain": {"id": secret, "name": secret}},
            "user": {"id": secret, "name": secret, "domain": {"id": secret, "name": secret}},
            "catalog": [{"type": secret, "endpoints": [
                {"interface": "public", "region": secret, "url": format!("http://{secret}.example")}]}],
        }));
        let login = login(&keystone(), Scope::project_id("p"), response(201, Some(TOKEN), &body));
        check(&format!("{login:?}"));
        let Ok(Step::Done(token)) = login.poll() else { panic!("{login:?}") };
        check(&format!("{token:?}"));
        check(&format!("{token:#?}"));
        // What the caller takes from the token is data.
        assert_eq!(token.user().name.as_deref(), Some(secret));

        for query in [
            EndpointQuery::new("compute"),
            EndpointQuery::new(secret),
            EndpointQuery::new(secret).region("elsewhere"),
        ] {
            let error = keystone().endpoint(&token, &query).unwrap_err();
            let shown = error.to_string().replace(&format!("service {secret}"), "");
            check(&shown);
        }
    }
}

/// A token whose fields and catalog repeat a secret of an earlier step of its login.
fn check_after(mut login: Login, secret: &str) {
    let url = format!("http://{secret}.example");
    let body = granted(&json!({
        "project": {"id": "p", "name": secret},
        "user": {"id": secret},
        "catalog": [{"type": "image", "endpoints": [
            {"interface": "public", "region": secret, "url": url}]}],
    }));
    login.handle_response(response(201, Some(TOKEN), &body), NOW);
    let Ok(Step::Done(token)) = login.poll() else { panic!("{login:?}") };
    let errors = ["image", "compute"]
        .map(|service| keystone().endpoint(&token, &EndpointQuery::new(service)).unwrap_err());
    for shown in [format!("{token:?}"), format!("{login:?}"), format!("{errors:?}")] {
        assert!(!shown.to_lowercase().contains(&secret.to_lowercase()), "{secret}: {shown}");
    }
}

#[test]
fn a_token_shows_no_secret_of_earlier_steps() {
    let receipt = json!({"methods": ["password"], "expires_at": "2026-11-22T20:00:00Z"});
    let rules = json!([["password", "totp"]]);
    let body = json!({"receipt": receipt, "required_auth_methods": rules}).to_string();
    let mut response_with_receipt = response(401, None, &body);
    set_header(&mut response_with_receipt, "openstack-auth-receipt", "gAAAAreceipt1");
    let mut challenged = login(&keystone(), Scope::project_id("p"), response_with_receipt);
    challenged.answer(Factor::totp("271828")).unwrap();
    for secret in ["271828", "gAAAAreceipt1", PASSWORD] {
        check_after(challenged.clone(), secret);
    }

    let user = UserRef::name_in("alice", DomainRef::name("own"));
    let agency = Agency::new("agency", DomainRef::name("other"));
    let credential = Credential::password(user, PASSWORD).assume(agency);
    let cloud = Cloud::otc("eu-de").unwrap();
    let mut assuming = Login::new(&cloud, credential, Scope::project_id("p")).unwrap();
    let own = granted(&json!({"domain": {"id": "d", "name": "own"}}));
    assuming.handle_response(response(201, Some("gAAAAAfirst1"), &own), NOW);
    for secret in ["gAAAAAfirst1", PASSWORD] {
        check_after(assuming.clone(), secret);
    }
}

#[test]
fn a_method_does_not_show_a_secret() {
    let receipt = |given: &str, wanted: &str| {
        let receipt = json!({"methods": ["password", given], "expires_at": "2026-11-22T20:00:00Z"});
        let rules = json!([["password", "totp"], [wanted]]);
        let body = json!({"receipt": receipt, "required_auth_methods": rules}).to_string();
        let mut response = response(401, None, &body);
        set_header(&mut response, "openstack-auth-receipt", "gAAAAreceipt1");
        response
    };
    for (given, wanted) in
        [(PASSWORD, "x"), ("x", PASSWORD), ("gAAAAreceipt1", "x"), ("x", "GAAAAreceipt1")]
    {
        let login = login(&keystone(), Scope::project_id("p"), receipt(given, wanted));
        let Ok(Step::Ask(Question::Factor(challenge))) = login.poll() else { panic!("{login:?}") };
        check(&format!("{challenge:?} {login:?}"));
        assert!(
            challenge
                .given()
                .iter()
                .chain(challenge.required().concat().iter())
                .all(|name| { ["password", "totp", "x", "[redacted]"].contains(&name.as_str()) })
        );
    }
    // A code that an earlier step sent.
    let mut login = login(&keystone(), Scope::project_id("p"), receipt("x", "y"));
    login.answer(Factor::totp("271828")).unwrap();
    login.handle_response(receipt("271828", "y"), NOW);
    let Ok(Step::Ask(Question::Factor(challenge))) = login.poll() else { panic!("{login:?}") };
    assert!(!format!("{challenge:?}").contains("271828"), "{challenge:?}");
}

/// The login goes on if a secret has the name of a method.
#[test]
fn a_secret_may_be_named_as_a_method() {
    for secret in ["totp", "password", "pass"] {
        let mut login =
            Login::new(&keystone(), Credential::password(alice(), secret), Scope::default())
                .unwrap();
        let receipt = json!({"methods": ["password"], "expires_at": "2026-11-22T20:00:00Z"});
        let body = json!({"receipt": receipt, "required_auth_methods": [["password", "totp"]]});
        let mut response = response(401, None, &body.to_string());
        set_header(&mut response, "openstack-auth-receipt", "r");
        login.handle_response(response, NOW);
        login.answer(Factor::totp("123456")).unwrap();
        assert!(matches!(login.poll(), Ok(Step::Send(_))), "{secret}");
    }
}

#[test]
fn a_redirect_does_not_show_a_secret() {
    for location in [
        format!("https://{PASSWORD}.example/v3"),
        format!("https://a.{}:8443/", PASSWORD.to_uppercase()),
    ] {
        let mut response = response(302, None, "");
        set_header(&mut response, header::LOCATION.as_str().to_owned().leak(), &location);
        let login = login(&keystone(), Scope::default(), response);
        let error = login.poll().unwrap_err();
        check(&error.to_string());
        check(&format!("{error:?} {login:?}"));
    }
}

/// A refusal may carry secrets in its own headers.
#[test]
fn a_received_secret_is_not_shown() {
    for name in ["x-subject-token", "x-auth-token"] {
        let body = json!({"error": {"message": TOKEN, "title": TOKEN, "code": TOKEN}}).to_string();
        let mut response = response(403, None, &body);
        set_header(&mut response, name, TOKEN);
        let login = login(&keystone(), Scope::default(), response);
        let error = login.poll().unwrap_err();
        check(&error.to_string());
        check(&format!("{error:?} {login:?}"));
    }
}
