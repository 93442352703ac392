//! What is said of a configuration that is no error, and what helps where it becomes one.

use auth_config::{Choices, Config, Files, Variables, Warning};
use crate::support::{of, of_file, said, warned};

/// Whoever is told that something is missing wants to know what is there instead.
#[test]
fn a_typo_is_told_of_where_it_leaves_no_cloud() {
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

fn told(files: &Files, more: &[(&str, &str)]) -> Vec<String> {
    warned(&of(files, &[&[("HOME", "/home/me")], more].concat()).unwrap())
}

#[test]
fn a_secret_that_goes_to_the_url_of_another_directory_is_told_of() {
    let here = Files::in_directory("/here");
    let foreign = "auth.password: sent to the auth_url of another directory \
        (/here/clouds.yaml:1, clouds.c.auth.auth_url); \
        to confirm, put auth_url beside it \
        (/home/me/.config/openstack/secure.yaml:1, clouds.c.auth.password)";
    let files = here.clone().with("clouds.yaml", URL).with(OWN_SECURE, PASSWORD);
    assert_eq!(told(&files, &[]), [foreign]);

    // From any directory to any other; in a profile, and of every kind.
    for (clouds, secure) in [
        ("/etc/openstack/clouds.yaml", OWN_SECURE),
        ("/home/me/.config/openstack/clouds.yaml", "/here/secure.yaml"),
    ] {
        let files = here.clone().with(clouds, URL).with(secure, PASSWORD);
        assert_eq!(told(&files, &[]).len(), 1, "{clouds} {secure}");
    }
    let public = "public-clouds: {p: {auth: {auth_url: 'https://k.example'}}}";
    let files = here
        .clone()
        .with("clouds-public.yaml", public)
        .with("/home/me/.config/openstack/clouds.yaml", "clouds: {c: {profile: p, token: t}}");
    assert!(told(&files, &[])[0].contains("/here/clouds-public.yaml:1, public-clouds.p.auth"));
    let key = "clouds: {c: {auth: {application_credential_secret: s, passcode: '1'}}}";
    let files = here.with("clouds.yaml", URL).with(OWN_SECURE, key);
    assert_eq!(told(&files, &[]).len(), 2);
}

#[test]
fn a_secret_that_belongs_to_its_url_is_not_told_of() {
    let here = Files::in_directory("/here");
    let beside = here.clone().with("clouds.yaml", URL).with("secure.yaml", PASSWORD);
    assert_eq!(told(&beside, &[]), [""; 0]);
    // The user's own word on where it goes.
    let both = "clouds: {c: {auth: {auth_url: 'https://k.example', password: hunter2}}}";
    let files = here.clone().with("clouds.yaml", URL).with(OWN_SECURE, both);
    assert_eq!(told(&files, &[]), [""; 0]);
    let profile = "clouds: {c: {profile: nhn, auth: {username: me}}}";
    let files = here.clone().with("clouds.yaml", profile).with(OWN_SECURE, PASSWORD);
    assert_eq!(told(&files, &[]), [""; 0]);
    // What is no secret, and a secret that goes nowhere.
    let user = "clouds: {c: {auth: {user_domain_name: d}}}";
    let files = here.clone().with("clouds.yaml", URL).with(OWN_SECURE, user);
    assert_eq!(told(&files, &[]), [""; 0]);
    let nowhere = "clouds: {c: {auth: {username: me}}}";
    let files = here.clone().with("clouds.yaml", nowhere).with(OWN_SECURE, PASSWORD);
    assert_eq!(told(&files, &[]), [""; 0]);

    // Variables are a cloud of their own, even with a profile of a file.
    let public = "public-clouds: {p: {auth: {auth_url: 'https://k.example'}}}";
    let files = here.with("clouds-public.yaml", public);
    let variables = [("OS_PROFILE", "p"), ("OS_PASSWORD", "hunter2")];
    assert_eq!(told(&files, &variables), [""; 0]);
}

#[test]
fn a_secret_from_elsewhere_is_told_of_by_the_cloud_that_has_it_alone() {
    let clouds = "clouds: {c: {auth: {auth_url: 'https://c.example'}}, \
        d: {auth: {auth_url: 'https://d.example'}}}";
    let files = Files::in_directory("/here").with("clouds.yaml", clouds);
    let files = files.with("/etc/openstack/secure.yaml", PASSWORD);
    let config = Config::merge(&files, &Variables::default()).unwrap();
    let told = |name: &str| {
        let cloud = config.cloud(&Choices::default().cloud(name)).unwrap();
        let is_told = |warning: &Warning| matches!(warning, Warning::SecretFromElsewhere { .. });
        cloud.warnings().iter().any(is_told)
    };
    assert!(told("c") && !told("d"));
}
