//! Configurations, and the login requests that the core builds from them.

use crate::support::{of_file, of_variables, request as first_request, said, sent, warned, with};
use auth_proto::{Agency, DomainRef, EndpointQuery, Interface, Scope};

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
        let (uri, body) = sent(&with(&auth, beside).unwrap());
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
        let (_, body) = sent(&cloud);
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
    }
}

/// The kind of login goes before the URL, the URL and the vendor before `identity_api_version`.
/// A URL in the ways that users and documents write it.
/// The defaults of lego, and of Huawei Cloud's tools for Packer, Terraform and Ansible; the forms of
/// the vendors' pages.
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
    assert!(sent(&cloud).1.contains(r#""password":"sesame""#));
    assert!(!format!("{cloud:?}").contains("sesame"), "{cloud:?}");

    let over = with("user_id: u, password: old", "").unwrap();
    let (_, body) = sent(&over.with_secret("password", "sesame".into()));
    assert!(body.contains("sesame") && !body.contains("old"), "{body}");
}

#[test]
fn a_damaged_key_is_not_shown() {
    let long = "MIIJhunter2AgEA".repeat(20);
    for key in ["MIIJ\\nhunter2", "---BEGIN PRIVATE KEY--- hunter2", &long] {
        let beside = format!("cacert: /ca.pem, cert: /c.pem, key: \"{key}\"");
        let cloud = with("user_id: u, password: p", &beside).unwrap();
        let shown = format!("{cloud:?} {:?} {:?}", cloud.get("key"), cloud.tls());
        assert!(!shown.contains("hunter2") && shown.contains("/ca.pem"), "{shown}");
        assert_eq!(cloud.get("cert"), Some("/c.pem"));
    }
}
