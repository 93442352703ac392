//! The five vendor documents: each request as documented, each response read.

use auth_emulator::{account, documents};
use auth_proto::{
    ApiVersion, Cloud, Code, Credential, EndpointQuery, ErrorKind, IdentityRequest,
    IdentityResponse, Login, Scope, ScopeHint, Token, UserProjects, UserRef, Validate,
};
use http::{Response, StatusCode};
use time::macros::utc_datetime;

use crate::support::{
    emulated::{nhn, password},
    first_request, json, login_with, request_of, response,
};

fn nhn_token(document: &str) -> std::sync::Arc<Token> {
    let (cloud, credential, scope) = nhn();
    login_with(&cloud, credential, scope, response(200, None, document)).unwrap()
}

fn huawei_credential() -> Credential {
    password(&Cloud::huawei())
}

#[test]
fn nhn_requests_are_as_documented() {
    for document in [documents::NHN_IAAS_REQUEST, documents::NHN_COMPUTE_REQUEST] {
        let (cloud, credential, scope) = nhn();
        let request = first_request(&cloud, credential, scope);
        assert_eq!(request.method(), "POST");
        assert_eq!(
            request.uri(),
            "https://api-identity-infrastructure.nhncloudservice.com/v2.0/tokens"
        );
        assert_eq!(request.headers()["Content-Type"], "application/json");
        assert!(!request.headers().contains_key("X-Auth-Token"));
        assert_eq!(json(request.body()), json(document));
    }
}

#[test]
fn nhn_responses_are_read() {
    for document in [documents::NHN_IAAS_RESPONSE, documents::NHN_COMPUTE_RESPONSE] {
        let token = nhn_token(document);
        assert_eq!(token.expose(), "e42a092ed6ee4d99949bf25f5f6ecc60");
        assert_eq!(token.expires_at(), utc_datetime!(2020-04-29 15:31:21));
        assert_eq!(token.issued_at(), Some(utc_datetime!(2020-04-29 03:32:28.000405)));
        let project = token.project().unwrap();
        assert_eq!(project.id.as_deref(), Some(account::NHN_TENANT));
        assert_eq!(project.name.as_deref(), Some("c_VKkasVsh"));
        assert_eq!(project.enabled, Some(true));
        assert_eq!(token.user().id.as_deref(), Some("436f727b7c9142f896ddd56be591dd7f"));
        let name = Some("37be6ac0-d660-11e7-ae46-005056ac1497");
        assert_eq!(token.user().name.as_deref(), name);
        // The roles come from user.roles (names), not from metadata.roles (ids).
        let roles: Vec<_> = token.roles().iter().map(|role| role.name.as_deref()).collect();
        assert_eq!(roles, [Some("project_admin")]);
        assert!(token.methods().is_empty());
    }
    let services = |document| {
        let token = nhn_token(document);
        let services = token.catalog().unwrap().services();
        services.map(|service| service.service_type().to_owned()).collect::<Vec<_>>()
    };
    let newer = ["compute", "image", "identity", "key-manager", "volumev2", "network"];
    assert_eq!(services(documents::NHN_IAAS_RESPONSE), newer);
    let older = ["compute", "image", "identity", "key-manager", "volumev2", "network"];
    assert_eq!(services(documents::NHN_COMPUTE_RESPONSE), older);
}

#[test]
fn nhn_flags_are_bool_or_text() {
    let document = documents::NHN_IAAS_RESPONSE;
    for (enabled, expect) in [
        ("true", true),
        ("\"true\"", true),
        ("\"True\"", true),
        ("false", false),
        ("\"false\"", false),
    ] {
        let document = document.replace("\"enabled\": true", &format!("\"enabled\": {enabled}"));
        let read = IdentityResponse::read(&response(200, None, &document), None).unwrap();
        let IdentityResponse::Token(ApiVersion::V2, token) = read else { panic!("{read:?}") };
        assert_eq!(token.project().unwrap().enabled, Some(expect), "{enabled}");

        let (cloud, credential, scope) = nhn();
        let login = login_with(&cloud, credential, scope, response(200, None, &document));
        match expect {
            true => assert!(login.is_ok()),
            false => {
                let text = login.unwrap_err().to_string();
                assert!(text.contains(account::NHN_TENANT) && text.contains("disabled"), "{text}");
            }
        }
    }
}

#[test]
fn nhn_endpoints_by_catalog_and_by_table() {
    let cloud = Cloud::nhn();
    let tenant = account::NHN_TENANT;
    let token = nhn_token(documents::NHN_IAAS_RESPONSE);
    let url = |service: &str, region: &str| {
        let endpoint = cloud.endpoint(&token, &EndpointQuery::new(service).region(region));
        endpoint.map(|endpoint| (endpoint.url().to_owned(), endpoint.is_retired()))
    };
    let host = |region: &str, service: &str| {
        format!("https://{region}-api-{service}-infrastructure.nhncloudservice.com")
    };
    for (service, name, path) in [
        ("compute", "instance", format!("/v2/{tenant}")),
        ("network", "network", String::new()),
        ("image", "image", String::new()),
        ("volumev2", "block-storage", format!("/v2/{tenant}")),
        ("key-manager", "key-manager", String::new()),
    ] {
        // KR1 and KR2 are in the catalog, JP1 and KR3 in the newer table, US1 in both documents'.
        for (region, retired) in
            [("KR1", false), ("KR2", false), ("KR3", false), ("JP1", false), ("US1", true)]
        {
            let expect = format!("{}{path}", host(&region.to_ascii_lowercase(), name));
            assert_eq!(url(service, region).unwrap(), (expect, retired), "{service} {region}");
        }
        assert!(url(service, "KR9").is_err());
    }
    for region in ["KR1", "KR2"] {
        let expect = host(&region.to_ascii_lowercase(), "nas");
        assert_eq!(url("nasv1", region).unwrap(), (expect, false));
    }
    assert!(url("nasv1", "JP1").is_err());
    for (region, retired) in [("KR1", false), ("KR2", false), ("JP1", false), ("US1", true)] {
        let host = region.to_ascii_lowercase();
        let expect =
            format!("https://{host}-api-object-storage.nhncloudservice.com/v1/AUTH_{tenant}");
        assert_eq!(url("object-store", region).unwrap(), (expect, retired));
    }
    // The catalog lists it in KR1 only, but it serves all regions.
    for region in ["KR1", "KR2", "JP1"] {
        let expect = "https://api-identity-infrastructure.nhncloudservice.com/v2.0".to_owned();
        assert_eq!(url("identity", region).unwrap(), (expect, false));
    }
}

#[test]
fn otc_requests_are_as_documented() {
    let cloud = Cloud::otc("eu-de").unwrap();
    for (scope, document) in [
        (Scope::project_id(account::OTC_PROJECT), documents::OTC_PROJECT_REQUEST),
        (Scope::domain_name(account::OTC_DOMAIN), documents::OTC_DOMAIN_REQUEST),
    ] {
        let request = first_request(&cloud, password(&cloud), scope);
        assert_eq!(request.method(), "POST");
        assert_eq!(request.uri(), "https://iam.eu-de.otc.t-systems.com/v3/auth/tokens");
        assert_eq!(request.headers()["Content-Type"], "application/json");
        assert_eq!(json(request.body()), json(document));
    }
}

#[test]
fn otc_services_have_their_scope() {
    let cloud = Cloud::otc("eu-nl").unwrap();
    for global in ["Anti-DDoS", "IAM", "OBS", "TMS", "antiddos", "iam", "identity"] {
        assert_eq!(cloud.scope_hint(global), ScopeHint::Domain, "{global}");
    }
    let project = "AOM, APIG, AS, BMS, CBR, CCE, Cloud Eye, CSBS, CSS, CTS, DataArts Studio, DC, \
        DCS, DDS, Dedicated WAF, DeH, DIS, DLI, DMS, DNS, DRS, DWS, ECS, EIP, ELB, EVS, \
        GaussDB (for MySQL), GaussDB NoSQL, IMS, KMS, LTS, ModelArts, MRS, NAT, PLAS, RDS, RTS, \
        SDRS, SFS, SMN, SWR, VBS, VPC, VPCEP, VPN, WAF";
    assert_eq!(project.split(", ").count(), 46);
    for service in project.split(", ") {
        assert_eq!(cloud.scope_hint(service), ScopeHint::Project, "{service}");
    }
}

fn kakao_credentials() -> [(Credential, &'static str); 2] {
    let by_id = Credential::application_credential(account::KAKAO_KEY_ID, account::KAKAO_SECRET);
    let by_name = Credential::application_credential_of(
        UserRef::id("unique user ID"),
        account::KAKAO_KEY_NAME,
        account::KAKAO_SECRET,
    );
    [(by_id, documents::KAKAO_ID_REQUEST), (by_name, documents::KAKAO_NAME_REQUEST)]
}

#[test]
fn kakao_requests_are_never_scoped() {
    for (credential, document) in kakao_credentials() {
        let request = first_request(&Cloud::kakao(), credential, Scope::default());
        assert_eq!(request.method(), "POST");
        assert_eq!(request.uri(), "https://iam.kakaocloud.com/identity/v3/auth/tokens");
        assert_eq!(request.headers()["Content-Type"], "application/json");
        assert_eq!(json(request.body()), json(document));
        assert!(json(request.body()).pointer("/auth/scope").is_none());
    }
}

#[test]
fn kakao_projects_are_listed_page_by_page() {
    let user = account::KAKAO_USER_ID;
    let list = UserProjects::new(&Cloud::kakao(), user);
    let request = list.request().unwrap();
    let url = format!("https://iam.kakaocloud.com/identity/v3/users/{user}/projects");
    assert_eq!(request.uri(), url.as_str());
    assert_eq!(request.method(), "GET");
    assert!(list.authenticated());

    let body = documents::KAKAO_PROJECTS_RESPONSE;
    let page = list.parse(Response::new(body.as_bytes())).unwrap();
    assert!(page.next.is_none());
    let [project] = &page.items[..] else { panic!("{:?}", page.items) };
    assert_eq!(project.id.as_deref(), Some(account::KAKAO_PROJECT));
    assert_eq!(project.name.as_deref(), Some("kakaocloud-project"));
    assert_eq!(project.enabled, Some(true));
    let domain = project.domain.as_ref().unwrap();
    assert_eq!(domain.id.as_deref(), Some(account::KAKAO_DOMAIN_ID));

    // The link has another scheme, host and path; only its query counts.
    let next = "\"next\": \"http://evil.example:81/v3/users/x/projects?marker=ca7f&limit=1\"";
    let body = body.replace("\"next\": null", next);
    let page = list.parse(Response::new(body.as_bytes())).unwrap();
    let next = page.next.unwrap();
    assert_eq!(next.request().unwrap().uri(), format!("{url}?marker=ca7f&limit=1").as_str());
    // A page that points to itself is the last one.
    assert!(next.parse(Response::new(body.as_bytes())).unwrap().next.is_none());
}

#[test]
fn kakao_tokens_are_validated() {
    let cloud = Cloud::kakao();
    let validate = Validate::new(&cloud, "gAAAAABtoken");
    let request = validate.request().unwrap();
    assert_eq!(request.uri(), "https://iam.kakaocloud.com/identity/v3/auth/tokens");
    assert_eq!(request.headers()["X-Subject-Token"], "gAAAAABtoken");
    assert!(request.headers()["X-Subject-Token"].is_sensitive());
    let gone = Response::builder().status(404).body(&b"{}"[..]).unwrap();
    assert!(validate.parse(gone).unwrap().is_none());

    let fault = r#"{"error":{"code":404,"message":"Could not find Application Credential: x.","title":"Not Found"}}"#;
    let (credential, _) = kakao_credentials().into_iter().next().unwrap();
    let error =
        login_with(&cloud, credential, Scope::default(), response(404, None, fault)).unwrap_err();
    let ErrorKind::Rejected(refusal) = error.kind() else { panic!("{error:?}") };
    assert_eq!(refusal.status, StatusCode::NOT_FOUND);
    assert!(!error.is_retryable());
    assert!(error.to_string().contains("access key does not exist"), "{error}");
}

#[test]
fn huawei_requests_are_as_documented() {
    let cloud = Cloud::huawei();
    let scope = Scope::project_name(account::HUAWEI_PROJECT);
    let login = Login::new(&cloud, huawei_credential(), scope).unwrap().without_catalog();
    let request = request_of(&login);
    assert_eq!(request.uri(), "https://iam.myhuaweicloud.com/v3/auth/tokens?nocatalog=true");
    assert_eq!(json(request.body()), json(documents::HUAWEI_PROJECT_REQUEST));

    let scope = Scope::domain_name(account::HUAWEI_DOMAIN);
    let request = first_request(&cloud, huawei_credential(), scope);
    assert_eq!(request.uri(), "https://iam.myhuaweicloud.com/v3/auth/tokens");
    assert_eq!(json(request.body()), json(documents::HUAWEI_DOMAIN_REQUEST));
}

#[test]
fn huawei_project_response_is_read() {
    let scope = Scope::project_name(account::HUAWEI_PROJECT);
    let response =
        response(201, Some(documents::HUAWEI_TOKEN_PREFIX), documents::HUAWEI_PROJECT_RESPONSE);
    let token = login_with(&Cloud::huawei(), huawei_credential(), scope, response).unwrap();
    assert_eq!(token.expose(), documents::HUAWEI_TOKEN_PREFIX);
    assert_eq!(token.expires_at(), utc_datetime!(2020-01-04 09:05:22.701));
    assert_eq!(token.issued_at(), Some(utc_datetime!(2020-01-03 09:05:22.701)));
    assert_eq!(token.methods(), ["password"]);
    assert!(token.catalog().unwrap().is_empty());
    assert!(token.domain().is_none());
    let project = token.project().unwrap();
    assert_eq!(project.name.as_deref(), Some("cn-north-1"));
    assert_eq!(project.id.as_deref(), Some(account::HUAWEI_PROJECT_ID));
    assert_eq!(project.domain.as_ref().unwrap().name.as_deref(), Some("IAMDomain"));
    let roles: Vec<_> =
        token.roles().iter().map(|role| (role.id.as_deref(), role.name.as_deref())).collect();
    assert_eq!(
        roles,
        [
            (Some("0"), Some("te_admin")),
            (Some("0"), Some("op_gated_OBS_file_protocol")),
            (Some("0"), Some("op_gated_Video_Campus")),
        ]
    );
    assert_eq!(token.user().password_expires_at, None);
    assert_eq!(token.user().domain.as_ref().unwrap().name.as_deref(), Some("IAMDomain"));
}

#[test]
fn huawei_domain_response_is_read() {
    let cloud = Cloud::huawei();
    let scope = Scope::domain_name(account::HUAWEI_DOMAIN);
    let response =
        response(201, Some(documents::HUAWEI_TOKEN_PREFIX), documents::HUAWEI_DOMAIN_RESPONSE);
    let token = login_with(&cloud, huawei_credential(), scope, response).unwrap();
    assert!(token.project().is_none());
    assert_eq!(token.domain().unwrap().name.as_deref(), Some("IAMDomain"));
    // Region * serves every region; the identity service has the type `iam`.
    for (service, expect) in [
        ("iam", "https://iam.myhuaweicloud.com/v3.0"),
        ("identity", "https://iam.myhuaweicloud.com/v3.0"),
        ("bssv1", "https://bss.myhuaweicloud.com/v1.0"),
    ] {
        for query in [EndpointQuery::new(service), EndpointQuery::new(service).region("cn-north-1")]
        {
            assert_eq!(cloud.endpoint(&token, &query).unwrap().url(), expect);
        }
    }
}

#[test]
fn huawei_absent_catalogs_are_not_empty_ones() {
    let catalog = |document: &str| {
        let scope = Scope::project_name(account::HUAWEI_PROJECT);
        let response = response(201, Some("MIIatAYJ"), document);
        let token = login_with(&Cloud::huawei(), huawei_credential(), scope, response).unwrap();
        token.catalog().map(|catalog| catalog.is_empty())
    };
    let document = documents::HUAWEI_PROJECT_RESPONSE;
    assert_eq!(catalog(document), Some(true));
    assert_eq!(catalog(&document.replace("\"catalog\": [],", "")), None);
    assert_eq!(catalog(&document.replace("\"catalog\": [],", "\"catalog\": null,")), None);
}

#[test]
fn huawei_refusals_have_the_documented_remedy() {
    let error = |status, body: &str| {
        let scope = Scope::project_name(account::HUAWEI_PROJECT);
        let response = response(status, None, body);
        login_with(&Cloud::huawei(), huawei_credential(), scope, response).unwrap_err()
    };
    let refused = error(401, documents::HUAWEI_401);
    let ErrorKind::Rejected(refusal) = refused.kind() else { panic!("{refused:?}") };
    assert_eq!(refusal.fault.code, Some(Code::Number(401)));
    assert_eq!(refusal.fault.title.as_deref(), Some("Unauthorized"));
    assert_eq!(refusal.fault.message.as_deref(), Some("The username or password is wrong."));
    let text = refused.to_string();
    for remedy in ["HUAWEI ID", "IAM user", "federated user", "Forgot password"] {
        assert!(text.contains(remedy), "{remedy} in {text}");
    }

    let malformed = error(400, documents::HUAWEI_400);
    let ErrorKind::Rejected(refusal) = malformed.kind() else { panic!("{malformed:?}") };
    assert_eq!(refusal.status, StatusCode::BAD_REQUEST);
    assert_eq!(refusal.fault.message.as_deref(), Some("The request body is invalid"));

    for (status, retryable) in [(403, false), (404, false), (500, true), (503, true)] {
        let error = error(status, "");
        assert_eq!(error.is_retryable(), retryable, "{status}");
        match error.kind() {
            ErrorKind::Rejected(refusal) | ErrorKind::Unavailable(refusal) => {
                assert_eq!(refusal.status.as_u16(), status);
                assert!(!refusal.remedy.is_empty());
            }
            other => panic!("{other:?}"),
        }
    }
}
