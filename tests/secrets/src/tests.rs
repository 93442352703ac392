//! The check itself: it finds each kind of misplaced secret.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{check::Suite, record::Process};

/// The parties of a client: identity service 1, provider 2, service 3, and a server 4 that is
/// nobody's.
const PARTIES: &str = "process adapters /x/adapters-0
identity http://127.0.0.1:1/v3
provider http://127.0.0.1:2/token
service http://127.0.0.1:3/x
";

/// The misplaced secrets in requests to these ports.
fn misplaced(requests: &[(u16, &str)]) -> Vec<String> {
    let mut record = PARTIES.to_owned();
    for (number, (port, request)) in requests.iter().enumerate() {
        // Bytes may come in pieces.
        let (first, second) = request.split_at(request.len() / 2);
        for piece in [first, second] {
            record += &format!("in {number} {port} 1 {}\n", piece.as_bytes().escape_ascii());
        }
    }
    let mut suite = Suite::default();
    suite.add(&Process::read(&record).unwrap());
    suite.misplaced.into_iter().collect()
}

fn post(path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
}

/// A login by password.
fn login() -> String {
    let identity = r#"{"password":{"user":{"id":"u1","password":"t0ps3cret/pass"}}}"#;
    post("/v3/auth/tokens", "", &format!(r#"{{"auth":{{"identity":{identity}}}}}"#))
}

/// A form of a provider with the client's secret by HTTP Basic.
fn form() -> String {
    let basic = STANDARD.encode("robot:t0ps3cret%2Fclient");
    let headers = format!("Authorization: Basic {basic}\r\n");
    post("/token", &headers, "grant_type=password&username=jo&password=t0ps3cret%2Fjo&otp=314159")
}

fn call(headers: &str) -> String {
    format!("GET /x HTTP/1.1\r\n{headers}\r\n")
}

#[test]
fn a_secret_at_its_party_is_in_place() {
    let token = call("X-Auth-Token: t0ps3cret-token\r\n");
    let bearer = call("Authorization: Bearer t0ps3cret-bearer\r\n");
    let requests = [(1, &login()), (2, &form()), (3, &token), (1, &token), (1, &bearer)];
    let requests = requests.map(|(port, request)| (port, request.as_str()));
    assert_eq!(misplaced(&requests), [""; 0]);
}

#[test]
fn a_secret_at_another_party_is_found() {
    let token = "X-Auth-Token: t0ps3cret-token\r\n";
    let subject = "X-Subject-Token: t0ps3cret-token\r\n";
    let bearer = "Authorization: Bearer t0ps3cret-bearer\r\n";
    for (port, request, count) in [
        (2, login(), 1),
        (3, login(), 1),
        (4, login(), 1),
        (1, form(), 2),
        (3, form(), 2),
        (4, form(), 2),
        (2, call(token), 1),
        (4, call(token), 1),
        (3, call(subject), 1),
        (2, call(bearer), 1),
        (3, call(bearer), 1),
        (3, call("Openstack-Auth-Receipt: t0ps3cret\r\n"), 1),
        (1, call("Authorization: Basic dTpzM2NyZXQ=\r\n"), 1),
        (3, post("/x", "", r#"{"auth":{"identity":{"totp":{"user":{"passcode":"314159"}}}}}"#), 1),
    ] {
        let found = misplaced(&[(port, &request)]);
        assert_eq!(found.len(), count, "{port} {request}: {found:?}");
    }
}

#[test]
fn a_secret_in_another_field_is_found() {
    let basic = STANDARD.encode("x: t0ps3cret/pass");
    for stray in [
        "GET /x?password=t0ps3cret%2fpass HTTP/1.1\r\n\r\n".to_owned(),
        call("X-Debug: t0ps3cret/pass\r\n"),
        call(&format!("X-Debug: {basic}\r\n")),
        post("/x", "", "t0ps3cret\\u002fpass and t0ps3cret/pass"),
        post("/x", "Transfer-Encoding: chunked\r\n", "f\r\nxt0ps3cret/pass\r\n0\r\n\r\n"),
        "\u{16}\u{3}\u{1}t0ps3cret/pass".to_owned(),
    ] {
        let found = misplaced(&[(1, &login()), (4, &stray)]);
        assert_eq!(found.len(), 1, "{stray}: {found:?}");
    }
}

#[test]
fn a_second_request_of_a_connection_is_read() {
    let requests = login() + &call("X-Debug: t0ps3cret/pass\r\n");
    assert_eq!(misplaced(&[(1, &requests)]).len(), 1);
}

#[test]
fn a_proxy_passes_requests_on() {
    let to =
        |port| format!("GET http://127.0.0.1:{port}/x HTTP/1.1\r\nX-Auth-Token: t0ps3cret\r\n\r\n");
    assert_eq!(misplaced(&[(4, &to(3))]), [""; 0]);
    assert_eq!(misplaced(&[(3, &to(4))]).len(), 1);
}

#[test]
fn a_server_of_its_own_client_has_its_roles() {
    for (port, count) in [(1, 0), (2, 1)] {
        let login = login();
        let mut suite = Suite::default();
        let record = format!(
            "process auth-cli cloud-auth\nplays 1 2\nin 0 {port} 1 {}\n",
            login.as_bytes().escape_ascii()
        );
        suite.add(&Process::read(&record).unwrap());
        assert_eq!(suite.misplaced.len(), count);
    }
}
