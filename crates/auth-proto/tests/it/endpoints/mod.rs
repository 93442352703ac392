//! The endpoint that a query finds, the hosts that a token may go to, and the built-in clouds.
mod catalogs;
mod clouds;
mod rows;
mod service_types;
use auth_proto::{ApiVersion, Cloud, ConfigError, EndpointQuery, Error, Interface, Token};
use http::Request;
use serde_json::{Map, Value, json};

use crate::support::{config_error, read_token, response};

#[test]
#[expect(clippy::print_stdout, reason = "the number of rows is part of the output")]
fn every_row_finds_its_endpoint() {
    let mut wrong = Vec::new();
    for row in rows::ROWS {
        let [setup, catalog, query, expect] = row;
        let cloud = cloud(setup);
        let (_, catalog) = catalogs::CATALOGS.iter().find(|(name, _)| name == catalog).unwrap();
        let token = token(&cloud, catalog, setup);
        let found = cloud.endpoint(&token, &query_of(query));
        let got = match &found {
            Ok(endpoint) => endpoint.url().to_owned(),
            Err(error) => format!("!{error}"),
        };
        let fits = match expect.strip_prefix('!') {
            None => got == *expect,
            // A part with a dot is the end of the error.
            Some(part) => match part.strip_suffix('.') {
                Some(end) => got.starts_with('!') && got.ends_with(end),
                None => got.starts_with('!') && got.contains(part),
            },
        };
        let is_open = |url: &str| cloud.check_target(&url.parse().unwrap()).is_ok();
        if !fits || found.is_ok_and(|endpoint| !is_open(endpoint.url())) {
            wrong.push(format!("{row:?}\n     got {got:?}"));
        }
    }
    println!("{} endpoint selections, {} wrong", rows::ROWS.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rows::ROWS.len() >= 120);
}

/// The cloud of a row.
fn cloud(setup: &str) -> Cloud {
    let mut words = setup.split(' ');
    let cloud = match words.next().unwrap() {
        "v3" => Cloud::keystone("https://keystone.example:5000/v3"),
        "v2" => Cloud::keystone("https://keystone.example:5000/v2.0"),
        "local" => Cloud::keystone("http://127.0.0.1:5000/v3"),
        "plain" => Cloud::keystone_over_plain_http("http://keystone.example:5000/v3"),
        name => match (name.strip_prefix("url:"), name.split_once('@')) {
            (Some(url), _) => Cloud::keystone(url),
            (None, Some((id, region))) => Cloud::named_in(id, region),
            (None, None) => Cloud::named(name),
        },
    };
    words.fold(cloud.unwrap(), |cloud, word| {
        let changed = match (word.strip_prefix('+'), word.split_once('='), word.strip_prefix("at:"))
        {
            (Some(origin), ..) => cloud.allow_origin(origin),
            (_, Some((service, url)), _) => cloud.with_override(service, url),
            (.., Some(url)) => cloud.at(url),
            _ if word == "plain-http" => Ok(cloud.allow_plain_http()),
            _ => Ok(cloud),
        };
        changed.unwrap()
    })
}

/// The query of a row.
fn query_of(query: &str) -> EndpointQuery {
    let (place, interfaces) = match query.split_once(' ') {
        Some((place, interfaces)) => (place, Some(interfaces)),
        None => (query, None),
    };
    let query = match place.split_once('@') {
        Some((service, region)) => EndpointQuery::new(service).region(region),
        None => EndpointQuery::new(place),
    };
    let Some(names) = interfaces else { return query };
    let names = names.split(',').filter(|name| !name.is_empty());
    let interfaces: Vec<Interface> = names.map(|name| name.parse().unwrap()).collect();
    query.interfaces(&interfaces)
}

/// A token with this catalog, in the cloud's API version.
fn token(cloud: &Cloud, catalog: &str, setup: &str) -> Token {
    let words = || setup.split(' ');
    let project = match words().any(|word| word == "odd-id") {
        true => "../../admin",
        false => "p1",
    };
    let v2 = cloud.api_version() == Some(ApiVersion::V2);
    let listed = match catalog {
        "absent" => None,
        _ if catalog.starts_with(['[', '{']) => Some(serde_json::from_str(catalog).unwrap()),
        _ if v2 => Some(v2_form(catalog)),
        _ => Some(v3_form(catalog)),
    };
    let mut body = match v2 {
        true => json!({
            "token": {"id": "t", "expires": "2026-11-22T20:00:00Z"},
            "user": {"id": "u1"},
        }),
        false => json!({
            "expires_at": "2026-11-22T20:00:00Z",
            "user": {"id": "u1", "password_expires_at": ""},
        }),
    };
    match (words().any(|word| word == "domain"), v2) {
        (true, true) => {}
        (true, false) => body["domain"] = json!({"id": "d1"}),
        (false, true) => body["token"]["tenant"] = json!({"id": project}),
        (false, false) => body["project"] = json!({"id": project}),
    }
    if let Some(listed) = listed {
        body[if v2 { "serviceCatalog" } else { "catalog" }] = listed;
    }
    let body = json!({ if v2 { "access" } else { "token" }: body });
    read_token(&response(200, Some("t"), &body.to_string()))
}

/// The endpoints of a catalog in lines: type, interface, region, URL.
fn lines(catalog: &str) -> impl Iterator<Item = [&str; 4]> {
    catalog.lines().map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        words.try_into().unwrap()
    })
}

fn v3_form(catalog: &str) -> Value {
    let services = lines(catalog).map(|[service, interface, region, url]| {
        let mut endpoint = json!({"interface": interface, "url": url});
        if region != "-" {
            let region = Some(region).filter(|region| *region != "null");
            endpoint["region"] = json!(region);
            endpoint["region_id"] = json!(region);
        }
        (service, endpoint)
    });
    grouped(services)
}

fn v2_form(catalog: &str) -> Value {
    let services = lines(catalog).map(|[service, interface, region, url]| {
        let mut endpoint = Map::from_iter([(format!("{interface}URL"), json!(url))]);
        if region != "-" {
            let region = Some(region).filter(|region| *region != "null");
            endpoint.insert("region".to_owned(), json!(region));
        }
        (service, Value::Object(endpoint))
    });
    grouped(services)
}

/// Services in the order in which they are first named.
fn grouped<'a>(endpoints: impl Iterator<Item = (&'a str, Value)>) -> Value {
    let mut services: Vec<(&str, Vec<Value>)> = Vec::new();
    for (service, endpoint) in endpoints {
        match services.iter_mut().find(|(name, _)| *name == service) {
            Some((_, all)) => all.push(endpoint),
            None => services.push((service, vec![endpoint])),
        }
    }
    let services = services.into_iter();
    services.map(|(name, all)| json!({"type": name, "endpoints": all})).collect()
}

#[test]
fn a_query_keeps_the_type_as_given() {
    for query in
        [EndpointQuery::new("Anti-DDoS"), "Anti-DDoS".into(), "Anti-DDoS".to_owned().into()]
    {
        assert_eq!(query.region("eu-de").service(), "Anti-DDoS");
    }
}

#[test]
fn overrides_are_checked_when_they_are_set() {
    let refused = |service: &str, url: &str| {
        config_error(cloud("v3").with_override(service, url)).to_string()
    };
    for (service, url, expect) in [
        ("", "https://x.example", "override.service: empty"),
        ("x", "", "override.url: no http or https scheme"),
        ("x", "x.example/v1", "override.url: no http or https scheme"),
        ("x", "ftp://x.example", "override.url: no http or https scheme"),
        ("x", "https://", "override.url: no valid host"),
        ("x", "https://u:canary@x.example", "override.url: contains user information"),
        ("x", "https://{user_id}@x.example", "override.url: contains user information"),
        ("x", "https://x.example:99999", "override.url: invalid port"),
        ("x", "https://x.example:{region}", "override.url: invalid port"),
        ("x", "https://x.example/v1?a=b", "override.url: contains a query"),
        ("x", "https://x.example/v1#a", "override.url: contains a query"),
        ("x", "https://x.example/a b", "override.url: contains a blank"),
        ("x", " https://x.example ", "override.url: contains a blank"),
        ("x", "https:/x.example", "override.url: no :// after the scheme"),
        ("x", "https://https://x.example", "override.url: the scheme is written twice"),
        ("x", "http://x.example:8080:8080/", "override.url: more than one port"),
        ("x", "https://[::1/v1", "override.url: an IPv6 address needs"),
        ("x", "https://x.example/{project}", "override.url: unknown placeholder \"project\""),
        ("x", "https://u:{canary@x.example", "unknown placeholder \"{…}\""),
        ("x", "https://x.example/{}", "unknown placeholder \"\""),
        ("x", "https://x.example/{project_id", "unknown placeholder \"project_id\""),
        ("x", "https://x.example/project_id}", "unknown placeholder \"}\""),
        ("x", "https://x.example/%(project_id)s", "unknown placeholder \"%(\""),
        ("x", "https://x.example/$(tenant_id)s", "unknown placeholder \"$(\""),
    ] {
        let why = refused(service, url);
        assert!(why.contains(expect) && !why.contains("canary"), "{url}: {why}");
    }
    let plain = cloud("v3").with_override("x", "http://service.example").unwrap();
    assert!(!plain.is_https_only());
}

#[test]
fn interfaces_have_two_spellings() {
    for interface in [Interface::Admin, Interface::Internal, Interface::Public] {
        assert_eq!(interface.to_string().parse(), Ok(interface));
        assert_eq!(format!("{interface}URL").parse(), Ok(interface));
    }
    for name in ["", "URL", "Public", "publicURLURL", "outside"] {
        assert_eq!(name.parse::<Interface>(), Err(ConfigError::Interface), "{name}");
    }
}

#[test]
fn an_error_about_a_large_catalog_is_short() {
    let many: Vec<_> = (0..1000).map(|n| json!({"type": format!("\u{1b}[31m{n}")})).collect();
    let places: Vec<_> = (0..1000)
        .map(|n| json!({"interface": "public", "region": format!("R{n}"), "url": "https://e.example"}))
        .collect();
    let compute = json!([{"type": "compute", "endpoints": places}]);
    for (catalog, query) in [
        (json!(many).to_string(), "x"),
        (compute.to_string(), "compute@here"),
        (compute.to_string(), "dns"),
    ] {
        let token = token(&cloud("v3"), &catalog, "v3");
        let error = cloud("v3").endpoint(&token, &query_of(query)).unwrap_err().to_string();
        assert!(error.len() < 700 && !error.contains('\u{1b}'), "{} {error}", error.len());
        assert!(error.contains(" more"), "{error}");
    }
}

#[test]
fn authorize_checks_the_target_first() -> Result<(), Error> {
    let cloud = cloud("v3");
    let token = token(&cloud, "", "v3");
    let mut request = Request::get("http://service.example/").body(()).unwrap();
    assert!(cloud.authorize(&token, &mut request).is_err());
    assert!(request.headers().is_empty());
    let mut relative = Request::get("/servers").body(()).unwrap();
    assert!(cloud.authorize(&token, &mut relative).is_err());
    let mut request =
        Request::get("https://service.example/").header("x-auth-token", "old").body(()).unwrap();
    cloud.authorize(&token, &mut request)?;
    assert_eq!(request.headers().get_all("x-auth-token").iter().count(), 1);
    assert_eq!(request.headers()["x-auth-token"], "t");
    assert!(request.headers()["x-auth-token"].is_sensitive());
    Ok(())
}
