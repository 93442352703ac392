//! Configured identity URLs, and the URL of the first request.

use auth_proto::{Cloud, Login, Scope, Step, limits};

use super::{check_rows, credential, summary};

#[rustfmt::skip]
const ROWS: &[(&str, &str, &str)] = &[
    ("an ordinary one", "https://iam.example/v3", "https://iam.example/v3/auth/tokens."),
    ("plain http", "http://iam.example/v3", "Url { field: IdentityUrl, problem: PlainHttp }"),
    ("plain http within a company", "http://10.0.0.7:5000/v3", "Url { field: IdentityUrl, problem: PlainHttp }"),
    ("plain http to what looks like loopback", "http://127.0.0.1.evil.example/v3", "Url { field: IdentityUrl, problem: PlainHttp }"),
    ("plain http to a name that starts so", "http://localhost.evil.example/v3", "Url { field: IdentityUrl, problem: PlainHttp }"),
    ("plain http to a number", "http://2130706433/v3", "Url { field: IdentityUrl, problem: PlainHttp }"),
    ("plain http to all addresses", "http://0.0.0.0/v3", "Url { field: IdentityUrl, problem: PlainHttp }"),
    ("plain http to metadata", "http://169.254.169.254/v3", "Url { field: IdentityUrl, problem: PlainHttp }"),
    ("loopback", "http://127.0.0.1:5000/v3", "http://127.0.0.1:5000/v3/auth/tokens."),
    ("loopback by name", "http://localhost:5000/v3", "http://localhost:5000/v3/auth/tokens."),
    ("loopback by name, with a dot", "http://localhost.:5000/v3", "Url { field: IdentityUrl, problem: PlainHttp }"),
    ("loopback by address, with a dot", "http://127.0.0.1.:5000/v3", "Url { field: IdentityUrl, problem: PlainHttp }"),
    ("a name below localhost", "http://keystone.localhost:5000/v3", "Url { field: IdentityUrl, problem: PlainHttp }"),
    ("localhost twice", "http://localhost.localhost/v3", "Url { field: IdentityUrl, problem: PlainHttp }"),
    ("an address below localhost", "http://127.0.0.1.localhost./v3", "Url { field: IdentityUrl, problem: PlainHttp }"),
    ("loopback by a name of hosts files", "http://loopback:5000/v3", "Url { field: IdentityUrl, problem: PlainHttp }"),
    ("the scheme twice", "https://https://iam.example/v3", "Url { field: IdentityUrl, problem: TwoSchemes }"),
    ("blanks around", " https://iam.example:5000 ", "Url { field: IdentityUrl, problem: Blank }"),
    ("no brackets around an IPv6 address", "https://fe80::1:5000/v3", "Url { field: IdentityUrl, problem: Brackets }"),
    ("loopback in IPv6", "http://[::1]/identity/v3", "http://[::1]/identity/v3/auth/tokens."),
    ("user info", "https://alice:s3cret@iam.example/v3", "Url { field: IdentityUrl, problem: UserInfo }"),
    ("a user alone", "https://s3cret@iam.example/v3", "Url { field: IdentityUrl, problem: UserInfo }"),
    ("an @ without a user", "https://@iam.example/v3", "Url { field: IdentityUrl, problem: UserInfo }"),
    ("an @ after a backslash", "https://iam.example\\@evil.example/v3", "Url { field: IdentityUrl, problem: UserInfo }"),
    ("an escaped @", "https://iam.example%40evil.example/v3", "Url { field: IdentityUrl, problem: Syntax }"),
    ("an @ in the path", "https://iam.example/@evil.example/v3", "https://iam.example/@evil.example/v3/auth/tokens."),
    ("a backslash in the host", "https://iam.example\\evil.example/v3", "Url { field: IdentityUrl, problem: Syntax }"),
    ("no host", "https:///v3", "Url { field: IdentityUrl, problem: Host }"),
    ("a host of a dot", "https://./v3", "Url { field: IdentityUrl, problem: Host }"),
    ("a port alone", "https://:443/v3", "Url { field: IdentityUrl, problem: Host }"),
    ("no slashes", "https:iam.example/v3", "Url { field: IdentityUrl, problem: Slashes }"),
    ("one slash", "https:/iam.example/v3", "Url { field: IdentityUrl, problem: Slashes }"),
    ("port 99999", "https://iam.example:99999/v3", "Url { field: IdentityUrl, problem: Port }"),
    ("port 65536", "https://iam.example:65536/v3", "Url { field: IdentityUrl, problem: Port }"),
    ("port 65535", "https://iam.example:65535/v3", "https://iam.example:65535/v3/auth/tokens."),
    ("port 0", "https://iam.example:0/v3", "Url { field: IdentityUrl, problem: Port }"),
    ("no port after a colon", "https://iam.example:/v3", "Url { field: IdentityUrl, problem: Port }"),
    ("a port with a sign", "https://iam.example:+443/v3", "Url { field: IdentityUrl, problem: Port }"),
    ("a port with a letter", "https://iam.example:4a3/v3", "Url { field: IdentityUrl, problem: Port }"),
    ("two ports", "https://iam.example:443:80/v3", "Url { field: IdentityUrl, problem: TwoPorts }"),
    ("a script", "javascript:alert(1)", "Url { field: IdentityUrl, problem: Scheme }"),
    ("a script with slashes", "javascript://iam.example/%0aalert(1)", "Url { field: IdentityUrl, problem: Scheme }"),
    ("a file", "file:///etc/passwd", "Url { field: IdentityUrl, problem: "),
    ("data", "data:text/html,s3cret", "Url { field: IdentityUrl, problem: Scheme }"),
    ("a web socket", "wss://iam.example/v3", "Url { field: IdentityUrl, problem: Scheme }"),
    ("no scheme", "//evil.example/v3", "Url { field: IdentityUrl, problem: Scheme }"),
    ("a host alone", "iam.example", "Url { field: IdentityUrl, problem: Scheme }"),
    ("a path alone", "/v3", "Url { field: IdentityUrl, problem: Scheme }"),
    ("nothing", "", "Url { field: IdentityUrl, problem: Scheme }"),
    ("a scheme in capitals", "HTTPS://iam.example/v3", "https://iam.example/v3/auth/tokens."),
    ("a host in capitals, with a dot", "https://IAM.Example./v3", "https://IAM.Example./v3/auth/tokens."),
    ("a host of other letters", "https://iаm.example/v3", "Url { field: IdentityUrl, problem: Syntax }"),
    ("a full stop of full width", "https://iam。example/v3", "Url { field: IdentityUrl, problem: Syntax }"),
    ("a query", "https://iam.example/v3?s3cret=1", "Url { field: IdentityUrl, problem: Query }"),
    ("a fragment", "https://iam.example/v3#s3cret", "Url { field: IdentityUrl, problem: Query }"),
    ("a fragment before an @", "https://iam.example#@evil.example/v3", "Url { field: IdentityUrl, problem: Query }"),
    ("a question mark at its end", "https://iam.example/v3?", "Url { field: IdentityUrl, problem: Query }"),
    ("steps upwards", "https://iam.example/a/../v3", "Url { field: IdentityUrl, problem: Path }"),
    ("steps upwards, escaped", "https://iam.example/%2e%2e/v3", "Url { field: IdentityUrl, problem: Path }"),
    ("two slashes", "https://iam.example//v3", "https://iam.example/v3/auth/tokens."),
    ("a login's own path", "https://iam.example/id/v3/auth/tokens", "https://iam.example/id/v3/auth/tokens."),
    ("a blank", "https://iam.example/v 3", "Url { field: IdentityUrl, problem: Blank }"),
    ("a line end", "https://iam.example/v3\r\nX-Evil: s3cret", "Url { field: IdentityUrl, problem: Blank }"),
    ("a NUL", "https://iam.example/v3\0", "Url { field: IdentityUrl, problem: Blank }"),
    ("a tab in the host", "https://iam\t.example/v3", "Url { field: IdentityUrl, problem: Blank }"),
    ("half an IPv6 address", "https://[::1/v3", "Url { field: IdentityUrl, problem: Brackets }"),
    ("an IPv6 address with a zone", "https://[fe80::1%25eth0]/v3", "Url { field: IdentityUrl, problem: Host }"),
    ("no IPv6 address in brackets", "https://[iam.example]/v3", "Url { field: IdentityUrl, problem: Host }"),
];

#[test]
fn each_url_has_its_outcome() {
    check_rows(ROWS, |url| first_url(url));
}

#[rustfmt::skip]
const LENGTHS: &[(&str, usize, &str)] = &[
    ("as long as the limit", limits::URL, "https://iam.example/aaaa"),
    ("a byte longer", limits::URL + 1, "Url { field: IdentityUrl, problem: TooLong }"),
    ("a mebibyte", 1 << 20, "Url { field: IdentityUrl, problem: TooLong }"),
];

#[test]
fn each_url_length_has_its_outcome() {
    check_rows(LENGTHS, |length| {
        let (start, end) = ("https://iam.example/", "/v3");
        let path = "a".repeat(length - start.len() - end.len());
        first_url(&format!("{start}{path}{end}")).chars().take(100).collect()
    });
}

/// The URL of the first request.
fn first_url(url: &str) -> String {
    let step = Cloud::keystone(url)
        .and_then(|cloud| Login::new(&cloud, credential(), Scope::project_id("p1")))
        .and_then(|login| login.poll());
    match step {
        Ok(Step::Send(request)) => request.uri().to_string(),
        Ok(step) => panic!("{step:?}"),
        Err(error) => summary(&error),
    }
}
