//! A service that repeats a secret of the request in every part of its response and in many spellings:
//! neither an error nor a log contains it.

use std::{
    fmt::Write,
    sync::{Arc, Mutex},
    thread,
};

use auth_proto::{
    Agency, Cloud, Credential, DomainRef, Factor, Projects, Revoke, UserRef, Validate,
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::json;
use testing::{Adapter, Loopback, Reply};

use crate::{
    canaries::{
        EXISTING_TOKEN, OWN_TOKEN, PASSCODE, PASSWORD, RECEIPT, SECRET, SUBJECT, TOKEN, in_logs,
        listen, seen_in,
    },
    clients::{Operation, printed, response, token_response},
};

/// A request, and the secret in it that the service repeats.
struct EchoCase {
    name: &'static str,
    credential: fn() -> Credential,
    operation: fn(&Cloud) -> Operation,
    secret: &'static str,
}

#[rustfmt::skip]
const CASES: [EchoCase; 11] = [
    EchoCase { name: "password", credential: password, operation: token, secret: PASSWORD },
    EchoCase { name: "one-time code", credential: totp, operation: token, secret: PASSCODE },
    EchoCase { name: "application credential", credential: || Credential::application_credential("key", SECRET), operation: token, secret: SECRET },
    EchoCase { name: "token exchanged", credential: || Credential::token(OWN_TOKEN), operation: token, secret: OWN_TOKEN },
    EchoCase { name: "existing token", credential: || Credential::existing_token(EXISTING_TOKEN), operation: token, secret: EXISTING_TOKEN },
    EchoCase { name: "token of an agency's user", credential: || password().assume(Agency::new("agency", DomainRef::name("other"))), operation: token, secret: TOKEN },
    EchoCase { name: "receipt", credential: password, operation: factor, secret: RECEIPT },
    EchoCase { name: "second factor", credential: password, operation: factor, secret: PASSCODE },
    EchoCase { name: "subject of a validation", credential: password, operation: |cloud| Operation::Validate(Validate::new(cloud, SUBJECT)), secret: SUBJECT },
    EchoCase { name: "subject of a revocation", credential: password, operation: |cloud| Operation::Revoke(Revoke::new(cloud, SUBJECT)), secret: SUBJECT },
    EchoCase { name: "caller's token", credential: password, operation: |cloud| Operation::Projects(Projects::new(cloud)), secret: TOKEN },
];

fn password() -> Credential {
    Credential::password(UserRef::name_in("u", DomainRef::name("d")), PASSWORD)
}

fn totp() -> Credential {
    Credential::totp(UserRef::id("u1"), PASSCODE)
}

fn token(_: &Cloud) -> Operation {
    Operation::Token
}

fn factor(_: &Cloud) -> Operation {
    Operation::Factor(Factor::totp(PASSCODE))
}

/// The text that repeats a secret, from the secret and the whole request.
type Spell = fn(&str, &str) -> String;

/// The spellings of the repeated text.
const SPELLINGS: [(&str, Spell); 22] = [
    ("plain", |secret, _| secret.to_owned()),
    ("the other case", |secret, _| {
        let other = |c: char| match c.is_lowercase() {
            true => c.to_uppercase().to_string(),
            false => c.to_lowercase().to_string(),
        };
        secret.chars().map(other).collect()
    }),
    ("percent", |secret, _| percent(secret, |byte| !byte.is_ascii_alphanumeric())),
    ("percent, all", |secret, _| percent(secret, |_| true)),
    ("percent, twice", |secret, _| {
        percent(&percent(secret, |byte| !byte.is_ascii_alphanumeric()), |byte| byte == b'%')
    }),
    ("JSON", |secret, _| serde_json::to_string(secret).unwrap()),
    ("JSON, twice", |secret, _| json!(json!(secret).to_string()).to_string()),
    ("JSON in base64", |secret, _| STANDARD.encode(json!({ "k": secret }).to_string())),
    ("HTML", |secret, _| html(secret, |c| !c.is_ascii_alphanumeric())),
    ("HTML, all", |secret, _| html(secret, |_| true)),
    ("HTML, twice", |secret, _| html(&html(secret, |c| !c.is_alphanumeric()), |c| c == '&')),
    ("HTML, hexadecimal", |secret, _| {
        secret.chars().map(|c| format!("&#x{:02X};", u32::from(c))).collect()
    }),
    ("Python", |secret, _| {
        let escaped = secret.replace('\\', r"\\").replace('é', r"\xe9");
        format!("u'{escaped}'")
    }),
    ("base64", |secret, _| STANDARD.encode(secret)),
    ("base64, one behind", |secret, _| STANDARD.encode(format!("a{secret}b"))),
    ("base64, two behind", |secret, _| URL_SAFE_NO_PAD.encode(format!("aa{secret}"))),
    ("hex", |secret, _| secret.bytes().fold(String::new(), |text, b| text + &format!("{b:02X}"))),
    ("first half", |secret, _| half(secret).0.to_owned()),
    ("second half", |secret, _| half(secret).1.to_owned()),
    ("past the end", |secret, _| format!("{}{secret}", "x".repeat(250 - secret.len() / 2))),
    ("request", |_, request| request.to_owned()),
    ("request in base64", |_, request| STANDARD.encode(request)),
];

fn percent(text: &str, is_escaped: fn(u8) -> bool) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match is_escaped(byte) || !byte.is_ascii() {
            true => write!(out, "%{byte:02X}").unwrap(),
            false => out.push(char::from(byte)),
        }
        out
    })
}

fn html(text: &str, is_escaped: fn(char) -> bool) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        match is_escaped(c) {
            true => write!(out, "&#{};", u32::from(c)).unwrap(),
            false => out.push(c),
        }
        out
    })
}

/// Both halves, which overlap by four characters.
fn half(secret: &str) -> (&str, &str) {
    let middle = secret.len() / 2;
    match secret.len() < 24 {
        // Half of a short secret is not searched for.
        true => (secret, secret),
        false => (&secret[..middle + 2], &secret[middle - 2..]),
    }
}

/// The number of the response that has the text as a host.
const HOST: usize = 11;

/// Responses with the text in the status, the headers or the body.
fn responses(text: &str) -> Vec<Reply> {
    let line: String = text.chars().filter(|c| !c.is_control()).collect();
    let ascii: String = line.chars().filter(char::is_ascii).collect();
    let host: String = line.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let fault = json!({"error": {"code": text, "title": text, "message": text}}).to_string();
    let names = ["WWW-Authenticate", "Retry-After", "X-Error", "Server"];
    let headers: String = names.iter().map(|name| format!("{name}: {ascii}\r\n")).collect();
    let redirect = |place: &str| response("302 Found", &format!("Location: {place}\r\n"), "");
    vec![
        response(&format!("401 {ascii}"), &headers, &fault),
        response("403 Forbidden", "", &json!({text: {"message": text}}).to_string()),
        response("400 Bad", "", &json!({"error_code": text, "error_msg": text}).to_string()),
        response("409 Conflict", "", &json!({"error": text, "message": text}).to_string()),
        response("500 Error", &headers, text),
        response("503 Later", "Retry-After: 0\r\n", &fault),
        response("300 Multiple", &headers, &json!({ "versions": [text] }).to_string()),
        response("201 Created", &headers, &json!({ "token": {"expires_at": text} }).to_string()),
        response("202 Accepted", &format!("X-Subject-Token: {ascii} x\r\n"), text),
        redirect(&format!("https://elsewhere.example/{ascii}?{ascii}#{ascii}")),
        redirect(&format!("https://{ascii}@elsewhere.example/")),
        redirect(&format!("https://{host}.elsewhere.example/")),
        redirect(&ascii),
        Reply::bytes(format!("HTTP/1.1 200 OK\r\nContent-Length: {ascii}\r\n\r\n")),
        Reply::bytes(format!("HTTP/1.1 2{ascii}\r\n\r\n")),
        Reply::bytes(format!("{ascii}\r\n\r\n")),
    ]
}

#[test]
fn a_repeated_secret_is_never_shown() {
    listen();
    let replaced: usize = thread::scope(|threads| {
        let cases: Vec<_> = CASES.iter().map(|case| threads.spawn(|| repeated(case))).collect();
        cases.into_iter().map(|case| case.join().unwrap()).sum()
    });
    // Without replacements the search proves nothing.
    assert!(replaced > 500, "{replaced}");
    assert_eq!(in_logs(), [""; 0]);
}

/// Runs a case, and counts the texts with a replaced secret.
fn repeated(case: &'static EchoCase) -> usize {
    let mut replaced = 0;
    let now: Arc<Mutex<(usize, usize)>> = Arc::default();
    let script = Arc::clone(&now);
    let server = Loopback::start(move |request| {
        let (spelling, number) = *script.lock().unwrap();
        let text = || SPELLINGS[spelling].1(case.secret, &request.text);
        let repeat = || responses(&text()).swap_remove(number);
        preliminary(case, &request.text).unwrap_or_else(repeat)
    });
    let cloud = match case.name.contains("agency") {
        true => Cloud::otc("eu-de").unwrap().at(&format!("{}/v3", server.url())).unwrap(),
        false => server.cloud(),
    };
    for (spelling, (name, _)) in SPELLINGS.iter().enumerate() {
        // The plain text in every response; every other spelling in a body and in a host.
        let numbers =
            if spelling == 0 { (0..responses("").len()).collect() } else { vec![0, HOST] };
        for number in numbers {
            *now.lock().unwrap() = (spelling, number);
            for adapter in Adapter::BOTH {
                let operation = (case.operation)(&cloud);
                let text = printed(adapter, &cloud, (case.credential)(), operation);
                let seen = seen_in(&text);
                assert_eq!(seen, None, "{}, {name}, response {number}:\n{text}", case.name);
                replaced += usize::from(text.contains("[redacted]"));
            }
        }
    }
    // A case whose responses never contain the secret proves nothing.
    assert!(replaced > 20, "{}: {replaced}", case.name);
    replaced
}

/// The response to a request before the one whose secret is repeated.
fn preliminary(case: &EchoCase, request: &str) -> Option<Reply> {
    let is_login = request.starts_with("POST");
    let goes_on = request.contains("assume_role")
        || request.to_lowercase().contains("\nopenstack-auth-receipt:");
    let first = is_login && !goes_on;
    match case.secret {
        RECEIPT | PASSCODE if first && case.name != "one-time code" => {
            let (issued_at, expires_at) = ("2126-01-01T00:00:00Z", "2126-01-01T00:05:00Z");
            let body = json!({
                "receipt": {"methods": ["password"], "issued_at": issued_at, "expires_at": expires_at},
                "required_auth_methods": [["password", "totp"]],
            });
            let header = format!("Openstack-Auth-Receipt: {RECEIPT}\r\n");
            Some(response("401 Unauthorized", &header, &body.to_string()))
        }
        SUBJECT | TOKEN if first => Some(token_response(TOKEN)),
        _ => None,
    }
}
