//! The identity service of a configuration: its vendor, its version, its URL.

use crate::support::{of_file, of_variables, said, sent};
use auth_proto::{ApiVersion, Cloud};

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

#[test]
fn identity_api_version_is_the_last_word() {
    use ApiVersion::{V2, V3};
    let nhn = "https://api-identity-infrastructure.nhncloudservice.com";
    for (url, beside, version) in [
        ("https://k.example", "identity_api_version: 2", Some(V2)),
        ("https://k.example", "identity_api_version: '2'", Some(V2)),
        ("https://k.example", "identity_api_version: 2.0", Some(V2)),
        ("https://k.example", "identity_api_version: v2.0", Some(V2)),
        ("https://k.example", "identity_api_version: ' V2.0 '", Some(V2)),
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
        let (uri, body) = sent(&of_variables(&openrc).unwrap());
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
    let (uri, body) = sent(&cloud.unwrap());
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
        let (sent_to, body) = sent(&cloud);
        let base = url.trim_end_matches("/auth/tokens");
        assert_eq!(sent_to, format!("{base}/auth/tokens"));
        assert!(body.contains(r#""scope":{"project":{"name":"eu-de"}}"#), "{body}");
        let agency = [("OS_AGENCY_NAME", "a"), ("OS_AGENCY_DOMAIN_NAME", "d")];
        let (_, body) = sent(&openrc(url, &agency));
        assert!(body.contains(r#""scope":{"domain":{"name":"own"}}"#), "{body}");
    }
    // A new region, and a profile beside the URL.
    let url = "https://iam.xx-new-1.myhuaweicloud.com:443/v3";
    let cloud = openrc(url, &[("OS_REGION_NAME", "xx-new-1")]);
    assert_eq!(cloud.cloud().unwrap().name(), "Huawei Cloud");
    for url in spellings("https://iam.eu-de.otc.t-systems.com/v3") {
        let cloud = openrc(&url, &[("OS_PROFILE", "otc")]);
        assert_eq!(cloud.cloud().unwrap().name(), "Open Telekom Cloud");
        assert!(sent(&cloud).1.contains(r#""scope":{"project":{"name":"eu-de"}}"#), "{url}");
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
