//! Federated logins, their questions and their errors.

use auth_proto::{
    Cloud, Credential, Error, ErrorKind, Federation, FederationProblem, Login, OidcClient,
    ProviderDocument, Scope, SecretSource, Step,
};
use http::Response;
use serde_json::{Value, json};

use crate::{
    canaries::{NAME, OWN_TOKEN, PASSWORD, SECRET, TOKEN},
    types::{NOW, cloud, response, stamp},
    walk::{Walk, see},
};

const TOKEN_ENDPOINT: &str = "https://idp.example/token";

pub(crate) fn walk(walk: &mut Walk) {
    let client = OidcClient::new("robot", TOKEN_ENDPOINT).with_secret(SECRET);
    let person = Federation::password("corp", "openid", client.clone(), "jo", PASSWORD);
    see!(walk, client, person, FederationProblem::NotMapped, ProviderDocument::Token);
    let asked = Federation::access_token("corp", "openid", SecretSource::new("a file"));
    for federation in [
        Federation::client_credentials("corp", "openid", client),
        person.with_code_field("otp"),
        Federation::access_token("corp", "openid", OWN_TOKEN),
        Federation::id_token("corp", OWN_TOKEN),
        asked,
    ] {
        see!(walk, federation);
        let credential = Credential::federated(federation);
        for cloud in [cloud(), Cloud::otc("eu-de").unwrap()] {
            let login = Login::new(&cloud, credential.clone(), Scope::project_id("p"));
            let Ok(login) = login else { continue };
            see!(walk, credential, login, login.poll().unwrap());
            if let Step::Send(request) = login.poll().unwrap() {
                see!(walk, request, request.body().clone(), request.headers());
            }
        }
    }
    for error in errors() {
        match error.kind().clone() {
            ErrorKind::Protocol(why) => {
                see!(walk, why);
            }
            ErrorKind::Rejected(why) | ErrorKind::Unavailable(why) => {
                see!(walk, why, why.fault);
            }
            _ => {}
        }
        see!(walk, error, error.kind().clone());
    }
}

/// Errors of each step, whose responses repeat what was sent.
fn errors() -> Vec<Error> {
    // What the login has sent or seen before.
    let refused = json!([PASSWORD, SECRET]).to_string();
    let refused = json!({"error": "invalid_grant", "error_description": refused});
    let by_gate = json!([PASSWORD, SECRET, OWN_TOKEN]).to_string();
    let by_gate = json!({"error": {"code": 401, "message": by_gate}});
    let by_keystone = json!([PASSWORD, SECRET, OWN_TOKEN, TOKEN]).to_string();
    let by_keystone = json!({"error": {"code": 401, "message": by_keystone}});
    let place = [("Location", format!("https://{NAME}.example/"))];
    let document = |endpoint: &str| {
        response(
            200,
            &[],
            &json!({"token_endpoint": endpoint, "grant_types_supported": ["password"]}),
        )
    };
    let elsewhere = format!("https://{NAME}.example/");
    let redirect = |status| {
        let headers = place.each_ref().map(|(name, value)| (*name, value.as_str()));
        response(status, &headers, &Value::Null)
    };
    let bearer = || response(200, &[], &json!({"access_token": OWN_TOKEN}));
    let unscoped = || {
        let token = json!({"token": {"expires_at": stamp(3600), "user": {"id": OWN_TOKEN}}});
        response(201, &[("X-Subject-Token", TOKEN)], &token)
    };
    vec![
        run(by(false), vec![response(400, &[], &refused)]),
        run(by(false), vec![response(503, &[], &refused)]),
        run(by(false), vec![response(200, &[], &json!({"id_token": OWN_TOKEN}))]),
        run(by(false), vec![redirect(302)]),
        run(by(false), vec![bearer(), response(401, &[], &by_gate)]),
        run(by(false), vec![bearer(), response(404, &[], &by_gate)]),
        run(by(false), vec![bearer(), redirect(302)]),
        run(by(false), vec![bearer(), unscoped(), response(401, &[], &by_keystone)]),
        run(by(true), vec![document(&elsewhere)]),
        run(by(true), vec![document("http://idp.example/")]),
        run(by(true), vec![redirect(301)]),
        run(robot(), vec![document(TOKEN_ENDPOINT)]),
    ]
}

/// A user with a password. The name of a host may be the password.
fn by(discovers: bool) -> Federation {
    let document = "https://idp.example/.well-known/openid-configuration";
    let client = match discovers {
        true => OidcClient::discovered("robot", document),
        false => OidcClient::new("robot", TOKEN_ENDPOINT),
    };
    let password = if discovers { NAME } else { PASSWORD };
    Federation::password("corp", "openid", client.with_secret(SECRET), "jo", password)
}

fn robot() -> Federation {
    let document = "https://idp.example/.well-known/openid-configuration";
    let client = OidcClient::discovered("robot", document).with_secret(SECRET);
    Federation::client_credentials("corp", "openid", client)
}

fn run(federation: Federation, responses: Vec<Response<String>>) -> Error {
    let credential = Credential::federated(federation);
    let mut login = Login::new(&cloud(), credential, Scope::project_id("p")).unwrap();
    for response in responses {
        let _ = login.poll().unwrap();
        login.handle_response(response, NOW);
    }
    login.poll().unwrap_err()
}
