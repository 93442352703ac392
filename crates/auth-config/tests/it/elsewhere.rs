//! Secrets, and the settings of other directories that decide who receives them.

use crate::support::{of, said, warned};
use auth_config::{Choices, Config, Files, Variables, Warning};

const URL: &str = "clouds: {c: {auth: {auth_url: 'https://k.example', username: me}}}";
const PASSWORD: &str = "clouds: {c: {auth: {password: hunter2}}}";
const OWN_CLOUDS: &str = "/home/me/.config/openstack/clouds.yaml";
const OWN_PUBLIC: &str = "/home/me/.config/openstack/clouds-public.yaml";
const OWN_SECURE: &str = "/home/me/.config/openstack/secure.yaml";

fn here() -> Files {
    Files::in_directory("/here")
}

fn warns(files: &Files, more: &[(&str, &str)]) -> Vec<String> {
    warned(&of(files, &[&[("HOME", "/home/me")], more].concat()).unwrap())
}

#[test]
fn a_url_from_another_directory_is_a_warning() {
    let foreign = "auth.password: auth_url of another place \
        (/here/clouds.yaml:1, clouds.c.auth.auth_url) decides who receives it or its token; \
        to confirm, put auth_url beside it \
        (/home/me/.config/openstack/secure.yaml:1, clouds.c.auth.password)";
    let files = here().with("clouds.yaml", URL).with(OWN_SECURE, PASSWORD);
    assert_eq!(warns(&files, &[]), [foreign]);

    // Between any two directories, in a profile, and for every kind of secret.
    for (clouds, secure) in
        [("/etc/openstack/clouds.yaml", OWN_SECURE), (OWN_CLOUDS, "/here/secure.yaml")]
    {
        let files = here().with(clouds, URL).with(secure, PASSWORD);
        assert_eq!(warns(&files, &[]).len(), 1, "{clouds} {secure}");
    }
    let public = "public-clouds: {p: {auth: {auth_url: 'https://k.example'}}}";
    let files = here()
        .with("clouds-public.yaml", public)
        .with(OWN_CLOUDS, "clouds: {c: {profile: p, auth_type: token, token: t}}");
    assert!(warns(&files, &[])[0].contains("/here/clouds-public.yaml:1, public-clouds.p.auth"));
    let key = "clouds: {c: {auth: {application_credential_secret: s, passcode: '1'}}}";
    let files = here().with("clouds.yaml", URL).with(OWN_SECURE, key);
    let all = warns(&files, &[]);
    assert_eq!(all.iter().filter(|warning| warning.contains("auth_url of another")).count(), 2);
}

/// The keys beside `auth` in a `clouds.yaml` of the working directory, the rest in the user's own
/// file, and the settings that are warned of.
#[test]
fn every_deciding_setting_is_a_warning() {
    let all = "auth: {auth_url: 'https://k.example', username: me, password: hunter2}";
    for (beside, settings) in [
        ("compute_endpoint_override: 'https://c.example'", &["compute_endpoint_override"][..]),
        ("object-store-endpoint: 'https://o.example'", &["object_store_endpoint"]),
        ("identity_endpoint_override: 'https://i.example'", &["identity_endpoint_override"]),
        ("cacert: /here/ca.pem", &["cacert"]),
        ("verify: false", &["verify"]),
        ("insecure: 'yes'", &["insecure"]),
        ("allow_plain_http: true", &["allow_plain_http"]),
        ("allow_plain_http: false", &[]),
        ("insecure: true, verify: false, cacert: /ca.pem", &["insecure", "verify"]),
        ("auth_type: http_basic, endpoint: 'https://e.example'", &["endpoint"]),
        (
            "dns_endpoint_override: 'https://{region_name}.example/{interface}', region_name: evil",
            &["dns_endpoint_override", "region_name"],
        ),
        (
            "auth_type: v3oidcpassword, discovery_endpoint: 'https://login.example/d'",
            &["discovery_endpoint"],
        ),
        (
            "auth_type: v3oidcpassword, auth: {access-token-endpoint: 'https://login.example/t'}",
            &["access_token_endpoint"],
        ),
        (
            "discovery_endpoint: 'https://login.example/d', oauth2_endpoint: 'https://e.example'",
            &[],
        ),
        // These decide neither.
        ("verify: true, insecure: false", &[]),
        ("region_name: R, interface: admin, compute_api_version: 2, dns_region_name: S", &[]),
        ("compute_endpoint_override: '', cacert: ", &[]),
        ("endpoint: 'https://e.example', url: 'https://e.example'", &[]),
        ("cert: /c.pem, key: /k.pem", &[]),
    ] {
        let files = here()
            .with(OWN_SECURE, format!("clouds: {{c: {{{all}}}}}"))
            .with("clouds.yaml", format!("clouds: {{c: {{{beside}}}}}"));
        let warnings = warns(&files, &[]);
        let found = warnings.iter().filter_map(|w| w.strip_prefix("auth.password: "));
        let found: Vec<_> =
            found.filter_map(|w| w.split_once(" of another place (/here/")).collect();
        let found: Vec<_> = found.into_iter().map(|(setting, _)| setting).collect();
        assert_eq!(found, settings, "{beside}: {warnings:?}");
        // In one directory, none of them is one.
        let files = here()
            .with("secure.yaml", format!("clouds: {{c: {{{all}}}}}"))
            .with("clouds.yaml", format!("clouds: {{c: {{{beside}}}}}"));
        let warnings = warns(&files, &[]);
        assert!(!warnings.iter().any(|w| w.contains("another place")), "{warnings:?}");
    }
}

#[test]
fn the_place_of_a_source_is_that_of_its_secret() {
    for source in ["password_file: /p", "password_env: P", "password_command: [p]"] {
        let files = here()
            .with("clouds.yaml", URL)
            .with(OWN_SECURE, format!("clouds: {{c: {{auth: {{{source}}}}}}}"));
        let key = source.split(':').next().unwrap();
        let start = format!("auth.{key}: auth_url of another place (/here/clouds.yaml:1");
        assert!(warns(&files, &[])[0].starts_with(&start), "{source}");
    }
}

/// The URL is the user's own, but its host or the profile that has it is chosen elsewhere.
#[test]
fn what_chooses_the_url_decides_too() {
    let regional = "public-clouds: {p: {auth: {auth_url: 'https://{region_name}.example'}}}";
    let plain = "public-clouds: {p: {auth: {auth_url: 'https://p.example'}}}";
    for (public, clouds, settings) in [
        (regional, "clouds: {c: {profile: p, region_name: evil}}", &["profile", "region_name"][..]),
        (plain, "clouds: {c: {profile: p, region_name: R}}", &["profile"]),
        (plain, "clouds: {c: {cloud: p}}", &["profile"]),
    ] {
        let files =
            here().with(OWN_PUBLIC, public).with(OWN_SECURE, PASSWORD).with("clouds.yaml", clouds);
        let warnings = warns(&files, &[]);
        let foreign: Vec<_> = warnings.iter().filter(|w| w.contains("another place")).collect();
        assert_eq!(foreign.len(), settings.len(), "{warnings:?}");
        for (warning, setting) in foreign.iter().zip(settings) {
            assert!(warning.starts_with(&format!("auth.password: {setting} of")), "{warning}");
        }
    }
}

#[test]
fn the_environment_is_another_place() {
    let public = "public-clouds: {p: {auth: {auth_url: 'https://k.example'}, cacert: /ca.pem, \
        compute_endpoint_override: 'https://c.example'}}";
    for path in ["clouds-public.yaml", OWN_PUBLIC] {
        let variables = [("OS_PROFILE", "p"), ("OS_USERNAME", "me"), ("OS_PASSWORD", "hunter2")];
        let warnings = warns(&here().with(path, public), &variables);
        // The environment chose the profile, too, and that is where the password is.
        for (warning, setting) in
            warnings.iter().zip(["auth_url", "cacert", "compute_endpoint_override"])
        {
            assert!(warning.starts_with(&format!("auth.password: {setting} of")), "{warning}");
            assert!(warning.ends_with("beside it (variable OS_PASSWORD)"), "{warning}");
        }
        assert_eq!(warnings.len(), 3);
        let confirmed = [&variables[..], &[("OS_AUTH_URL", "https://k.example")]].concat();
        let warnings = warns(&here().with(path, public), &confirmed);
        assert!(warnings.len() == 2 && !warnings[0].contains("auth_url"), "{warnings:?}");
    }
}

#[test]
fn a_secret_next_to_its_url_is_no_warning() {
    let beside = here().with("clouds.yaml", URL).with("secure.yaml", PASSWORD);
    assert_eq!(warns(&beside, &[]), [""; 0]);
    let own = here().with(OWN_CLOUDS, URL).with(OWN_SECURE, PASSWORD);
    assert_eq!(warns(&own, &[]), [""; 0]);
    // The file with the secret confirms the URL.
    let both = "clouds: {c: {auth: {auth_url: 'https://k.example', password: hunter2}}}";
    let files = here().with("clouds.yaml", URL).with(OWN_SECURE, both);
    assert_eq!(warns(&files, &[]), [""; 0]);
    // The URLs of the built-in profiles are the vendors'.
    for own in ["profile: nhn", "profile: otc, region_name: eu-nl", "profile: rackspace"] {
        let profile = format!("clouds: {{c: {{{own}, auth: {{username: me}}}}}}");
        let files = here().with("clouds.yaml", profile).with(OWN_SECURE, PASSWORD);
        assert_eq!(warns(&files, &[]), [""; 0], "{own}");
    }
    // A value that is not secret, and a secret that is not sent.
    let user = "clouds: {c: {auth: {user_domain_name: d}}}";
    let files = here().with("clouds.yaml", URL).with(OWN_SECURE, user);
    assert_eq!(warns(&files, &[]), [""; 0]);
    let nowhere = "clouds: {c: {auth: {username: me}}}";
    let files = here().with("clouds.yaml", nowhere).with(OWN_SECURE, PASSWORD);
    assert_eq!(warns(&files, &[]), [""; 0]);
    // All in the environment.
    let variables = [
        ("OS_AUTH_URL", "https://k.example"),
        ("OS_USERNAME", "me"),
        ("OS_PASSWORD", "hunter2"),
        ("OS_CACERT", "/ca.pem"),
        ("OS_COMPUTE_ENDPOINT_OVERRIDE", "https://c.example"),
    ];
    assert_eq!(warns(&here(), &variables), [""; 0]);
}

#[test]
fn only_the_cloud_with_the_secret_warns() {
    let clouds = "clouds: {c: {auth: {auth_url: 'https://c.example'}}, \
        d: {auth: {auth_url: 'https://d.example'}}}";
    let files = here().with("clouds.yaml", clouds).with("/etc/openstack/secure.yaml", PASSWORD);
    let config = Config::merge(&files, &Variables::default()).unwrap();
    let warns = |name: &str| {
        let cloud = config.cloud(&Choices::default().cloud(name)).unwrap();
        let is_warns = |warning: &Warning| matches!(warning, Warning::SecretFromElsewhere { .. });
        cloud.warnings().iter().any(is_warns)
    };
    assert!(warns("c") && !warns("d"));
}

#[test]
fn a_vendors_name_keeps_the_vendors_url() {
    let moved = |name: &str| {
        format!("public-clouds: {{{name}: {{auth: {{auth_url: 'https://evil.example/v3'}}}}}}")
    };
    // A secret of the environment, of another file, and none that is configured.
    for name in ["otc", "nhn", "catalyst", "ovh"] {
        let files = here().with("clouds-public.yaml", moved(name));
        let variables = [
            ("HOME", "/home/me"),
            ("OS_PROFILE", name),
            ("OS_USERNAME", "me"),
            ("OS_PASSWORD", "x"),
        ];
        let said_of = |files: &Files, variables: &[(&str, &str)]| said(of(files, variables));
        let text = said_of(&files, &variables);
        let file = format!("(/here/clouds-public.yaml:1, public-clouds.{name}.auth.auth_url)");
        assert!(text.starts_with(&format!("profile {name}: ")) && text.contains(&file), "{text}");
        assert!(
            text.contains("auth.password is from another place (variable OS_PASSWORD)"),
            "{text}"
        );
        assert!(
            text.ends_with("give the profile another name, or put auth_url beside auth.password")
        );
        let confirmed = [&variables[..], &[("OS_AUTH_URL", "https://own.example")]].concat();
        assert!(of(&files, &confirmed).is_ok());
        // The URL of services without an identity service receives the secret, too.
        let basic = format!(
            "public-clouds: {{{name}: {{auth_type: http_basic, endpoint: 'https://evil.example', \
             auth: {{auth_url: 'https://evil.example'}}}}}}"
        );
        let text = said_of(&here().with("clouds-public.yaml", basic), &variables);
        assert!(text.ends_with("or put endpoint beside auth.password"), "{text}");
        let text = said_of(&files, &variables[..3]);
        assert!(text.contains("profile is from another place (variable OS_PROFILE)"), "{text}");
        let own =
            format!("clouds: {{c: {{profile: {name}, auth: {{username: me, password: x}}}}}}");
        let text = said_of(&files.with(OWN_CLOUDS, own), &variables[..1]);
        assert!(text.contains(OWN_CLOUDS) && text.contains(&file), "{text}");
    }
    let of_home = |public: String, path: &str, own: &str| {
        let files = here().with(path, public).with(OWN_CLOUDS, format!("clouds: {{c: {{{own}}}}}"));
        of(&files, &[("HOME", "/home/me")])
    };
    let own = "profile: otc, auth: {username: me, password: x}";
    // The user's own file, another name, the vendor's own URL, and a URL beside the secret.
    assert!(of_home(moved("otc"), OWN_PUBLIC, own).is_ok());
    let private = own.replace("otc", "private");
    assert!(of_home(moved("private"), "clouds-public.yaml", &private).is_ok());
    let same =
        "public-clouds: {otc: {auth: {auth_url: 'https://IAM.eu-nl.otc.t-systems.com:443'}}}";
    assert!(of_home(same.to_owned(), "clouds-public.yaml", own).is_ok());
    let confirmed = own.replace("username", "auth_url: 'https://own.example', username");
    assert!(of_home(moved("otc"), "clouds-public.yaml", &confirmed).is_ok());
}

/// The user's password or client secret would go to the provider of the profile.
#[test]
fn a_vendors_name_brings_no_provider() {
    let ids = "identity_provider: i, protocol: p, client_id: c";
    let own = "profile: ovh, auth: {username: me, password: x}";
    let client = format!(
        "profile: ovh, auth_type: v3oidcclientcredentials, auth: {{{ids}, client_secret: x, \
         discovery_endpoint: 'https://login.example/d'}}"
    );
    let (token, document) = ("access_token_endpoint", "discovery_endpoint");
    for (public, own, setting) in [
        (format!("auth_type: v3oidcpassword, auth: {{{ids}, {token}: EVIL}}"), own, token),
        (format!("auth_type: v3oidcpassword, {token}: EVIL, auth: {{{ids}}}"), own, token),
        (format!("auth_type: v3oidcpassword, auth: {{{ids}, {document}: EVIL}}"), own, document),
        // It would win over the user's own document.
        (format!("auth: {{{token}: EVIL}}"), client.as_str(), token),
    ] {
        let public = public.replace("EVIL", "'https://evil.example/t'");
        let public = format!("public-clouds: {{ovh: {{{public}}}}}");
        let clouds = format!("clouds: {{c: {{{own}}}}}");
        let files = here().with("clouds-public.yaml", public.as_str());
        let files = files.with(OWN_CLOUDS, clouds.as_str());
        let text = said(of(&files, &[("HOME", "/home/me")]));
        assert!(text.starts_with("profile ovh: clouds-public.yaml"), "{text}");
        assert!(text.contains(&format!("its {setting} (/here/clouds-public.yaml:1")), "{text}");
        // The user's own file may say so.
        let files = here().with(OWN_PUBLIC, public).with(OWN_CLOUDS, clouds);
        assert!(of(&files, &[("HOME", "/home/me")]).is_ok());
    }
}
