//! Configurations, and the login requests that the core builds from them.

use crate::support::{of_file, of_variables, request as first_request, said, warned, with};
use auth_config::CloudConfig;
use auth_proto::{Agency, ApiVersion, Cloud, DomainRef, EndpointQuery, Interface, Scope};

/// The URL and the body of a login's first request.
fn request(cloud: &CloudConfig) -> (String, String) {
    let request = first_request(cloud);
    let body = String::from_utf8(request.body().as_bytes().to_vec()).unwrap();
    (request.uri().to_string(), body)
}

#[test]
fn every_auth_type_sends_its_request() {
    let user = "username: me, user_domain_name: corp";
    let key = "application_credential_id: id, application_credential_secret: sesame";
    let named = "application_credential_name: n, application_credential_secret: sesame, user_id: u";
    #[rustfmt::skip]
    let cases = [
        (format!("{user}, password: sesame"), "", r#""name":"me""#),
        (format!("{user}, password: sesame"), "auth_type: v3password", r#""name":"corp""#),
        ("user_id: u, password: sesame".to_owned(), "", r#""id":"u""#),
        ("token: sesame".to_owned(), "auth_type: token", r#""methods":["token"]"#),
        ("token: sesame".to_owned(), "auth_type: v3token", r#""methods":["token"]"#),
        (key.to_owned(), "auth_type: v3applicationcredential", r#""id":"id""#),
        (named.to_owned(), "auth_type: v3applicationcredential", r#""name":"n""#),
        (format!("{user}, passcode: sesame"), "auth_type: v3totp", r#""methods":["totp"]"#),
        (format!("{user}, password: pw, passcode: sesame"), "auth_type: v3multifactor, auth_methods: [v3password, v3totp]", r#""methods":["password","totp"]"#),
        (format!("{user}, password: pw, passcode: sesame"), "auth_type: v3multifactor, auth_methods: 'v3totp,v3password'", r#""methods":["totp","password"]"#),
    ];
    for (auth, beside, holds) in cases {
        let (uri, body) = request(&with(&auth, beside).unwrap());
        assert_eq!(uri, "https://k.example/v3/auth/tokens", "{auth}");
        assert!(body.contains(holds) && body.contains("sesame"), "{auth}: {body}");
    }
}

/// With the keys of the plugin, with those of gophertelekomcloud, and with variables.
#[test]
fn an_agency_is_assumed() {
    let at = "auth_url: 'https://iam.eu-de.otc.t-systems.com/v3', username: me, password: pw";
    let plugin = "target_agency_name: a, target_domain_name: d, target_project_name: eu-de";
    let gopher = "agency_name: a, agency_domain_name: d, delegated_project: eu-de";
    let file = |auth: &str, beside: &str| {
        of_file(&format!(
            "clouds: {{c: {{auth: {{{at}, user_domain_name: own, {auth}}}, {beside}}}}}"
        ))
        .unwrap()
    };
    let variables = [
        ("OS_AUTH_URL", "https://iam.eu-de.otc.t-systems.com/v3"),
        ("OS_USERNAME", "me"),
        ("OS_PASSWORD", "pw"),
        ("OS_DOMAIN_NAME", "own"),
        ("OS_AGENCY_NAME", "a"),
        ("OS_AGENCY_DOMAIN_NAME", "d"),
        ("OS_DELEGATED_PROJECT", "eu-de"),
    ];
    let assumed = format!("{:?}", Agency::new("a", DomainRef::name("d")));
    for cloud in [
        file(plugin, ""),
        file(plugin, "auth_type: agency"),
        file(gopher, "auth_type: agency"),
        file(gopher, "auth_type: password"),
        // The plugin's keys win over the others.
        file(&format!("agency_name: x, {plugin}"), "delegated_project: x"),
        of_variables(&variables).unwrap(),
    ] {
        assert!(format!("{:?}", cloud.credential().unwrap()).contains(&assumed), "{cloud:?}");
        assert_eq!(cloud.scope().unwrap(), Scope::project_name("eu-de"));
        assert_eq!(warned(&cloud), [""; 0]);
        // The user's own token comes first.
        let (_, body) = request(&cloud);
        assert!(body.contains(r#""scope":{"domain":{"name":"own"}}"#), "{body}");
    }
    let by_id = file("target_agency_name: a, target_domain_id: i, target_project_id: p", "");
    let assumed = format!("{:?}", Agency::new("a", DomainRef::id("i")));
    assert!(format!("{:?}", by_id.credential().unwrap()).contains(&assumed));
    assert_eq!(by_id.scope().unwrap(), Scope::project_id("p"));
    let of_domain = |auth: &str| file(auth, "").scope().unwrap();
    assert_eq!(of_domain("agency_name: a, agency_domain_name: d"), Scope::domain_name("d"));
    assert_eq!(of_domain("agency_name: a, target_domain_id: i"), Scope::domain_id("i"));

    let nameless = file("agency_name: a", "");
    assert!(said(nameless.credential()).contains("target_domain_name is missing; set it, or"));
    assert!(
        said(file("", "auth_type: agency").credential()).contains("target_agency_name is missing")
    );
    let own = file(&format!("{plugin}, project_name: eu-nl"), "");
    assert!(warned(&own)[0].starts_with("project_name: ignored; an agency's"), "{own:?}");
}

#[test]
fn an_existing_token_is_used_unchanged() {
    for auth_type in ["admin_token", "token_endpoint"] {
        let beside = format!("auth_type: {auth_type}");
        let cloud = with("token: sesame, project_id: p", &beside).unwrap();
        let request = first_request(&cloud);
        assert_eq!((request.method().as_str(), request.body().is_empty()), ("GET", true));
        assert_eq!(request.headers()["X-Auth-Token"], "sesame");
        // The token must have the configured scope.
        assert_eq!(cloud.scope().unwrap(), Scope::project_id("p"));
        assert!(
            said(with("username: me", &beside).unwrap().credential()).contains("token is missing")
        );
        let everywhere = with("token: sesame, endpoint: 'https://k.example'", &beside).unwrap();
        assert!(said(everywhere.credential()).contains("compute_endpoint_override"));
        let variables =
            [("OS_AUTH_TYPE", auth_type), ("OS_TOKEN", "t"), ("OS_ENDPOINT", "https://k.example")];
        let said = said(of_variables(&variables).unwrap().credential());
        assert!(said.ends_with("(variable OS_ENDPOINT)"), "{said}");
    }
}

#[test]
fn the_version_follows_the_kind_of_login() {
    for (url, auth_type, identity, api_version) in [
        ("https://k.example", "password", "https://k.example", None),
        ("https://k.example/v3/", "password", "https://k.example/v3", Some(ApiVersion::V3)),
        ("https://k.example", "v3password", "https://k.example/v3", Some(ApiVersion::V3)),
        ("https://k.example/v2.0", "v3password", "https://k.example/v3", Some(ApiVersion::V3)),
        (
            "https://k.example/x/v2.0",
            "v2password",
            "https://k.example/x/v2.0",
            Some(ApiVersion::V2),
        ),
        ("https://k.example/x/", "v2token", "https://k.example/x/v2.0", Some(ApiVersion::V2)),
        (
            "https://k.example/v3/auth/tokens",
            "v3password",
            "https://k.example/v3",
            Some(ApiVersion::V3),
        ),
    ] {
        let text =
            format!("clouds: {{c: {{auth_type: {auth_type}, auth: {{auth_url: '{url}'}}}}}}");
        let cloud = of_file(&text).unwrap().cloud().unwrap();
        assert_eq!(
            (cloud.identity_url().as_str(), cloud.api_version()),
            (identity, api_version),
            "{url}"
        );
    }
}

/// The kind of login goes before the URL, the URL and the vendor before `identity_api_version`.
#[test]
fn identity_api_version_is_the_last_word() {
    use ApiVersion::{V2, V3};
    let nhn = "https://api-identity-infrastructure.nhncloudservice.com";
    for (url, beside, version) in [
        ("https://k.example", "identity_api_version: 2", Some(V2)),
        ("https://k.example", "identity_api_version: '2'", Some(V2)),
        ("https://k.example", "identity_api_version: 2.0", Some(V2)),
        ("https://k.example", "identity_api_version: v2.0", Some(V2)),
        ("https://k.example/x/", "identity_api_version: '2.0'", Some(V2)),
        ("https://k.example", "identity_api_version: 3", Some(V3)),
        ("https://k.example", "identity_api_version: v3", Some(V3)),
        ("https://k.example", "identity_api_version: 3.14", Some(V3)),
        ("https://k.example", "identity_api_version: ''", None),
        ("https://k.example", "identity_api_version: ", None),
        ("https://k.example", "compute_api_version: 2", None),
        ("https://k.example/v3", "identity_api_version: 2", Some(V3)),
        ("https://k.example/v2.0", "identity_api_version: 3", Some(V2)),
        ("https://k.example", "identity_api_version: 2, auth_type: v3password", Some(V3)),
        ("https://k.example", "identity_api_version: 3, auth_type: v2password", Some(V2)),
        ("https://k.example/v3", "identity_api_version: auto", Some(V3)),
        (nhn, "identity_api_version: 3", Some(V2)),
    ] {
        let cloud = of_file(&format!("clouds: {{c: {{auth: {{auth_url: '{url}'}}, {beside}}}}}"));
        assert_eq!(cloud.unwrap().cloud().unwrap().api_version(), version, "{url} {beside}");
    }
    for bad in ["4", "two", "v"] {
        let beside = format!("identity_api_version: {bad}");
        let cloud = of_file(&format!(
            "clouds: {{c: {{auth: {{auth_url: 'https://k.example'}}, {beside}}}}}"
        ));
        let said = said(cloud.unwrap().cloud());
        assert!(said.starts_with("identity_api_version: must be 2 or 3 (/here/"), "{bad}: {said}");
    }
    // v2.0 needs no domain, and drops the configured one.
    for domain in [None, Some(("OS_USER_DOMAIN_NAME", "corp"))] {
        let openrc = [
            ("OS_AUTH_URL", "https://k.example:5000"),
            ("OS_IDENTITY_API_VERSION", "2"),
            ("OS_USERNAME", "me"),
            ("OS_PASSWORD", "sesame"),
            ("OS_TENANT_NAME", "demo"),
        ];
        let openrc: Vec<_> = openrc.into_iter().chain(domain).collect();
        let (uri, body) = request(&of_variables(&openrc).unwrap());
        assert_eq!(uri, "https://k.example:5000/v2.0/tokens");
        assert!(body.contains(r#""tenantName":"demo""#) && !body.contains("corp"), "{body}");
    }
}

#[test]
fn v2_has_no_domains() {
    let cloud = of_variables(&[
        ("OS_AUTH_URL", "https://k.example/v2.0"),
        ("OS_USERNAME", "me"),
        ("OS_PASSWORD", "sesame"),
        ("OS_TENANT_NAME", "demo"),
        ("OS_USER_DOMAIN_NAME", "Default"),
        ("OS_PROJECT_DOMAIN_NAME", "Default"),
    ]);
    let (uri, body) = request(&cloud.unwrap());
    assert_eq!(uri, "https://k.example/v2.0/tokens");
    assert!(body.contains(r#""tenantName":"demo""#) && !body.contains("Default"), "{body}");
}

#[test]
fn every_cloud_of_the_core_is_a_profile() {
    for id in Cloud::ids() {
        let text = format!("clouds: {{c: {{profile: {id}, auth: {{username: me}}}}}}");
        let cloud = of_file(&text).unwrap();
        let expected = match cloud.region() {
            Some(region) => Cloud::named_in(id, region),
            None => Cloud::named(id),
        }
        .unwrap();
        assert_eq!(cloud.get("auth.auth_url"), Some(expected.identity_url().as_str()), "{id}");
        // A profile may know the version of a URL that does not say it.
        let expected = match (expected.api_version(), cloud.api_version("identity")) {
            (None, Some("3")) => expected.with_api_version(ApiVersion::V3),
            _ => expected,
        };
        assert_eq!(format!("{:?}", cloud.cloud().unwrap()), format!("{expected:?}"));

        let elsewhere = "auth: {auth_url: 'http://127.0.0.1:5000/'}";
        let moved = of_file(&format!("clouds: {{c: {{profile: {id}, {elsewhere}}}}}")).unwrap();
        assert_eq!(moved.cloud().unwrap().name(), expected.name(), "{id}");
    }
}

#[test]
fn a_documented_url_selects_its_vendors_rules() {
    let name = |url: &str| {
        let auth = format!("auth: {{auth_url: '{url}', username: me}}");
        of_file(&format!("clouds: {{c: {{{auth}}}}}")).unwrap().cloud().unwrap().name()
    };
    for id in Cloud::ids() {
        let regions =
            Cloud::regions_of(id).unwrap().iter().map(|region| Cloud::named_in(id, region));
        for cloud in regions.chain([Cloud::named(id)]).flatten() {
            let url = cloud.identity_url();
            // Two names of Huawei Cloud share the host of a region.
            let names = [cloud.name(), "Huawei Cloud"];
            assert!(names[..1 + usize::from(id == "huawei-eu")].contains(&name(&url)), "{url}");
            assert_eq!(name(&format!("{url}/")), name(&url));
            for other in spellings(&url) {
                assert_eq!(name(&other), name(&url), "{other}");
            }
        }
    }
    assert_eq!(name("https://k.example"), "Keystone");
    assert_eq!(name("https://iam.eu-de.otc.t-systems.com:8443/v3"), "Keystone");
    // A region that no document lists, of a cloud whose hosts are named by regions.
    for url in spellings("https://iam.eu-xx.otc.t-systems.com/v3") {
        let text = format!("clouds: {{c: {{auth: {{auth_url: '{url}'}}, region_name: eu-xx}}}}");
        assert_eq!(of_file(&text).unwrap().cloud().unwrap().name(), "Open Telekom Cloud", "{url}");
    }
}

/// A URL in the ways that users and documents write it.
fn spellings(url: &str) -> Vec<String> {
    let (_, rest) = url.split_once("://").unwrap();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let bare = url.trim_end_matches("/v3").trim_end_matches("/v2.0");
    let port = if host.contains(':') { "" } else { ":443" };
    let (name, given) =
        host.split_once(':').map_or((host, ""), |(name, _)| (name, &host[name.len()..]));
    let login = if path.ends_with("v2.0") { "/v2.0/tokens" } else { "/v3/auth/tokens" };
    vec![
        bare.to_owned(),
        format!("{url}/"),
        format!("{url}//"),
        format!("{bare}{login}"),
        format!("https://{host}{port}/{path}"),
        format!("https://{host}//{path}"),
        format!("HTTPS://{}/{path}", host.to_uppercase()),
        format!("https://{name}.{given}/{path}"),
    ]
}

/// The defaults of lego, and of Huawei Cloud's tools for Packer, Terraform and Ansible; the forms of
/// the vendors' pages.
#[test]
fn a_vendor_with_its_port_keeps_its_rules() {
    let openrc = |url: &str, more: &[(&str, &str)]| {
        let own = [
            ("OS_AUTH_URL", url),
            ("OS_USERNAME", "me"),
            ("OS_PASSWORD", "sesame"),
            ("OS_USER_DOMAIN_NAME", "own"),
            ("OS_PROJECT_NAME", "eu-de"),
        ];
        of_variables(&[&own[..], more].concat()).unwrap()
    };
    for (url, name) in [
        ("https://iam.eu-de.otc.t-systems.com:443/v3", "Open Telekom Cloud"),
        ("https://iam.eu-de.otc.t-systems.com:443/v3/auth/tokens", "Open Telekom Cloud"),
        ("https://iam.myhuaweicloud.com:443/v3", "Huawei Cloud"),
        ("https://iam.cn-north-4.myhuaweicloud.com:443/v3", "Huawei Cloud"),
    ] {
        let cloud = openrc(url, &[]);
        assert_eq!(cloud.cloud().unwrap().name(), name, "{url}");
        // A project's name needs no domain.
        let (sent_to, body) = request(&cloud);
        let base = url.trim_end_matches("/auth/tokens");
        assert_eq!(sent_to, format!("{base}/auth/tokens"));
        assert!(body.contains(r#""scope":{"project":{"name":"eu-de"}}"#), "{body}");
        let agency = [("OS_AGENCY_NAME", "a"), ("OS_AGENCY_DOMAIN_NAME", "d")];
        let (_, body) = request(&openrc(url, &agency));
        assert!(body.contains(r#""scope":{"domain":{"name":"own"}}"#), "{body}");
    }
    // A new region, and a profile beside the URL.
    let url = "https://iam.xx-new-1.myhuaweicloud.com:443/v3";
    let cloud = openrc(url, &[("OS_REGION_NAME", "xx-new-1")]);
    assert_eq!(cloud.cloud().unwrap().name(), "Huawei Cloud");
    for url in spellings("https://iam.eu-de.otc.t-systems.com/v3") {
        let cloud = openrc(&url, &[("OS_PROFILE", "otc")]);
        assert_eq!(cloud.cloud().unwrap().name(), "Open Telekom Cloud");
        assert!(request(&cloud).1.contains(r#""scope":{"project":{"name":"eu-de"}}"#), "{url}");
    }
}

#[test]
fn a_region_that_is_not_a_host_is_an_error() {
    let text =
        |auth: &str| format!("clouds: {{c: {{profile: otc, regions: [EU_DE], auth: {{{auth}}}}}}}");
    let said = said(of_file(&text("username: me")));
    assert!(said.contains("cloud c: region: not a valid region name"), "{said}");
    let elsewhere = of_file(&text("auth_url: 'https://k.example/v3'")).unwrap();
    assert_eq!(elsewhere.cloud().unwrap().name(), "Open Telekom Cloud");
}

#[test]
fn scopes() {
    for (auth, scope) in [
        ("username: me", Scope::default()),
        ("project_id: p", Scope::project_id("p")),
        ("tenant_id: p", Scope::project_id("p")),
        ("project_id: p, project_name: n", Scope::project_id("p")),
        ("project_name: n", Scope::project_name("n")),
        ("domain_id: d", Scope::domain_id("d")),
        ("domain_name: d", Scope::domain_name("d")),
        ("system_scope: all", Scope::system()),
        ("trust_id: t", Scope::trust("t")),
    ] {
        assert_eq!(with(auth, "").unwrap().scope().unwrap(), scope, "{auth}");
    }
    let twice = said(with("system_scope: all, project_id: p", "").unwrap().scope());
    assert!(twice.contains("system_scope (") && twice.contains("project_id ("), "{twice}");
    let none = said(with("system_scope: some", "").unwrap().scope());
    assert!(none.contains("must be all"), "{none}");
}

#[test]
fn an_application_credential_sets_the_scope() {
    let auth = "application_credential_id: i, application_credential_secret: s, project_id: p";
    let cloud = with(auth, "auth_type: v3applicationcredential").unwrap();
    assert_eq!(cloud.scope().unwrap(), Scope::default());
    assert!(warned(&cloud)[0].starts_with("project_id: ignored"), "{:?}", cloud.warnings());
}

#[test]
fn missing_values_are_named_with_a_remedy() {
    let credential = |auth: &str, beside: &str| said(with(auth, beside).unwrap().credential());
    assert!(credential("username: me", "").contains("password is missing; set it in secure.yaml"));
    assert!(credential("password: x", "").contains("username is missing"));
    assert!(credential("x: x", "auth_type: token").contains("token is missing"));
    let key = "auth_type: v3applicationcredential";
    assert!(credential("application_credential_id: i", key).contains("_secret is missing"));
    assert!(credential("application_credential_secret: s", key).contains("_id is missing"));
    assert!(credential("username: me", "auth_type: v3multifactor").contains("auth_methods"));
    let other = credential("username: me", "auth_type: v3kerberos");
    assert!(other.contains("v3kerberos") && other.contains("v3totp"), "{other}");
    assert!(said(of_file("clouds: {c: {}}").unwrap().cloud()).contains("auth_url is missing"));
}

#[test]
fn endpoints() {
    let cloud = with(
        "username: me",
        "region_name: R, interface: [internal, publicURL], compute_interface: admin, \
         dns_region_name: S, object_store_endpoint_override: 'https://{region_name}.example', \
         compute_api_version: 2.10, api_timeout: 2.5",
    )
    .unwrap();
    let both = [Interface::Internal, Interface::Public];
    assert_eq!(cloud.interfaces(), both);
    let image = EndpointQuery::new("image").region("R").interfaces(&both);
    assert_eq!(cloud.endpoint_query("image").unwrap(), image);
    let compute = EndpointQuery::new("compute").region("R").interfaces(&[Interface::Admin]);
    assert_eq!(cloud.endpoint_query("compute").unwrap(), compute);
    let dns = EndpointQuery::new("dns").region("S").interfaces(&both);
    assert_eq!(cloud.endpoint_query("dns").unwrap(), dns);
    assert_eq!(cloud.endpoint_override("object-store"), Some("https://R.example"));
    assert_eq!(cloud.api_version("compute"), Some("2.10"));
    assert_eq!(cloud.timeout().unwrap().as_millis(), 2500);
    assert_eq!((cloud.regions(), cloud.region()), (&["R".to_owned()][..], Some("R")));
    assert!(said(with("x: x", "interface: outer")).contains("public, internal or admin"));
    for bad in ["-1", "soon", "0", "1e300", "nan"] {
        assert!(said(with("x: x", &format!("api_timeout: {bad}"))).contains("seconds"), "{bad}");
    }
}

#[test]
fn a_prompted_secret_equals_a_configured_one() {
    let cloud = with("user_id: u", "").unwrap();
    assert!(said(cloud.credential()).contains("password is missing"));
    let cloud = cloud.with_secret("password", "sesame".into());
    assert!(request(&cloud).1.contains(r#""password":"sesame""#));
    assert!(!format!("{cloud:?}").contains("sesame"), "{cloud:?}");

    let over = with("user_id: u, password: old", "").unwrap();
    let (_, body) = request(&over.with_secret("password", "sesame".into()));
    assert!(body.contains("sesame") && !body.contains("old"), "{body}");
}
