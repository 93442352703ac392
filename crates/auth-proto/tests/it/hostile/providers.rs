//! Hostile identity providers, discovery documents and gates.

use auth_proto::{Credential, Federation, Login, OidcClient, Scope, Step};
use http::Response;

use super::{PASSWORD, check_rows, cloud};
use crate::support::{NOW, response, set_header};

const BEARER: &str = r#"{"access_token":"s3cret-bearer"}"#;

/// The next request, or the end of the login, after these responses.
fn outcome(client: OidcClient, responses: Vec<Response<Vec<u8>>>) -> String {
    let federation = Federation::password("corp", "openid", client, "jo", PASSWORD);
    let credential = Credential::federated(federation);
    let mut login = Login::new(&cloud(), credential, Scope::unscoped()).unwrap();
    for response in responses {
        let _ = login.poll().unwrap();
        login.handle_response(response, NOW);
    }
    match login.poll() {
        Ok(Step::Send(request)) => format!("{} {}", request.method(), request.uri()),
        Ok(Step::Done(token)) => format!("a token of {:?}", token.user().id),
        Ok(step) => format!("{step:?}"),
        Err(error) => error.to_string(),
    }
}

fn configured() -> OidcClient {
    OidcClient::new("robot", "https://idp.example/token").with_secret(PASSWORD)
}

fn discovered() -> OidcClient {
    let document = "https://idp.example/.well-known/openid-configuration";
    OidcClient::discovered("robot", document).with_secret(PASSWORD)
}

const NEXT: &str =
    "POST https://iam.example/v3/OS-FEDERATION/identity_providers/corp/protocols/openid/auth.";
const UNUSABLE: &str =
    "the identity provider at https://idp.example:443 sent an unusable token response: ";

#[test]
fn token_responses() {
    let rows: [(&str, (u16, &str), &str); 33] = [
        ("a byte order mark", (200, "\u{FEFF}{\"access_token\":\"a\"}"), NEXT),
        ("blanks around the document", (200, "\n {\"access_token\":\"a\"} \n"), NEXT),
        ("201 in place of 200", (201, BEARER), NEXT),
        ("another token type", (200, r#"{"access_token":"a","token_type":"mac"}"#), NEXT),
        ("a scope that is a list", (200, r#"{"access_token":"a","scope":["x"]}"#), NEXT),
        ("a repeated key beside it", (200, r#"{"access_token":"a","x":1,"x":2}"#), NEXT),
        ("two documents", (200, r#"{"access_token":"a"}{"access_token":"b"}"#), UNUSABLE),
        ("text behind the document", (200, r#"{"access_token":"a"} x"#), UNUSABLE),
        ("the token twice", (200, r#"{"access_token":"a","access_token":"a"}"#), UNUSABLE),
        (
            "the token twice, escaped",
            (200, r#"{"access_token":"a","\u0061ccess_token":"b"}"#),
            UNUSABLE,
        ),
        ("other letters", (200, r#"{"Access_Token":"a"}"#), UNUSABLE),
        ("a list of tokens", (200, r#"[{"access_token":"a"}]"#), UNUSABLE),
        ("the token in an object", (200, r#"{"data":{"access_token":"a"}}"#), UNUSABLE),
        ("a token that is true", (200, r#"{"access_token":true}"#), UNUSABLE),
        ("a token that is an object", (200, r#"{"access_token":{"value":"a"}}"#), UNUSABLE),
        ("a token of blanks", (200, r#"{"access_token":"  "}"#), UNUSABLE),
        ("a token with a null byte", (200, r#"{"access_token":"a\u0000b"}"#), UNUSABLE),
        ("a token with a header", (200, r#"{"access_token":"a\r\nX-Auth-Token: b"}"#), UNUSABLE),
        ("a token with a blank", (200, r#"{"access_token":"a b"}"#), UNUSABLE),
        ("a token beyond ASCII", (200, r#"{"access_token":"ä"}"#), UNUSABLE),
        ("half a surrogate pair", (200, r#"{"access_token":"\ud800"}"#), UNUSABLE),
        ("a cut document", (200, r#"{"access_token":"a"#), UNUSABLE),
        ("a form", (200, "access_token=a&token_type=bearer"), UNUSABLE),
        ("a page", (200, "<!doctype html><title>s3cret-\"pass</title>"), UNUSABLE),
        ("nothing", (200, ""), UNUSABLE),
        ("null", (200, "null"), UNUSABLE),
        ("an early answer", (103, ""), UNUSABLE),
        (
            "an error in a success",
            (200, r#"{"error":"invalid_grant"}"#),
            "refused with 200 by https://idp.example:443 (invalid_grant); the identity provider \
             refused the login",
        ),
        (
            "an error beside a token",
            (400, r#"{"error":"invalid_grant","access_token":"s3cret-bearer"}"#),
            "refused with 400 by https://idp.example:443 (invalid_grant); ",
        ),
        (
            "an error that steers a terminal",
            (400, r#"{"error":"\u001b[2J","error_description":"\u202e\r\nx"}"#),
            "refused with 400 by https://idp.example:443 (\\u{1b}[2J: \\u{202e} x); ",
        ),
        (
            "an error that repeats the password",
            (400, r#"{"error":"invalid_grant","error_description":"s3cret-\"pass\\wörd"}"#),
            "refused with 400 by https://idp.example:443 (invalid_grant: [redacted]); ",
        ),
        (
            "an error that repeats the form",
            (400, r#"{"error":"x","error_description":"password=s3cret-%22pass%5Cw%C3%B6rd"}"#),
            "refused with 400 by https://idp.example:443 (x: password=[redacted]); ",
        ),
        (
            "an error that repeats HTTP Basic",
            (
                401,
                r#"{"error":"invalid_client","error_description":"Basic cm9ib3Q6czNjcmV0LSJwYXNzXHclQzMlQjZyZA=="}"#,
            ),
            "refused with 401 by https://idp.example:443 (invalid_client: Basic cm9ib3Q6[redacted]",
        ),
    ];
    check_rows(&rows, |(status, body)| outcome(configured(), vec![response(*status, None, body)]));
}

#[test]
fn documents() {
    let named = "the discovery document of https://idp.example:443 names a token endpoint at ";
    let endpoint = "the token endpoint in the discovery document of https://idp.example:443: ";
    let unusable =
        "the identity provider at https://idp.example:443 sent an unusable discovery document: ";
    let rows: [(&str, &str, &str); 26] = [
        ("its own path", "https://idp.example/t", "POST https://idp.example/t."),
        ("a query", "https://idp.example/t?p=x", "POST https://idp.example/t?p=x."),
        (
            "a path with a host",
            "https://idp.example//evil.example/",
            "POST https://idp.example//evil.example/.",
        ),
        ("another host", "https://evil.example/", named),
        ("a longer host", "https://idp.example.evil.example/", named),
        ("a host that ends alike", "https://evil-idp.example/", named),
        ("a parent domain", "https://example/", named),
        ("another port", "https://idp.example:444/", named),
        ("loopback", "http://127.0.0.1/", named),
        ("loopback, mapped", "http://[::ffff:127.0.0.1]/", named),
        ("the metadata service", "https://169.254.169.254/", named),
        ("look-alike letters", "https://xn--dp-lja.example/", named),
        ("plain http", "http://idp.example/", endpoint),
        ("plain http on its port", "http://idp.example:443/", endpoint),
        ("a user", "https://idp.example@evil.example/", endpoint),
        ("a user with a port", "https://idp.example:443@evil.example/", endpoint),
        ("a user and a password", "https://a:b@idp.example/", endpoint),
        ("a fragment", "https://idp.example/#@evil.example", endpoint),
        ("a backslash", "https://idp.example\\\\evil.example/", endpoint),
        ("a parent path", "https://idp.example/a/../../t", endpoint),
        ("an escaped parent path", "https://idp.example/%2e%2E/t", endpoint),
        ("no scheme", "//evil.example/", endpoint),
        ("a data URL", "data:,x", endpoint),
        ("a header", "https://idp.example/\\r\\nHost: evil.example", endpoint),
        ("a number", "7", endpoint),
        ("a long path", "{long}", endpoint),
    ];
    check_rows(&rows, |url| {
        let long = format!("https://idp.example/{}", "x".repeat(8 * 1024));
        let body = format!(r#"{{"token_endpoint":"{}"}}"#, url.replace("{long}", &long));
        outcome(discovered(), vec![response(200, None, &body)])
    });
    let rows: [(&str, &str, &str); 9] = [
        (
            "two endpoints",
            r#"{"token_endpoint":"https://idp.example/","token_endpoint":"https://evil.example/"}"#,
            unusable,
        ),
        (
            "two endpoints, escaped",
            r#"{"token_endpoint":"https://idp.example/","\u0074oken_endpoint":"https://evil.example/"}"#,
            unusable,
        ),
        ("a list of endpoints", r#"{"token_endpoint":["https://idp.example/"]}"#, unusable),
        ("no endpoint", r#"{"issuer":"https://idp.example"}"#, unusable),
        ("a page", "<html>", unusable),
        ("nothing", "", unusable),
        ("a list", r#"[{"token_endpoint":"https://idp.example/"}]"#, unusable),
        (
            "aliases",
            r#"{"mtls_endpoint_aliases":{"token_endpoint":"https://evil.example/"},"token_endpoint":"https://idp.example/t"}"#,
            "POST https://idp.example/t.",
        ),
        (
            "no grant",
            r#"{"token_endpoint":"https://idp.example/","grant_types_supported":["implicit"]}"#,
            "the identity provider at https://idp.example:443 does not offer the grant password",
        ),
    ];
    check_rows(&rows, |body| outcome(discovered(), vec![response(200, None, body)]));
}

type Headers = &'static [(&'static str, &'static str)];

#[test]
fn gates() {
    let redirect = "https://iam.example:443: the identity service redirects (";
    let gate = |status| {
        format!(
            "refused with {status} by https://iam.example:443 (no reason given); the identity service refused the token that the identity provider has just given"
        )
    };
    let not_mapped =
        "refused with 401 by https://iam.example:443 (401); the identity service accepts";
    let gate = gate(401);
    let location: Headers = &[("location", "https://idp.example/authorize?s3cret-bearer")];
    let both: Headers = &[("www-authenticate", "Bearer"), ("www-authenticate", "Keystone uri=x")];
    let rows: [(&str, (u16, Headers, &str), &str); 14] = [
        ("a page for a browser", (302, location, ""), redirect),
        ("a permanent redirect", (308, location, ""), redirect),
        ("a redirect to nowhere", (302, &[], ""), redirect),
        ("a gate's page", (401, &[], "<html>s3cret-bearer</html>"), &gate),
        ("a gate without a body", (401, &[], ""), &gate),
        ("a gate's header", (401, &[("www-authenticate", "bEaReR x")], ""), &gate),
        ("a gate and Keystone", (401, both, r#"{"error":{"code":401}}"#), not_mapped),
        ("a body of Keystone", (401, &[], r#"{"error":{"code":401}}"#), not_mapped),
        (
            "a body that repeats the token",
            (401, &[], r#"{"error":{"code":401,"message":"s3cret-bearer"}}"#),
            "refused with 401 by https://iam.example:443 (401: [redacted]); ",
        ),
        (
            "a receipt",
            (
                401,
                &[("openstack-auth-receipt", "s3cret-receipt")],
                r#"{"error":{"code":401,"message":"s3cret-receipt"}}"#,
            ),
            "refused with 401 by https://iam.example:443 (401: [redacted]); ",
        ),
        ("a page in place of a token", (200, &[], "<html>log in"), "the response has no token"),
        (
            "a token without a document",
            (201, &[("x-subject-token", "s3cret-t")], ""),
            "the response has no body",
        ),
        (
            "two tokens",
            (201, &[("x-subject-token", "s3cret-t"), ("x-subject-token", "s3cret-u")], "{}"),
            "the X-Subject-Token header has two different values",
        ),
        (
            "a token of a scope",
            (
                201,
                &[("x-subject-token", "s3cret-t")],
                r#"{"token":{"expires_at":"2026-11-22T09:00:00Z","project":{"id":"s3cret-bearer"}}}"#,
            ),
            "requested scope explicit absence of a scope but the token is for project [redacted]",
        ),
    ];
    check_rows(&rows, |(status, headers, body)| {
        let mut last = response(*status, None, body);
        for (name, value) in *headers {
            let more = {
                let mut one = response(200, None, "");
                set_header(&mut one, name, value);
                one.headers().clone()
            };
            for (name, value) in &more {
                last.headers_mut().append(name, value.clone());
            }
        }
        outcome(configured(), vec![response(200, None, BEARER), last])
    });
}
