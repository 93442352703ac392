//! Requests with a query and a JSON body, and typed answers.

use auth_ureq::{RequestError, RequestExt};
use http::{Request, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use testing::{
    Error, Loopback, Reply, Way,
    fixtures::{TOKEN, logins_and},
    header,
};

use super::service::under_a_prefix;

const WAYS: [Way; 3] = [Way::Call, Way::Once, Way::With];

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Server {
    id: String,
    size: u32,
}

/// A server whose service always answers so. [`ECHO`] stands for the request's token.
fn answering(status: u16, body: impl Into<String>) -> Loopback {
    let body = body.into();
    Loopback::start(logins_and(move |request| {
        let token = request.header("X-Auth-Token").unwrap_or_default();
        Reply::new(status, "", body.replace(ECHO, token))
    }))
}

const ECHO: &str = "{the token}";

/// The typed answer to this request.
fn ask(server: &Loopback, way: Way) -> Result<Server, Error> {
    let request = Request::get("/servers/1").body(Vec::new()).unwrap();
    under_a_prefix(server).service("thing").read_json(way, request)
}

/// Percent-decodes as a service does.
fn decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            byte => byte,
        });
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn a_typed_request_is_replayed_whole() {
    let name: &[(&str, &str)] = &[("name", "a&b=c #+ü")];
    for way in WAYS {
        let server = Loopback::start(logins_and(|request| match request.number {
            1 => Reply::new(401, "", r#"{"error": {"code": 401, "message": "expired"}}"#),
            _ => Reply::new(200, "", r#"{"id": "s1", "size": 7, "links": []}"#),
        }));
        let request = Request::post("/servers?dry=1")
            .segment("a/b c?d%é")
            .unwrap()
            .query([("limit", 10), ("offset", 5)])
            .query(name)
            .header("Accept", "application/json; v=2")
            .json(&Server { id: "s1".into(), size: 7 })
            .unwrap();
        let answer = under_a_prefix(&server).service("thing").read_json::<Server>(way, request);
        let requests = server.requests();
        if way == Way::Once {
            // A stream is not sent again; the caller learns why.
            let error = answer.unwrap_err().to_string();
            assert_eq!(error, "the service answered 401 Unauthorized (401: expired)");
            assert_eq!(requests.len(), 2);
            continue;
        }
        assert_eq!(answer.unwrap(), Server { id: "s1".into(), size: 7 }, "{way:?}");
        assert_eq!(requests.len(), 4, "login, call, login, call");
        assert_eq!(requests[1].replace("-0\r\n", "-2\r\n"), requests[3]);
        let target = "/prefix/v1/servers/a%2Fb%20c%3Fd%25%C3%A9?dry=1&limit=10&offset=5\
                      &name=a%26b%3Dc%20%23%2B%C3%BC";
        assert!(requests[3].starts_with(&format!("POST {target} HTTP/1.1\r\n")), "{}", requests[3]);
        assert_eq!(header(&requests[3], "content-type"), Some("application/json"));
        assert_eq!(header(&requests[3], "accept"), Some("application/json; v=2"));
        assert!(requests[3].contains(r#"{"id":"s1","size":7}"#), "{}", requests[3]);
    }
}

#[test]
fn a_hostile_value_stays_where_it_is_put() {
    let server = answering(200, "null");
    let thing = under_a_prefix(&server).service("thing");
    for value in [
        "a&admin=1",
        "a#fragment",
        "a?b=c",
        "../../v3/users",
        "..%2f..%2fusers",
        "%2e%2e",
        "//evil.example/x",
        "http://evil.example/",
        "a\r\nX-Auth-Token: forged",
        "a\0b\u{202E}",
        "a+b c;d",
        "%",
        "%zz",
        "ü💾",
    ] {
        let query = Request::get("/list").query([("first", value), (value, "x"), ("last", "y")]);
        thing.read_json::<()>(Way::Call, query.body(Vec::new()).unwrap()).unwrap();
        let last = server.last();
        let target = last.split(' ').nth(1).unwrap();
        let (path, query) = target.split_once('?').unwrap();
        assert_eq!(path, "/prefix/v1/list", "{value}");
        let pairs: Vec<_> = query.split('&').map(|pair| pair.split_once('=').unwrap()).collect();
        let pairs: Vec<_> = pairs.iter().map(|(name, v)| (decoded(name), decoded(v))).collect();
        let sent = [("first", value), (value, "x"), ("last", "y")];
        assert_eq!(pairs, sent.map(|(name, value)| (name.to_owned(), value.to_owned())));

        let path = Request::get("/a/").segment(value).unwrap().segment("z").unwrap();
        match thing.read_json::<()>(Way::Call, path.body(Vec::new()).unwrap()) {
            Ok(()) => {
                let last = server.last();
                let path = last.split(' ').nth(1).unwrap();
                let name = path.strip_prefix("/prefix/v1/a/").unwrap().strip_suffix("/z").unwrap();
                assert_eq!(decoded(name), value);
                assert!(!name.contains(['/', '?', '#', '&', '+']), "{name}");
            }
            // The core refuses what a server may read as a step upwards.
            Err(error) => assert!(value.contains(".."), "{value}: {error}"),
        }
    }
    for name in ["", ".", ".."] {
        let segment = Request::get("/a").segment(name);
        assert!(matches!(segment, Err(RequestError::Segment)), "{name}");
    }
}

#[test]
fn a_request_that_cannot_be_made_is_an_error() {
    // A map in JSON has texts as keys.
    let error =
        Request::post("/a").json(&[([1, 2], 3)].map(|pair| Keys([pair].into()))).unwrap_err();
    assert!(matches!(error, RequestError::Json(_)), "{error:?}");
    let error = Request::post("/a b").query([("a", "b")]).json(&()).unwrap_err();
    assert!(matches!(error, RequestError::Http(_)), "{error:?}");
    assert!(error.to_string().contains("segment()"), "{error}");
    let error: auth_ureq::Error = error.into();
    assert!(!error.is_retryable());
}

#[derive(Serialize)]
struct Keys(std::collections::BTreeMap<[i32; 2], i32>);

#[test]
fn an_answer_of_another_shape_is_named() {
    for (body, text) in [
        ("<html>t0ps3cret</html>", "expected value at line 1 column 1"),
        (r#"{"id": "s1", "size": 7"#, "EOF while parsing an object at line 1 column 22"),
        (r#"{"id": "s1"}"#, "missing field `size` at line 1 column 12"),
        ("", "expected struct Server at line 1 column 4"),
        (r#"{"id": "s1", "size": "t0ps3cret"}"#, "expected u32 at line 1 column 32"),
        (r#"{"id": "s1", "size": "expected t0ps3cret"}"#, "expected u32 at line 1 column 41"),
        (r#"{"id": 5, "size": 7}"#, "expected a string at line 1 column 8"),
        (r#"{"id": "s1", "size": -30}"#, "expected u32 at line 1 column 24"),
        (r#"["s1"]"#, "expected struct Server with 2 elements at line 1 column 6"),
    ] {
        let server = answering(200, body);
        for way in WAYS {
            let error = ask(&server, way).unwrap_err();
            assert_eq!(error.to_string(), format!("the answer is not the expected JSON: {text}"));
            assert!(!error.shown().contains("t0ps3cret") && !error.is_retryable());
        }
    }
    let server = answering(204, "");
    let delete = Request::delete("/servers/1").body(Vec::new()).unwrap();
    let thing = under_a_prefix(&server).service("thing");
    thing.read_json::<()>(Way::Call, delete.clone()).unwrap();
    assert_eq!(thing.read_json::<Option<Server>>(Way::Call, delete).unwrap(), None);
}

#[test]
fn an_error_status_has_the_services_reason() {
    let nova = json!({"itemNotFound": {"code": 404, "message": "Instance s1 could not be found."}});
    let keystone = json!({"error": {"code": 404, "title": "Not Found", "message": "no user s1"}});
    let neutron = json!({"NeutronError": {"type": "Gone", "message": "no port", "detail": ""}});
    let echo = json!({"message": format!("bad token {ECHO} in {ECHO}")});
    let control = "no\u{1b}[2J\u{202E} such\nthing";
    let long = format!("{}{ECHO}", "x".repeat(250));
    for (status, body, reason) in [
        (404, nova.to_string(), "404: itemNotFound: Instance s1 could not be found."),
        (404, keystone.to_string(), "404: Not Found: no user s1"),
        (410, neutron.to_string(), "Gone: no port"),
        (400, echo.to_string(), "bad token [redacted] in [redacted]"),
        (400, ECHO.to_owned(), "[redacted]"),
        (400, control.to_owned(), r"no\u{1b}[2J\u{202e} such thing"),
        (403, long, &format!("{}[redac…", "x".repeat(250))),
        (502, "Bad Gateway".to_owned(), "Bad Gateway"),
        (503, String::new(), "no reason given"),
        (500, "x".repeat(70_000), &format!("{}…", "x".repeat(256))),
        (300, r#"{"versions": []}"#.to_owned(), r#"{"versions": []}"#),
        (302, String::new(), "no reason given"),
    ] {
        let server = answering(status, body);
        for way in WAYS {
            let error = ask(&server, way).unwrap_err();
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(error.to_string(), format!("the service answered {status} ({reason})"));
            assert!(!error.shown().contains(TOKEN), "{}", error.shown());
            assert_eq!(error.is_retryable(), status.is_server_error());
        }
    }
    // Both tokens of a call are secret.
    let server = answering(401, format!("{TOKEN}-0 {ECHO} no"));
    let error = ask(&server, Way::Call).unwrap_err().to_string();
    assert!(error.contains("([redacted] [redacted] no)"), "{error}");
}
