//! Calls with a token.

use std::{
    io::{self, Read, Write},
    process::Stdio,
    sync::{Mutex, mpsc},
    thread,
    time::Duration,
};

use auth_emulator::{Server, System, account};

use testing::{Loopback, Reply};

use crate::{Machine, Run, nhn, run, with};

const NO_CONTENT: &str = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";

#[test]
fn requests_are_sent_as_given() {
    let server = Server::start().unwrap();
    let machine = Machine::with("clouds: {}");
    let body = machine.write("body.json", r#"{"from":"a file"}"#);
    let file = format!("@{}", body.display());
    let json = ["content-type: application/json", "accept: application/json"];
    for (arguments, line, has, sent) in [
        (&["--json", "{}"][..], "POST /x HTTP/1.1", &json[..], "{}"),
        (
            &["-d", "text", "-H", "Content-Type: text/plain"],
            "POST",
            &["content-type: text/plain"],
            "text",
        ),
        (&["-X", "PUT", "--data", &file], "PUT", &["content-length: 17"], r#"{"from":"a file"}"#),
        (&["-X", "DELETE", "-H", "A: 1", "-H", "a: 2"], "DELETE", &["a: 1", "a: 2"], ""),
        (&["-X", "COPY", "-H", "Destination: /c/o"], "COPY", &["destination: /c/o"], ""),
        (&[], "GET", &["x-auth-token: "], ""),
    ] {
        let service = Loopback::start(|_| Reply::bytes(NO_CONTENT));
        let login = nhn(&server);
        let url = format!("{}/x", service.url());
        let arguments = [&["curl", &url], arguments].concat();
        let run = machine.run(&with(&arguments, &login.flags), account::NHN_PASSWORD, &[]);
        assert_eq!(run.ok(), "", "{arguments:?}");
        let request = service.last();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let head = head.to_ascii_lowercase();
        assert!(request.starts_with(line), "{request}");
        assert!(has.iter().all(|header| head.contains(header)), "{request}");
        assert_eq!(body, sent, "{request}");
    }
}

#[test]
fn paths_are_put_under_the_endpoint() {
    let path = |arguments: &[&str]| {
        let run = run(&[&["--emulator=otc", "curl"], arguments].concat(), "");
        run.json()["path"].as_str().unwrap().to_owned()
    };
    let project = account::OTC_PROJECT;
    for (path_given, ends) in
        [("/servers?limit=1", "/servers"), ("servers", "/servers"), ("/", "/")]
    {
        let arguments = ["--service", "compute", path_given];
        assert_eq!(path(&arguments), format!("/v2.1/{project}{ends}"), "{path_given}");
    }
    run(&["--emulator=otc", "curl", "/servers"], "").failed(2, "a path needs --service");
    let out = ["--emulator=otc", "curl", "--service", "compute", "/../v3/users"];
    run(&out, "").failed(2, "the path does not start with /, or has a . or .. segment");
    run(&["--emulator=otc", "curl", "--service", "compute", "/a b"], "")
        .failed(2, "such as %20 for a blank");
    run(&["--emulator=otc", "curl", "--service", "compute", "--region", "eu-nl", "/"], "")
        .failed(4, "unknown in cloud");
}

/// An existing v2.0 token has no catalog: v2.0 has no validation.
#[test]
fn a_token_without_catalog_needs_a_full_url() {
    let token = ["--emulator=nhn", "--token-stdin"];
    let run = |arguments: &[&str]| run(&[arguments, &token[..]].concat(), "t0ken");
    run(&["validate"]).failed(2, "`cloud-auth curl` with a full URL");
    run(&["catalog"]).failed(1, "use `cloud-auth curl` with a full URL");
    let said = run(&["curl", "--service", "compute", "/servers"]).failed(4, "takes a full URL");
    assert!(!said.contains("lists all"), "{said}");
    run(&["endpoint", "compute"]).failed(4, "takes a full URL");

    let server = Server::start().unwrap();
    let identity = server.url(System::NhnIaas);
    let service = Loopback::start(|_| Reply::bytes(NO_CONTENT));
    let url = service.url();
    let login = ["--cloud", "nhn", "--identity-url", &identity, "--tenant-id", account::NHN_TENANT];
    let arguments = [&["curl", &url, "--token-stdin"], &login[..]].concat();
    crate::run(&arguments, "t0ken").ok();
    assert!(service.last().contains("x-auth-token: t0ken"));
}

#[test]
fn global_services_get_a_domain_token() {
    let call = |more: &[&str]| {
        let arguments = [&["--emulator=otc", "curl", "--service", "tms", "/x"], more].concat();
        run(&arguments, "").json()["project"].clone()
    };
    assert_eq!(call(&[]), serde_json::Value::Null);
    assert_eq!(call(&["--project", account::OTC_PROJECT_NAME]), account::OTC_PROJECT);
    // An endpoint of the domain's catalog is found.
    let obs = ["--emulator=otc", "endpoint", "obs"];
    assert!(run(&obs, "").ok().ends_with("obs.eu-de.otc.t-systems.com\n"));
    run(&[&obs[..], &["--project", "eu-de"]].concat(), "").failed(4, "no public endpoint");
}

#[test]
fn the_status_is_the_exit_code() {
    for (answer, code, said) in [
        ("200 OK\r\nContent-Length: 2\r\n\r\nhi", 0, ""),
        ("300 Multiple Choices\r\nContent-Length: 2\r\n\r\nhi", 0, ""),
        (
            "404 Not Found\r\nContent-Length: 2\r\n\r\nhi",
            1,
            "error: the service answered 404 Not Found; its message is on standard output\n",
        ),
        (
            "302 Found\r\nLocation: https://u:p@elsewhere.example:8443/o?sig=t0ps3cret\r\nContent-Length: 2\r\n\r\nhi",
            1,
            "error: the service answered 302 Found, a redirect to https://elsewhere.example:8443; \
             redirects are not followed: show the URL with -i, and call it if you trust it\n",
        ),
        (
            "307 Temporary Redirect\r\nLocation: /o?sig=t0ps3cret\r\nContent-Length: 2\r\n\r\nhi",
            1,
            "error: the service answered 307 Temporary Redirect, a redirect to another path of the \
             same host; redirects are not followed: show the URL with -i, and call it if you trust \
             it\n",
        ),
    ] {
        let run = call(answer, &[]);
        assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (code, "hi", said), "{answer}");
    }
    let broken = call("200 OK\r\nContent-Length: 9\r\n\r\nhi", &[]);
    assert!(broken.code == 5 && broken.err.contains("ended early"), "{broken:?}");
}

#[test]
fn shown_headers_have_no_secrets() {
    let secrets = [
        "X-Subject-Token",
        "X-Storage-Token",
        "Set-Cookie",
        "Authorization",
        "Proxy-Authorization",
        "OpenStack-Auth-Receipt",
    ];
    let secret_lines = secrets.map(|name| format!("{name}: t0ps3cret\r\n")).concat();
    let answer =
        &format!("201 Created\r\n{secret_lines}B: \u{9b}2J\r\nContent-Length: 2\r\n\r\nhi");
    assert_eq!(call(answer, &[]).ok(), "hi");
    let shown = call(answer, &["-i"]).ok();
    assert!(
        shown.starts_with("HTTP/1.1 201 Created\r\n") && shown.ends_with("\r\n\r\nhi"),
        "{shown}"
    );
    for name in secrets {
        let line = format!("{}: (hidden)\r\n", name.to_ascii_lowercase());
        assert!(shown.contains(&line), "{shown}");
    }
    assert!(!shown.contains("t0ps3cret") && !shown.contains('\u{9b}'), "{shown}");
}

#[test]
fn a_token_is_sent_to_allowed_urls_only() {
    let server = Server::start().unwrap();
    let login = nhn(&server);
    let call = |target: &str| login.run(&["curl", target]);
    call("http://elsewhere.example/")
        .failed(2, "the token must not be sent to http://elsewhere.example");
    call("http://169.254.169.254/latest").failed(2, "the token must not be sent to");
    let said = call("https://u:t0ps3cret@k.example/").failed(2, "user info");
    assert!(!said.contains("t0ps3cret"), "{said}");
    call("ftp://k.example/").failed(2, "https URLs only");
    assert_eq!(server.emulator().requests(System::NhnIaas), 0);
    let own = ["curl", "https://k.example/", "-H", "X-Auth-Token: t"];
    login.run_as(&own, "").failed(2, "this program adds the token");
    for framing in ["Content-Length: 5", "transfer-encoding: chunked", "Connection: x", "Host: x"] {
        let framed = ["curl", "https://k.example/", "-H", framing];
        login.run_as(&framed, "").failed(2, "this program sets this header");
    }
    let twice = ["curl", "https://k.example/", "-d", "@-"];
    login.run_as(&twice, "").failed(2, "cannot be both the secret and the body");
    let missing = ["curl", "https://k.example/", "-d", "@/nosuch"];
    login.run_as(&missing, "").failed(2, "name a readable file");
    for directory in ["@/", "@.", "@/dev"] {
        let directory = ["curl", "https://k.example/", "-d", directory];
        login.run_as(&directory, "").failed(2, "is a directory");
    }
}

/// Bodies of any length are streamed.
#[cfg(target_os = "linux")]
#[test]
fn bodies_are_streamed() {
    const LENGTH: usize = 160 * 1024 * 1024;
    /// Only a failing test waits so long.
    const LONG: Duration = Duration::from_secs(60);

    let server = Server::start().unwrap();
    let (ready, is_ready) = mpsc::channel();
    let (measured, is_measured) = mpsc::channel();
    let is_measured = Mutex::new(is_measured);
    let service = Loopback::accept(None, move |connection| {
        let (mut received, mut buffer) = (0, vec![0; 64 * 1024]);
        while received < LENGTH {
            let read = connection.read(&mut buffer)?;
            received += buffer[..read].iter().filter(|byte| **byte == b'i').count();
        }
        write!(connection, "HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n")?;
        connection.write_all(&vec![b'o'; LENGTH - 1])?;
        ready.send(()).unwrap();
        is_measured.lock().unwrap().recv_timeout(LONG).unwrap();
        connection.write_all(b"o")
    });
    let (url, login) = (service.url(), nhn(&server));
    let arguments = login.bare(&["curl", &url, "-d", "@-", "--password-env", "PASSWORD"]);
    let machine = Machine::with("clouds: {}");
    let mut child = machine
        .command(&arguments, &[("PASSWORD", account::NHN_PASSWORD)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let writes = thread::spawn(move || input.write_all(&vec![b'i'; LENGTH]).unwrap());
    let reads = thread::spawn(move || io::copy(&mut output, &mut io::sink()).unwrap());
    is_ready.recv_timeout(LONG).unwrap();
    let most = high_water(child.id());
    measured.send(()).unwrap();
    writes.join().unwrap();
    assert_eq!(reads.join().unwrap(), LENGTH as u64);
    assert!(child.wait().unwrap().success());
    assert!(most < 64 * 1024, "{most} KiB");
}

/// The peak memory of a process, in KiB.
#[cfg(target_os = "linux")]
fn high_water(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Calls a service with this answer.
fn call(answer: &str, more: &[&str]) -> Run {
    let server = Server::start().unwrap();
    let answer = format!("HTTP/1.1 {answer}");
    let service = Loopback::start(move |_| Reply::bytes(&*answer));
    let url = service.url();
    nhn(&server).run(&[&["curl", &url], more].concat())
}
