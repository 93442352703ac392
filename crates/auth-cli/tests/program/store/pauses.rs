//! Refused logins, which the store keeps for all runs.

use auth_emulator::{Server, System};
use testing::{Loopback, Reply};

use super::{entries, logins, machine, token, with_user};
use crate::Machine;

const AGAIN: &str = "no run sends this credential again before 2";

#[test]
fn a_refused_password_is_sent_once() {
    let server = Server::start().unwrap();
    let user = super::ALICE.replace("alice-pw", "wrong");
    let machine = with_user(&server.url(System::Keystone), &user, "");
    let first = machine.run(&["token"], "", &[]).failed(3, AGAIN);
    assert_eq!(logins(&server), 1);
    for command in [&["token"][..], &["token", "--fresh"], &["catalog"], &["validate"], &["revoke"]]
    {
        // With the words of the service, and what to do.
        let said = machine.run(command, "", &[]).failed(3, AGAIN);
        assert_eq!(said.split("; no run sends").next(), first.split("; no run sends").next());
        assert!(said.contains("another password is sent at once"), "{said}");
        assert!(said.contains("`cloud-auth logout` forgets the refusal"), "{said}");
    }
    assert_eq!(logins(&server), 1);
    // The cause is gone: the user says so.
    let said = machine.run(&["logout"], "", &[]).ok();
    assert_eq!(said, "0 tokens revoked, 1 forgotten\n");
    machine.run(&["token"], "", &[]).failed(3, AGAIN);
    assert_eq!(logins(&server), 2);
    // Without a store there is no later run to speak of.
    let said = machine.run(&["token", "--no-store"], "", &[]).failed(3, "refused with 401");
    assert!(!said.contains("no run sends"), "{said}");
    assert_eq!(logins(&server), 3);
}

#[test]
fn a_busy_service_is_left_alone() {
    let server = Loopback::start(|_| {
        let body = r#"{"error":{"code":429,"message":"calm down, please"}}"#;
        Reply::new(429, "Retry-After: 300\r\n", body)
    });
    let url = format!("{}/v3", server.url());
    let machine = with_user(&url, "user_id: u, password: pw, project_id: p", "");
    for _ in 0..3 {
        let said = machine.run(&["token"], "", &[]).failed(5, "calm down, please");
        assert!(said.contains("next attempt after 2"), "{said}");
    }
    assert_eq!(server.requests().len(), 1);
}

/// A failed connection may be the fault of this machine.
#[test]
fn a_failed_connection_is_nobody_elses() {
    let server = Loopback::start(|_| Reply::silence());
    let url = format!("{}/v3", server.url());
    let cloud =
        format!("{{auth: {{auth_url: '{url}', user_id: u, password: pw}}, api_timeout: 1}}");
    let machine = Machine::with(&format!("clouds: {{c: {cloud}}}"));
    machine.run(&["token"], "", &[]).failed(5, "");
    assert!(entries(&machine).is_empty());
}

/// The refusal of one project does not hide another one's token.
#[test]
fn a_refused_scope_pauses_alone() {
    let server = Server::start().unwrap();
    let machine = machine(&server, "");
    let stored = token(&machine, &[]);
    let refused = ["token", "--project-id", "00000000000000000000000000000000"];
    for _ in 0..2 {
        machine.run(&refused, "", &[]).failed(3, AGAIN);
    }
    assert_eq!(logins(&server), 2);
    assert_eq!(token(&machine, &[]), stored);
}
