//! Warnings, and the clues that errors take from them.

use crate::support::{of_file, said, warned};

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
