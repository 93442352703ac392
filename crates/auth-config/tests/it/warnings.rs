//! Warnings, and the clues that errors take from them.

use auth_config::{Choices, Config, Files, Variables};

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
