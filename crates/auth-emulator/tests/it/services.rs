use auth_emulator::{Emulator, System, account, documents};
use http::Request;
use serde_json::json;
use time::Duration;

use crate::support::{ask, call, get, json, login, login_body, post, token, urls};

const ECS: &str = "https://ecs.cn-north-1.myhuaweicloud.com/v1/servers?limit=1";

#[test]
fn a_service_echoes_the_request() {
    let mut emulator = Emulator::new();
    let token = login(&mut emulator, System::Huawei);
    let request = Request::patch(ECS).header("x-auth-token", &token);
    let answer = ask(&mut emulator, request, "anything");
    assert_eq!(answer.status(), 200);
    let expected = json!({
        "service": "ecs.cn-north-1.myhuaweicloud.com",
        "method": "PATCH",
        "path": "/v1/servers",
        "project": account::HUAWEI_PROJECT_ID,
        "domain": account::HUAWEI_DOMAIN_ID,
        "user": account::HUAWEI_USER_ID,
    });
    assert_eq!(json(&answer), expected);
}

#[test]
fn a_domain_token_has_no_project() {
    let mut emulator = Emulator::new();
    let request = post("https://iam.myhuaweicloud.com/v3/auth/tokens");
    let answer = ask(&mut emulator, request, documents::HUAWEI_DOMAIN_REQUEST);
    let request = get("https://iam.myhuaweicloud.com/v3.0/OS-CREDENTIAL/credentials")
        .header("X-Auth-Token", token(&answer));
    let answer = ask(&mut emulator, request, "");
    assert_eq!(answer.status(), 200);
    assert_eq!(json(&answer)["project"], json!(null));
}

#[test]
fn an_invalid_token_gets_keystones_401() {
    let mut emulator = Emulator::new();
    let token = login(&mut emulator, System::Huawei);
    let day = Duration::hours(24);
    // The response has microseconds, so the token is some nanoseconds older than `now`.
    assert_eq!(call(&mut emulator, ECS, &token, day - Duration::MICROSECOND), 200);
    assert_eq!(call(&mut emulator, ECS, &token, day), 401);
    assert_eq!(call(&mut emulator, ECS, "unknown", Duration::ZERO), 401);
    let nova = "https://ecs.eu-de.otc.t-systems.com/v2.1";
    assert_eq!(call(&mut emulator, nova, &token, Duration::ZERO), 401, "another cloud");

    let answer = ask(&mut emulator, get(ECS), "");
    assert_eq!(answer.status(), 401);
    let expected = json!({"error": {
        "code": 401,
        "message": "The request you have made requires authentication.",
        "title": "Unauthorized",
    }});
    assert_eq!(json(&answer), expected);
    let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
    assert!(challenge.starts_with("Keystone uri="));

    emulator.revoke_all();
    assert_eq!(call(&mut emulator, ECS, &token, Duration::ZERO), 401);
}

/// With the host in the header, as an HTTP server receives it.
#[test]
fn every_catalog_url_works_on_loopback() {
    for (system, path, endpoints) in [
        (System::NhnIaas, "/nhn-iaas/v2.0/tokens", 11),
        (System::NhnCompute, "/nhn-compute/v2.0/tokens", 11),
        (System::Otc, "/otc/v3/auth/tokens", 16),
        (System::Kakao, "/kakao/identity/v3/auth/tokens", 7),
        (System::Huawei, "/huawei/v3/auth/tokens", 13),
    ] {
        let mut emulator = Emulator::new();
        let request = post(path).header("Host", "127.0.0.1:4711");
        let answer = ask(&mut emulator, request, login_body(system));
        assert!(answer.status().is_success());
        let (body, token) = (json(&answer), token(&answer));
        let catalog = body.pointer("/token/catalog").unwrap_or(&body["access"]["serviceCatalog"]);
        let urls = urls(catalog);
        assert_eq!(urls.len(), endpoints, "{system}");
        for url in urls {
            let local = format!("http://127.0.0.1:4711/service/{system}/");
            let host = url.strip_prefix(&local).unwrap().split('/').next().unwrap();
            let request = get(&url).header("X-Auth-Token", &token);
            let answer = ask(&mut emulator, request, "");
            assert_eq!(answer.status(), 200, "{url}");
            if let Some(service) = json(&answer).get("service") {
                assert_eq!(service, host);
            } else {
                assert!(json(&answer)["version"].is_object(), "{url}");
            }
        }
    }
}

#[test]
fn documented_hosts_get_the_original_catalog() {
    let mut emulator = Emulator::new();
    // A client may write the host in any case and with a port.
    for authority in ["iam.myhuaweicloud.com", "IAM.MyHuaweiCloud.com:443"] {
        let request = post("/v3/auth/tokens").header("Host", authority);
        let answer = ask(&mut emulator, request, documents::HUAWEI_PROJECT_REQUEST);
        let catalog = json(&answer)["token"]["catalog"].clone();
        assert!(urls(&catalog).iter().all(|url| url.starts_with("https://")));
    }
}

#[test]
fn unknown_hosts_and_paths_are_not_found() {
    let mut emulator = Emulator::new();
    for url in [
        "https://example.com/",
        "http://localhost/",
        "http://localhost/nhn",
        "http://localhost/service",
        "http://localhost/service/huawei",
        "http://localhost/service/unknown/host/path",
        "https://evilkakaocloud.com/identity/v3",
        "*",
    ] {
        assert_eq!(ask(&mut emulator, get(url), "").status(), 404, "{url}");
    }
    assert!(System::ALL.iter().all(|system| emulator.requests(*system) == 0));
}
