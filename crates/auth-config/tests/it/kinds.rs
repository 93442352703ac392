//! The kind of login of a credential without an `auth_type`, and credentials that are not used.

use crate::support::{of, of_variables, said, sent, warned, with};
use auth_config::Files;

const KEY: &str = "application_credential_id: i, application_credential_secret: sesame";
const NAMED: &str =
    "application_credential_name: n, application_credential_secret: sesame, user_id: u";

#[test]
fn a_credential_says_its_kind() {
    let both = format!("{KEY}, token: other");
    for (auth, auth_type, methods) in [
        (KEY, "v3applicationcredential", "application_credential"),
        (NAMED, "v3applicationcredential", "application_credential"),
        ("token: sesame", "token", "token"),
        ("token: sesame, username: me", "token", "token"),
        ("passcode: sesame, user_id: u", "v3totp", "totp"),
        ("password: sesame, user_id: u", "password", "password"),
        (&both, "v3applicationcredential", "application_credential"),
    ] {
        let cloud = with(auth, "").unwrap();
        assert_eq!(cloud.get("auth_type"), Some(auth_type), "{auth}");
        let body = sent(&cloud).1;
        let methods = format!(r#""methods":["{methods}"]"#);
        assert!(body.contains(&methods) && body.contains("sesame"), "{auth}: {body}");
    }
    // An id without its secret, which a program asks for.
    let cloud = with("application_credential_id: i, username: me", "").unwrap();
    assert!(said(cloud.credential()).contains("application_credential_secret is missing"));
    let cloud = cloud.with_secret("application_credential_secret", "sesame".into());
    assert!(sent(&cloud).1.contains("application_credential"));
    // A user alone is one with a password.
    let cloud = with("username: me", "").unwrap();
    assert!(said(cloud.credential()).contains("password is missing"));
}

#[test]
fn the_kind_is_found_in_variables_and_two_files() {
    let cloud = of_variables(&[
        ("OS_AUTH_URL", "https://k.example/v3"),
        ("OS_APPLICATION_CREDENTIAL_ID", "i"),
        ("OS_APPLICATION_CREDENTIAL_SECRET", "sesame"),
        ("OS_REGION_NAME", "R"),
    ]);
    let cloud = cloud.unwrap();
    assert!(sent(&cloud).1.contains("application_credential") && warned(&cloud).is_empty());
    let settings: Vec<_> = cloud.settings().iter().map(ToString::to_string).collect();
    let shown = "auth_type: v3applicationcredential  # variable OS_APPLICATION_CREDENTIAL_SECRET";
    assert!(settings.contains(&shown.to_owned()), "{settings:?}");

    let clouds =
        "clouds: {c: {auth: {auth_url: 'https://k.example', application_credential_id: i}}}";
    let secure = "clouds: {c: {auth: {application_credential_secret: sesame}}}";
    let files =
        Files::in_directory("/here").with("clouds.yaml", clouds).with("secure.yaml", secure);
    let (url, body) = sent(&of(&files, &[]).unwrap());
    assert!(url == "https://k.example/v3/auth/tokens" && body.contains("sesame"), "{url}");
}

#[test]
fn an_unused_credential_is_a_warning() {
    let user = "username: me, user_domain_name: d, password: pw";
    for (auth, beside, ignored) in [
        (format!("{user}, {KEY}"), "", &["application_credential_secret"][..]),
        (format!("{user}, {NAMED}"), "", &["application_credential_secret"]),
        (format!("{user}, token: t"), "", &["token"]),
        (format!("{user}, passcode: '1'"), "", &["passcode"]),
        (format!("{user}, {KEY}, token: t"), "", &["application_credential_secret", "token"]),
        (format!("{KEY}, token: t"), "", &["token"]),
        (format!("{user}, {KEY}"), "auth_type: v3applicationcredential", &["password"]),
        (format!("{user}, token: t"), "auth_type: token", &["password"]),
        (format!("{user}, token: t"), "auth_type: admin_token", &["password"]),
        (format!("{user}, passcode: '1'"), "auth_type: v3totp", &["password"]),
        // What is incomplete is no credential, and what is used is not ignored.
        (format!("{user}, application_credential_secret: s"), "", &[]),
        ("password: pw, token: t".to_owned(), "auth_type: token", &[]),
        (
            format!("{user}, passcode: '1'"),
            "auth_type: v3multifactor, auth_methods: [v3password, v3totp]",
            &[],
        ),
    ] {
        let warnings = warned(&with(&auth, beside).unwrap());
        let starts = ignored.iter().map(|key| format!("{key}: not used by auth_type "));
        assert_eq!(warnings.len(), ignored.len(), "{auth} {beside}: {warnings:?}");
        for (warning, start) in warnings.iter().zip(starts) {
            assert!(warning.starts_with(&start) && !warning.contains("sesame"), "{warning}");
        }
    }
}

#[test]
fn a_missing_secret_names_the_credential_there_is() {
    let place = "(/here/clouds.yaml:1, clouds.c.auth.";
    for (auth, auth_type, missing, remedy) in [
        (KEY, "password", "username", "set auth_type: v3applicationcredential"),
        (NAMED, "password", "password", "set auth_type: v3applicationcredential"),
        (KEY, "v3password", "username", "set auth_type: v3applicationcredential"),
        ("user_id: u, token: sesame", "password", "password", "set auth_type: token"),
        ("user_id: u, passcode: sesame", "password", "password", "set auth_type: v3totp"),
        ("user_id: u, password: sesame", "token", "token", "set auth_type: password"),
        ("user_id: u, password: sesame", "v3totp", "passcode", "set auth_type: password"),
        (
            "user_id: u, password: sesame",
            "v3applicationcredential",
            "application_credential_secret",
            "set auth_type: password",
        ),
    ] {
        let cloud = with(auth, &format!("auth_type: {auth_type}")).unwrap();
        let said = said(cloud.credential());
        assert!(said.starts_with(&format!("cloud c: {missing} is missing; ")), "{auth}: {said}");
        assert!(said.contains(remedy) && said.contains(place), "{auth}: {said}");
        assert!(!said.contains("sesame"), "{said}");
    }
}
