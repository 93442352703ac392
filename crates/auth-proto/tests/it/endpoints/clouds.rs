//! The built-in clouds: identity URLs, scopes of services, error codes, agencies.

use auth_proto::{Advice, ApiVersion, Cloud, Code, ConfigError, Scope, ScopeHint};
use serde_json::json;

use crate::support::{config_error, emulated::huawei, login_with, response};

/// The identity URL of each cloud: id, region, URL.
const IDENTITY: &[[&str; 3]] = &[
    ["auro", "", "https://api.van2.auro.io:5000/v3"],
    ["binero", "", "https://auth.binero.cloud:5000/v3"],
    ["citycloud", "Kna1", "https://kna1.citycloud.com:5000/v3"],
    ["conoha", "tyo1", "https://identity.tyo1.conoha.io/v2.0"],
    ["conoha-v3", "", "https://identity.c3j1.conoha.io/v3"],
    ["dreamcompute", "", "https://iad2.dream.io:5000"],
    ["elastx", "", "https://ops.elastx.cloud:5000/v3"],
    ["entercloudsuite", "", "https://api.entercloudsuite.com"],
    ["flexibleengine", "", "https://iam.eu-west-0.prod-cloud-ocb.orange-business.com/v3"],
    ["huawei", "", "https://iam.myhuaweicloud.com/v3"],
    ["huawei", "cn-north-4", "https://iam.cn-north-4.myhuaweicloud.com/v3"],
    ["huawei", "eu-west-101", "https://iam.eu-west-101.myhuaweicloud.eu/v3"],
    ["huawei-eu", "", "https://iam.myhuaweicloud.eu/v3"],
    ["huawei-eu", "eu-west-101", "https://iam.eu-west-101.myhuaweicloud.eu/v3"],
    ["infomaniak", "dc3-a", "https://api.pub1.infomaniak.cloud/identity/v3"],
    ["infomaniak", "dc4-a", "https://api.pub2.infomaniak.cloud/identity/v3"],
    ["kakao", "", "https://iam.kakaocloud.com/identity/v3"],
    ["limestonenetworks", "", "https://auth.cloud.lstn.net:5000/v3"],
    ["nhn", "", "https://api-identity-infrastructure.nhncloudservice.com/v2.0"],
    ["nhn", "KR1", "https://api-identity-infrastructure.nhncloudservice.com/v2.0"],
    ["nhn-gov", "", "https://api-identity-infrastructure.gov-nhncloudservice.com/v2.0"],
    ["nhn-ncgn", "", "https://api-identity-infrastructure.gncloud.go.kr/v2.0"],
    ["nhn-ngcc", "", "https://ngcc-kr4-iaas.kr.cloud.toastoven.net/identity/v2.0"],
    ["nhn-ngoic", "", "https://api-identity-infrastructure.ngoic.com/v2.0"],
    ["nhn-ngovc", "", "https://api-identity-infrastructure.ngovc.com/v2.0"],
    ["nhn-ngsc", "", "https://api-identity-infrastructure.ngsc.go.kr/v2.0"],
    ["nhn-ninc", "", "https://api-identity-infrastructure.ninc.go.kr/v2.0"],
    ["otc", "eu-de", "https://iam.eu-de.otc.t-systems.com/v3"],
    ["otc", "eu-nl", "https://iam.eu-nl.otc.t-systems.com/v3"],
    ["otc", "eu-ch2", "https://iam-pub.eu-ch2.sc.otc.t-systems.com/v3"],
    ["otc-swiss", "", "https://iam-pub.eu-ch2.sc.otc.t-systems.com/v3"],
    ["ovh", "", "https://auth.cloud.ovh.net/v3"],
    ["ovh-us", "", "https://auth.cloud.ovh.us"],
    ["pluscloudopen", "prod2", "https://prod2.api.pco.get-cloud.io:5000/v3"],
    ["rackspace", "", "https://identity.api.rackspacecloud.com/v2.0"],
    ["rackspace", "DFW", "https://identity.api.rackspacecloud.com/v2.0"],
    ["rackspace", "LON", "https://lon.identity.api.rackspacecloud.com/v2.0"],
    ["regiocloud", "", "https://keystone.services.a.regiocloud.tech/v3"],
    ["selectel", "", "https://cloud.api.selcloud.ru/identity/v3"],
    ["switchcloud", "", "https://identity.compute.cloud.switch.ch/v3"],
    ["switchengines", "", "https://keystone.cloud.switch.ch:5000/v3"],
    ["vexxhost", "", "https://auth.vexxhost.net"],
    ["wavestack", "", "https://api.wavestack.de:5000"],
    ["zetta", "", "https://identity.api.zetta.io/v3"],
];

#[test]
fn each_cloud_has_its_documented_url() {
    for [id, region, url] in IDENTITY {
        let cloud = match *region {
            "" => Cloud::named(id),
            region => Cloud::named_in(id, region),
        };
        let cloud = cloud.unwrap();
        assert_eq!(cloud.identity_url(), *url);
        let api_version = match url {
            _ if url.ends_with("/v3") => Some(ApiVersion::V3),
            _ if url.ends_with("/v2.0") => Some(ApiVersion::V2),
            _ => None,
        };
        assert_eq!(cloud.api_version(), api_version, "{id}");
    }
    for id in Cloud::ids() {
        assert!(IDENTITY.iter().any(|[known, ..]| *known == id), "{id} has no row");
    }
}

#[test]
fn an_unknown_cloud_gets_a_suggestion() {
    for (id, suggestion) in
        [("nhn-gv", Some("nhn-gov")), ("OVH", Some("ovh")), ("my-cloud", None), ("", None)]
    {
        let error = config_error(Cloud::named(id));
        let ConfigError::CloudUnknown { nearest, .. } = &error else { panic!("{error:?}") };
        assert_eq!(*nearest, suggestion, "{id}");
        assert_eq!(error.to_string().contains("did you mean"), suggestion.is_some(), "{error}");
    }
    for (id, regions) in [("otc", "eu-de, eu-nl"), ("infomaniak", "dc3-a, dc4-a")] {
        let text = Cloud::named(id).unwrap_err().to_string();
        assert!(text.ends_with(&format!("name one: {regions}")), "{text}");
    }
    assert!(Cloud::named_in("infomaniak", "dc5-a").is_err());
}

#[test]
fn each_service_has_a_scope_hint() {
    use ScopeHint::{Domain, Project};
    for (id, region, service, hint) in [
        ("otc", "eu-de", "Anti-DDoS", Domain),
        ("otc", "eu-de", "IAM", Domain),
        ("otc", "eu-de", "identity", Domain),
        ("otc", "eu-de", "OBS", Domain),
        ("otc", "eu-de", "object", Domain),
        ("otc", "eu-de", "TMS", Domain),
        ("otc", "eu-de", "ECS", Project),
        ("otc", "eu-de", "eps", Project),
        ("otc-swiss", "eu-ch2", "iam", Domain),
        ("huawei", "cn-north-1", "iam", Domain),
        ("huawei", "cn-north-1", "eps", Domain),
        ("huawei", "cn-north-1", "tms", Domain),
        // The host serves all regions, but takes a project's token.
        ("huawei", "cn-north-1", "cdn", Project),
        ("huawei", "cn-north-1", "dns", Project),
        ("flexibleengine", "eu-west-0", "identity", Domain),
        ("nhn", "KR1", "identity", Project),
        ("ovh", "GRA9", "identity", Project),
    ] {
        let cloud = Cloud::named_in(id, region).unwrap();
        assert_eq!(cloud.scope_hint(service), hint, "{id} {service}");
        let other = if hint == Domain { Project } else { Domain };
        let changed = cloud.with_scope_hint(service, hint).with_scope_hint(service, other);
        assert_eq!(changed.scope_hint(&service.to_ascii_uppercase()), other, "{id} {service}");
        assert_eq!(changed.scope_hint("nothing-else"), Project);
    }
}

#[test]
fn codes_advise_on_a_new_login() {
    use Advice::{GiveUp, LogIn, Wait};
    let (huawei, otc) = (Cloud::huawei(), Cloud::otc("eu-de").unwrap());
    let text = |code: &str| Code::Text(code.to_owned());
    for (code, advice) in [
        ("APIG.0301", Some(LogIn)),
        ("APIG.0307", Some(LogIn)),
        ("APIGW.0307", Some(LogIn)),
        ("IAM.0066", Some(LogIn)),
        ("IAM.0067", Some(LogIn)),
        ("IAM.0061", Some(GiveUp)),
        ("IAM.0062", Some(GiveUp)),
        ("IAM.0081", Some(GiveUp)),
        ("IAM.0082", Some(GiveUp)),
        ("IAM.0012", Some(Wait)),
        ("IAM.0020", Some(Wait)),
        ("APIG.0308", Some(Wait)),
        ("IAM.9999", None),
    ] {
        assert_eq!(huawei.advice(&text(code)), advice, "{code}");
        assert_eq!(otc.advice(&text(code)), advice, "{code}");
        assert_eq!(Cloud::kakao().advice(&text(code)), None);
    }
    assert_eq!(otc.advice(&text("111401001")), Some(LogIn));
    assert_eq!(huawei.advice(&text("111401001")), None);
    assert_eq!(huawei.advice(&Code::Number(401)), None);
}

#[test]
fn the_code_outweighs_the_status() {
    for (status, code, retryable, remedy) in [
        (410, "IAM.0020", true, "try again later"),
        (410, "IAM.9999", false, "check the identity URL"),
        (429, "IAM.0012", true, "try again later"),
        (503, "IAM.0061", false, "it stays refused"),
        (401, "IAM.0062", false, "Forgot password"),
        (401, "IAM.0066", false, "log in again"),
        (401, "APIG.0307", false, "log in again"),
        (500, "", true, "try again later"),
    ] {
        let body = json!({"error_code": code, "error_msg": "x"}).to_string();
        let (cloud, password, scope) = huawei(Scope::project_name("cn-north-1"));
        let refusal = response(status, None, &body);
        let error = login_with(&cloud, password, scope, refusal).unwrap_err();
        assert_eq!(error.is_retryable(), retryable, "{status} {code}");
        assert!(error.to_string().contains(remedy), "{status} {code}: {error}");
    }
}

#[test]
fn agencies_have_the_clouds_field() {
    assert_eq!(Cloud::huawei().agency_field(), Some("agency_name"));
    assert_eq!(Cloud::otc("eu-de").unwrap().agency_field(), Some("xrole_name"));
    assert_eq!(Cloud::nhn().agency_field(), None);
}
