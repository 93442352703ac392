//! Logins with an identity provider.

use crate::support::{of, of_variables, request, said, warned, with};
use auth_config::{CloudConfig, Files};
use auth_proto::{Login, Question, Scope, Step};

const PROVIDER: &str = "identity_provider: corp, protocol: openid";
const CLIENT: &str = "client_id: robot, client_secret: sesame";
const TOKEN: &str = "access_token_endpoint: 'https://login.example/token'";
const DOCUMENT: &str = "discovery_endpoint: 'https://login.example/document'";

/// The method, the URL, the headers of a secret, and the body of the first request.
fn sent(cloud: &CloudConfig) -> (String, String, String) {
    let request = request(cloud);
    let header = request.headers().get("Authorization").map_or("", |value| value.to_str().unwrap());
    let body = String::from_utf8(request.body().as_bytes().to_vec()).unwrap();
    (format!("{} {}", request.method(), request.uri()), header.to_owned(), body)
}

#[test]
fn every_kind_sends_its_first_request() {
    const POST: &str = "POST https://login.example/token";
    const GET: &str = "GET https://login.example/document";
    const GATE: &str =
        "POST https://k.example/v3/OS-FEDERATION/identity_providers/corp/protocols/openid/auth";
    const BASIC: &str = "Basic cm9ib3Q6c2VzYW1l";
    let user = "username: me, password: hunter2";
    #[rustfmt::skip]
    let rows = [
        ("v3oidcclientcredentials", format!("{PROVIDER}, {CLIENT}, {TOKEN}"), POST, BASIC, "grant_type=client_credentials&scope=openid+profile"),
        ("v3oidcclientcredentials", format!("{PROVIDER}, {CLIENT}, {TOKEN}, {DOCUMENT}"), POST, BASIC, "grant_type=client_credentials&scope=openid+profile"),
        ("v3oidcclientcredentials", format!("{PROVIDER}, {CLIENT}, {TOKEN}, openid_scope: openid a/b"), POST, BASIC, "grant_type=client_credentials&scope=openid+a%2Fb"),
        ("v3oidcclientcredentials", format!("{PROVIDER}, {CLIENT}, {TOKEN}, scope: openid email"), POST, BASIC, "grant_type=client_credentials&scope=openid+email"),
        ("v3oidcclientcredentials", format!("{PROVIDER}, {CLIENT}, {TOKEN}, scope: older, openid-scope: openid"), POST, BASIC, "grant_type=client_credentials&scope=openid"),
        ("v3oidcclientcredentials", format!("{PROVIDER}, {CLIENT}, {DOCUMENT}"), GET, "", ""),
        ("v3oidcpassword", format!("{PROVIDER}, {CLIENT}, {TOKEN}, {user}"), POST, BASIC, "grant_type=password&username=me&password=hunter2&scope=openid+profile"),
        ("v3oidcpassword", format!("{PROVIDER}, client_id: robot, {TOKEN}, {user}"), POST, "", "grant_type=password&username=me&password=hunter2&scope=openid+profile&client_id=robot"),
        ("v3oidcpassword", format!("{PROVIDER}, {CLIENT}, {TOKEN}, {user}, idp_otp_key: totp, passcode: '123456'"), POST, BASIC, "grant_type=password&username=me&password=hunter2&totp=123456&scope=openid+profile"),
        ("v3oidcpassword", format!("{PROVIDER}, {CLIENT}, {DOCUMENT}, {user}"), GET, "", ""),
        ("v3oidcaccesstoken", format!("{PROVIDER}, access_token: bearer"), GATE, "Bearer bearer", ""),
        ("v3oidcaccesstokenfile", format!("{PROVIDER}, access_token: bearer"), GATE, "Bearer bearer", ""),
    ];
    for (auth_type, auth, line, header, body) in rows {
        let cloud = with(&auth, &format!("auth_type: {auth_type}")).unwrap();
        let wanted = (line.to_owned(), header.to_owned(), body.to_owned());
        assert_eq!(sent(&cloud), wanted, "{auth_type} {auth}");
        assert_eq!(warned(&cloud), [""; 0], "{auth}");
    }
}

#[test]
fn variables_are_as_good_as_a_file() {
    let cloud = of_variables(&[
        ("OS_AUTH_TYPE", "v3oidcclientcredentials"),
        ("OS_AUTH_URL", "https://k.example/v3"),
        ("OS_IDENTITY_PROVIDER", "corp"),
        ("OS_PROTOCOL", "openid"),
        ("OS_CLIENT_ID", "robot"),
        ("OS_CLIENT_SECRET", "sesame"),
        ("OS_ACCESS_TOKEN_ENDPOINT", "https://login.example/token"),
        ("OS_OPENID_SCOPE", "openid"),
        ("OS_ACCESS_TOKEN_TYPE", "id_token"),
        ("OS_PROJECT_ID", "p"),
    ]);
    let cloud = cloud.unwrap();
    assert_eq!(sent(&cloud).2, "grant_type=client_credentials&scope=openid");
    assert_eq!((cloud.scope().unwrap(), warned(&cloud)), (Scope::project_id("p"), vec![]));
    // A token that a shell has kept makes no cloud.
    let files =
        Files::in_directory("/here").with("clouds.yaml", "clouds: {c: {auth: {username: me}}}");
    assert_eq!(of(&files, &[("OS_ACCESS_TOKEN", "t")]).unwrap().name(), "c");
}

#[test]
fn a_provider_says_its_kind() {
    let cloud = with(&format!("{PROVIDER}, access_token_file: /run/t"), "").unwrap();
    assert_eq!(cloud.get("auth_type"), Some("v3oidcaccesstoken"));
    let cloud = with(&format!("{PROVIDER}, {CLIENT}, {TOKEN}"), "").unwrap();
    assert_eq!(cloud.get("auth_type"), Some("v3oidcclientcredentials"));
    let cloud = with("oauth2_client_id: i, oauth2_client_secret: s", "").unwrap();
    assert_eq!(cloud.get("auth_type"), Some("v3oauth2clientcredential"));
    let user = "username: me, user_domain_name: d, password_file: /p";
    let cloud = with(&format!("{user}, {CLIENT}"), "").unwrap();
    assert_eq!(cloud.get("auth_type"), Some("password"));
    let unused = "client_secret: not used by auth_type password; to log in with it, set auth_type: \
                  v3oidcclientcredentials (";
    assert!(warned(&cloud)[0].starts_with(unused), "{cloud:?}");
    let cloud = with(&format!("{user}, {PROVIDER}, access_token_env: X"), "auth_type: v3password");
    assert!(warned(&cloud.unwrap())[0].starts_with("access_token: not used by auth_type v3pass"));
}

#[test]
fn missing_and_wrong_values_are_named() {
    let secret = "access_token is missing; set access_token_file, access_token_env or";
    #[rustfmt::skip]
    let rows = [
        ("v3oidcaccesstoken", PROVIDER.to_owned(), secret),
        ("v3oidcaccesstoken", "protocol: p, access_token: t".to_owned(), "identity_provider is missing; set it to the cloud's name"),
        ("v3oidcaccesstoken", "identity_provider: p, access_token: t".to_owned(), "protocol is missing; set it to"),
        ("v3idtoken", "identity_provider: i".to_owned(), secret),
        ("v3oidcclientcredentials", format!("{PROVIDER}, client_id: c, {TOKEN}"), "client_secret is missing"),
        ("v3oidcclientcredentials", format!("{PROVIDER}, client_secret: s, {TOKEN}"), "client_id is missing"),
        ("v3oidcclientcredentials", format!("{PROVIDER}, {CLIENT}"), "access_token_endpoint is missing; set it to the provider's token endpoint, or discovery_endpoint"),
        ("v3oidcclientcredentials", format!("{PROVIDER}, {CLIENT}, {TOKEN}, access_token_type: bearer"), "auth.access_token_type: must be access_token or id_token (/here/clouds.yaml:1"),
        ("v3oidcpassword", format!("{PROVIDER}, {CLIENT}, {TOKEN}, password: x"), "username is missing"),
        ("v3oidcpassword", format!("{PROVIDER}, {CLIENT}, {TOKEN}, username: x"), "password is missing"),
        ("v3oauth2clientcredential", "oauth2_client_secret: s".to_owned(), "oauth2_client_id is missing"),
        ("v3oauth2clientcredential", "oauth2_client_id: i".to_owned(), "oauth2_client_secret is missing"),
        ("v3oauth2mtlsclientcredential", "oauth2_client_id: i".to_owned(), "v3oauth2mtlsclientcredential is not supported"),
        // Kinds that a person completes.
        ("v3oidcauthcode", format!("{PROVIDER}, {CLIENT}, {TOKEN}, code: x, redirect_uri: 'http://localhost/'"), "auth_type: v3oidcauthcode is a person's login, and this version does not open browsers yet (/here/clouds.yaml:1, clouds.c.auth_type); use v3oidcaccesstoken with an access_token_command"),
        ("v3oidcdeviceauthz", format!("{PROVIDER}, {CLIENT}, {DOCUMENT}, code_challenge_method: S256"), "auth_type: v3oidcdeviceauthz is a person's login"),
        ("v3oidcrefreshtoken", format!("{PROVIDER}, {CLIENT}, {TOKEN}, refresh_token: x"), "an access_token_command that exchanges the refresh token, or an application"),
        ("v3websso", format!("{PROVIDER}, redirect_port: 9990, login_timeout: 60"), "; use an application credential (v3applicationcredential), which the cloud's"),
    ];
    for (auth_type, auth, says) in rows {
        let cloud = with(&auth, &format!("auth_type: {auth_type}")).unwrap();
        let said = said(cloud.cloud().and_then(|_| cloud.credential()));
        assert!(said.contains(says), "{auth_type} {auth}: {said}");
        // Every key is known.
        assert!(!warned(&cloud).iter().any(|warning| warning.contains("unknown")), "{cloud:?}");
    }
    // Beside auth, openstacksdk does not read it.
    let cloud = with(&format!("{PROVIDER}, {CLIENT}, {TOKEN}"), "scope: openid email").unwrap();
    assert_eq!(warned(&cloud), ["scope: unknown key (/here/clouds.yaml:1, clouds.c.scope)"]);
    assert!(sent(&cloud).2.ends_with("openid+profile"));
}

#[test]
fn an_oauth2_client_is_an_application_credential() {
    let auth = "oauth2_endpoint: 'https://k.example/v3/OS-OAUTH2/token', oauth2_client_id: i, \
                oauth2_client_secret: sesame, project_id: p";
    let cloud = with(auth, "auth_type: v3oauth2clientcredential").unwrap();
    let (line, header, body) = sent(&cloud);
    assert_eq!((line.as_str(), header.as_str()), ("POST https://k.example/v3/auth/tokens", ""));
    let method = r#"{"methods":["application_credential"],"application_credential":{"id":"i","secret":"sesame"}}"#;
    assert!(body.contains(method) && !body.contains("scope"), "{body}");
    let [scope, bearer] = &warned(&cloud)[..] else { panic!("{cloud:?}") };
    assert!(scope.starts_with("project_id: ignored; an application credential"), "{scope}");
    assert!(bearer.contains("no Authorization: Bearer"), "{bearer}");
    // The endpoint is the URL of no service.
    assert_eq!(cloud.endpoint_override("oauth2"), None);
}

#[test]
fn an_id_token_has_a_path_of_its_own() {
    let auth = "auth_url: 'https://iam.eu-de.otc.t-systems.com/v3', identity_provider: corp, \
                access_token: sesame, project_name: eu-de";
    let text = format!("clouds: {{c: {{auth_type: v3idtoken, auth: {{{auth}}}}}}}");
    let request = request(&crate::support::of_file(&text).unwrap());
    let path = "https://iam.eu-de.otc.t-systems.com/v3.0/OS-AUTH/id-token/tokens";
    assert_eq!(request.uri(), path);
    assert_eq!(request.headers()["X-Idp-Id"], "corp");
}

/// The secrets of one login, each from its source, in the order in which they are asked for.
#[test]
fn each_secret_is_asked_for() {
    let asks = |auth: &str, auth_type: &str| {
        let cloud = with(auth, &format!("auth_type: {auth_type}")).unwrap();
        let (at, credential) = (cloud.cloud().unwrap(), cloud.credential().unwrap());
        let mut login = Login::new(&at, credential, cloud.scope().unwrap()).unwrap();
        let mut asked = Vec::new();
        while let Step::Ask(Question::Secret(source)) = login.poll().unwrap() {
            asked.push(source.to_string());
            login.answer(secrecy::SecretString::from("sesame")).unwrap();
        }
        asked.join(", ")
    };
    let (file, here) = ("_file: t", " (/here/t)");
    for (auth, auth_type, wanted) in [
        (
            format!("{PROVIDER}, access_token{file}"),
            "v3oidcaccesstoken",
            format!("access_token_file{here}"),
        ),
        (
            format!("{PROVIDER}, client_id: c, client_secret{file}, {TOKEN}"),
            "v3oidcclientcredentials",
            format!("client_secret_file{here}"),
        ),
        (
            format!(
                "{PROVIDER}, client_id: c, client_secret{file}, {TOKEN}, username: u, password{file}"
            ),
            "v3oidcpassword",
            format!("client_secret_file{here}, password_file{here}"),
        ),
        (format!("user_id: u, password{file}"), "password", format!("password_file{here}")),
        (format!("user_id: u, password{file}"), "v3password", format!("password_file{here}")),
        (
            format!("user_id: u, password{file}, passcode: '1', auth_methods: 'v3password,v3totp'"),
            "v3multifactor",
            format!("password_file{here}"),
        ),
        (
            format!("application_credential_id: i, application_credential_secret{file}"),
            "v3applicationcredential",
            format!("application_credential_secret_file{here}"),
        ),
        (
            format!(
                "user_id: u, application_credential_name: n, application_credential_secret{file}"
            ),
            "v3applicationcredential",
            format!("application_credential_secret_file{here}"),
        ),
    ] {
        assert_eq!(asks(&auth, auth_type), wanted, "{auth}");
    }
    let basic =
        with("username: u, password_file: t", "auth_type: http_basic, endpoint: 'https://e'");
    let not_read = "auth.password_file: not read for this auth_type; set the secret itself (";
    assert!(said(basic.unwrap().credential()).starts_with(not_read));
    let typed = with("user_id: u, password_file: t", "").unwrap();
    let typed = typed.with_secret("password", "sesame".into());
    assert!(crate::support::sent(&typed).1.contains("sesame"));
}

#[test]
fn no_secret_of_a_provider_is_shown() {
    let auth = format!(
        "{PROVIDER}, access_token: hunter2-a, client_secret: hunter2-b, code: hunter2-c, \
         refresh_token: hunter2-d, oauth2_client_secret: hunter2-e, authorization-code: hunter2-f, \
         password_command: [vault, hunter2-g], username: me"
    );
    let cloud = with(&auth, "access_token_command: [hunter2-h]").unwrap();
    let errors = format!("{:?} {:?}", cloud.credential(), cloud.secret_reader());
    let shown = format!("{cloud:?} {:?} {errors}", cloud.warnings());
    assert!(!shown.contains("hunter2"), "{shown}");
    let settings: Vec<_> = cloud.settings().iter().map(ToString::to_string).collect();
    let shown = "auth.password_command[0]: (hidden)  # /here/clouds.yaml:1, \
                 clouds.c.auth.password_command[0]";
    assert!(settings.contains(&shown.to_owned()), "{settings:?}");
    let path = with("user_id: u, password_file: /run/t, password_env: X", "").unwrap();
    assert_eq!(path.get("auth.password_file"), Some("/run/t"));
}
