//! What a login sent or received as a secret is shown nowhere: not in the text of an error or an
//! event, and not by `Debug`, whichever field it comes back in and however it is spelled.

mod fields;
mod spelling;

use std::iter;

use auth_proto::{
    Cloud, Credential, Error, ErrorKind, IdentityRequest, Login, Projects, Question, Scope,
    Session, Settings, Step, UserRef, limits,
};
use http::Response;
use proptest::prelude::*;
use serde_json::{Value, json};

use self::spelling::{Draw, Spelled, password, token};
use crate::support::{
    NOW, alice, cases, keystone, keystone_v2, response, session::respond, set_header,
};

proptest! {
    // In ten minutes of `--release`, `PROPTEST_CASES` can ask for millions.
    #![proptest_config(unless_set(2_000))]

    #[test]
    fn no_spelling_of_a_secret_is_shown(seed: u64) {
        check(&mut Draw(seed));
    }
}

#[expect(clippy::disallowed_methods, reason = "only this test takes its number from there")]
fn unless_set(count: u32) -> ProptestConfig {
    let set = std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok());
    cases(set.unwrap_or(count))
}

/// A secret, and the text with it that a service sends.
struct Case {
    secret: String,
    is_token: bool,
    text: String,
}

fn check(draw: &mut Draw) {
    let is_token = draw.one_in(3);
    let secret = if is_token { token(draw) } else { password(draw) };
    let mut spelled = Spelled::of(draw, &secret, 3);
    if spelled.before.len() + spelled.after.len() > 150 {
        // Errors cut a longer text.
        spelled = Spelled::of(draw, &secret, 0);
    }
    let text = format!("⟦{}⟧", spelled.text());
    let case = Case { secret, is_token, text };
    let (writer, write) = WRITERS[draw.below(WRITERS.len())];
    for shown in write(&case, draw) {
        let texts: Vec<_> = shown.split('⟦').skip(1).collect();
        let all_clean = texts.iter().all(|text| is_clean(text, &spelled));
        assert!(
            all_clean && !texts.is_empty(),
            "{writer}: {:?} as {:?} is shown as {shown}",
            case.secret,
            case.text
        );
    }
}

/// Whether nothing of the secret is left. (The text around base64 may continue it by chance, and is
/// hidden then.)
fn is_clean(shown: &str, spelled: &Spelled) -> bool {
    let text = shown.split('⟧').next().unwrap_or_default();
    let Some((before, after)) = text.split_once("[redacted]") else { return false };
    let fits = |whole_before: &str, whole_after: &str| {
        whole_before.starts_with(before) && whole_after.ends_with(after)
    };
    let debug = |text: &str| text.escape_debug().to_string();
    fits(&spelled.before, &spelled.after) || fits(&debug(&spelled.before), &debug(&spelled.after))
}

type Writer = fn(&Case, &mut Draw) -> Vec<String>;

/// Each way in which a server's text is shown.
const WRITERS: [(&str, Writer); 9] = [
    ("a refusal", |case, draw| {
        let response = refusal(case, draw);
        let error = case.fail(keystone(), Scope::default(), response);
        vec![error.to_string(), format!("{error:?}"), fault(&error)]
    }),
    ("a refusal of v2.0", |case, draw| {
        let response = refusal(case, draw);
        let error = case.fail(keystone_v2(), Scope::default(), response);
        vec![error.to_string(), format!("{error:?}"), fault(&error)]
    }),
    ("an event", |case, draw| {
        let credential = case.credential(&keystone());
        let mut session = Session::new(keystone(), credential, Settings::default()).unwrap();
        respond(&mut session, &Scope::default(), refusal(case, draw), NOW);
        let events: Vec<_> = iter::from_fn(|| session.poll_event()).collect();
        let failed = events.last().unwrap();
        vec![failed.to_string(), format!("{failed:?}")]
    }),
    ("another project", |case, _| {
        let body = granted(&json!({"project": {"id": case.text}}));
        let response = response(201, Some("granted"), &body);
        let error = case.fail(keystone(), Scope::project_id("wanted"), response);
        vec![error.to_string(), format!("{error:?}")]
    }),
    ("another domain", |case, _| {
        let body = granted(&json!({"domain": {"id": case.text}}));
        let response = response(201, Some("granted"), &body);
        let error = case.fail(keystone(), Scope::project_id("wanted"), response);
        vec![error.to_string(), format!("{error:?}")]
    }),
    ("a disabled project", |case, _| {
        let tenant = json!({"id": case.text, "enabled": false});
        let token = json!({"id": "granted", "expires": "2026-11-22T20:00:00Z", "tenant": tenant});
        let body = json!({"access": {"token": token}}).to_string();
        let error = case.fail(keystone_v2(), Scope::default(), response(200, None, &body));
        vec![error.to_string(), format!("{error:?}")]
    }),
    ("a receipt", |case, draw| {
        let (given, wanted) = match draw.one_in(2) {
            true => (json!(["password", case.text]), json!([["password", "totp"]])),
            false => (json!(["password"]), json!([["password", "totp"], [case.text]])),
        };
        let receipt = json!({"methods": given, "expires_at": "2026-11-22T20:00:00Z"});
        let body = json!({"receipt": receipt, "required_auth_methods": wanted}).to_string();
        let mut response = response(401, None, &body);
        set_header(&mut response, "openstack-auth-receipt", "receipt");
        let login = case.login(keystone(), Scope::default(), response);
        let Ok(Step::Ask(Question::Factor(challenge))) = login.poll() else { panic!("{login:?}") };
        vec![format!("{challenge:?}"), format!("{challenge:#?}"), format!("{login:?}")]
    }),
    ("a token", |case, draw| {
        let mut fields = json!({
            "project": {"id": "p", "name": "p", "domain": {"id": "d", "name": "d"}},
            "user": {"id": "u", "name": "u", "domain": {"id": "d", "name": "d"}},
        });
        let of = ["/project", "/user", "/project/domain", "/user/domain"][draw.below(4)];
        let key = ["id", "name"][draw.below(2)];
        fields.pointer_mut(of).unwrap()[key] = json!(case.text);
        let response = response(201, Some("granted"), &granted(&fields));
        let login = case.login(keystone(), Scope::default(), response);
        let Ok(Step::Done(token)) = login.poll() else { panic!("{login:?}") };
        vec![format!("{token:?}"), format!("{token:#?}"), format!("{login:?}")]
    }),
    ("a driver's error", |case, draw| {
        // A driver adds tokens only, and names them after the service's text was cut.
        if !case.is_token || case.text.chars().count() > limits::ERROR_TEXT {
            return Vec::new();
        }
        let (head, body) = refusal(case, draw).into_parts();
        let refused = Response::from_parts(head, &body[..]);
        let error = Projects::new(&keystone()).parse(refused).unwrap_err();
        let error = error.without_secret(&case.secret);
        vec![error.to_string(), format!("{error:?}")]
    }),
];

impl Case {
    fn credential(&self, cloud: &Cloud) -> Credential {
        let user = match cloud.api_version() == keystone().api_version() {
            true => alice(),
            false => UserRef::name("alice"),
        };
        match self.is_token {
            true => Credential::token(&*self.secret),
            false => Credential::password(user, &*self.secret),
        }
    }

    fn login(&self, cloud: Cloud, scope: Scope, response: Response<Vec<u8>>) -> Login {
        let mut login = Login::new(&cloud, self.credential(&cloud), scope).unwrap();
        login.handle_response(response, NOW);
        login
    }

    fn fail(&self, cloud: Cloud, scope: Scope, response: Response<Vec<u8>>) -> Error {
        self.login(cloud, scope, response).poll().unwrap_err()
    }
}

/// A refusal with the text in one of its fields.
fn refusal(case: &Case, draw: &mut Draw) -> Response<Vec<u8>> {
    let status = [400, 401, 403, 404, 500, 503][draw.below(6)];
    let key = ["code", "title", "message"][draw.below(3)];
    let body = match draw.below(4) {
        0 => json!({"error": {key: case.text}}),
        1 => json!({"errors": [{key: case.text}]}),
        2 => json!({"error": "refused", "error_description": case.text}),
        _ => json!({"error_msg": case.text, "error_code": "IAM.0011"}),
    };
    response(status, None, &body.to_string())
}

/// A response of v3 with these fields.
fn granted(fields: &Value) -> String {
    let mut token = json!({"expires_at": "2026-11-22T20:00:00Z"});
    for (key, value) in fields.as_object().unwrap() {
        token[key] = value.clone();
    }
    json!({ "token": token }).to_string()
}

fn fault(error: &Error) -> String {
    match error.kind() {
        ErrorKind::Rejected(refusal) | ErrorKind::Unavailable(refusal) => refusal.fault.to_string(),
        other => panic!("{other:?}"),
    }
}
