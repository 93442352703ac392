//! Catalogs of every size and form: what they list, and that every entry is found.

use auth_proto::{
    Catalog, Endpoint, EndpointQuery, FetchCatalog, IdentityRequest, Interface, Token,
};
use http::Response;
use serde_json::{Value, json};

use crate::support::{keystone, read_token, response};

fn read(body: &str) -> Catalog {
    FetchCatalog::new(&keystone()).parse(Response::new(body.as_bytes())).unwrap()
}

fn v3(services: &[Value]) -> Catalog {
    read(&json!({ "catalog": services }).to_string())
}

fn token(catalog: Catalog) -> Token {
    let body = r#"{"token": {"expires_at": "2026-11-22T20:00:00Z"}}"#;
    read_token(&response(201, Some("t"), body)).with_catalog(catalog)
}

fn found(token: &Token, query: &EndpointQuery) -> Option<String> {
    keystone().endpoint(token, query).ok().map(|endpoint| endpoint.url().to_owned())
}

fn endpoint(interface: &str, region: &str, url: &str) -> Value {
    json!({ "id": "e", "interface": interface, "region": "old", "region_id": region, "url": url })
}

/// The numbers below `count` in a mixed order: the step is a prime that divides no count.
fn shuffled(count: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |number| number * 1_237 % count)
}

#[test]
fn an_empty_catalog_has_no_endpoint() {
    for (body, is_empty) in [
        (r#"{"catalog": []}"#, true),
        (
            r#"{"catalog": [7, null, {}, {"type": ""}, {"type": null, "endpoints": [
            {"interface": "public", "url": "https://a.example"}]}]}"#,
            true,
        ),
        (r#"{"catalog": [{"type": "a"}]}"#, false),
    ] {
        let catalog = read(body);
        assert_eq!((catalog.is_empty(), catalog.services().len() == 0), (is_empty, is_empty));
        assert_eq!(catalog == Catalog::default(), is_empty);
        let token = token(catalog);
        assert_eq!(found(&token, &EndpointQuery::new("a")), None, "{body}");
    }
    assert_eq!(found(&token(Catalog::default()), &EndpointQuery::new("a")), None);
}

/// As in other clients. Nothing of the earlier ones is left.
#[test]
fn the_last_one_of_a_repeated_key_counts() {
    let list = |url: &str| format!(r#"[{{"interface": "public", "region": "R", "url": "{url}"}}]"#);
    let (one, two) = (list("https://1.example"), list("https://2.example"));
    let first = format!(r#""endpoints": {one}"#);
    for (entry, expect) in [
        (format!(r#""type": "b", "type": "a", {first}"#), Some("https://1.example")),
        (format!(r#""type": "a", "type": "b", {first}"#), None),
        (format!(r#""type": "a", "type": null, {first}"#), None),
        (format!(r#""type": "a", "name": "x", "name": "y", {first}"#), Some("https://1.example")),
        (format!(r#""type": "a", {first}, "endpoints": {two}"#), Some("https://2.example")),
        (format!(r#"{first}, "endpoints": {two}, "type": "a""#), Some("https://2.example")),
        (format!(r#""type": "a", {first}, "endpoints": []"#), None),
        (format!(r#""type": "a", {first}, "endpoints": null"#), None),
        (format!(r#""type": "a", "endpoints": 7, {first}"#), Some("https://1.example")),
        (
            r#""type": "a", "endpoints": [{"interface": "admin", "interface": "public", "url": "u",
               "region": "S", "region": "R", "url": "https://3.example"}]"#
                .to_owned(),
            Some("https://3.example"),
        ),
        (
            r#""type": "a", "endpoints": [{"interface": "public", "url": "https://4.example",
               "region": "R", "region_id": "S", "region_id": "R"}]"#
                .to_owned(),
            Some("https://4.example"),
        ),
        (
            r#""type": "a", "endpoints": [{"interface": "public", "url": "u", "url": ""}]"#
                .to_owned(),
            None,
        ),
        (
            r#""type": "a", "endpoints": [{"interface": "public", "url": "u",
               "\u0075rl": "https://5.example"}]"#
                .to_owned(),
            Some("https://5.example"),
        ),
    ] {
        let token = token(read(&format!(r#"{{"catalog": [{{{entry}}}]}}"#)));
        let query = EndpointQuery::new("a").region("R");
        assert_eq!(found(&token, &query).as_deref(), expect, "{entry}");
        let listed = token.catalog().unwrap().services().flat_map(|service| service.endpoints());
        assert!(listed.count() <= 1, "{entry}");
    }
    let v2 = |entry: &str| {
        let body = format!(
            r#"{{"access": {{"token": {{"id": "t", "expires": "2026-11-22T20:00:00Z"}},
               "serviceCatalog": [{{"type": "a", "endpoints": [{{{entry}}}]}}],
               "user": {{"roles": [{{"name": "x", "name": "y", "id": "1", "id": "2"}}]}}}}}}"#
        );
        let token = read_token(&response(200, None, &body));
        let role = &token.roles()[0];
        assert_eq!((role.name.as_deref(), role.id.as_deref()), (Some("y"), Some("2")));
        found(&token, &EndpointQuery::new("a").region("R"))
    };
    let (url, region) = (r#""publicURL": "https://1.example""#, r#""region": "R""#);
    for (entry, expect) in [
        (
            format!(r#"{url}, {region}, "publicURL": "https://2.example""#),
            Some("https://2.example"),
        ),
        (format!(r#"{url}, "region": "S", {region}"#), Some("https://1.example")),
        (format!(r#"{url}, {region}, "region": "S""#), None),
        (format!(r#"{url}, {region}, "publicURL": null"#), None),
    ] {
        assert_eq!(v2(&entry).as_deref(), expect, "{entry}");
    }
}

#[test]
fn each_of_many_regions_is_found() {
    for count in [1, 2, 63, 64, 65, 66, 130, 1000] {
        // Each service has all regions, but starts with another one, so that no endpoint has the
        // position that it had in the service before.
        let url = |service, region| format!("https://s{service}.example/r{region}");
        let services: Vec<_> = (0..3)
            .map(|service| {
                let regions = shuffled(count).map(|region| (region + service * 7) % count);
                let rows = regions
                    .map(|at| endpoint("public", &format!("region-{at}"), &url(service, at)));
                json!({ "type": format!("s{service}"), "endpoints": rows.collect::<Vec<_>>() })
            })
            .collect();
        let token = token(v3(&services));
        for (service, region) in (0..3).flat_map(|s| (0..count).map(move |region| (s, region))) {
            let query =
                EndpointQuery::new(format!("s{service}")).region(format!("region-{region}"));
            assert_eq!(found(&token, &query), Some(url(service, region)), "of {count}");
        }
        let beyond = EndpointQuery::new("s1").region(format!("region-{count}"));
        assert_eq!(found(&token, &beyond), None);
    }
}

#[test]
fn each_of_many_services_is_found_in_order() {
    for count in [1, 2, 3, 10, 250, 2500] {
        let name = |at: usize| format!("type-{at}");
        let services: Vec<_> = shuffled(count)
            .map(|at| {
                let rows = ["R1", "R2", "R3"];
                let rows =
                    rows.map(|r| endpoint("public", r, &format!("https://{r}.example/{at}")));
                json!({ "name": name(at), "type": name(at), "endpoints": rows })
            })
            .collect();
        let catalog = v3(&services);
        assert_eq!(catalog.services().len(), count);
        let listed = catalog.services().map(|service| service.service_type().to_owned());
        assert!(listed.eq(shuffled(count).map(name)));
        let token = token(catalog);
        for at in 0..count {
            let query = EndpointQuery::new(name(at)).region("R2");
            assert_eq!(found(&token, &query), Some(format!("https://R2.example/{at}")));
        }
        assert_eq!(found(&token, &EndpointQuery::new(name(count)).region("R2")), None);
    }
}

/// These types have the same FNV-1a hash, and there are several of each.
#[test]
fn types_with_the_same_hash_are_found() {
    let types = ["liquid", "costarring", "liquid", "declinate", "costarring", "macallums"];
    let services = types.iter().enumerate().map(|(at, name)| {
        let rows = [endpoint("public", &format!("R{at}"), &format!("https://{at}.example"))];
        json!({ "type": name, "endpoints": rows })
    });
    let token = token(v3(&services.collect::<Vec<_>>()));
    for (at, name) in types.iter().enumerate() {
        let query = EndpointQuery::new(*name).region(format!("R{at}"));
        assert_eq!(found(&token, &query), Some(format!("https://{at}.example")));
        let first = types.iter().position(|other| other == name).unwrap();
        let url = format!("https://{first}.example");
        assert_eq!(found(&token, &EndpointQuery::new(*name)), Some(url));
    }
}

#[test]
fn catalogs_are_equal_only_with_equal_texts() {
    let base = ["compute", "nova", "public", "R1", "https://a.example"];
    let catalog = |[kind, name, interface, region, url]: [&str; 5]| {
        v3(&[
            json!({ "type": kind, "name": name, "endpoints": [endpoint(interface, region, url)] }),
        ])
    };
    assert_eq!(catalog(base), catalog(base));
    for changed in 0..base.len() {
        let mut other = base;
        other[changed] = "x";
        assert_ne!(catalog(base), catalog(other));
    }
    let more = vec![json!({ "type": "compute", "name": "nova", "endpoints": [] }); 2];
    assert_ne!(v3(&more), v3(&more[1..]));
    assert_ne!(v3(&more[1..]), catalog(base));
}

/// A number is read as a name, in v2.0 too.
#[test]
fn a_v2_entry_is_up_to_three_endpoints() {
    let body = r#"{"access": {"token": {"id": "t", "expires": "2026-11-22T20:00:00Z"},
        "serviceCatalog": [{"endpoints": [
            {"internalURL": "https://i.example", "region": 7, "adminURL": null,
             "publicURL": "https://p.example"},
            {"adminURL": "https://a.example", "region": "R"}, {"region": "R"}],
            "type": 5, "name": -3}]}}"#;
    let token = read_token(&response(200, None, body));
    let service = token.catalog().unwrap().services().next().unwrap();
    assert_eq!((service.service_type(), service.name()), ("5", Some("-3")));
    let endpoints: Vec<_> = service.endpoints().collect();
    let seen = endpoints.iter().map(|at| (at.interface(), at.region(), at.url()));
    let expect = [
        ("public", Some("7"), "https://p.example"),
        ("internal", Some("7"), "https://i.example"),
        ("admin", Some("R"), "https://a.example"),
    ];
    assert!(seen.eq(expect), "{endpoints:?}");
    for (interface, _, url) in expect {
        let query = EndpointQuery::new("5").interfaces(&[interface.parse().unwrap()]);
        assert_eq!(found(&token, &query).as_deref(), Some(url));
    }
}

#[test]
fn the_debug_text_shows_the_whole_catalog() {
    let rows = [endpoint("backup", "R1", "https://a.example/v2")];
    let catalog = v3(&[json!({ "type": "compute", "name": "nova", "endpoints": rows })]);
    let endpoint = r#"Endpoint { interface: "backup", region: Some("R1"), retired: false, service_type: "compute", url: "https://a.example/v2" }"#;
    let service = format!(
        r#"Service {{ service_type: "compute", name: Some("nova"), endpoints: [{endpoint}] }}"#
    );
    assert_eq!(format!("{catalog:?}"), format!("Catalog {{ services: [{service}] }}"));
}

/// The unit tests of `url::join` hold more paths.
#[test]
fn a_path_is_checked_before_a_lookup_too() {
    let row = |interface: &str, url: &str| json!({ "interface": interface, "url": url });
    let rows = [row("public", "https://a.example/v2/p"), row("admin", "https://b.example/?x")];
    let token = token(v3(&[json!({ "type": "compute", "endpoints": rows })]));
    let (cloud, query) = (keystone(), EndpointQuery::new("compute"));
    let own = cloud.endpoint(&token, &query).unwrap();
    let joined = own.join(&"/servers?limit=1".parse().unwrap()).unwrap();
    assert_eq!(joined, "https://a.example/v2/p/servers?limit=1");
    for path in ["/x/../y", "*", "https://b.example/servers"] {
        let path = path.parse().unwrap();
        let (before, after) = (Endpoint::check_path(&path), own.join(&path));
        assert_eq!(before.unwrap_err().to_string(), after.unwrap_err().to_string());
    }
    assert!(Endpoint::check_path(&"/servers?x=../..".parse().unwrap()).is_ok());
    let with_query = cloud.endpoint(&token, &query.interfaces(&[Interface::Admin])).unwrap();
    let refused = with_query.join(&"/servers".parse().unwrap()).unwrap_err().to_string();
    assert!(refused.contains("service compute"), "{refused}");
}
