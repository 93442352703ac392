//! The body of a login's response.

use std::time::Instant;

use auth_emulator::documents;
use auth_proto::limits;
use http::Response;

use super::{V2, V3, check_rows, outcome, shortened, v2, v3};
use crate::support::NOW;

/// The API version, and the body.
type Input = (fn(Response<Vec<u8>>) -> String, fn() -> Vec<u8>);

#[rustfmt::skip]
const ROWS: &[(&str, Input, &str)] = &[
    ("nothing", (in_v3, || vec![]), "Empty"),
    ("blanks", (in_v3, || b" \t\r\n ".to_vec()), "Empty"),
    ("a byte order mark", (in_v3, || b"\xef\xbb\xbf".to_vec()), "Empty"),
    ("a byte order mark, and a good one", (in_v3, || before("\u{feff}", V3)), "token t1."),
    ("the same in v2.0", (in_v2, || before("\u{feff}", V2)), "token t1."),
    ("two byte order marks", (in_v3, || before("\u{feff}\u{feff}", V3)), "Json { category: \"syntax\""),
    ("null", (in_v3, || b"null".to_vec()), "Field { field: \"document\", problem: Missing }"),
    ("a list", (in_v3, || b"[]".to_vec()), "Field { field: \"document\", problem: Type }"),
    ("a good one in a list", (in_v3, || format!("[{V3}]").into()), "Field { field: \"document\", problem: Type }"),
    ("a text", (in_v3, || b"\"s3cret\"".to_vec()), "Field { field: \"document\", problem: Type }"),
    ("a number", (in_v3, || b"7".to_vec()), "Field { field: \"document\", problem: Type }"),
    ("an object without anything", (in_v3, || b"{}".to_vec()), "Field { field: \"token\", problem: Missing }"),
    ("an object without anything in v2.0", (in_v2, || b"{}".to_vec()), "Field { field: \"access\", problem: Missing }"),
    ("the other API version", (in_v3, || V2.into()), "Field { field: \"token\", problem: Missing }"),
    ("the other API version in v2.0", (in_v2, || V3.into()), "Field { field: \"access\", problem: Missing }"),
    ("HTML", (in_v3, || b"<html>s3cret".to_vec()), "NotJson"),
    ("a good one, and more", (in_v3, || format!("{V3} x").into()), "Json { category: \"syntax\""),
    ("two good ones", (in_v3, || [V3, V3].concat().into()), "Json { category: \"syntax\""),
    ("a good one, and blanks", (in_v3, || format!("{V3}\r\n\t ").into()), "token t1."),
    ("a good one, and a NUL", (in_v3, || format!("{V3}\0").into()), "Json { category: \"syntax\""),
    ("the token given twice", (in_v3, || b"{\"token\": {}, \"token\": {\"s3cret\": 1}}".to_vec()), "Json { category: \"repeated key\""),
    ("the id given twice", (in_v2, || changed(V2, "\"id\": \"t1\"", "\"id\": \"t1\", \"id\": \"s3cret\"")), "Json { category: \"repeated key\""),
    ("the end given twice", (in_v3, || changed(V3, "\"expires_at\"", "\"expires_at\": null, \"expires_at\"")), "Json { category: \"repeated key\""),
    ("the end given twice, once escaped", (in_v3, || changed(V3, "\"expires_at\"", "\"\\u0065xpires_at\": null, \"expires_at\"")), "Json { category: \"repeated key\""),
    ("the time of issue given twice", (in_v3, || changed(V3, "\"issued_at\"", "\"issued_at\": null, \"issued_at\"")), "Json { category: \"repeated key\""),
    ("the user given twice", (in_v3, || changed(V3, "\"user\": {", "\"user\": {}, \"user\": {")), "Json { category: \"repeated key\""),
    ("the user's name given twice", (in_v3, || changed(V3, "\"name\": \"alice\"", "\"name\": \"bob\", \"name\": \"alice\"")), "Json { category: \"repeated key\""),
    ("the project given twice", (in_v3, || changed(V3, "\"project\": {", "\"project\": null, \"project\": {")), "Json { category: \"repeated key\""),
    ("the project's id given twice", (in_v3, || changed(V3, "\"id\": \"p1\"", "\"id\": \"p2\", \"id\": \"p1\"")), "Json { category: \"repeated key\""),
    ("the project's domain given twice", (in_v3, || changed(V3, "\"domain\": {", "\"domain\": null, \"domain\": {")), "Json { category: \"repeated key\""),
    ("the catalog given twice", (in_v3, || changed(V3, "\"catalog\": []", "\"catalog\": [], \"catalog\": []")), "Json { category: \"repeated key\""),
    ("the roles given twice", (in_v3, || changed(V3, "\"methods\"", "\"roles\": [], \"roles\": [], \"methods\"")), "Json { category: \"repeated key\""),
    ("the tenant given twice in v2.0", (in_v2, || changed(V2, "\"tenant\": {", "\"tenant\": null, \"tenant\": {")), "Json { category: \"repeated key\""),
    ("the end given twice in v2.0", (in_v2, || changed(V2, "\"expires\"", "\"expires\": null, \"expires\"")), "Json { category: \"repeated key\""),
    ("the user given twice in v2.0", (in_v2, || changed(V2, "\"user\": {", "\"user\": {}, \"user\": {")), "Json { category: \"repeated key\""),
    ("the catalog given twice in v2.0", (in_v2, || changed(V2, "\"serviceCatalog\": []", "\"serviceCatalog\": [], \"serviceCatalog\": []")), "Json { category: \"repeated key\""),
    ("a role's name given twice", (in_v3, || changed(V3, "\"methods\"", "\"roles\": [{\"id\": \"r\", \"name\": \"a\", \"name\": \"b\"}], \"methods\"")), "token t1."),
    ("a role's name given twice in v2.0", (in_v2, || changed(V2, "\"roles\": []", "\"roles\": [{\"name\": \"a\", \"name\": \"b\", \"id\": 1, \"id\": null}]")), "token t1."),
    ("a service's type given twice", (in_v3, || changed(V3, "\"catalog\": []", "\"catalog\": [{\"type\": \"a\", \"type\": \"b\", \"name\": \"a\", \"name\": null}]")), "token t1."),
    ("an endpoint's URL given twice", (in_v3, || changed(V3, "\"catalog\": []", "\"catalog\": [{\"type\": \"a\", \"endpoints\": [{\"url\": \"a\", \"url\": \"b\", \"interface\": \"public\", \"interface\": \"admin\"}]}]")), "token t1."),
    ("the same in v2.0", (in_v2, || changed(V2, "\"serviceCatalog\": []", "\"serviceCatalog\": [{\"type\": \"a\", \"endpoints\": [{\"publicURL\": \"a\", \"publicURL\": \"b\", \"region\": \"R\", \"region\": \"S\"}]}]")), "token t1."),
    ("an unknown key given twice", (in_v3, || changed(V3, "\"methods\"", "\"x\": 1, \"x\": 2, \"methods\"")), "token t1."),
    ("an end that is a number", (in_v3, || changed(V3, "\"2026-11-22T20:00:00.000000Z\"", "5")), "Field { field: \"token.expires_at\", problem: Timestamp }"),
    ("an end that is a secret", (in_v3, || changed(V3, "2026-11-22T20:00:00.000000Z", "s3cret")), "Field { field: \"token.expires_at\", problem: Timestamp }"),
    ("an end that is an object", (in_v3, || changed(V3, "\"2026-11-22T20:00:00.000000Z\"", "{\"s3cret\": 1}")), "Field { field: \"token.expires_at\", problem: Type }"),
    ("an id that is an object", (in_v2, || changed(V2, "\"t1\"", "{\"s3cret\": 1}")), "Field { field: \"access.token.id\", problem: Type }"),
    ("an id that is a number", (in_v2, || changed(V2, "\"t1\"", "12345678")), "Field { field: \"access.token.id\", problem: Type }"),
    ("an id that is null", (in_v2, || changed(V2, "\"t1\"", "null")), "MissingToken { place: \"access.token.id\" }"),
    ("an empty id", (in_v2, || changed(V2, "\"t1\"", "\"\"")), "MissingToken"),
    ("an id of blanks", (in_v2, || changed(V2, "\"t1\"", "\" \\t\"")), "MissingToken"),
    ("an id that goes on in the next header", (in_v2, || changed(V2, "\"t1\"", "\"t1\\r\\nX-Evil: 1\"")), "TokenCharacters"),
    ("an id with a line feed", (in_v2, || changed(V2, "\"t1\"", "\"t\\n1\"")), "TokenCharacters { place: \"access.token.id\" }"),
    ("an id with a blank", (in_v2, || changed(V2, "\"t1\"", "\"t 1\"")), "TokenCharacters"),
    ("an id that is a list", (in_v2, || changed(V2, "\"t1\"", "[\"s3cret\"]")), "Field { field: \"access.token.id\", problem: Type }"),
    ("an id that is true", (in_v2, || changed(V2, "\"t1\"", "true")), "Field { field: \"access.token.id\", problem: Type }"),
    ("an id with a NUL", (in_v2, || changed(V2, "\"t1\"", "\"t\\u00001\"")), "TokenCharacters"),
    ("an id with a DEL", (in_v2, || changed(V2, "\"t1\"", "\"t\x7f1\"")), "TokenCharacters"),
    ("an id beyond ASCII", (in_v2, || changed(V2, "\"t1\"", "\"토큰\"")), "TokenCharacters"),
    ("an id that is too long", (in_v2, || changed(V2, "t1", &"t".repeat(limits::TOKEN + 1))), "TooLarge { what: \"token\""),
    ("a token that is a list", (in_v3, || b"{\"token\": []}".to_vec()), "Field { field: \"token\", problem: Type }"),
    ("a token that is a text", (in_v3, || b"{\"token\": \"s3cret\"}".to_vec()), "Field { field: \"token\", problem: Type }"),
    ("a token that is a number", (in_v3, || b"{\"token\": 7}".to_vec()), "Field { field: \"token\", problem: Type }"),
    ("a token that is null", (in_v3, || b"{\"token\": null}".to_vec()), "Field { field: \"token\", problem: Missing }"),
    ("a project enabled by a text", (in_v2, || changed(V2, "\"enabled\": true", "\"enabled\": \"true\"")), "token t1."),
    ("a project that is off", (in_v2, || changed(V2, "\"enabled\": true", "\"enabled\": \"False\"")), "DisabledProject { project: \"p1\" }"),
    ("another project", (in_v3, || changed(V3, "\"id\": \"p1\"", "\"id\": \"p2\"")), "ScopeMismatch { asked: \"project p1\", got: \"project p2\" }"),
    ("another project, to steer a terminal", (in_v3, || changed(V3, "\"id\": \"p1\"", "\"id\": \"\\u001b[2J\\u202e\\n\\u0000p2\"")), "ScopeMismatch { asked: \"project p1\", got: \"project \\\\u{1b}[2J\\\\u{202e} \\\\u{0}p2\" }"),
    ("another project of four mebibytes", (in_v3, || changed(V3, "\"id\": \"p1\"", &format!("\"id\": \"{}\"", "p".repeat(limits::BODY - 500)))), "ScopeMismatch { asked: \"project p1\", got: \"project ppppp"),
    ("another project, by the name of the password", (in_v3, || changed(V3, "\"id\": \"p1\"", r#""id": "s3cret-\"pass\\w\u00f6rd""#)), "ScopeMismatch { asked: \"project p1\", got: \"project [redacted]\" }"),
    ("a project that is off, by the name of the password", (in_v2, || changed(V2, r#""id": "p1", "enabled": true"#, r#""id": "s3cret-\"pass\\w\u00f6rd", "enabled": false"#)), "DisabledProject { project: \"[redacted]\" }"),
    ("no project", (in_v3, || changed(V3, "\"project\"", "\"x\"")), "ScopeMismatch { asked: \"project p1\", got: \"no scope\" }"),
    ("half of a surrogate pair", (in_v3, || changed(V3, "alice", "\\ud800")), "Json { category: \"syntax\""),
    ("halves in the wrong order", (in_v3, || changed(V3, "alice", "\\udc00\\ud800")), "Json { category: \"syntax\""),
    ("no UTF-8", (in_v3, || changed(V3, "alice", "al\u{e9}ce").into_iter().filter(|b| *b != 0xa9).collect()), "NotUtf8"),
    ("an overlong letter", (in_v3, || [b"{\"token\": \"".as_slice(), b"\xc0\xaf", b"\"}"].concat()), "NotUtf8"),
    ("UTF-16", (in_v3, || V3.encode_utf16().flat_map(u16::to_le_bytes).collect()), "Json { category: \"syntax\""),
    ("gzip without a request for it", (in_v3, || b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec()), "Encoded { encoding: \"gzip\" }"),
    ("a bare control character", (in_v3, || changed(V3, "alice", "al\nice")), "Json { category: \"syntax\""),
    ("a comment", (in_v3, || before("// s3cret\n", V3)), "Json { category: \"syntax\""),
    ("a comma too many", (in_v3, || changed(V3, "\"catalog\": [],", "\"catalog\": [],,")), "Json { category: \"syntax\""),
    ("single quotes", (in_v3, || V3.replace('"', "'").into()), "Json { category: \"syntax\""),
    ("infinite numbers", (in_v3, || changed(V3, "\"methods\"", "\"x\": Infinity, \"methods\"")), "Json { category: \"syntax\""),
    ("a number past all others", (in_v3, || changed(V3, "\"methods\"", "\"x\": 1e999, \"methods\"")), "token t1."),
    ("a number past all others where one is read", (in_v3, || changed(V3, "\"id\": \"u1\"", "\"id\": 1e999")), "Json { category: \"syntax\""),
    ("an id of twenty digits", (in_v3, || changed(V3, "\"id\": \"u1\"", "\"id\": 99999999999999999999")), "token t1."),
    ("less than nothing", (in_v3, || changed(V3, "\"id\": \"u1\"", "\"id\": -0")), "token t1."),
    ("100,000 brackets under an unknown key", (in_v3, || changed(V3, "\"methods\"", &format!("\"x\": {}, \"methods\"", nested(100_000)))), "token t1."),
    ("100,000 brackets for a user", (in_v3, || changed(V3, "\"id\": \"u1\"", &format!("\"id\": {}", nested(100_000)))), "token t1."),
    ("100,000 brackets for a catalog", (in_v3, || changed(V3, "\"catalog\": []", &format!("\"catalog\": {}", nested(100_000)))), "token t1."),
    ("100,000 objects in each other", (in_v3, || format!("{}1{}", "{\"token\":".repeat(100_000), "}".repeat(100_000)).into()), "Field { field: \"token.expires_at\", problem: Missing }"),
    ("brackets without end", (in_v3, || "[".repeat(limits::BODY).into()), "Json { category: \"cut short\""),
    ("a key that is cut", (in_v3, || b"{\"s3cret\"".to_vec()), "Json { category: \"cut short\""),
    ("a text without end", (in_v3, || format!("{{\"token\": \"{}", "s3cret".repeat(100_000)).into()), "Json { category: \"cut short\""),
    ("as large as the limit", (in_v3, || padded(limits::BODY)), "token t1."),
    ("a byte larger", (in_v3, || padded(limits::BODY + 1)), "TooLarge { what: \"body\", limit: 4194304 }"),
    ("200 megabytes", (in_v3, || vec![b' '; 200_000_000]), "TooLarge { what: \"body\""),
    ("as many services as the limit", (in_v3, || services(limits::LIST)), "token t1."),
    ("one service more", (in_v3, || services(limits::LIST + 1)), "TooLarge { what: \"catalog\", limit: 10000 }"),
    ("as many services as fit", (in_v3, || services(limits::BODY / 13 - 100)), "TooLarge { what: \"catalog\""),
    ("a million numbers for services", (in_v3, || changed(V3, "\"catalog\": []", &format!("\"catalog\": [{}7]", "7,".repeat(1_000_000)))), "token t1."),
    ("as many endpoints as the limit", (in_v3, || endpoints(limits::LIST)), "token t1."),
    ("one endpoint more", (in_v3, || endpoints(limits::LIST + 1)), "TooLarge { what: \"list of endpoints\""),
    ("one more that is no endpoint", (in_v3, || spread(V3, "interface", &[limits::LIST + 1])), "token t1."),
    ("as many endpoints as the limit, in two services", (in_v3, || spread(V3, "interface\":\"public\",\"url", &[5_000, 5_000])), "token t1."),
    ("one endpoint more, in two services", (in_v3, || spread(V3, "interface\":\"public\",\"url", &[5_000, 5_001])), "TooLarge { what: \"catalog\", limit: 10000 }"),
    ("one endpoint more, in two services of v2.0", (in_v2, || spread(V2, "publicURL", &[5_000, 5_001])), "TooLarge { what: \"catalog\", limit: 10000 }"),
    ("as many endpoints as fit", (in_v3, || spread(V3, "interface\":\"public\",\"url", &[9_000; 13])), "TooLarge { what: \"catalog\""),
    ("as many endpoints as fit in v2.0", (in_v2, || spread(V2, "publicURL", &[9_000; 20])), "TooLarge { what: \"catalog\""),
    ("one role too many", (in_v3, || changed(V3, "\"methods\"", &format!("\"roles\": [{}{{}}], \"methods\"", "{},".repeat(limits::LIST)))), "TooLarge { what: \"list of roles\""),
    ("one method too many", (in_v3, || changed(V3, "\"password\"", &format!("{}\"x\"", "\"x\",".repeat(limits::LIST)))), "TooLarge { what: \"list of methods\""),
];

#[test]
#[expect(clippy::disallowed_methods, reason = "the test measures the time")]
fn each_body_has_its_outcome() {
    check_rows(ROWS, |(read, body)| {
        let body = body();
        let (length, started) = (body.len(), Instant::now());
        let got = read(Response::new(body));
        let took = started.elapsed();
        assert!(took.as_secs() < 5, "{length} bytes took {took:?}");
        got
    });
}

fn in_v3(response: Response<Vec<u8>>) -> String {
    let (mut head, body) = response.into_parts();
    head.headers.insert("x-subject-token", "t1".parse().unwrap());
    outcome(v3(Response::from_parts(head, body)))
}

fn in_v2(response: Response<Vec<u8>>) -> String {
    outcome(v2(response))
}

fn before(start: &str, body: &str) -> Vec<u8> {
    format!("{start}{body}").into()
}

#[track_caller]
fn changed(body: &str, from: &str, to: &str) -> Vec<u8> {
    assert!(body.contains(from), "{from}");
    body.replacen(from, to, 1).into()
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

fn padded(length: usize) -> Vec<u8> {
    let mut body = V3.as_bytes().to_vec();
    body.resize(length, b' ');
    body
}

fn services(count: usize) -> Vec<u8> {
    let list = vec!["{\"type\":\"a\"}"; count].join(",");
    changed(V3, "\"catalog\": []", &format!("\"catalog\": [{list}]"))
}

fn endpoints(count: usize) -> Vec<u8> {
    spread(V3, "interface\":\"public\",\"url", &[count])
}

/// A response whose services have these numbers of endpoints.
fn spread(good: &str, keys: &str, counts: &[usize]) -> Vec<u8> {
    let services = counts.iter().map(|count| {
        let list = vec![format!("{{\"{keys}\":\"u\"}}"); *count].join(",");
        format!("{{\"type\":\"a\",\"endpoints\":[{list}]}}")
    });
    let services = services.collect::<Vec<_>>().join(",");
    let (from, to) = if good == V2 { ("serviceCatalog", V2) } else { ("catalog", V3) };
    changed(to, &format!("\"{from}\": []"), &format!("\"{from}\": [{services}]"))
}

/// A valid response that is cut at any byte is invalid.
#[test]
#[expect(clippy::print_stdout, reason = "the number of rows is part of the output")]
fn a_cut_response_is_an_error() {
    let mut rows = 0;
    for (whole, read) in [
        (V3, in_v3 as fn(_) -> _),
        (V2, in_v2),
        (documents::HUAWEI_PROJECT_RESPONSE, in_v3),
        (documents::NHN_IAAS_RESPONSE, in_v2),
    ] {
        let whole = whole.trim_end();
        for cut in 0..whole.len() {
            let got = read(Response::new(whole.as_bytes()[..cut].to_vec()));
            let expect = if cut == 0 { "Empty" } else { "Json { category: \"cut short\"" };
            assert!(got.starts_with(expect), "{cut}: {got}");
            rows += 1;
        }
        let got = read(Response::new(whole.into()));
        assert!(!got.starts_with("Json"), "{got}");
    }
    for (whole, read) in [(V3, in_v3 as fn(_) -> _), (V2, in_v2)] {
        assert_eq!(read(Response::new(whole.into())), "token t1");
    }
    println!("{rows} hostile rows, 0 wrong: one for each byte that a response is cut at");
}

/// A valid response with a flipped bit is read as a valid token, or refused.
#[test]
#[expect(clippy::print_stdout, reason = "the number of rows is part of the output")]
fn a_flipped_bit_is_read_or_refused() {
    let (mut rows, mut tokens) = (0, 0);
    for (good, is_v2) in [(V3, false), (V2, true)] {
        for bit in 0..8 * good.len() {
            let mut body = good.as_bytes().to_vec();
            body[bit / 8] ^= 1 << (bit % 8);
            let mut response = Response::new(body);
            response.headers_mut().insert("x-subject-token", "t1".parse().unwrap());
            rows += 1;
            if let Ok(token) = if is_v2 { v2(response) } else { v3(response) } {
                tokens += 1;
                assert!(token.expose().bytes().all(|b| b.is_ascii_graphic()), "{bit}");
                assert!(token.expires_at() > NOW, "{bit}");
                assert_eq!(shortened(token.expose()).len(), 2, "{bit}");
            }
        }
    }
    println!(
        "{rows} hostile rows, 0 wrong: one for each bit, of which {tokens} give a token all the same"
    );
}
