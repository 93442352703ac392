//! A server that repeats the secrets it receives: the program prints none of them.

use testing::{Loopback, Reply};

use crate::run_with;

/// With characters that JSON and URLs escape.
const PASSWORD: &str = "t0ps3cret-password, \"of/more";
const TOKEN: &str = "t0ps3cret-token_that+was/given==";

#[test]
fn repeated_secrets_are_not_printed() {
    let spellings: [fn(&str) -> String; 5] = [
        str::to_owned,
        str::to_uppercase,
        |text| serde_json::to_string(text).unwrap(),
        |text| text.bytes().map(|byte| format!("%{byte:02X}")).collect(),
        |text| text.bytes().map(|byte| format!("{byte:02x}")).collect(),
    ];
    for spelling in spellings {
        for status in ["401 No", "403 No", "302 Found\r\nLocation: https://PLAIN.example/PLAIN"] {
            let url = repeating_server(status, spelling);
            let login = ["--identity-url", &url, "--user-id", "u"];
            for command in [&["token"][..], &["catalog"], &["endpoint", "x"], &["projects"]] {
                let arguments = [command, &login, &["--password-env", "P"]].concat();
                silent(&arguments, ("P", PASSWORD), spelling);
            }
            let given = ["--identity-url", &url, "--token-env", "T"];
            for command in ["catalog", "endpoint", "projects", "revoke", "validate"] {
                let service = if command == "endpoint" { &["x"][..] } else { &[] };
                let arguments = [&[command], service, &given].concat();
                silent(&arguments, ("T", TOKEN), spelling);
            }
        }
    }
}

fn silent(arguments: &[&str], (name, secret): (&str, &str), spelling: fn(&str) -> String) {
    let run = run_with(arguments, "", &[(name, secret)]);
    assert_ne!(run.code, 0, "{arguments:?}: {run:?}");
    let said = format!("{}{}", run.out, run.err).to_lowercase();
    for text in [secret.to_owned(), spelling(secret)] {
        let text = text.to_lowercase();
        let part = text
            .as_bytes()
            .windows(12)
            .any(|part| said.as_bytes().windows(12).any(|window| window == part));
        assert!(!part && !said.contains("t0ps3cret"), "{arguments:?}: {run:?}");
    }
}

/// A server whose every answer contains the secret, in this spelling. Returns the identity URL.
fn repeating_server(status: &'static str, spelling: fn(&str) -> String) -> String {
    let server = Loopback::start(move |request| {
        let secret = if request.method() == "POST" { PASSWORD } else { TOKEN };
        let is_of_host = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
        let host: String = secret.chars().take_while(is_of_host).collect();
        let status = status.replace("PLAIN", &host);
        let text = format!("no: {} is wrong", spelling(secret));
        let body = serde_json::json!({"error": {"code": 401, "title": text, "message": text}});
        let body = body.to_string();
        let length = body.len();
        Reply::bytes(format!(
            "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    });
    format!("{}/v3", server.url())
}
