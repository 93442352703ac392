//! The scope of the token against the requested scope.

use auth_proto::{DomainRef, Error, Login, ProtocolError, Scope};
use serde_json::{Value, json};

use super::{keystone, password};
use crate::support::{NOW, protocol_error, response};

/// A login for `scope` whose token has these fields.
fn log_in(scope: Scope, fields: &Value) -> Result<(), Error> {
    let mut login = Login::new(&keystone(), password(), scope).unwrap();
    let mut body = json!({"token": {"expires_at": "2026-11-22T20:00:00Z"}});
    body["token"].as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    login.handle_response(response(201, Some("t"), &body.to_string()), NOW);
    login.poll().map(drop)
}

#[test]
fn a_mismatch_names_both_scopes() {
    for (fields, got) in [
        (json!({"project": {"id": "q"}}), "project q"),
        (json!({"project": {"name": "no id"}, "domain": {"id": "x"}}), "project without an id"),
        (json!({"domain": {"id": "d"}}), "domain d"),
        (json!({"system": {"all": true}}), "the system"),
        (json!({}), "no scope"),
    ] {
        let (asked, got) = ("trust t".to_owned(), got.to_owned());
        let error = log_in(Scope::trust("t"), &fields).unwrap_err();
        assert!(error.to_string().contains(&asked) && error.to_string().contains(&got), "{error}");
        assert!(!error.is_retryable());
        let expect = ProtocolError::ScopeMismatch { asked, got };
        assert_eq!(protocol_error::<()>(Err(error)), expect);
    }
}

#[test]
fn the_token_must_have_the_requested_scope() {
    let corp = || DomainRef::name("Corp");
    let project = |id: &str, name: &str, domain: &str| json!({"project": {"id": id, "name": name, "domain": {"id": "d", "name": domain}}});
    #[rustfmt::skip]
    let rows = [
        (Scope::default(), json!({}), true),
        (Scope::default(), project("p", "n", "x"), true),
        (Scope::project_id("p"), project("p", "n", "x"), true),
        (Scope::project_id("P"), project("p", "n", "x"), true),
        (Scope::project_id("p"), json!({"project": {"name": "n"}}), true),
        (Scope::project_id("p"), project("q", "n", "x"), false),
        (Scope::project_id("p"), json!({}), false),
        (Scope::project_id("p"), json!({"domain": {"id": "p"}}), false),
        (Scope::project_name_in("n", corp()), project("p", "N", "corp"), true),
        (Scope::project_name_in("n", corp()), json!({"project": {"id": "p"}}), true),
        (Scope::project_name_in("n", corp()), project("p", "m", "Corp"), false),
        (Scope::project_name_in("n", corp()), project("p", "n", "Other"), false),
        (Scope::domain_id("d"), json!({"domain": {"id": "d"}}), true),
        (Scope::domain_name("Corp"), json!({"domain": {"id": "d", "name": "corp"}}), true),
        (Scope::domain_id("d"), json!({"domain": {"id": "e"}}), false),
        (Scope::domain_name("Corp"), json!({"domain": {"name": "Other"}}), false),
        (Scope::domain_id("d"), project("p", "n", "x"), false),
        (Scope::system(), json!({"system": {"all": true}}), true),
        (Scope::system(), json!({"system": {"all": false}}), false),
        (Scope::system(), json!({}), false),
        (Scope::trust("t"), json!({"OS-TRUST:trust": {"id": "t"}, "project": {"id": "p"}}), true),
        (Scope::trust("t"), json!({"OS-TRUST:trust": {"id": "u"}}), false),
        (Scope::trust("t"), json!({}), false),
        (Scope::trust_in("t", "p"), json!({"OS-TRUST:trust": {"id": "t"}, "project": {"id": "p"}}), true),
        (Scope::trust_in("t", "p"), json!({"OS-TRUST:trust": {"id": "t"}, "project": {"id": "q"}}), false),
        (Scope::trust_in("t", "p"), json!({"OS-TRUST:trust": {"id": "t"}}), false),
        (Scope::unscoped(), json!({}), true),
        (Scope::unscoped(), project("p", "n", "x"), false),
        (Scope::unscoped(), json!({"domain": {"id": "d"}}), false),
        (Scope::unscoped(), json!({"system": {"all": true}}), false),
    ];
    for (scope, token, fits) in rows {
        match log_in(scope.clone(), &token) {
            Ok(()) => assert!(fits, "{scope}: {token}"),
            Err(error) => {
                assert!(!fits, "{scope}: {token}");
                let why = protocol_error::<()>(Err(error));
                assert!(matches!(why, ProtocolError::ScopeMismatch { .. }), "{why}");
            }
        }
    }
}
