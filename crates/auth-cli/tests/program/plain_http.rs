//! Plain http beyond this machine: refused, unless the user allows it.

use std::io::{Read, Write};

use testing::{Loopback, Received, Reply};

use crate::{Machine, Run};

const LAB: &str = "http://keystone.lab.example:5000/v3";
const SWIFT: &str = "http://swift.lab.example:8080/v1";
const WARNS: &str = "plain http, so passwords and tokens can be read on the way";

/// A proxy that plays every host: an identity service whose catalog has one endpoint, and services.
fn every_host(endpoint: &str) -> Loopback {
    let body = serde_json::json!({"token": {
        "expires_at": "2999-01-01T00:00:00Z",
        "project": {"id": "p"},
        "catalog": [{"type": "object-store", "endpoints": [
            {"interface": "public", "region_id": "r", "url": endpoint},
        ]}],
    }});
    let body = body.to_string();
    Loopback::accept(None, move |connection| {
        // The client sends nothing more until the proxy answers.
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            connection.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        assert!(head.starts_with(b"CONNECT "), "{}", String::from_utf8_lossy(&head));
        connection.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
        connection.serve(&|request: &Received| match request.method() {
            "POST" => Reply::new(201, "X-Subject-Token: t0ken\r\n", &body),
            _ => Reply::new(200, "", "hi"),
        })
    })
}

/// Runs a command behind this proxy, with the password in a variable.
fn run_behind(proxy: &Loopback, clouds: &str, arguments: &[&str], more: &[(&str, &str)]) -> Run {
    let url = proxy.url();
    let variables = [&[("ALL_PROXY", url.as_str()), ("P", "pw")], more].concat();
    Machine::with(clouds).run(arguments, "", &variables)
}

fn stock<'a>(command: &[&'a str], url: &'a str) -> Vec<&'a str> {
    let login = ["--identity-url", url, "--user-id", "u", "--password-env", "P"];
    [command, &login].concat()
}

#[test]
fn plain_http_needs_a_flag_or_a_key() {
    let proxy = every_host(SWIFT);
    let entry = |more: &str| {
        format!("clouds: {{lab: {{auth: {{auth_url: '{LAB}', user_id: u, password: pw}}{more}}}}}")
    };
    let variables = [("OS_AUTH_URL", LAB), ("OS_USER_ID", "u"), ("OS_PASSWORD", "pw")];
    let flag = "--allow-plain-http";

    let refused = |clouds: &str, arguments: &[&str], variables: &[(&str, &str)]| {
        let said = run_behind(&proxy, clouds, arguments, variables);
        let said =
            said.failed(2, "--allow-plain-http, or with allow_plain_http: true in clouds.yaml");
        assert!(!said.contains("::"), "names a function: {said}");
    };
    refused("clouds: {}", &stock(&["token"], LAB), &[]);
    refused(&entry(""), &["token"], &[]);
    refused(&entry(", allow_plain_http: false"), &["token"], &[]);
    refused("clouds: {}", &["token"], &variables);
    for cloud in ["otc", "keystone"] {
        let scope = ["token", "--cloud", cloud, "--project-id", "p"];
        refused("clouds: {}", &stock(&scope, LAB), &[]);
    }
    assert_eq!(proxy.requests().len(), 0);

    let allowed = |clouds: &str, arguments: &[&str], variables: &[(&str, &str)]| {
        let run = run_behind(&proxy, clouds, arguments, variables);
        assert_eq!((run.code, run.out.as_str()), (0, "t0ken\n"), "{run:?}");
        let warning = "warning: http://keystone.lab.example:5000: plain http, so passwords";
        assert!(run.err.starts_with(warning) && run.err.lines().count() == 1, "{run:?}");
    };
    allowed("clouds: {}", &stock(&["token", flag], LAB), &[]);
    allowed("clouds: {}", &stock(&["token", flag, "--cloud", "keystone"], LAB), &[]);
    let otc = ["token", flag, "--cloud", "otc", "--project-id", "p"];
    allowed("clouds: {}", &stock(&otc, LAB), &[]);
    allowed(&entry(""), &["token", flag], &[]);
    allowed(&entry(", allow_plain_http: true"), &["token"], &[]);
    allowed(&entry(", allow_plain_http: 'yes'"), &["token", "--cloud", "lab"], &[]);
    let with_key = [&variables[..], &[("OS_ALLOW_PLAIN_HTTP", "1")]].concat();
    allowed("clouds: {}", &["token"], &with_key);
    // Another URL for a configured cloud.
    let https = entry(", allow_plain_http: true").replace("http://", "https://");
    allowed(&https, &["token", "--identity-url", LAB], &[]);
    // The variable alone makes no cloud.
    let alone = run_behind(&proxy, &entry(""), &["config"], &[("OS_ALLOW_PLAIN_HTTP", "1")]);
    assert!(alone.code == 0 && alone.out.contains("keystone.lab"), "{alone:?}");
    run_behind(&proxy, &entry(", allow_plain_http: maybe"), &["token"], &[])
        .failed(2, "allow_plain_http");
}

#[test]
fn endpoints_need_the_same_flag() {
    let proxy = every_host(SWIFT);
    let local = format!("{}/v3", proxy.url());
    let call = ["curl", "--service", "object-store", "/c"];
    let urls = [&["curl", "http://swift.lab.example:8080/v1/c?a=/b"][..], &call];
    for (command, code) in urls.into_iter().zip([2, 1]) {
        let said = run_behind(&proxy, "clouds: {}", &stock(command, &local), &[]);
        let said = said.failed(code, "http://swift.lab.example:8080: it is plain http");
        assert!(said.contains("allow it with --allow-plain-http"), "{said}");

        let allowed = [command, &["--allow-plain-http"]].concat();
        let run = run_behind(&proxy, "clouds: {}", &stock(&allowed, &local), &[]);
        assert_eq!((run.code, run.out.as_str()), (0, "hi"), "{run:?}");
        let warning = format!("warning: http://swift.lab.example:8080: {WARNS}");
        assert!(run.err.starts_with(&warning) && run.err.lines().count() == 1, "{run:?}");
        assert!(proxy.last().contains("x-auth-token: t0ken"));
    }
}

#[test]
fn an_origin_is_warned_of_once() {
    let proxy = every_host("http://keystone.lab.example:5000/swift");
    let entry =
        format!("clouds: {{lab: {{auth: {{auth_url: '{LAB}', user_id: u, password: pw}}}}}}");
    let allowed = entry.replace("}}}", "}, allow_plain_http: true}}");
    let swift = ["--service", "object-store"];
    let call = [&["curl", "/c"], &swift[..]].concat();
    let url = ["curl", "http://keystone.lab.example:5000/swift/c"];
    let flag = ["--allow-plain-http"];
    for (clouds, arguments) in [
        (&allowed, call.clone()),
        (&allowed, url.to_vec()),
        (&allowed, vec!["endpoint", "object-store"]),
        (&entry, [&call[..], &flag].concat()),
        (&entry, [&url[..], &flag].concat()),
        (&entry, vec!["endpoint", "object-store", flag[0]]),
    ] {
        let run = run_behind(&proxy, clouds, &arguments, &[]);
        assert!(run.code == 0 && run.err.matches("warning: ").count() == 1, "{run:?}");
        assert!(run.err.contains(WARNS) && !run.err.contains("caller"), "{run:?}");
    }
}

#[test]
fn special_hosts_stay_refused() {
    for host in ["169.254.169.254", "metadata.google.internal", "127.0.0.1:1", "[fe80::1]"] {
        let proxy = every_host(&format!("http://{host}/v1"));
        let allowed = ["curl", "--service", "object-store", "/c", "--allow-plain-http"];
        let run = run_behind(&proxy, "clouds: {}", &stock(&allowed, LAB), &[]);
        assert!(run.code == 1 && run.err.contains("the token must not be sent to"), "{run:?}");
        if !host.starts_with("127") {
            let url = format!("http://{host}/v3");
            let login = stock(&["token", "--allow-plain-http"], &url);
            let run = run_behind(&proxy, "clouds: {}", &login, &[]);
            assert!(run.code == 2 && run.err.contains("never for link-local"), "{run:?}");
        }
    }
}

#[test]
fn odd_names_of_hosts_stay_refused() {
    let flag = "--allow-plain-http";
    for host in ["127.1", "2130706433", "a.localhost", "0.0.0.0", "0xc0000202", "192.0.514"] {
        let url = format!("http://{host}:5000/v3");
        let said =
            run_behind(&every_host(SWIFT), "clouds: {}", &stock(&["token", flag], &url), &[]);
        said.failed(2, "(never for link-local and metadata addresses, other names of this machine");
    }
}

/// The command sends no token to the service.
#[test]
fn endpoint_prints_refused_urls_with_a_warning() {
    for (url, why) in [
        (
            SWIFT,
            "http://swift.lab.example:8080: no token is sent there: it is plain http; allow it with",
        ),
        ("https://169.254.169.254/v1", "it is a link-local address"),
        ("http://169.254.169.254/v1", "it is a link-local address"),
        ("https://metadata.google.internal/v1", "it is a metadata service"),
        ("https://localhost/v1", "it is a loopback address"),
        ("https://2130706433/v1", "another notation"),
    ] {
        let proxy = every_host(url);
        let local = format!("{}/v3", proxy.url());
        let login = stock(&["endpoint", "object-store"], &local);
        let run = run_behind(&proxy, "clouds: {}", &login, &[]);
        assert_eq!((run.code, run.out.as_str()), (0, format!("{url}\n").as_str()), "{run:?}");
        assert!(run.err.starts_with("warning: ") && run.err.contains(why), "{run:?}");
    }
    let proxy = every_host(SWIFT);
    let login = stock(&["endpoint", "object-store", "--allow-plain-http"], LAB);
    let run = run_behind(&proxy, "clouds: {}", &login, &[]);
    assert_eq!((run.code, run.out), (0, format!("{SWIFT}\n")));
    assert_eq!(run.err.matches(WARNS).count(), 2, "{}", run.err);
}
