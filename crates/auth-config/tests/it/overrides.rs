//! Configured service URLs, and the endpoints that they select.

use std::sync::Arc;

use crate::support::{login, of_file, said, with};
use auth_config::CloudConfig;
use auth_proto::{Step, Token};
use http::Response;
use time::UtcDateTime;

/// A token of the project p1 and the user u1, with an empty catalog.
fn token(cloud: &CloudConfig) -> Arc<Token> {
    let mut login = login(cloud);
    let body = r#"{"token": {"expires_at": "2999-11-22T20:00:00Z", "methods": ["password"],
        "user": {"id": "u1"}, "project": {"id": "p1"}, "catalog": []}}"#;
    let answer = Response::builder().status(201).header("X-Subject-Token", "t").body(body);
    login.handle_response(answer.unwrap(), UtcDateTime::UNIX_EPOCH);
    let Step::Done(token) = login.poll().unwrap() else { panic!("no token") };
    token
}

fn url(beside: &str, service: &str) -> String {
    let auth = "username: me, password: x, project_id: p1, user_domain_id: d";
    let cloud = with(auth, &format!("region_name: R, {beside}")).unwrap();
    let token = token(&cloud);
    let at = cloud.cloud().unwrap();
    at.endpoint(&token, &cloud.endpoint_query(service).unwrap()).unwrap().url().to_owned()
}

/// The keys beside the credential, the service, and its URL.
#[rustfmt::skip]
const URLS: &[(&str, &str, &str)] = &[
    ("compute_endpoint_override: 'https://c.example/v2.1'", "compute", "https://c.example/v2.1"),
    ("compute_endpoint: 'https://c.example'", "compute", "https://c.example"),
    ("compute_endpoint: 'https://old.example', compute_endpoint_override: 'https://new.example'", "compute", "https://new.example"),
    ("object-store-endpoint-override: 'https://o.example/v1/AUTH_%(project_id)s'", "object-store", "https://o.example/v1/AUTH_p1"),
    ("image_endpoint_override: 'https://{region_name}.example/%(user_id)s/%(tenant_id)s/%%20'", "image", "https://R.example/u1/p1/%20"),
    ("image_endpoint_override: 'https://i.example/{project_id}'", "image", "https://i.example/p1"),
    // Any alias of the service type.
    ("volume_endpoint_override: 'https://v.example'", "block-storage", "https://v.example"),
    // The type in the catalog.
    ("database_service_type: 'rax:database', rax:database_endpoint_override: 'https://d.example'", "database", "https://d.example"),
    // The name in the query.
    ("database_service_type: rdsv3, database_endpoint_override: 'https://d.example'", "database", "https://d.example"),
    ("database_service_type: rdsv3, database_endpoint_override: 'https://d.example'", "rdsv3", "https://d.example"),
    ("a_b_service_type: c-d, a_b_endpoint: 'https://old.example', a_b_endpoint_override: 'https://new.example'", "a-b", "https://new.example"),
    ("database_service_type: rdsv3, database_endpoint_override: 'https://d.example', rdsv3_endpoint: 'https://r.example'", "rdsv3", "https://r.example"),
    // Plain http and a path are accepted in an override.
    ("dns_endpoint_override: 'http://10.0.0.1:9001'", "dns", "http://10.0.0.1:9001"),
    ("dns_endpoint_override: , image_endpoint_override: '', compute_endpoint_override: 'https://c.example'", "compute", "https://c.example"),
];

#[test]
fn configured_urls_reach_the_cloud() {
    for (beside, service, expected) in URLS {
        assert_eq!(url(beside, service), *expected, "{beside}");
    }
}

#[test]
fn an_invalid_url_is_reported_with_its_place() {
    for (url, problem) in [
        ("'c.example'", "scheme"),
        ("'https://c.example/%(domain)s'", "unknown placeholder \"domain\""),
        ("'https://c.example/%(hunter2'", "unknown placeholder "),
        ("'https://c.example/?a=%(project_id)s'", "query"),
    ] {
        let text = format!(
            "clouds:\n  c:\n    auth: {{auth_url: 'https://k.example'}}\n    compute_endpoint_override: {url}\n"
        );
        let said = said(of_file(&text).unwrap().cloud());
        assert!(said.contains(problem) && !said.contains("hunter2"), "{url}: {said}");
        let place = "(/here/clouds.yaml:4, clouds.c.compute_endpoint_override)";
        assert!(said.starts_with("compute_endpoint_override: ") && said.ends_with(place), "{said}");
    }
}

#[test]
fn a_profile_has_the_url_its_catalog_lacks() {
    let text =
        "clouds: {c: {profile: rackspace, auth: {username: me, password: x, project_id: p1}}}";
    let cloud = of_file(text).unwrap();
    assert_eq!(
        cloud.endpoint_override("block-storage"),
        Some("https://DFW.blockstorage.api.rackspacecloud.com/v2/%(project_id)s")
    );
    assert!(cloud.cloud().is_ok());
}
