//! Many projects, with and without roles, and the lists of them.

use auth_emulator::{Emulator, System, account};
use serde_json::{Value, json};

use super::root;
use crate::support::{ask, get, json, post, token_url};

fn projects(emulator: &mut Emulator, path: &str, token: &str) -> Vec<String> {
    let url = format!("{}{path}", System::Keystone.identity_url());
    let answer = ask(emulator, get(&url).header("X-Auth-Token", token), "");
    assert_eq!(answer.status(), 200, "{path}");
    let page = json(&answer);
    assert_eq!(page["links"]["self"], url);
    let names = page["projects"].as_array().unwrap().iter();
    names.map(|project| project["name"].as_str().unwrap().to_owned()).collect()
}

/// The status of an exchange for a project.
fn exchange(emulator: &mut Emulator, token: &str, project: Value) -> u16 {
    let identity = json!({ "methods": ["token"], "token": { "id": token } });
    let auth = json!({ "identity": identity, "scope": { "project": project } });
    let body = json!({ "auth": auth }).to_string();
    ask(emulator, post(token_url(System::Keystone)), body).status().as_u16()
}

fn by_number(number: usize) -> Value {
    json!({ "id": account::numbered_project_id(number) })
}

#[test]
fn an_unscoped_token_lists_its_projects() {
    let mut emulator = Emulator::new();
    emulator.projects(3).remove_role(&account::numbered_project_id(1));
    let token = root(&mut emulator, account::OIDC_USER);
    for path in ["/auth/projects", "/OS-FEDERATION/projects"] {
        assert_eq!(projects(&mut emulator, path, &token), ["alpha", "beta", "p0", "p2"]);
    }
    let url = format!("{}/OS-FEDERATION/domains", System::Keystone.identity_url());
    let answer = ask(&mut emulator, get(url).header("X-Auth-Token", &token), "");
    assert_eq!(json(&answer)["domains"], json!([]));
}

#[test]
fn numbered_projects_are_as_many_as_set() {
    let mut emulator = Emulator::new();
    let token = root(&mut emulator, account::OIDC_USER);
    for (count, found) in [(0, None), (1, Some(0)), (50, Some(49)), (usize::MAX, Some(9_999))] {
        emulator.projects(count);
        if let Some(last) = found {
            assert_eq!(exchange(&mut emulator, &token, by_number(last)), 201, "{count}");
            let name = json!({ "name": format!("p{last}"), "domain": { "id": "default" } });
            assert_eq!(exchange(&mut emulator, &token, name), 201, "{count}");
        }
        for id in ["b0b00", "b0b0", "b0b0000000000000000000000000+001"] {
            assert_eq!(exchange(&mut emulator, &token, json!({ "id": id })), 401, "{id}");
        }
        let next = by_number(found.map_or(0, |last| last + 1));
        assert_eq!(exchange(&mut emulator, &token, next), 401, "{count}");
    }
}

#[test]
fn roles_on_alpha_hold_on_numbered_projects() {
    let mut emulator = Emulator::new();
    emulator.projects(1);
    for (user, status) in [("alice", 201), ("bob", 201), ("carol", 401)] {
        let password = format!("{user}-pw");
        let user = json!({ "name": user, "domain": { "id": "default" }, "password": password });
        let identity = json!({ "methods": ["password"], "password": { "user": user } });
        let auth = json!({ "identity": identity, "scope": { "project": by_number(0) } });
        let body = json!({ "auth": auth }).to_string();
        let answer = ask(&mut emulator, post(token_url(System::Keystone)), body);
        assert_eq!(answer.status(), status);
        if status == 201 {
            let token = &json(&answer)["token"];
            assert_eq!(token["project"]["name"], "p0");
            assert!(!token["roles"].as_array().unwrap().is_empty());
        }
    }
}

#[test]
fn roles_are_taken_and_given_back() {
    let mut emulator = Emulator::new();
    emulator.projects(50);
    let token = root(&mut emulator, account::OIDC_USER);
    for number in 0..10 {
        emulator.remove_role(&account::numbered_project_id(number));
    }
    let mut served = || {
        (0..50).filter(|number| exchange(&mut emulator, &token, by_number(*number)) == 201).count()
    };
    assert_eq!(served(), 40);
    emulator.remove_role(account::KEYSTONE_PROJECT_ID);
    let alpha = || json!({ "id": account::KEYSTONE_PROJECT_ID });
    assert_eq!(exchange(&mut emulator, &token, alpha()), 401);
    emulator.restore_role(account::KEYSTONE_PROJECT_ID);
    emulator.restore_role(&account::numbered_project_id(3));
    assert_eq!(exchange(&mut emulator, &token, alpha()), 201);
    assert_eq!(exchange(&mut emulator, &token, by_number(3)), 201);
    assert_eq!(exchange(&mut emulator, &token, by_number(4)), 401);
}
