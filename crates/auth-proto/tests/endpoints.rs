//! Which endpoint a wish leads to, and where a token may go.
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure")]

mod support;

use std::sync::Arc;

use auth_proto::{
    Cloud, Credential, DomainRef, EndpointError, Error, ErrorKind, Interface, Scope, Select, Token,
    UserRef,
};
use http::Request;
use serde_json::{Value, json};
use support::{login_with, response};

fn stock() -> Cloud {
    Cloud::keystone("https://keystone.example:5000/v3").unwrap()
}

fn token_at(cloud: &Cloud, catalog: Value) -> Arc<Token> {
    let user = UserRef::name_in("alice", DomainRef::name("Default"));
    let body = json!({"token": {
        "expires_at": "2026-11-22T20:00:00Z",
        "issued_at": "2026-11-22T08:00:00Z",
        "project": {"id": "p"},
        "catalog": catalog,
    }});
    let answer = response(201, Some("token"), &body.to_string());
    login_with(cloud, Credential::password(user, "pw"), Scope::project_id("p"), answer).unwrap()
}

fn endpoint(interface: &str, region: Value, url: &str) -> Value {
    json!({"id": "e", "interface": interface, "region": region, "region_id": region, "url": url})
}

fn found(cloud: &Cloud, catalog: &Value, want: &Select) -> Result<String, Error> {
    let token = token_at(cloud, catalog.clone());
    cloud.endpoint(&token, want).map(|endpoint| endpoint.url().to_owned())
}

fn refused(cloud: &Cloud, url: &str) -> Option<EndpointError> {
    let catalog = json!([{"type": "s", "endpoints": [endpoint("public", json!("R"), url)]}]);
    match found(cloud, &catalog, &Select::new("s")) {
        Ok(read) => {
            assert_eq!(read, url);
            None
        }
        Err(error) => match error.kind() {
            ErrorKind::Endpoint(why) => Some(why.clone()),
            other => panic!("{other:?}"),
        },
    }
}

#[test]
fn a_wish_is_met_in_its_order() {
    use Interface::{Admin, Internal, Public};
    let catalog = json!([
        {"type": "compute", "name": "nova", "endpoints": [
            endpoint("internal", json!("R1"), "https://i1.example"),
            endpoint("public", json!("R1"), "https://p1.example"),
            endpoint("public", json!("R2"), "https://p2.example"),
            endpoint("public", json!("R2"), "https://second.example"),
        ]},
        {"type": "global", "endpoints": [
            endpoint("public", json!("*"), "https://all.example"),
            endpoint("public", json!("R2"), "https://own.example"),
        ]},
        {"type": "twice", "endpoints": [endpoint("public", json!("R1"), "https://t1.example")]},
        {"type": "twice", "endpoints": [endpoint("public", json!("R2"), "https://t2.example")]},
        {"type": "bare", "endpoints": [endpoint("public", Value::Null, "https://bare.example")]},
        {"type": "v2style", "endpoints": [endpoint("publicURL", json!("R1"), "https://v2.example")]},
        {"type": "empty", "endpoints": []},
        {"type": "ids", "endpoints": [
            {"interface": "public", "region_id": "R1", "url": "https://id.example"},
        ]},
        {"type": "names", "endpoints": [
            {"interface": "public", "region": "R1", "url": "https://name.example"},
        ]},
    ]);
    for (service, region, interfaces, want) in [
        ("compute", None, &[Public][..], Some("https://p1.example")),
        ("compute", Some("R2"), &[Public], Some("https://p2.example")),
        ("compute", Some("R3"), &[Public], None),
        ("compute", Some("r2"), &[Public], None),
        ("compute", None, &[Internal, Public], Some("https://i1.example")),
        ("compute", Some("R2"), &[Internal, Public], Some("https://p2.example")),
        ("compute", Some("R1"), &[Admin, Public, Internal], Some("https://p1.example")),
        ("compute", None, &[Admin], None),
        ("compute", None, &[], None),
        ("global", Some("R1"), &[Public], Some("https://all.example")),
        ("global", Some("R2"), &[Public], Some("https://own.example")),
        ("global", None, &[Public], Some("https://all.example")),
        ("twice", Some("R1"), &[Public], Some("https://t1.example")),
        ("twice", Some("R2"), &[Public], Some("https://t2.example")),
        ("twice", None, &[Public], Some("https://t1.example")),
        ("bare", None, &[Public], Some("https://bare.example")),
        ("bare", Some("R1"), &[Public], Some("https://bare.example")),
        ("v2style", Some("R1"), &[Public], Some("https://v2.example")),
        ("empty", None, &[Public], None),
        ("ids", Some("R1"), &[Public], Some("https://id.example")),
        ("names", Some("R1"), &[Public], Some("https://name.example")),
        ("Compute", None, &[Public], None),
        ("missing", None, &[Public], None),
    ] {
        let mut select = Select::new(service).interfaces(interfaces);
        if let Some(region) = region {
            select = select.region(region);
        }
        let found = found(&stock(), &catalog, &select);
        assert_eq!(found.ok().as_deref(), want, "{select:?}");
    }
}

#[test]
fn v2_catalogs_have_a_key_for_each_interface() {
    let cloud = Cloud::keystone("https://keystone.example/v2.0").unwrap();
    let body = json!({"access": {
        "token": {"id": "t", "expires": "2026-11-22T20:00:00Z", "issued_at": "2026-11-22T08:00:00"},
        "serviceCatalog": [{"type": "compute", "name": "nova", "endpoints": [
            {"region": "R1", "publicURL": "https://p.example", "internalURL": "https://i.example"},
            {"region": "R2", "publicURL": "https://p2.example", "adminURL": "https://a2.example"},
        ]}],
    }});
    let answer = response(200, None, &body.to_string());
    let token =
        login_with(&cloud, Credential::password("alice", "pw"), Scope::default(), answer).unwrap();
    let url = |interface, region| {
        let select = Select::new("compute").interfaces(&[interface]).region(region);
        cloud.endpoint(&token, &select).map(|endpoint| endpoint.url().to_owned()).ok()
    };
    assert_eq!(url(Interface::Public, "R1").as_deref(), Some("https://p.example"));
    assert_eq!(url(Interface::Internal, "R1").as_deref(), Some("https://i.example"));
    assert_eq!(url(Interface::Admin, "R1"), None);
    assert_eq!(url(Interface::Admin, "R2").as_deref(), Some("https://a2.example"));
    assert_eq!(url(Interface::Internal, "R2"), None);
}

#[test]
fn an_error_says_what_there_is() {
    let catalog = json!([
        {"type": "image", "endpoints": [endpoint("public", json!("R1"), "https://p1.example")]},
        {"type": "compute", "endpoints": [
            endpoint("public", json!("R2"), "https://p2.example"),
            endpoint("internal", json!("R1"), "https://i1.example"),
        ]},
    ]);
    let text = |select| found(&stock(), &catalog, &select).unwrap_err().to_string();
    assert_eq!(
        text(Select::new("compute").region("R9")),
        "no public endpoint of service compute in region R9; there is: \
         internal in R1, public in R2"
    );
    assert_eq!(
        text(Select::new("volume")),
        "no public endpoint of service volume in any region; there is: compute, image"
    );
    let none = found(&stock(), &Value::Null, &Select::new("x")).unwrap_err().to_string();
    assert!(none.ends_with("nothing (the token came without a catalog)"), "{none}");
    let many: Vec<_> = (0..1000).map(|n| json!({"type": format!("\u{1b}[31m{n}")})).collect();
    let long = found(&stock(), &json!(many), &Select::new("x")).unwrap_err().to_string();
    assert!(long.len() < 2_000 && !long.contains('\u{1b}'), "{long}");
}

#[test]
fn a_token_goes_to_https_and_to_where_it_was_sent_by_its_user() {
    for url in ["https://service.example/v2", "https://10.0.0.7:8774", "https://[fd00::1]/"] {
        assert_eq!(refused(&stock(), url), None, "{url}");
    }
    for url in [
        "http://service.example",
        "http://keystone.example:8774",
        "https://127.0.0.1/",
        "https://localhost:8774",
        "https://169.254.169.254/latest",
        "https://[fe80::1]/",
        "https://metadata.google.internal/",
        "https://2130706433/",
        "https://0x7f.1/",
    ] {
        let why = refused(&stock(), url);
        assert!(matches!(why, Some(EndpointError::Refused { .. })), "{url}: {why:?}");
    }
    for url in ["https://u:canary@service.example", "service.example", "https://h:99999/", ":"] {
        let why = refused(&stock(), url);
        assert!(matches!(why, Some(EndpointError::Url { .. })), "{url}: {why:?}");
        assert!(!format!("{why:?}").contains("canary"));
    }
    for url in ["https://s.example/v1/%(project_id)s", "https://s.example/$(tenant_id)s"] {
        let why = refused(&stock(), url);
        assert!(matches!(why, Some(EndpointError::Template { .. })), "{url}: {why:?}");
    }
    // What the user named, and the identity service's own host at its own level of safety.
    let named = stock().allow_origin("http://service.example:8774").unwrap();
    assert_eq!(refused(&named, "http://service.example:8774/v2"), None);
    assert!(refused(&named, "http://service.example/v2").is_some());
    assert!(!named.is_https_only());
    let local = Cloud::keystone("http://127.0.0.1:5000/v3").unwrap();
    assert_eq!(refused(&local, "http://127.0.0.1:8774/v2"), None);
    assert!(refused(&local, "http://127.0.0.2:8774/v2").is_some());
}

#[test]
fn authorize_checks_before_it_touches_the_request() {
    let token = token_at(&stock(), json!([]));
    let mut request = Request::get("http://service.example/").body(()).unwrap();
    assert!(stock().authorize(&token, &mut request).is_err());
    assert!(request.headers().is_empty());
    let mut relative = Request::get("/servers").body(()).unwrap();
    assert!(stock().authorize(&token, &mut relative).is_err());
    let mut request =
        Request::get("https://service.example/").header("x-auth-token", "old").body(()).unwrap();
    stock().authorize(&token, &mut request).unwrap();
    assert_eq!(request.headers().get_all("x-auth-token").iter().count(), 1);
    assert_eq!(request.headers()["x-auth-token"], "token");
    assert!(!format!("{request:?} {token:?}").contains("\"token\""), "{request:?}");
}

#[test]
fn the_table_is_that_of_the_clouds_own_place() {
    let body = json!({"access": {
        "token": {"id": "t", "expires": "2026-11-22T20:00:00Z", "tenant": {"id": "p"}},
        "serviceCatalog": [],
    }});
    let home = Cloud::nhn();
    let away = "https://api-identity-infrastructure.gov-nhncloudservice.com/v2.0";
    let zone = Cloud::nhn().at(away).unwrap();
    let url = |cloud: &Cloud, select: Select| {
        let credential = Credential::password("u", "pw");
        let answer = response(200, None, &body.to_string());
        let token = login_with(cloud, credential, Scope::project_id("p"), answer).unwrap();
        cloud.endpoint(&token, &select).map(|endpoint| endpoint.url().to_owned()).ok()
    };
    let compute = || Select::new("compute").region("KR1");
    assert!(url(&home, compute()).unwrap().starts_with("https://kr1-api-instance"));
    assert!(url(&home, compute().interfaces(&[Interface::Internal])).is_none());
    assert!(url(&zone, compute()).is_none());
    assert_eq!(url(&zone, Select::new("identity").region("KR1")).as_deref(), Some(away));
}

#[test]
fn an_alias_comes_before_the_table_and_after_the_name() {
    let cloud = Cloud::huawei();
    let service = |name: &str, url: &str| json!({"type": name, "endpoints": [endpoint("public", json!("*"), url)]});
    let (iam, identity) =
        (service("iam", "https://iam.example"), service("identity", "https://id.example"));
    let own = json!([iam, identity]);
    assert_eq!(found(&cloud, &own, &Select::new("identity")).unwrap(), "https://id.example");
    let alias = json!([iam]);
    assert_eq!(found(&cloud, &alias, &Select::new("identity")).unwrap(), "https://iam.example");
    let none = found(&cloud, &json!([]), &Select::new("identity")).unwrap();
    assert_eq!(none, "https://iam.myhuaweicloud.com/v3");
}
