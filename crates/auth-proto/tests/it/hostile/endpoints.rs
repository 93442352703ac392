//! Catalogs that would send a token to the wrong host.

use auth_proto::{EndpointQuery, Token};
use http::Request;
use serde_json::{Value, json};

use super::{check_rows, cloud, summary};
use crate::support::{read_token, response};

/// The URLs of a catalog's endpoints; the identity service is at `https://iam.example`.
#[rustfmt::skip]
const ROWS: &[(&str, &str, &str)] = &[
    ("an ordinary one", "https://nova.example/v2", "https://nova.example/v2."),
    // Clouds use many domains, and the issuer of a token decides where it is valid, so https is
    // enough.
    ("another domain", "https://nova.elsewhere.test/v2", "https://nova.elsewhere.test/v2."),
    ("a private address", "https://10.0.0.7:8774", "https://10.0.0.7:8774."),
    // A wrong scheme is not repaired; an override can name the right URL.
    ("plain http", "http://nova.example/v2", "Refused { origin: \"http://nova.example:80\", why: \"it is plain http\" }"),
    ("plain http at the identity service", "http://iam.example:8774/v2", "Refused { origin: \"http://iam.example:8774\", why: \"it is plain http\" }"),
    ("another port of the identity service", "https://iam.example.:8774/v2", "https://iam.example.:8774/v2."),
    ("the identity service in capitals", "https://IAM.EXAMPLE/v2", "https://IAM.EXAMPLE/v2."),
    ("metadata", "https://169.254.169.254/latest", "Refused { origin: \"https://169.254.169.254:443\", why: \"it is a link-local address\" }"),
    ("metadata over plain http", "http://169.254.169.254/latest", "Refused { origin: \"http://169.254.169.254:80\", why: \"it is a link-local address\" }"),
    ("metadata in IPv6", "https://[::ffff:169.254.169.254]/", "Refused"),
    ("metadata by NAT64", "https://[64:ff9b::a9fe:a9fe]/", "Refused"),
    ("metadata of Amazon in IPv6", "https://[fd00:ec2::254]/", "Refused"),
    ("metadata of Google in IPv6", "https://[fd20:ce::254]/", "Refused { origin: \"https://[fd20:ce::254]:443\", why: \"it is a metadata service\" }"),
    ("metadata of Azure", "https://168.63.129.16/", "Refused { origin: \"https://168.63.129.16:443\", why: \"it is a metadata service\" }"),
    ("metadata by a NAT64 of the network's own", "https://[64:ff9b:1::a9fe:a9fe]/", "Refused"),
    ("metadata by 6to4", "https://[2002:a9fe:a9fe::1]/", "Refused"),
    ("metadata of Alibaba", "https://100.100.100.200/", "Refused { origin: \"https://100.100.100.200:443\", why: \"it is a metadata service\" }"),
    ("metadata by name", "https://metadata.google.internal/", "Refused { origin: \"https://metadata.google.internal:443\", why: \"it is a metadata service\" }"),
    ("metadata by name, with a dot", "https://METADATA.google.internal./", "Refused"),
    ("loopback", "https://127.0.0.1/", "Refused { origin: \"https://127.0.0.1:443\", why: \"it is a loopback address\" }"),
    ("the rest of loopback", "https://127.8.8.8/", "Refused"),
    ("loopback in IPv6", "https://[::1]/", "Refused { origin: \"https://[::1]:443\", why: \"it is a loopback address\" }"),
    ("loopback by name", "https://localhost/", "Refused"),
    ("loopback by a name of hosts files", "https://localhost.localdomain/", "Refused { origin: \"https://localhost.localdomain:443\", why: \"it is a loopback address\" }"),
    ("loopback by a name for IPv6", "https://ip6-loopback/", "Refused"),
    ("loopback within IPv6", "https://[::127.0.0.1]/", "Refused"),
    ("loopback by 6to4", "https://[2002:7f00:1::]/", "Refused"),
    ("loopback under a name", "https://a.localhost./", "Refused"),
    ("loopback in hexadecimal", "https://0x7f.1/", "Refused { origin: \"https://0x7f.1:443\", why: \"its host is an IPv4 address in another notation\" }"),
    ("loopback in octal", "https://0177.0.0.1/", "Refused"),
    ("loopback as one number", "https://2130706433/", "Refused"),
    ("loopback in two parts", "https://127.1/", "Refused"),
    ("a number in hexadecimal alone", "https://0x7f000001/", "Refused"),
    ("no address at all", "https://0.0.0.0/", "Refused"),
    ("a neighbour", "https://[fe80::1]/", "Refused"),
    ("a neighbour by an interface of ours", "https://[fe80::1%25eth0]/", "Url { target: \"service compute\", problem: Host }"),
    ("metadata by an interface of ours", "https://[fd00:ec2::254%251]/", "Url { target: \"service compute\", problem: Host }"),
    ("a name in brackets", "https://[metadata.google.internal]/", "Url { target: \"service compute\", problem: Host }"),
    ("an address of the future", "https://[v1.fe80::a]/", "Url { target: \"service compute\", problem: "),
    ("multicast", "https://[ff02::1]/", "Refused"),
    ("user info", "https://alice:s3cret@nova.example/", "Url { target: \"service compute\", problem: UserInfo }"),
    ("the identity service for a user", "https://iam.example@evil.example/", "Url { target: \"service compute\", problem: UserInfo }"),
    ("no scheme", "nova.example/v2", "Url { target: \"service compute\", problem: Scheme }"),
    ("a file", "file:///etc/passwd", "Url { target: \"service compute\", problem: "),
    ("a script", "javascript:alert(1)", "Url { target: \"service compute\", problem: Scheme }"),
    ("a port past all others", "https://nova.example:99999/", "Url { target: \"service compute\", problem: Port }"),
    ("a blank", "https://nova.example/a b", "Url { target: \"service compute\", problem: Blank }"),
    ("a line end", "https://nova.example/\r\nX-Evil: s3cret", "Url { target: \"service compute\", problem: Blank }"),
    ("letters beyond ASCII", "https://nоva.example/", "Url { target: \"service compute\", problem: Syntax }"),
    ("an unfilled placeholder", "https://nova.example/v2/%(tenant_id)s", "Template { service: \"compute\" }"),
    ("one that asks for a password", "https://nova.example/$(admin_password)s", "Template { service: \"compute\" }"),
    ("one in braces", "https://nova.example/{project_id}", "Template { service: \"compute\" }"),
    ("one for a host", "https://%(public_bind_host)s/v2", "Template { service: \"compute\" }"),
    ("nothing", "", "NotFound"),
    ("blanks around", " https://nova.example:9292 ", "Url { target: \"service compute\", problem: Blank }"),
    ("two ports", "http://nova.example:8080:8080/", "Url { target: \"service compute\", problem: TwoPorts }"),
    ("two schemes", "https://http://nova.example/", "Url { target: \"service compute\", problem: TwoSchemes }"),
    ("one slash", "https:/nova.example/", "Url { target: \"service compute\", problem: Slashes }"),
    ("no colon", "https//nova.example/", "Url { target: \"service compute\", problem: Slashes }"),
    ("an unclosed bracket", "https://[2001:db8::1/", "Url { target: \"service compute\", problem: Brackets }"),
    ("port 0", "https://nova.example:0/", "Url { target: \"service compute\", problem: Port }"),
    ("a port of letters", "https://nova.example:http/", "Url { target: \"service compute\", problem: Port }"),
    ("metadata by IPv4-translated", "https://[::ffff:0:169.254.169.254]/", "Refused"),
    ("metadata by Teredo", "https://[2001:0:102:304:8000:0:5601:5601]/", "Refused"),
    ("metadata by ISATAP", "https://[2001:db8::200:5efe:169.254.169.254]/", "Refused"),
    ("metadata of Oracle", "https://192.0.0.192/", "Refused { origin: \"https://192.0.0.192:443\", why: \"it is a metadata service\" }"),
    ("metadata of Tencent by name", "https://metadata.tencentyun.com/", "Refused { origin: \"https://metadata.tencentyun.com:443\", why: \"it is a metadata service\" }"),
    ("metadata of Oracle by name", "https://metadata.oraclecloud.com:443/", "Refused"),
    ("metadata of Amazon by name", "https://instance-data.ec2.internal/", "Refused"),
    ("the machine around a container", "https://host.docker.internal/", "Refused { origin: \"https://host.docker.internal:443\", why: \"it is the machine that this container or virtual machine runs on\" }"),
    ("the same for Podman", "https://host.containers.internal:8774/", "Refused"),
    ("loopback by a name of NetBSD", "https://loopback/", "Refused { origin: \"https://loopback:443\", why: \"it is a loopback address\" }"),
    ("everybody", "https://255.255.255.255/", "Refused"),
    ("this network", "https://0.0.0.7/", "Refused"),
    ("plain http to a name below localhost", "http://nova.localhost/", "Refused"),
];

#[test]
fn each_endpoint_has_its_outcome() {
    check_rows(ROWS, |url| {
        let catalog =
            json!([{"type": "compute", "endpoints": [{"interface": "public", "url": url}]}]);
        let found = found(&catalog);
        // A direct call to the URL is checked the same way.
        let sent = Request::get(*url)
            .body(())
            .is_ok_and(|mut request| cloud().authorize(&token(&catalog), &mut request).is_ok());
        assert_eq!(
            sent,
            found.starts_with("https:") || url.contains(['%', '$', '{']) && sent,
            "{url}"
        );
        found
    });
}

/// Catalogs with missing or contradictory entries.
#[rustfmt::skip]
const CATALOGS: &[(&str, &str, &str)] = &[
    ("no services", "[]", "NotFound { service: \"compute\", region: \"any region\", interfaces: \"public\", available: \"nothing"),
    ("no catalog", "null", "NotFound"),
    ("entries that are no services", r#"[null, 7, "compute", ["compute"], {"type": 7}]"#, "NotFound"),
    // The first one counts, as in other clients. There is no event, because a caller could not help
    // it.
    ("the same place twice", r#"[{"type": "compute", "endpoints": [{"interface": "public", "url": "https://1.example"}, {"interface": "public", "url": "https://2.example"}]}]"#, "https://1.example."),
    ("the same service twice", r#"[{"type": "compute", "endpoints": []}, {"type": "compute", "endpoints": [{"interface": "public", "url": "https://2.example"}]}]"#, "https://2.example."),
    ("a bad place before a good one", r#"[{"type": "compute", "endpoints": [{"interface": "public", "url": "http://evil.example"}, {"interface": "public", "url": "https://2.example"}]}]"#, "Refused { origin: \"http://evil.example:80\""),
    ("a name that steers a terminal", r#"[{"type": "\u001b[2J\u202ecompute\u0000\n", "endpoints": []}]"#, "NotFound"),
    ("a name of a mebibyte", LONG_NAME, "NotFound"),
];

const LONG_NAME: &str = "long";

#[test]
fn each_catalog_has_its_outcome() {
    check_rows(CATALOGS, |catalog| match *catalog {
        LONG_NAME => found(&json!([{"type": "x".repeat(1 << 20), "endpoints": []}])),
        catalog => found(&serde_json::from_str(catalog).unwrap()),
    });
}

fn found(catalog: &Value) -> String {
    match cloud().endpoint(&token(catalog), &EndpointQuery::new("compute")) {
        Ok(endpoint) => endpoint.url().to_owned(),
        Err(error) => summary(&error),
    }
}

fn token(catalog: &Value) -> Token {
    let body = json!({"token": {"expires_at": "2026-11-22T20:00:00Z", "catalog": catalog}});
    read_token(&response(201, Some("t1"), &body.to_string()))
}
