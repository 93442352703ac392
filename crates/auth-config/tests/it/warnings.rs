//! Warnings, and the clues that errors take from them.

use crate::support::{of, of_file, said, warned};
use auth_config::{Choices, Config, Files, Variables, Warning};

/// The error names the misspelled key that was found instead.
#[test]
fn an_error_names_the_typo_that_caused_it() {
    let text = "clouds: {c: {auth: {auth_ulr: 'https://k.example', username: me, passwort: x}}}";
    let cloud = of_file(text).unwrap();
    let place = "/here/clouds.yaml:1, clouds.c.auth";
    let url = format!("auth.auth_ulr: unknown key; did you mean auth_url? ({place}.auth_ulr)");
    let password = format!("auth.passwort: unknown key; did you mean password? ({place}.passwort)");
    assert_eq!(warned(&cloud), [url.clone(), password.clone()]);
    let settings: Vec<_> = cloud.settings().iter().map(ToString::to_string).collect();
    assert!(settings.contains(&format!("auth.auth_ulr: (hidden)  # {place}.auth_ulr")));
    assert_eq!(said(cloud.cloud()), format!("cloud c: auth_url is missing; {url}"));
    assert_eq!(said(cloud.credential()), format!("cloud c: password is missing; {password}"));

    let cloud = of_file("clouds: {c: {profile: otcc, auth: {username: me}}}").unwrap();
    let warnings = warned(&cloud);
    assert!(warnings[0].starts_with("profile otcc: neither in"), "{warnings:?}");
    let settings: Vec<_> = cloud.settings().iter().map(ToString::to_string).collect();
    let profile = "profile: otcc  # /here/clouds.yaml:1, clouds.c.profile".to_owned();
    assert!(settings.contains(&profile), "{settings:?}");
    assert_eq!(said(cloud.cloud()), format!("cloud c: auth_url is missing; {}", warnings[0]));
    let password = said(cloud.credential());
    assert!(password.ends_with("set it in secure.yaml, or OS_PASSWORD"), "{password}");
}

const URL: &str = "clouds: {c: {auth: {auth_url: 'https://k.example', username: me}}}";
const PASSWORD: &str = "clouds: {c: {auth: {password: hunter2}}}";
const OWN_SECURE: &str = "/home/me/.config/openstack/secure.yaml";

fn warns(files: &Files, more: &[(&str, &str)]) -> Vec<String> {
    warned(&of(files, &[&[("HOME", "/home/me")], more].concat()).unwrap())
}

#[test]
fn a_url_from_another_directory_is_a_warning() {
    let here = Files::in_directory("/here");
    let foreign = "auth.password: sent to the auth_url of another directory \
        (/here/clouds.yaml:1, clouds.c.auth.auth_url); \
        to confirm, put auth_url beside it \
        (/home/me/.config/openstack/secure.yaml:1, clouds.c.auth.password)";
    let files = here.clone().with("clouds.yaml", URL).with(OWN_SECURE, PASSWORD);
    assert_eq!(warns(&files, &[]), [foreign]);

    // Between any two directories, in a profile, and for every kind of secret.
    for (clouds, secure) in [
        ("/etc/openstack/clouds.yaml", OWN_SECURE),
        ("/home/me/.config/openstack/clouds.yaml", "/here/secure.yaml"),
    ] {
        let files = here.clone().with(clouds, URL).with(secure, PASSWORD);
        assert_eq!(warns(&files, &[]).len(), 1, "{clouds} {secure}");
    }
    let public = "public-clouds: {p: {auth: {auth_url: 'https://k.example'}}}";
    let files = here
        .clone()
        .with("clouds-public.yaml", public)
        .with("/home/me/.config/openstack/clouds.yaml", "clouds: {c: {profile: p, token: t}}");
    assert!(warns(&files, &[])[0].contains("/here/clouds-public.yaml:1, public-clouds.p.auth"));
    let key = "clouds: {c: {auth: {application_credential_secret: s, passcode: '1'}}}";
    let files = here.with("clouds.yaml", URL).with(OWN_SECURE, key);
    assert_eq!(warns(&files, &[]).len(), 2);
}

#[test]
fn a_secret_next_to_its_url_is_no_warning() {
    let here = Files::in_directory("/here");
    let beside = here.clone().with("clouds.yaml", URL).with("secure.yaml", PASSWORD);
    assert_eq!(warns(&beside, &[]), [""; 0]);
    // The file with the secret confirms the URL.
    let both = "clouds: {c: {auth: {auth_url: 'https://k.example', password: hunter2}}}";
    let files = here.clone().with("clouds.yaml", URL).with(OWN_SECURE, both);
    assert_eq!(warns(&files, &[]), [""; 0]);
    let profile = "clouds: {c: {profile: nhn, auth: {username: me}}}";
    let files = here.clone().with("clouds.yaml", profile).with(OWN_SECURE, PASSWORD);
    assert_eq!(warns(&files, &[]), [""; 0]);
    // A value that is not secret, and a secret that is not sent.
    let user = "clouds: {c: {auth: {user_domain_name: d}}}";
    let files = here.clone().with("clouds.yaml", URL).with(OWN_SECURE, user);
    assert_eq!(warns(&files, &[]), [""; 0]);
    let nowhere = "clouds: {c: {auth: {username: me}}}";
    let files = here.clone().with("clouds.yaml", nowhere).with(OWN_SECURE, PASSWORD);
    assert_eq!(warns(&files, &[]), [""; 0]);

    // Variables form a separate cloud, even with a profile from a file.
    let public = "public-clouds: {p: {auth: {auth_url: 'https://k.example'}}}";
    let files = here.with("clouds-public.yaml", public);
    let variables = [("OS_PROFILE", "p"), ("OS_PASSWORD", "hunter2")];
    assert_eq!(warns(&files, &variables), [""; 0]);
}

#[test]
fn only_the_cloud_with_the_secret_warns() {
    let clouds = "clouds: {c: {auth: {auth_url: 'https://c.example'}}, \
        d: {auth: {auth_url: 'https://d.example'}}}";
    let files = Files::in_directory("/here").with("clouds.yaml", clouds);
    let files = files.with("/etc/openstack/secure.yaml", PASSWORD);
    let config = Config::merge(&files, &Variables::default()).unwrap();
    let warns = |name: &str| {
        let cloud = config.cloud(&Choices::default().cloud(name)).unwrap();
        let is_warns = |warning: &Warning| matches!(warning, Warning::SecretFromElsewhere { .. });
        cloud.warnings().iter().any(is_warns)
    };
    assert!(warns("c") && !warns("d"));
}

#[test]
fn allowed_plain_http_is_a_warning() {
    let lab = |url: &str, more: &str| {
        let login = "username: me, password: p, user_domain_id: d";
        of_file(&format!("clouds: {{c: {{auth: {{auth_url: '{url}', {login}}}{more}}}}}"))
    };
    let url = "http://keystone.lab.example:5000/v3";
    let refused = said(lab(url, "").unwrap().cloud());
    assert!(refused.contains("allow_plain_http: true"), "{refused}");
    for (url, origin) in [
        (url, "http://keystone.lab.example:5000"),
        (" http://10.0.0.7/identity ", "http://10.0.0.7"),
        ("HTTP://keystone.lab.example", "http://keystone.lab.example"),
        ("http://iam.eu-de.otc.t-systems.com/v3", "http://iam.eu-de.otc.t-systems.com"),
    ] {
        for (key, place) in [
            (", allow_plain_http: true", "clouds.c.allow_plain_http"),
            (", allow-plain-http: 'yes'", "clouds.c.allow-plain-http"),
            (
                ", region_name: r, regions: [{name: r, values: {allow_plain_http: 1}}]",
                "clouds.c.regions[0].values.allow_plain_http",
            ),
        ] {
            let cloud = lab(url, key).unwrap();
            let warning = format!(
                "{origin}: plain http, so passwords and tokens can be read on the way \
                 (/here/clouds.yaml:1, {place}); use https"
            );
            assert_eq!(warned(&cloud), [warning]);
            let endpoint = "http://swift.lab.example/v1".parse().unwrap();
            assert!(cloud.cloud().unwrap().check_target(&endpoint).is_ok());
            let metadata = "http://169.254.169.254/v1".parse().unwrap();
            assert!(cloud.cloud().unwrap().check_target(&metadata).is_err());
        }
    }
    // Nothing to warn of, and a special host, which stays refused.
    for url in ["https://k.example", "http://127.0.0.1:5000", "http://[::1]/v3"] {
        assert_eq!(warned(&lab(url, ", allow_plain_http: true").unwrap()), [""; 0]);
    }
    let special = lab("http://169.254.169.254/v3", ", allow_plain_http: true").unwrap();
    assert!(special.cloud().is_err());
    // The caller's choice.
    let files = Files::in_directory("/here").with(
        "clouds.yaml",
        "clouds: {c: {auth: {auth_url: 'http://k.example'}, allow_plain_http: false}}",
    );
    let config = Config::merge(&files, &Variables::default()).unwrap();
    let cloud = config.cloud(&Choices::default().allow_plain_http()).unwrap();
    assert!(cloud.cloud().is_ok() && warned(&cloud)[0].starts_with("http://k.example: "));
    assert!(config.cloud(&Choices::default()).unwrap().cloud().is_err());
}
