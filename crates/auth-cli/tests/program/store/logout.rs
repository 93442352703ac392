//! Logging out.

use std::fs;

use auth_emulator::{Server, System, account};
use testing::{Loopback, Reply};

use super::{entries, logins, machine, token, with_user};
use crate::{Machine, run};

/// A server whose tokens have numbers. A token is revoked by itself alone.
fn numbered(refusal: Option<u16>) -> Loopback {
    Loopback::start(move |request| match (request.method(), refusal) {
        ("DELETE", Some(status)) => Reply::new(status, "", ""),
        ("DELETE", None) => {
            assert_eq!(request.header("x-auth-token"), request.header("x-subject-token"));
            Reply::new(204, "", "")
        }
        _ => {
            let headers = format!("X-Subject-Token: t{}\r\n", request.number);
            Reply::new(201, &headers, r#"{"token":{"expires_at":"2999-01-01T00:00:00Z"}}"#)
        }
    })
}

fn revoked(server: &Loopback) -> Vec<String> {
    let requests = server.requests();
    let deletions = requests.iter().filter(|request| request.starts_with("DELETE"));
    let subject =
        |request: &String| testing::header(request, "x-subject-token").unwrap().to_owned();
    let mut all: Vec<_> = deletions.map(subject).collect();
    all.sort();
    all
}

#[test]
fn logout_revokes_all_scopes_of_a_user() {
    let server = Server::start().unwrap();
    let machine = machine(&server, "");
    let all = [&[][..], &["--unscoped"], &["--no-catalog"]].map(|scope| token(&machine, scope));
    let own = ["--user", "totp", "--password-stdin"];
    machine.run(&[&["token"], &own[..]].concat(), "no", &[]).failed(3, "401");
    let before = logins(&server);
    assert_eq!(machine.run(&["logout"], "", &[]).ok(), "3 tokens revoked, 0 forgotten\n");
    for token in &all {
        machine.run(&["validate", "--token-stdin"], token, &[]).failed(1, "is not valid");
    }
    // The other user's refusal stays, and nobody logged in.
    assert_eq!(entries(&machine).len(), 1);
    assert_eq!(logins(&server), before);
    assert_eq!(machine.run(&["logout"], "", &[]).ok(), "0 tokens revoked, 0 forgotten\n");
    let said = machine.run(&["logout", "--user", "totp"], "", &[]).ok();
    assert_eq!(said, "0 tokens revoked, 1 forgotten\n");
    assert_ne!(token(&machine, &[]), all[0]);
}

/// No secret is needed, and the one of a new password is not asked for.
#[test]
fn logout_asks_for_no_password() {
    let server = numbered(None);
    let url = format!("{}/v3", server.url());
    let login = ["--cloud", "keystone", "--identity-url", &url, "--user-id", "u"];
    let machine = Machine::with("clouds: {}");
    let token = [&["token", "--password-stdin"], &login[..]].concat();
    machine.run(&token, "pw", &[]).ok();
    machine.run(&token, "pw2", &[]).ok();
    let logout = [&["logout"], &login[..]].concat();
    assert_eq!(machine.run(&logout, "", &[]).ok(), "2 tokens revoked, 0 forgotten\n");
    assert_eq!(revoked(&server), ["t0", "t1"]);
    let nobody = ["logout", "--cloud", "keystone", "--identity-url", &url];
    machine.run(&nobody, "", &[]).failed(2, "no user is named");
}

#[test]
fn logout_of_all_ends_everything() {
    let (one, other) = (numbered(None), numbered(None));
    let clouds = |names: &str| {
        let url = |server: &Loopback| format!("auth_url: '{}/v3'", server.url());
        let user = "user_id: u, password: pw";
        let all = format!(
            "a: {{auth: {{{}, {user}}}}}, b: {{auth: {{{}, {user}}}}}",
            url(&one),
            url(&other)
        );
        format!(
            "clouds: {{{}}}",
            all.split(", b").take(names.len()).collect::<Vec<_>>().join(", b")
        )
    };
    let machine = Machine::with(&clouds("ab"));
    machine.run(&["token", "--cloud", "a"], "", &[]).ok();
    machine.run(&["token", "--cloud", "b"], "", &[]).ok();
    machine.run(&["token", "--cloud", "b"], "", &[("CLOUD_AUTH_STORE_KEY", &"0".repeat(64))]).ok();
    assert_eq!(entries(&machine).len(), 3);
    // A cloud that is no longer configured is asked with the usual settings.
    machine.write("clouds.yaml", &clouds("a"));
    assert_eq!(machine.run(&["logout", "--all"], "", &[]).ok(), "2 tokens revoked, 1 forgotten\n");
    assert!(entries(&machine).is_empty());
    assert_eq!((revoked(&one), revoked(&other)), (vec!["t0".to_owned()], vec!["t0".to_owned()]));
    machine.run(&["logout", "--all", "--cloud", "a"], "", &[]).failed(2, "cannot be used with");
    run(&["--emulator=otc", "logout", "--all"], "").failed(2, "--emulator: has no store");
}

#[test]
fn tokens_of_v2_are_forgotten() {
    let server = Server::start().unwrap();
    let auth = format!(
        "auth_url: '{}', username: {}, password: {}, project_id: {}",
        server.url(System::NhnIaas),
        account::NHN_USER,
        account::NHN_PASSWORD,
        account::NHN_TENANT
    );
    let machine = Machine::with(&format!("clouds: {{c: {{profile: nhn, auth: {{{auth}}}}}}}"));
    machine.run(&["token"], "", &[]).ok();
    assert_eq!(machine.run(&["logout"], "", &[]).ok(), "0 tokens revoked, 1 forgotten\n");
    assert!(entries(&machine).is_empty());
}

#[test]
fn what_is_not_revoked_is_forgotten() {
    let user = "user_id: u, password: pw";
    for (status, code, part) in [(503, 5, "503"), (403, 3, "403"), (401, 0, ""), (404, 0, "")] {
        let server = numbered(Some(status));
        let machine = with_user(&format!("{}/v3", server.url()), user, "");
        let printed = [token(&machine, &[]), token(&machine, &["--unscoped"])];
        let run = machine.run(&["logout"], "", &[]);
        assert_eq!(run.code, code, "{run:?}");
        assert!(entries(&machine).is_empty(), "{status}");
        if code == 0 {
            assert_eq!(run.out, "2 tokens revoked, 0 forgotten\n");
            continue;
        }
        let not = "not revoked, only forgotten here: 2 tokens";
        assert!(run.err.contains(not) && run.err.contains(part), "{run:?}");
        assert!(!printed.iter().any(|token| run.err.contains(token.trim())), "{run:?}");
        // A service that does not answer is asked once.
        assert_eq!(revoked(&server).len(), if code == 5 { 1 } else { 2 });
    }
}

#[test]
fn a_token_goes_to_its_own_service_alone() {
    let (one, other) = (numbered(None), numbered(None));
    let user = "user_id: u, password: pw";
    let machine = with_user(&format!("{}/v3", one.url()), user, "");
    token(&machine, &[]);
    // The cloud has moved: what it had before is another service's.
    let moved = format!("clouds: {{c: {{auth: {{auth_url: '{}/v3', {user}}}}}}}", other.url());
    machine.write("clouds.yaml", &moved);
    assert_eq!(machine.run(&["logout"], "", &[]).ok(), "0 tokens revoked, 0 forgotten\n");
    assert_eq!(machine.run(&["logout", "--all"], "", &[]).ok(), "1 token revoked, 0 forgotten\n");
    assert_eq!((revoked(&one), other.requests()), (vec!["t0".to_owned()], vec![]));
}

/// A token that another run has put there meanwhile stays.
#[test]
fn a_newer_token_stays() {
    let server = numbered(None);
    let machine = with_user(&format!("{}/v3", server.url()), "user_id: u, password: pw", "");
    token(&machine, &[]);
    let [entry] = &entries(&machine)[..] else { panic!("one entry") };
    let old = fs::read(entry).unwrap();
    token(&machine, &["--fresh"]);
    // An older one in its place has another generation, and is revoked and removed.
    fs::write(entry, old).unwrap();
    assert_eq!(machine.run(&["logout"], "", &[]).ok(), "1 token revoked, 0 forgotten\n");
    assert_eq!(revoked(&server), ["t0"]);
}
