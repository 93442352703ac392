//! Services without an identity service: one URL, and a token, HTTP Basic or nothing.

use crate::support::{of_file, of_variables, said, warned};
use auth_config::CloudConfig;
use auth_proto::{Action, EndpointQuery, Scope, Session, Settings};
use http::Request;
use time::UtcDateTime;

/// The URL and the headers of a request to a service.
fn called(cloud: &CloudConfig, service: &str) -> (String, String) {
    assert_eq!(cloud.scope().unwrap(), Scope::default());
    let (at, credential) = (cloud.cloud().unwrap(), cloud.credential().unwrap());
    let mut session = Session::new(at, credential, Settings::default()).unwrap();
    let now = UtcDateTime::UNIX_EPOCH;
    let Action::Use(token) = session.poll(&Scope::default(), now) else { panic!("a request") };
    let query = cloud.endpoint_query(service).unwrap();
    let url = session.cloud().endpoint(&token, &query).unwrap().url().to_owned();
    let mut request = Request::get(&url).body(()).unwrap();
    session.cloud().authorize(&token, &mut request).unwrap();
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        format!("{name}: {}", value.to_str().unwrap())
    };
    let headers: Vec<_> = request.headers().iter().map(header).collect();
    (url, headers.join(", "))
}

const URL: &str = "https://k.example:6385";
const BASIC: &str = "authorization: Basic bWU6c2VzYW1l";

/// A cloud with the keys `auth` in its section `auth`, and `beside` next to it.
fn of(auth: &str, beside: &str) -> CloudConfig {
    of_file(&format!("clouds: {{c: {{auth: {{{auth}}}, {beside}}}}}")).unwrap()
}

#[test]
fn each_kind_has_one_url_for_all_services() {
    let endpoint = format!("endpoint: '{URL}'");
    let url = format!("url: '{URL}'");
    let user = "username: me, password: sesame";
    for (auth, beside, header) in [
        (format!("token: sesame, {endpoint}"), "auth_type: admin_token", "x-auth-token: sesame"),
        (format!("token: sesame, {endpoint}"), "auth_type: token_endpoint", "x-auth-token: sesame"),
        (format!("token: sesame, {url}"), "auth_type: admin_token", "x-auth-token: sesame"),
        (format!("token: sesame, {url}, {endpoint}"), "", "x-auth-token: sesame"),
        (format!("{user}, {endpoint}"), "auth_type: http_basic", BASIC),
        (endpoint.clone(), "auth_type: none", ""),
        (endpoint.clone(), "auth_type: None", ""),
        (endpoint.clone(), "auth_type: ", ""),
        // Beside `auth`, and with an unused URL of an identity service.
        (String::new(), "auth_type: none, endpoint: 'https://k.example:6385'", ""),
        (user.to_owned(), "auth_type: http_basic, endpoint: 'https://k.example:6385'", BASIC),
        (
            format!("token: sesame, auth_url: 'https://id.example', {endpoint}"),
            "auth_type: admin_token",
            "x-auth-token: sesame",
        ),
    ] {
        let cloud = of(&auth, beside);
        for service in ["baremetal", "block-storage", "compute"] {
            let expected = (URL.to_owned(), header.to_owned());
            assert_eq!(called(&cloud, service), expected, "{auth} {beside}");
        }
        assert_eq!(warned(&cloud), [""; 0], "{auth} {beside}");
    }
}

#[test]
fn variables_name_the_url_too() {
    for (variables, header) in [
        (
            &[("OS_AUTH_TYPE", "token_endpoint"), ("OS_TOKEN", "sesame"), ("OS_ENDPOINT", URL)][..],
            "x-auth-token: sesame",
        ),
        (&[("OS_TOKEN", "sesame"), ("OS_URL", URL)], "x-auth-token: sesame"),
        (&[("OS_TOKEN", "sesame"), ("OS_ENDPOINT", URL)], "x-auth-token: sesame"),
        (
            &[
                ("OS_AUTH_TYPE", "http_basic"),
                ("OS_USERNAME", "me"),
                ("OS_PASSWORD", "sesame"),
                ("OS_ENDPOINT", URL),
            ],
            BASIC,
        ),
        (&[("OS_AUTH_TYPE", "none"), ("OS_ENDPOINT", URL)], ""),
    ] {
        let cloud = of_variables(variables).unwrap();
        assert_eq!(called(&cloud, "baremetal"), (URL.to_owned(), header.to_owned()));
    }
}

#[test]
fn a_service_may_have_its_own_url() {
    let own = "baremetal_introspection_endpoint_override: 'http://127.0.0.1:5050/v1'";
    for (auth, kind) in [
        ("token: t", "admin_token"),
        ("username: me, password: sesame", "http_basic"),
        ("", "none"),
    ] {
        let auth = format!("{auth}{}endpoint: '{URL}'", if auth.is_empty() { "" } else { ", " });
        let cloud = of(&auth, &format!("auth_type: {kind}, {own}"));
        let (url, _) = called(&cloud, "baremetal-introspection");
        assert_eq!(url, "http://127.0.0.1:5050/v1", "{kind}");
        assert_eq!(called(&cloud, "baremetal").0, URL, "{kind}");
    }
    // Only such URLs.
    let baremetal = "baremetal_endpoint_override: 'http://172.22.0.1:6385'";
    let cloud = of("", &format!("auth_type: none, {baremetal}, {own}"));
    assert_eq!(called(&cloud, "baremetal").0, "http://172.22.0.1:6385");
    assert_eq!(called(&cloud, "baremetal-introspection").0, "http://127.0.0.1:5050/v1");
    let mut session =
        Session::new(cloud.cloud().unwrap(), cloud.credential().unwrap(), Settings::default())
            .unwrap();
    let now = UtcDateTime::UNIX_EPOCH;
    let Action::Use(token) = session.poll(&Scope::default(), now) else { panic!("a request") };
    let missing = session.cloud().endpoint(&token, &EndpointQuery::new("compute"));
    assert!(missing.unwrap_err().to_string().contains("service compute"));
}

#[test]
fn what_is_missing_or_unused_is_named() {
    for kind in ["admin_token", "http_basic", "none"] {
        let cloud = of("username: me, password: x, token: t", &format!("auth_type: {kind}"));
        let text = said(cloud.cloud());
        assert_eq!(text, "cloud c: endpoint is missing; set it to the URL of the services");
    }
    let endpoint = format!("endpoint: '{URL}'");
    let missing = |auth: &str, kind: &str| {
        said(of(&format!("{auth}{endpoint}"), &format!("auth_type: {kind}")).credential())
    };
    assert!(missing("", "http_basic").contains("username is missing"));
    assert!(missing("username: me, ", "http_basic").contains("password is missing"));
    assert!(missing("", "token_endpoint").contains("token is missing"));
    // A scope, and a secret that is not sent.
    let auth = format!("{endpoint}, project_name: demo, username: me, password: x");
    let cloud = of(&auth, "auth_type: none");
    assert_eq!(cloud.scope().unwrap(), Scope::default());
    let warnings = warned(&cloud);
    assert!(warnings[0].starts_with("project_name: ignored; services without"), "{warnings:?}");
    assert!(warnings[1].starts_with("password: not used by auth_type none"), "{warnings:?}");
    assert_eq!(warnings.len(), 2);
    // Without a URL of the services, a token is used at the identity service, as before.
    let cloud = of("token: t, auth_url: 'https://id.example/v3'", "auth_type: admin_token");
    assert_eq!(cloud.cloud().unwrap().identity_url(), "https://id.example/v3");
}
