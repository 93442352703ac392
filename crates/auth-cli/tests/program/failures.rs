//! Error texts and exit codes.

use std::{
    net::TcpListener,
    process::{Command, Stdio},
    thread,
};

use auth_emulator::{Server, System};
use http::{HeaderValue, StatusCode};

use testing::{Loopback, Reply};

use crate::{kakao, nhn, otc, run, stock};

#[test]
fn refusals_have_a_remedy() {
    let server = Server::start().unwrap();
    let said = nhn(&server).run_as(&["token"], "wrong").failed(3, "API password");
    assert!(!said.contains("no new try"), "the next run may log in at once: {said}");
    kakao(&server).run_as(&["token"], "wrong").failed(3, "401");

    // The cloud refuses the login, not a token.
    otc(&server).run_as(&["validate"], "wrong").failed(3, "401");

    // One failure is retried.
    let (down, later) = (StatusCode::SERVICE_UNAVAILABLE, HeaderValue::from_static("3600"));
    server.emulator().fail_next(System::NhnIaas, down);
    nhn(&server).run(&["token"]).ok();
    server.emulator().fail_next_with_retry_after(System::NhnIaas, down, later);
    nhn(&server).run(&["token"]).failed(5, "next attempt after");
}

/// The runs wait for retries, so they run side by side.
#[test]
fn failures_name_the_origin() {
    let closed = closed_port();
    let no_tls = Loopback::bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let rows = [
        (format!("http://127.0.0.1:{closed}/v3"), 5, "cannot connect"),
        (format!("http://[::1]:{closed}/v3"), 5, "cannot connect"),
        ("https://nosuch.invalid:5000".to_owned(), 5, "cannot resolve the host name"),
        (format!("https://localhost:{}/identity/v3", no_tls.port()), 1, "TLS failed"),
    ];
    thread::scope(|scope| {
        for (url, code, part) in &rows {
            scope.spawn(move || {
                let run = run(&stock("token", url), "pw");
                let waited = run.waited.clone();
                let said = run.failed(*code, part);
                let origin = url.split('/').take(3).collect::<Vec<_>>().join("/");
                assert!(said.contains(&format!("{part}: {origin}: ")), "{said}");
                // A TLS failure is not retried.
                let expected =
                    if *code == 1 { String::new() } else { format!("waiting for {origin}\n") };
                assert_eq!(waited, expected, "{said}");
            });
        }
    });
}

/// A port of this machine that nothing listens on.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn calls_without_an_answer_name_the_origin() {
    let closed = closed_port();
    let target = format!("http://127.0.0.1:{closed}/x?sig=t0ps3cret");
    let server = Server::start().unwrap();
    let said = nhn(&server).run(&["curl", &target]).failed(5, "got no response");
    assert!(said.contains(&format!("error: http://127.0.0.1:{closed}: ")), "{said}");
    assert!(!said.contains("t0ps3cret"), "{said}");

    // The identity service stops after the login.
    let stopped = Loopback::start(|request| match request.method() {
        "POST" => Reply::new(201, "X-Subject-Token: t\r\n", TOKEN),
        _ => Reply::bytes(""),
    });
    let url = format!("{}/v3", stopped.url());
    for command in ["projects", "validate", "revoke"] {
        let said = run(&stock(command, &url), "pw").failed(5, "got no response");
        assert!(said.contains(&format!("error: {}: ", stopped.url())), "{said}");
    }
}

const TOKEN: &str = r#"{"token":{"expires_at":"2999-01-01T00:00:00Z","user":{"id":"u"}}}"#;

#[test]
fn wrong_flags_are_refused_before_a_request() {
    let server = Server::start().unwrap();
    let (nhn, otc, kakao) = (nhn(&server), otc(&server), kakao(&server));
    #[rustfmt::skip]
    let rows = [
        (&nhn, &["--project", "p"][..], "cannot be used with"),
        (&nhn, &["--user-id", "u"], "cannot be used with"),
        (&nhn, &["--user-domain", "d"], "leave it out (flags: --user-domain, --user-domain-id)"),
        (&nhn, &["--password-env", "X"], "cannot be used with"),
        (&nhn, &["--application-credential-id", "k"], "cannot be used with"),
        (&nhn, &["--identity-region", "KR1"], "cannot be used with"),
        (&nhn, &["--project-domain", "d"], "cannot be used with"),
        (&otc, &["--user-domain-id", "d"], "cannot be used with"),
        (&otc, &["--system"], "--system: not supported by Open Telekom Cloud; leave out the flag, or use --domain,"),
        (&otc, &["--application-credential-name", "k", "--totp"], "cannot be used with"),
        (&otc, &["--application-credential-name", "k"], "application credential: not supported by Open Telekom Cloud; use --user or --user-id"),
        (&kakao, &["--project-id", "p"], "cannot be used with"),
        (&kakao, &["--user-domain", "d"], "cannot be used with"),
        (&kakao, &["--project-domain", "d"], "cannot be used with"),
    ];
    for (login, more, part) in rows {
        let arguments = [&["token"], more].concat();
        login.run_as(&arguments, "pw").failed(2, part);
    }
    for system in [System::NhnIaas, System::Otc, System::Kakao] {
        assert_eq!(server.emulator().requests(system), 0);
    }
    for (arguments, part) in [
        (&["--cloud", "keystone", "--user", "u"][..], "--identity-url"),
        (&["--cloud", "kakao"], "--application-credential-id"),
        (&["--cloud", "other", "--user", "u"], "config --names"),
        (&["--cloud", "kakao", "--user", "u", "--identity-region", "r"], "one identity service"),
        (&["--cloud", "otc", "--user", "u", "--identity-region", "a.b"], "region"),
        (&["--cloud", "otc", "--user", "u"], "--user-domain"),
        (&["--cloud", "nhn", "--user", "u"], "scope: required by NHN Cloud; add --project-id\n"),
        (
            &["--cloud", "nhn", "--user", "u", "--unscoped"],
            "--unscoped: not supported by NHN Cloud; use --project-id",
        ),
        (
            &["--cloud", "huawei", "--user-id", "u"],
            "add --domain, --domain-id, --project-id or --project\n",
        ),
        (
            &["--cloud", "kakao", "--user", "u"],
            "password: not supported by KakaoCloud; use --application-credential-id or \
             --application-credential-name",
        ),
        (
            &["--cloud", "nhn", "--user", "u", "--project-id", "p", "--totp"],
            "--totp: not supported by NHN Cloud; leave out the flag",
        ),
        (
            &["--cloud", "nhn", "--user", "u", "--identity-url", "http://k.example/v2.0"],
            "use https",
        ),
        (
            &[
                "--cloud",
                "keystone",
                "--identity-url",
                "https://k.example/v3",
                "--user-id",
                "u",
                "--project",
                "p",
            ],
            "--project-domain",
        ),
    ] {
        let arguments = [&["token", "--password-stdin"], arguments].concat();
        let said = run(&arguments, "pw").failed(2, part);
        assert!(!said.contains("::"), "names a function: {said}");
        // The error comes before the password is read.
        assert_eq!(run(&arguments, "").err, said);
    }
}

#[test]
fn a_further_factor_needs_a_terminal() {
    let body = r#"{"receipt":{"methods":["password"],"expires_at":"2999-01-01T00:00:00Z"},"required_auth_methods":[["password","FACTOR"]]}"#;
    for (factor, part) in [("totp", "without a terminal"), ("iris", "iris")] {
        let body = body.replace("FACTOR", factor);
        let receipt = "Openstack-Auth-Receipt: r3ceipt\r\n";
        let server = Loopback::start(move |_| Reply::new(401, receipt, &body));
        let url = format!("{}/v3", server.url());
        let said = run(&stock("token", &url), "pw").failed(1, part);
        assert!(said.contains("totp") && !said.contains("r3ceipt"), "{said}");
    }
}

/// No credential was sent, so the cloud has refused none.
#[test]
fn a_refused_discovery_is_no_refused_login() {
    for status in [401, 403, 404] {
        let server = Loopback::start(move |_| Reply::new(status, "", ""));
        for path in ["", "/identity"] {
            let url = format!("{}{path}", server.url());
            let said = run(&stock("token", &url), "pw").failed(1, &format!("answered {status}"));
            assert!(said.contains(&url) && said.contains("no credential was sent"), "{said}");
            assert!(said.contains("/v3") && !said.contains("check the user"), "{said}");
        }
        assert!(server.requests().iter().all(|request| request.starts_with("GET ")));
    }
}

#[test]
fn a_token_without_a_catalog() {
    let server = Loopback::start(|_| Reply::new(201, "X-Subject-Token: t\r\n", TOKEN));
    let url = format!("{}/v3", server.url());
    run(&stock("catalog", &url), "pw").failed(1, "catalog: missing from the token");
}

#[test]
fn a_closed_output_is_no_failure() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_cloud-auth"))
        .arg("demo")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}
