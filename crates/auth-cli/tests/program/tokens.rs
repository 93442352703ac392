//! Existing tokens, and the tokens of agencies.

use auth_emulator::{Server, account};

use testing::{Loopback, Reply};

use crate::{otc, otc_machine, run, stock};

#[test]
fn an_existing_token_works_until_revoked() {
    let server = Server::start().unwrap();
    let login = otc(&server);
    let token = login.run(&["token", "--project", account::OTC_PROJECT_NAME]).ok();
    let token = token.trim_end();
    server.watch(account::OTC_PASSWORD);

    let machine = otc_machine(&server, "region_name: eu-de", "project_name: p");
    let by_variable = |arguments: &[&str]| {
        let arguments = [arguments, &["--token-env", "T"]].concat();
        machine.run(&arguments, "", &[("T", token)])
    };
    let json = by_variable(&["validate", "--format", "json"]).json();
    assert_eq!(
        (&json["valid"], &json["project"]["id"]),
        (&true.into(), &account::OTC_PROJECT.into()),
        "{json}"
    );
    let table = machine.run(&["catalog", "--token-stdin"], token, &[]).ok();
    assert!(table.contains("compute"), "{table}");
    let json = by_variable(&["curl", "--service", "compute", "/servers"]).json();
    assert_eq!(json["project"], account::OTC_PROJECT, "{json}");
    assert_eq!(by_variable(&["token"]).ok().trim_end(), token);

    assert_eq!(by_variable(&["revoke"]).ok(), "");
    let said = [by_variable(&["validate"]), by_variable(&["revoke"])]
        .map(|run| run.failed(1, "is not valid"));
    assert!(!said.concat().contains(token));
    let said = by_variable(&["catalog"]).failed(3, "has expired or was revoked; use a new one");
    assert!(!said.contains(token), "{said}");
    // The configured password was never sent.
    assert_eq!(server.traffic().canary_bytes, 0);
}

#[test]
fn a_token_excludes_login_flags() {
    for more in [
        &["--user", "u"][..],
        &["--totp"],
        &["--password-env", "X"],
        &["--application-credential-id", "k"],
    ] {
        let arguments = [&["--emulator=otc", "token", "--token-env", "T"], more].concat();
        run(&arguments, "").failed(2, "cannot be used with");
    }
    run(&["--emulator=otc", "token", "--token-stdin"], "").failed(2, "no token on standard input");
    run(&["--emulator=otc", "token", "--token-stdin"], "a b").failed(2, "visible ASCII");
    let body = ["--emulator=otc", "curl", "--service", "compute", "/", "-d", "@-", "--token-stdin"];
    run(&body, "t").failed(2, "cannot be both the secret and the body");
}

/// Tokens of a server, which may be hostile. The unit tests of the format run it in four shells.
#[test]
fn tokens_are_quoted_for_shells() {
    for (token, quoted) in [
        (r"\';ran;#", r"''\\''\'';ran;#'"),
        ("$(ran)`ran`", "'$(ran)`ran`'"),
        (r"a\\b'c", r"'a'\\''\\'b'\''c'"),
    ] {
        let headers = format!("X-Subject-Token: {token}\r\n");
        let body = r#"{"token":{"expires_at":"2999-01-01T00:00:00Z"}}"#;
        let server = Loopback::start(move |_| Reply::new(201, &headers, body));
        let url = format!("{}/v3", server.url());
        let shell = [&stock("token", &url)[..], &["--format", "shell"]].concat();
        assert_eq!(run(&shell, "pw").ok(), format!("export OS_TOKEN={quoted}\n"));
    }
}

#[test]
fn agencies() {
    let flags = ["--agency", account::AGENCY, "--agency-domain", account::AGENCY_DOMAIN];
    for (profile, project) in
        [("huawei", account::HUAWEI_PROJECT), ("otc", account::OTC_PROJECT_NAME)]
    {
        let emulator = format!("--emulator={profile}");
        let arguments = [&[emulator.as_str(), "token", "--format", "json"], &flags[..]].concat();
        let json = run(&[&arguments[..], &["--project", project]].concat(), "").json();
        assert_eq!(json["project"]["id"], account::AGENCY_PROJECT_ID, "{json}");
        assert_eq!(json["user"]["id"], account::AGENCY_USER_ID, "{json}");
        let json =
            run(&[&arguments[..], &["--domain", account::AGENCY_DOMAIN]].concat(), "").json();
        assert_eq!(json["domain"]["id"], account::AGENCY_DOMAIN_ID, "{json}");
        run(&arguments, "").failed(2, "--project");
    }
    run(&["--emulator=otc", "token", "--agency", "a"], "").failed(2, "--agency-domain");
    let nhn =
        [&["--emulator=nhn", "token", "--tenant-id", account::NHN_TENANT], &flags[..]].concat();
    run(&nhn, "").failed(2, "--agency: not supported by NHN Cloud; leave out the flag");
}
