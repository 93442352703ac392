use auth_emulator::{Emulator, System, account};
use http::{Method, Request};
use serde_json::{Value, json};
use time::Duration;

use super::{
    REQUIRES, alpha, exchange, fresh, log_in, message, password, plain, post_at, project, system,
    to,
};
use crate::support::{ask, json, now, urls};

#[test]
fn each_scope_has_its_token() {
    let mut emulator = Emulator::new();
    let corp = account::KEYSTONE_OTHER_DOMAIN_ID;
    for (scope, field, roles) in [
        (project(account::KEYSTONE_PROJECT_ID), "/project/id", 3),
        (json!({"project": {"name": "alpha", "domain": {"name": "Default"}}}), "/project/id", 3),
        (project(account::KEYSTONE_BETA_ID), "/project/id", 1),
        (json!({"domain": {"id": corp}}), "/domain/id", 2),
        (json!({"domain": {"name": "Corp"}}), "/domain/id", 2),
        (json!({"system": {"all": true}}), "/system/all", 1),
    ] {
        let answer = log_in(&mut emulator, &password("alice"), Some(scope.clone()));
        assert_eq!(answer.status(), 201, "{scope}");
        let token = &json(&answer)["token"];
        let scopes = ["/project/id", "/domain/id", "/system/all"];
        let of = scopes.into_iter().filter(|field| token.pointer(field).is_some());
        assert_eq!(of.collect::<Vec<_>>(), [field], "{scope}");
        assert_eq!(token["roles"].as_array().unwrap().len(), roles, "{scope}");
    }
    for (user, scope, is_scoped) in [
        ("alice", None, false),
        ("bob", None, true),
        ("bob", Some(json!("unscoped")), false),
        ("bob", Some(json!({"unscoped": {}})), false),
        ("carol", None, false),
    ] {
        let token = json(&log_in(&mut emulator, &password(user), scope.clone()))["token"].take();
        let keys = ["project", "domain", "system", "roles", "catalog"];
        let seen = keys.map(|key| token.get(key).is_some());
        let all = [is_scoped, false, false, is_scoped, is_scoped];
        assert_eq!(seen, all, "{user} {scope:?}");
    }
}

#[test]
fn scopes_without_a_role_are_refused() {
    let mut emulator = Emulator::new();
    for (user, scope) in [
        ("alice", project(account::KEYSTONE_OTHER_PROJECT_ID)),
        ("alice", project("unknown")),
        ("alice", json!({"project": {"name": "disabled", "domain": {"id": "default"}}})),
        ("alice", json!({"project": {"name": "dead", "domain": {"name": "Dead"}}})),
        ("alice", json!({"domain": {"name": "Dead"}})),
        ("alice", json!({"domain": {"id": "unknown"}})),
        ("alice", json!({"OS-TRUST:trust": {"id": "unknown"}})),
        ("bob", json!({"system": {"all": true}})),
        ("bob", json!({"domain": {"id": "default"}})),
        ("carol", project(account::KEYSTONE_PROJECT_ID)),
    ] {
        let answer = log_in(&mut emulator, &password(user), Some(scope.clone()));
        assert_eq!(
            (answer.status().as_u16(), message(&answer).as_str()),
            (401, REQUIRES),
            "{scope}"
        );
    }
    for (scope, said) in [
        (json!({}), "Expecting to find system, project, domain, OS-TRUST:trust or unscoped"),
        (json!("all"), "Expecting to find system, project, domain, OS-TRUST:trust or unscoped"),
        (json!({"project": {"id": "x"}, "domain": {"id": "x"}}), "Expecting to find system"),
        (json!({"project": {}}), "Invalid input for field scope/project: id or name"),
        (json!({"project": {"name": "alpha"}}), "Expecting to find domain in project."),
        (json!({"project": {"id": 5}}), "Invalid input for field 'scope/project'"),
        (json!({"domain": {}}), "Invalid input for field scope/domain: id or name"),
        (Value::Null, "Invalid input for field 'scope'"),
    ] {
        let answer = log_in(&mut emulator, &password("alice"), Some(scope.clone()));
        assert_eq!(answer.status(), 400, "{scope}");
        assert!(message(&answer).starts_with(said), "{scope}: {}", message(&answer));
    }
}

#[test]
fn an_exchanged_token_keeps_its_end() {
    let mut emulator = Emulator::new();
    let first = log_in(&mut emulator, &password("alice"), Some(json!("unscoped")));
    let issued = json(&first)["token"].take();
    let token = crate::support::token(&first);
    let later = now() + Duration::minutes(10);
    let second = post_at(&mut emulator, &exchange(&token), alpha(), "", later);
    let exchanged = json(&second)["token"].take();
    assert_eq!(exchanged["expires_at"], issued["expires_at"]);
    assert_ne!(exchanged["issued_at"], issued["issued_at"]);
    assert_eq!(exchanged["methods"], json!(["password", "token"]));
    assert_eq!(exchanged["audit_ids"][1], issued["audit_ids"][0]);

    let end = now() + Duration::hours(1);
    let late = post_at(&mut emulator, &exchange(&token), alpha(), "", end);
    assert_eq!(
        (late.status().as_u16(), message(&late).as_str()),
        (404, "Failed to validate token")
    );

    let operator = fresh(&mut emulator, &password("alice"), system());
    for (scope, status) in [
        (alpha(), 403),
        (Some(json!({"domain": {"id": "default"}})), 403),
        (system(), 201),
        (None, 201),
        (Some(project(account::KEYSTONE_OTHER_PROJECT_ID)), 403),
    ] {
        let answer = log_in(&mut emulator, &exchange(&operator), scope.clone());
        assert_eq!(answer.status(), status, "{scope:?}");
    }
}

/// The types of services with endpoints and without, and the number of endpoints.
fn services(catalog: &Value) -> (Vec<&str>, Vec<&str>, usize) {
    let all = catalog.as_array().unwrap();
    let count = |service: &Value| service["endpoints"].as_array().unwrap().len();
    let (full, empty): (Vec<_>, Vec<_>) = all.iter().partition(|service| count(service) > 0);
    (
        full.iter().filter_map(|service| service["type"].as_str()).collect(),
        empty.iter().filter_map(|service| service["type"].as_str()).collect(),
        all.iter().map(count).sum(),
    )
}

#[test]
fn catalogs_have_regions_and_interfaces() {
    let mut emulator = Emulator::new();
    let mut catalog = |scope| {
        let answer = log_in(&mut emulator, &password("alice"), scope);
        json(&answer)["token"]["catalog"].take()
    };
    let of_project = catalog(alpha());
    let (full, empty, count) = services(&of_project);
    // Nine services, three interfaces, two regions; five endpoints are missing.
    assert_eq!((full.len(), empty.len(), count), (9, 0, 9 * 6 - 5));
    let all = urls(&of_project);
    assert!(all.contains(&"https://nova.internal.regiontwo.keystone.example/v2.1".to_owned()));
    let with_project = format!("/v3/{}", account::KEYSTONE_PROJECT_ID);
    assert_eq!(all.iter().filter(|url| url.ends_with(&with_project)).count(), 6);

    let without = (catalog(system()), catalog(Some(json!({"domain": {"id": "default"}}))));
    for catalog in [without.0, without.1] {
        assert_eq!(services(&catalog).1, ["volumev3", "object-store"]);
    }
}

#[test]
fn lists_show_what_the_user_has() {
    let mut emulator = Emulator::new();
    let names = |list: &Value| -> Vec<String> {
        let entries = list.as_array().unwrap().iter();
        entries.map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
    };
    let own = fresh(&mut emulator, &password("alice"), Some(json!("unscoped")));
    let mut get = |token: &str, path: &str| {
        let answer = ask(&mut emulator, to(Method::GET, path, token), "");
        (answer.status().as_u16(), json(&answer))
    };
    let (_, projects) = get(&own, "/auth/projects");
    assert_eq!(names(&projects["projects"]), ["alpha", "beta", "dead", "disabled"]);
    let link = "https://identity.keystone.example/v3/auth/projects";
    assert_eq!(projects["links"], json!({"next": null, "previous": null, "self": link}));
    let (_, domains) = get(&own, "/auth/domains");
    assert_eq!(names(&domains["domains"]), ["Corp", "Default", "Dead"]);
    assert_eq!(get(&own, "/auth/system").1["system"], json!([{"all": true}]));
    assert_eq!(get(&own, "/auth/catalog").0, 403);
    let of_user = format!("/users/{}/projects", account::KEYSTONE_USER_ID);
    assert_eq!(get(&own, &of_user).1["projects"], projects["projects"]);
    assert_eq!(get(&own, &format!("/users/{}/projects", account::KEYSTONE_MFA_USER_ID)).0, 403);
    for path in ["/auth/projects", "/auth/domains", "/auth/system", "/auth/catalog", &of_user] {
        assert_eq!(get("wrong", path).0, 401, "{path}");
    }
    assert_eq!(ask(&mut emulator, to(Method::GET, "/users/a/b/projects", &own), "").status(), 404);
    let bob = fresh(&mut emulator, &password("bob"), None);
    for (path, key) in [("/auth/domains", "domains"), ("/auth/system", "system")] {
        let answer = ask(&mut emulator, to(Method::GET, path, &bob), "");
        assert_eq!(json(&answer)[key], json!([]), "{path}");
    }
}

#[test]
fn services_see_the_tokens_scope() {
    let mut emulator = Emulator::new();
    for (identity, scope, project, domain) in [
        (password("alice"), alpha(), Some(account::KEYSTONE_PROJECT_ID), Some("default")),
        (plain(), None, Some(account::KEYSTONE_PROJECT_ID), Some("default")),
        (password("alice"), Some(json!({"domain": {"id": "default"}})), None, Some("default")),
        (password("alice"), system(), None, None),
        (password("carol"), None, None, None),
    ] {
        let token = fresh(&mut emulator, &identity, scope.clone());
        let url = "https://nova.public.regionone.keystone.example/v2.1/servers";
        let answer = ask(&mut emulator, Request::get(url).header("X-Auth-Token", token), "");
        let seen = json(&answer);
        assert_eq!(seen["project"], json!(project), "{scope:?}");
        assert_eq!(seen["domain"], json!(domain), "{scope:?}");
    }
    assert_eq!(emulator.requests(System::Keystone), 10);
}
