//! A service that repeats what it was sent, in every place of an answer and however it likes to spell
//! it: what a caller is told has none of it.

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

use crate::{
    canaries::{
        OWN_TOKEN, PASSCODE, PASSED_ON, PASSWORD, RECEIPT, SECRET, SUBJECT, TOKEN, in_logs, listen,
        seen_in,
    },
    clients::{self, Asks},
    server,
};

/// Who sends what, and which of it the service repeats.
struct Case {
    name: &'static str,
    credential: fn() -> Credential,
    asks: fn(&Cloud) -> Asks,
    secret: &'static str,
}

const CASES: [Case; 11] = [
    Case { name: "password", credential: password, asks: token, secret: PASSWORD },
    Case { name: "one-time code", credential: totp, asks: token, secret: PASSCODE },
    Case {
        name: "application credential",
        credential: || Credential::application_credential("key", SECRET),
        asks: token,
        secret: SECRET,
    },
    Case {
        name: "token exchanged",
        credential: || Credential::token(OWN_TOKEN),
        asks: token,
        secret: OWN_TOKEN,
    },
    Case {
        name: "token passed on",
        credential: || Credential::existing_token(PASSED_ON),
        asks: token,
        secret: PASSED_ON,
    },
    Case {
        name: "token of an agency's user",
        credential: || password().assume(Agency::new("agency", DomainRef::name("other"))),
        asks: token,
        secret: TOKEN,
    },
    Case { name: "receipt", credential: password, asks: factor, secret: RECEIPT },
    Case { name: "second factor", credential: password, asks: factor, secret: PASSCODE },
    Case {
        name: "subject of a validation",
        credential: password,
        asks: |cloud| Asks::Validate(Validate::new(cloud, SUBJECT)),
        secret: SUBJECT,
    },
    Case {
        name: "subject of a revocation",
        credential: password,
        asks: |cloud| Asks::Revoke(Revoke::new(cloud, SUBJECT)),
        secret: SUBJECT,
    },
    Case {
        name: "caller's token",
        credential: password,
        asks: |cloud| Asks::Projects(Projects::new(cloud)),
        secret: TOKEN,
    },
];

fn password() -> Credential {
    Credential::password(UserRef::name_in("u", DomainRef::name("d")), PASSWORD)
}

fn totp() -> Credential {
    Credential::totp(UserRef::id("u1"), PASSCODE)
}

fn token(_: &Cloud) -> Asks {
    Asks::Token
}

fn factor(_: &Cloud) -> Asks {
    Asks::Answer(Factor::totp(PASSCODE))
}

/// Of a secret and the whole request.
type Spell = fn(&str, &str) -> String;

/// How one of them is repeated.
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

/// Each with some characters of the other one.
fn half(secret: &str) -> (&str, &str) {
    let middle = secret.len() / 2;
    match secret.len() < 24 {
        // A half of this is no secret any more.
        true => (secret, secret),
        false => (&secret[..middle + 2], &secret[middle - 2..]),
    }
}

/// Where among the answers the text is a host.
const HOST: usize = 11;

/// The answers that hold the text: status, headers, body.
fn answers(text: &str) -> Vec<String> {
    let line: String = text.chars().filter(|c| !c.is_control()).collect();
    let ascii: String = line.chars().filter(char::is_ascii).collect();
    let host: String = line.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let fault = json!({"error": {"code": text, "title": text, "message": text}}).to_string();
    let names = ["WWW-Authenticate", "Retry-After", "X-Error", "Server"];
    let headers: String = names.iter().map(|name| format!("{name}: {ascii}\r\n")).collect();
    let redirect = |place: &str| server::answer("302 Found", &format!("Location: {place}\r\n"), "");
    vec![
        server::answer(&format!("401 {ascii}"), &headers, &fault),
        server::answer("403 Forbidden", "", &json!({text: {"message": text}}).to_string()),
        server::answer("400 Bad", "", &json!({"error_code": text, "error_msg": text}).to_string()),
        server::answer("409 Conflict", "", &json!({"error": text, "message": text}).to_string()),
        server::answer("500 Error", &headers, text),
        server::answer("503 Later", "Retry-After: 0\r\n", &fault),
        server::answer("300 Multiple", &headers, &json!({ "versions": [text] }).to_string()),
        server::answer(
            "201 Created",
            &headers,
            &json!({ "token": {"expires_at": text} }).to_string(),
        ),
        server::answer("202 Accepted", &format!("X-Subject-Token: {ascii} x\r\n"), text),
        redirect(&format!("https://elsewhere.example/{ascii}?{ascii}#{ascii}")),
        redirect(&format!("https://{ascii}@elsewhere.example/")),
        redirect(&format!("https://{host}.elsewhere.example/")),
        redirect(&ascii),
        format!("HTTP/1.1 200 OK\r\nContent-Length: {ascii}\r\n\r\n"),
        format!("HTTP/1.1 2{ascii}\r\n\r\n"),
        format!("{ascii}\r\n\r\n"),
    ]
}

#[test]
fn what_a_service_repeats_is_not_told() {
    listen();
    let replaced: usize = thread::scope(|threads| {
        let cases: Vec<_> = CASES.iter().map(|case| threads.spawn(|| repeated(case))).collect();
        cases.into_iter().map(|case| case.join().unwrap()).sum()
    });
    // What finds nothing may be blind.
    assert!(replaced > 500, "{replaced}");
    assert_eq!(in_logs(), [""; 0]);
}

/// Goes through a case, and tells how often something was replaced.
fn repeated(case: &'static Case) -> usize {
    let mut replaced = 0;
    let now: Arc<Mutex<(usize, usize)>> = Arc::default();
    let script = Arc::clone(&now);
    let url = server::start(move |request| {
        let (spelling, number) = *script.lock().unwrap();
        let repeat = || answers(&SPELLINGS[spelling].1(case.secret, request)).swap_remove(number);
        preliminary(case, request).unwrap_or_else(repeat)
    });
    let cloud = match case.name.contains("agency") {
        true => Cloud::otc("eu-de").unwrap().at(&format!("{url}/v3")).unwrap(),
        false => Cloud::keystone(&format!("{url}/v3")).unwrap(),
    };
    for (spelling, (name, _)) in SPELLINGS.iter().enumerate() {
        // Every place for the plain text; every spelling in a text and in a host.
        let numbers = if spelling == 0 { (0..answers("").len()).collect() } else { vec![0, HOST] };
        for number in numbers {
            *now.lock().unwrap() = (spelling, number);
            for client in [clients::ureq, clients::reqwest] {
                let told = client(&cloud, (case.credential)(), (case.asks)(&cloud));
                let seen = seen_in(&told);
                assert_eq!(seen, None, "{}, {name}, answer {number}:\n{told}", case.name);
                replaced += usize::from(told.contains("[redacted]"));
            }
        }
    }
    // A case that never comes to the secret proves nothing.
    assert!(replaced > 20, "{}: {replaced}", case.name);
    replaced
}

/// What a login needs before it comes to the secret in question.
fn preliminary(case: &Case, request: &str) -> Option<String> {
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
            Some(server::answer("401 Unauthorized", &header, &body.to_string()))
        }
        SUBJECT | TOKEN if first => Some(server::token(TOKEN)),
        _ => None,
    }
}
