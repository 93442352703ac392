//! The discovery documents of a client with a secret: none sends the secret to another origin.

use auth_proto::limits;
use testing::Reply;

use super::{Place, Row, SLOW};
use crate::rows::{ENDLESS, bomb, filled, gzip};

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("a good one", |place| at(&own(place)), "1 token t1."),
    // Other origins.
    ("the endpoint of a third party", |place| at(&place.other), "1 ProviderOrigin { origin: \"PROVIDER\", named: \"OTHER\" }"),
    ("the endpoint of the identity service", |place| at(&place.cloud), "1 ProviderOrigin { origin: \"PROVIDER\", named: \"CLOUD\" }"),
    ("the endpoint of the issuer that it claims to be", |place| ok(&format!("{{\"issuer\": \"{0}\", \"token_endpoint\": \"{0}\"}}", place.other)), "1 ProviderOrigin { origin: \"PROVIDER\", named: \"OTHER\" }"),
    ("another scheme", |place| at(&own(place).replace("http:", "https:")), "1 ProviderOrigin { origin: \"PROVIDER\", named: \"https://127.0.0.1:PORT\" }"),
    ("down to plain http", |_| at("http://login.example/token"), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: PlainHttpProvider }"),
    ("the metadata address", |_| at("http://169.254.169.254/latest/meta-data/"), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: PlainHttpProvider }"),
    ("the metadata address by https", |_| at("https://169.254.169.254/token"), "1 ProviderOrigin { origin: \"PROVIDER\", named: \"https://169.254.169.254:443\" }"),
    ("the metadata address in IPv6", |_| at("http://[fd00:ec2::254]/token"), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: PlainHttpProvider }"),
    ("loopback by another name", |place| at(&format!("http://localhost:{}/token", place.port)), "1 ProviderOrigin { origin: \"PROVIDER\", named: \"http://localhost:PORT\" }"),
    ("loopback in IPv6", |place| at(&format!("http://[::1]:{}/token", place.port)), "1 ProviderOrigin { origin: \"PROVIDER\", named: \"http://[::1]:PORT\" }"),
    ("loopback within IPv6", |place| at(&format!("http://[::ffff:127.0.0.1]:{}/token", place.port)), "1 ProviderOrigin { origin: \"PROVIDER\", named: \"http://[::ffff:127.0.0.1]:PORT\" }"),
    ("loopback with a dot", |place| at(&format!("http://127.0.0.1.:{}/token", place.port)), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: PlainHttpProvider }"),
    ("loopback as one number", |place| at(&format!("http://2130706433:{}/token", place.port)), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: PlainHttpProvider }"),
    ("loopback in hexadecimal", |place| at(&format!("http://0x7f.1:{}/token", place.port)), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: PlainHttpProvider }"),
    ("loopback in octal", |place| at(&format!("http://0177.0.0.1:{}/token", place.port)), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: PlainHttpProvider }"),
    ("loopback cut short", |place| at(&format!("http://127.1:{}/token", place.port)), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: PlainHttpProvider }"),
    ("any address", |place| at(&format!("http://0.0.0.0:{}/token", place.port)), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: PlainHttpProvider }"),
    ("an IPv6 zone", |place| at(&format!("http://[::1%25lo]:{}/token", place.port)), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: Host }"),
    ("an IPv6 zone, unescaped", |place| at(&format!("http://[fe80::1%lo]:{}/token", place.port)), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: Host }"),
    ("a host that begins as the own one", |place| at(&own(place).replace("127.0.0.1", "127.0.0.1.evil.example")), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: PlainHttpProvider }"),
    ("a host of other letters", |place| at(&own(place).replace("127.0.0.1", "127。0。0。1")), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: Syntax }"),
    // Ports.
    ("no port", |_| at("http://127.0.0.1/token"), "1 ProviderOrigin { origin: \"PROVIDER\", named: \"http://127.0.0.1:80\" }"),
    ("an empty port", |_| at("http://127.0.0.1:/token"), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: Port }"),
    ("port 0", |_| at("http://127.0.0.1:0/token"), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: Port }"),
    ("a port past all others", |place| at(&format!("http://127.0.0.1:{}/token", u32::from(place.port) + 65_536)), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: Port }"),
    ("a zero before the port", |place| at(&own(place).replace("127.0.0.1:", "127.0.0.1:0")), "1 token t1."),
    ("a sign before the port", |place| at(&format!("http://127.0.0.1:+{}/token", place.port)), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: Port }"),
    ("two ports", |place| at(&format!("http://127.0.0.1:{}:80/token", place.port)), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: TwoPorts }"),
    ("a port in letters", |_| at("http://127.0.0.1:http/token"), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: Port }"),
    // URLs.
    ("user info", |place| at(&own(place).replace("//", "//s3cret-of-the-client@")), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: UserInfo }"),
    ("an escaped slash before a host", |place| at(&format!("http://127.0.0.1:{}%2F@evil.example/token", place.port)), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: UserInfo }"),
    ("the own port as a password", |place| at(&format!("http://127.0.0.1:{}@evil.example/token", place.port)), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: UserInfo }"),
    ("a backslash before a host", |place| at(&format!("http://127.0.0.1:{}\\\\@evil.example/token", place.port)), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: UserInfo }"),
    ("a fragment", |place| at(&format!("{}#s3cret-of-the-client", own(place))), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: Fragment }"),
    ("an empty fragment", |place| at(&format!("{}#", own(place))), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: Fragment }"),
    ("a path alone", |_| at("/token"), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: Scheme }"),
    ("a host without a scheme", |place| at(own(place).trim_start_matches("http:")), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: Scheme }"),
    ("a name alone", |_| at("token"), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: Scheme }"),
    ("an empty text", |_| at(""), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: Scheme }"),
    ("a file", |_| at("file:///etc/passwd"), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: Scheme }"),
    ("a script", |_| at("javascript:alert(1)"), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: Scheme }"),
    ("data", |_| at("data:application/json,{}"), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: Scheme }"),
    ("gopher", |place| at(&own(place).replace("http:", "gopher:")), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: Scheme }"),
    ("a socket of Unix", |_| at("http+unix://%2Frun%2Fdocker.sock/token"), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: Scheme }"),
    ("a scheme in capitals", |place| at(&own(place).replace("http:", "HTTP:")), "1 token t1."),
    ("the own origin in capitals, configured by name", |place| at(&own(place).replace("http://127.0.0.1", "HTTP://LOCALHOST")), "1 token t1."),
    ("the own address, configured by name", |place| at(&own(place).replace("localhost", "127.0.0.1")), "1 ProviderOrigin { origin: \"http://localhost:PORT\", named: \"PROVIDER\" }"),
    ("blanks around it", |place| at(&format!(" {} ", own(place))), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: Blank }"),
    ("a line end within", |place| at(&own(place).replace("/token", "/to\\r\\nken")), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: Blank }"),
    ("a tab within", |place| at(&own(place).replace("http:", "ht\\ttp:")), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: Blank }"),
    ("a NUL within", |place| at(&own(place).replace("/token", "/token\\u0000")), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: Blank }"),
    ("dots in the path", |place| at(&own(place).replace("/token", "/x/../token")), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: Path }"),
    ("dots in the path, escaped", |place| at(&own(place).replace("/token", "/x/%2e%2e/token")), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: Path }"),
    ("a query", |place| at(&format!("{}?p=policy", own(place))), "1 token t1."),
    ("a URL of a mebibyte", |place| at(&format!("{}?{}", own(place), "x".repeat(1 << 20))), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: TooLong }"),
    // Fields.
    ("no endpoint", |_| ok("{}"), "2 discovery document of PROVIDER: Field { field: \"token_endpoint\", problem: Missing }"),
    ("an endpoint of null", |_| ok(r#"{"token_endpoint": null}"#), "2 discovery document of PROVIDER: Field { field: \"token_endpoint\", problem: Missing }"),
    ("an endpoint of a number", |_| ok(r#"{"token_endpoint": 7}"#), "1 ProviderEndpoint { origin: \"PROVIDER\", problem: Scheme }"),
    ("a list of endpoints", |place| ok(&format!("{{\"token_endpoint\": [\"{}\"]}}", own(place))), "2 discovery document of PROVIDER: Field { field: \"token_endpoint\", problem: Type }"),
    ("two endpoints", |place| ok(&format!("{{\"token_endpoint\": \"{}\", \"token_endpoint\": \"{}\"}}", own(place), place.other)), "2 discovery document of PROVIDER: Json"),
    ("two endpoints, one in escapes", |place| ok(&format!("{{\"token_endpoint\": \"{}\", \"token\\u005fendpoint\": \"{}\"}}", own(place), place.other)), "2 discovery document of PROVIDER: Json"),
    ("an endpoint in capitals beside it", |place| ok(&format!("{{\"token_endpoint\": \"{}\", \"Token_Endpoint\": \"{}\"}}", own(place), place.other)), "1 token t1."),
    ("other endpoints of a third party", |place| ok(&format!("{{\"token_endpoint\": \"{}\", \"mtls_endpoint_aliases\": {{\"token_endpoint\": \"{1}\"}}, \"jwks_uri\": \"{1}\", \"device_authorization_endpoint\": \"{1}\"}}", own(place), place.other)), "1 token t1."),
    ("100,000 grants without ours", |place| grants(place, &format!("[{}\"x\"]", "\"y\",".repeat(100_000))), "2 discovery document of PROVIDER: TooLarge { what: \"list of grants\", limit: 10000 }"),
    ("100,000 grants, and ours", |place| grants(place, &format!("[{}\"client_credentials\"]", "\"y\",".repeat(100_000))), "2 discovery document of PROVIDER: TooLarge { what: \"list of grants\", limit: 10000 }"),
    ("no grants", |place| grants(place, "[]"), "1 ProviderGrant { origin: \"PROVIDER\", grant: \"client_credentials\" }"),
    ("a grant in capitals", |place| grants(place, r#"["CLIENT_CREDENTIALS"]"#), "1 ProviderGrant"),
    ("grants of other types", |place| grants(place, r#"[7, null, {}, ["client_credentials"]]"#), "1 ProviderGrant"),
    ("grants in a text", |place| grants(place, r#""client_credentials password""#), "1 ProviderGrant"),
    ("two lists of grants", |place| grants(place, r#"["client_credentials"], "grant_types_supported": []"#), "2 discovery document of PROVIDER: Json"),
    ("grants that repeat the secret", |place| grants(place, r#"["s3cret-of-the-client"]"#), "1 ProviderGrant"),
    // Documents.
    ("a page of HTML", |_| Reply::new(200, "Content-Type: text/html\r\n", "<html>s3cret"), "2 discovery document of PROVIDER: NotJson"),
    ("another type, by the header", |place| Reply::new(200, "Content-Type: text/html\r\n", document(&own(place))), "1 token t1."),
    ("nothing", |_| ok(""), "2 discovery document of PROVIDER: Empty"),
    ("a list", |place| ok(&format!("[{}]", document(&own(place)))), "2 discovery document of PROVIDER: Field { field: \"document\", problem: Type }"),
    ("a document that is cut", |place| ok(document(&own(place)).trim_end_matches('}')), "2 discovery document of PROVIDER: Json { category: \"cut short\""),
    ("100,000 objects, one in another", |_| ok(&"{\"token_endpoint\":".repeat(100_000)), "2 discovery document of PROVIDER: Json"),
    ("no UTF-8", |_| Reply::new(200, "", b"{\"token_endpoint\": \"\xff\"}"), "2 discovery document of PROVIDER: NotUtf8"),
    ("a byte larger than the limit", |place| Reply::new(200, "", filled(&document(&own(place)), limits::BODY + 1)), "2 discovery document of PROVIDER: TooLarge { what: \"body\", limit: 4194304 }"),
    ("a body without end", |_| Reply::status(200, "").body_to_end("").flood(" ", ENDLESS), "2 discovery document of PROVIDER: TooLarge { what: \"body\""),
    ("gzip", |place| Reply::new(200, "Content-Encoding: gzip\r\n", gzip(document(&own(place)).as_bytes())), "2 discovery document of PROVIDER: Encoded { encoding: \"gzip\" }"),
    ("64 MiB in gzip", |_| Reply::new(200, "Content-Encoding: gzip\r\n", bomb()), "2 discovery document of PROVIDER: Encoded { encoding: \"gzip\" }"),
    ("cookies", |place| Reply::new(200, "Set-Cookie: s3cret=1; Path=/\r\n", document(&own(place))), "1 token t1."),
    // Statuses.
    ("a redirect to itself", |place| Reply::new(301, &format!("Location: {}/.well-known/openid-configuration\r\n", place.provider), ""), "1 discovery document of PROVIDER: Redirect { status: 301, location: \"PROVIDER\" }"),
    ("a redirect to a third party", |place| Reply::new(302, &format!("Location: {}\r\n", place.other), document(&own(place))), "1 discovery document of PROVIDER: Redirect { status: 302, location: \"OTHER\" }"),
    ("a redirect to a script", |_| Reply::new(302, "Location: javascript:alert(1)\r\n", ""), "1 discovery document of PROVIDER: Redirect { status: 302, location: \"another path\" }"),
    ("401", |_| Reply::new(401, "WWW-Authenticate: Basic realm=\"s3cret\"\r\n", ""), "1 refused 401 by PROVIDER (no reason given); the identity provider refused its discovery document"),
    ("401 with an error of a token endpoint", |_| Reply::new(401, "", r#"{"error": "invalid_client"}"#), "1 refused 401 by PROVIDER (invalid_client); the identity provider refused its discovery document"),
    ("404 in HTML", |_| Reply::new(404, "Content-Type: text/html\r\n", "<html>s3cret"), "1 refused 404 by PROVIDER (no reason given); the identity provider refused its discovery document"),
    ("404 with a document", |place| Reply::new(404, "", document(&own(place))), "1 refused 404 by PROVIDER"),
    ("503 and a pause of letters", |_| Reply::new(503, "Retry-After: s3cret\r\n", ""), "3 unavailable 503 by PROVIDER (no reason given)"),
    ("204", |_| Reply::status(204, "\r\n"), "2 discovery document of PROVIDER: Empty"),
    ("hints, a mebibyte of them", |_| Reply::bytes("").flood("HTTP/1.1 103 Early Hints\r\nX-Hint: x\r\n\r\n", 1 << 20).hold(), "3 Io of PROVIDER | 3 Timeout of PROVIDER"),
    ("a header without end", |_| Reply::status(200, "X-Long: ").flood("s3cret", ENDLESS), "3 Io of PROVIDER"),
    // Time.
    ("a byte every 20 ms", |place| ok(&document(&own(place))).drip(SLOW), "3 Timeout of PROVIDER"),
    ("silence", |_| Reply::silence(), "3 Timeout of PROVIDER"),
    ("broken before a byte", |_| Reply::bytes("").reset(), "3 Io of PROVIDER"),
];

fn own(place: &Place) -> String {
    format!("{}/token", place.provider)
}

fn ok(body: &str) -> Reply {
    Reply::new(200, "Content-Type: application/json\r\n", body)
}

/// A document with this token endpoint, which is written into the JSON as it is.
fn document(endpoint: &str) -> String {
    format!("{{\"issuer\": \"x\", \"token_endpoint\": \"{endpoint}\"}}")
}

fn at(endpoint: &str) -> Reply {
    ok(&document(endpoint))
}

/// A good document with this JSON as the list of grants.
fn grants(place: &Place, json: &str) -> Reply {
    let endpoint = own(place);
    ok(&format!("{{\"token_endpoint\": \"{endpoint}\", \"grant_types_supported\": {json}}}"))
}
