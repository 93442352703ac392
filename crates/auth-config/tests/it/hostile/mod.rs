//! Configurations that are wrong by mistake or by intent.

mod rows;
mod stores;

use crate::support::{of, of_file, of_variables, said, warned, with};
use auth_config::{Choices, Config, Files, Variables};
use proptest::prelude::*;

#[test]
fn no_verification_is_a_warning() {
    // An unused CA file is another one.
    let warnings = warned(&with("x: x", "verify: false, cacert: /ca.pem").unwrap());
    assert!(warnings.iter().any(|w| w.contains("not verified")), "{warnings:?}");
    assert!(warnings.iter().any(|w| w.starts_with("cacert: not used")), "{warnings:?}");
}

#[test]
fn unknown_keys_get_a_suggestion() {
    let cloud = with("pasword: hunter2, username: me", "regoin_name: R, xyzzy: 1").unwrap();
    let warnings = warned(&cloud);
    let place = "/here/clouds.yaml:1, clouds.c";
    assert_eq!(
        warnings,
        [
            format!("regoin_name: unknown key; did you mean region_name? ({place}.regoin_name)"),
            format!("xyzzy: unknown key ({place}.xyzzy)"),
            format!("auth.pasword: unknown key; did you mean password? ({place}.auth.pasword)"),
        ]
    );
    let by_variable =
        of_variables(&[("OS_USERNAM", "x"), ("OS_DISTRIBUTOR", "x"), ("OS_AUTH_URL", "x")]);
    let warnings = warned(&by_variable.unwrap());
    assert_eq!(warnings, ["usernam: unknown key; did you mean username? (variable OS_USERNAM)"]);
    let root = of_file("cluods: {c: {}}\nclouds: {d: {}}\n").unwrap();
    assert!(warned(&root)[0].contains("did you mean clouds?"), "{:?}", root.warnings());
    assert_eq!(warned(&with("username: me", "compute_api_version: 2").unwrap()), [""; 0]);
}

#[test]
fn a_secret_readable_by_others_is_a_warning() {
    let clouds = "clouds: {c: {auth: {username: me}}}";
    let secret = "clouds: {c: {auth: {password: hunter2}}}";
    let files = Files::in_directory("/here");
    let warned_by = |files: Files| warned(&of(&files, &[]).unwrap());
    let shut =
        files.clone().with_readable_by_others("clouds.yaml", clouds).with("secure.yaml", secret);
    assert_eq!(warned_by(shut), [""; 0]);
    let open =
        files.clone().with("clouds.yaml", clouds).with_readable_by_others("secure.yaml", secret);
    assert_eq!(
        warned_by(open),
        ["/here/secure.yaml: holds a secret and is readable by others; chmod 600 it"]
    );
    // A misspelled key still counts as a secret.
    let typo =
        files.with_readable_by_others("clouds.yaml", "clouds: {c: {auth: {passwort: hunter2}}}");
    assert!(warned_by(typo).iter().any(|w| w.contains("readable by others")));
}

#[test]
fn wrong_shapes_are_errors_with_a_place() {
    for (text, says) in [
        ("[]", "must be a mapping"),
        ("just text", "must be a mapping"),
        ("clouds: []", "clouds: must be a mapping"),
        ("clouds: {c: text}", "clouds.c: must be a mapping"),
        ("clouds: {c: {auth: []}}", "auth: must be a mapping"),
        ("clouds: {c: {regions: text}}", "regions: must be a list"),
        ("clouds: {c: {regions: [{nam: x}]}}", "regions: each must be"),
        ("clouds: {c: {regions: [[]]}}", "regions: each must be"),
        ("clouds: {c: {regions: [{name: x, values: 1}]}}", "regions: each must be"),
        ("clouds: {c: {interface: {}}}", "interface: must be"),
        ("clouds: {c: {region_name: {A: B}}}", "region_name: must be a name"),
        ("clouds: {c: {auth_type: [token]}}", "auth_type: must be a text"),
        ("clouds: {c: {profile: [otc]}}", "profile: must be a text"),
        ("clouds: {c: {auth: {password: [hunter2]}}}", "auth.password: must be a text; put quotes"),
        ("clouds: {c: {auth: {password: {hunter2}}}}", "auth.password: must be a text; put quotes"),
        ("clouds: {c: {password: {hunter2: x}}}", "password: must be a text"),
        ("clouds: {c: {compute_endpoint_override: [x]}}", "compute_endpoint_override: must be"),
        ("clouds: {c: {cacert: {a: b}}}", "cacert: must be a text"),
        (
            "clouds: {c: {auth: {auth_url: 'https://{password}/'}, password: hunter2}}",
            "placeholder",
        ),
    ] {
        let said = said(of_file(text));
        assert!(said.contains(says) && said.contains("/here/clouds.yaml:1"), "{text}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    assert!(said(of_file("clouds: {}")).contains("no cloud is configured"));
    assert!(said(of_file("clouds: {a: {}, b: {}}")).contains("choose one, or set OS_CLOUD: a, b"));
    let gone = said(of_file("clouds: {c: {profile: betacloud}}"));
    assert!(gone.contains("no longer exists"), "{gone}");
}

#[test]
fn names_cannot_steer_a_terminal() {
    let said = said(of_variables(&[("OS_CLOUD", "\u{1b}[2J\u{202e}x"), ("OS_USERNAME", "x")]));
    assert!(!said.contains('\u{1b}') && said.contains("\\u{1b}"), "{said}");
    // The same holds for the working directory.
    for text in ["[", "clouds: {c: {insecure: x}}", "clouds: {c: []}"] {
        let files = Files::in_directory("/\u{1b}[2J \"here\"").with("clouds.yaml", text);
        let said = crate::support::said(of(&files, &[]));
        assert!(said.contains("/\\u{1b}[2J \"here\"/clouds.yaml:"), "{said}");
    }
}

#[test]
fn no_error_shows_a_secret() {
    const CANARY: &str = "hunter2-canary";
    // Errors at every cut of the file.
    let text = format!("clouds: {{c: {{auth: {{password: \"{CANARY}\", x: [&a {CANARY}, *b]}}}}}}");
    for cut in 0..text.len() {
        let said = format!("{:?}", of_file(&text[..cut]));
        assert!(!said.contains("hunter2"), "{said}");
    }
    for key in ["insecure", "verify", "interface", "api_timeout", "regions", "auth"] {
        let said = said(with("x: x", &format!("{key}: {CANARY}")).and_then(|cloud| {
            // Two `auth`s in one mapping: the last one counts.
            cloud.cloud()
        }));
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn profiles_are_not_fetched_from_the_network() {
    let cloud = of_file("clouds: {c: {profile: 'https://vexxhost.com'}}").unwrap();
    assert!(warned(&cloud)[0].contains("not fetched"), "{:?}", cloud.warnings());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_text_has_one_reproducible_result(
        clouds in yaml(),
        secure in yaml(),
        public in yaml(),
        variables in prop::collection::vec((variable(), scalar()), 0..5),
    ) {
        let files = Files::in_directory("/here")
            .with("clouds.yaml", clouds)
            .with("secure.yaml", secure)
            .with("clouds-public.yaml", public);
        let variables: Variables = variables.into_iter().collect();
        prop_assert_eq!(everything(&files, &variables), everything(&files, &variables));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let files = Files::in_directory("/here")
            .with("clouds.yaml", bytes.clone())
            .with("secure.json", bytes);
        everything(&files, &Variables::default());
    }
}

/// Everything that a configuration shows.
fn everything(files: &Files, variables: &Variables) -> String {
    let config = match Config::merge(files, variables) {
        Ok(config) => config,
        Err(error) => return error.to_string(),
    };
    let mut out = String::new();
    for name in config.names().chain(["nosuch"]) {
        match config.cloud(&Choices::default().cloud(name)) {
            Ok(cloud) => {
                out += &format!(
                    "{cloud:?}{:?}{:?}",
                    cloud.warnings(),
                    cloud.endpoint_query("compute")
                );
                out += &format!("{:?}{:?}{:?}", cloud.cloud(), cloud.credential(), cloud.scope());
                out += &format!("{:?}{:?}", cloud.store(), cloud.store_key_file());
            }
            Err(error) => out += &error.to_string(),
        }
    }
    out
}

fn variable() -> impl Strategy<Value = String> {
    let known = ["OS_CLOUD", "OS_CLOUD_NAME", "OS_PROFILE", "OS_AUTH_TYPE", "OS_REGION_NAME"];
    prop_oneof![prop::sample::select(known.to_vec()).prop_map(str::to_owned), "OS_[A-Z_]{0,8}"]
}

fn scalar() -> impl Strategy<Value = String> {
    let words = "|~|true|no|a|b|otc|nhn|x|v3totp|v3multifactor|all|{x}|{region_name}|\
        https://k.example/v3|A,B|password|token|*a|&a x|!!str 1|redis://:x@h|file|off";
    let words: Vec<_> = words.split('|').collect();
    prop_oneof![4 => prop::sample::select(words).prop_map(str::to_owned), 1 => "\\PC{0,6}"]
}

/// Something like a configuration.
fn yaml() -> impl Strategy<Value = String> {
    let keys = "clouds public-clouds a b x auth auth_url profile cloud regions region_name region-name \
        interface endpoint_type insecure verify username password project_id tenant_id domain_id \
        trust_id auth_type auth_methods name values << api_timeout x_timeout \
        compute_endpoint_override otc cache auth_store auth_store_key_file";
    let keys: Vec<_> = keys.split_whitespace().collect();
    let tree = scalar().prop_recursive(5, 40, 6, move |inner| {
        let key = prop::sample::select(keys.clone());
        prop_oneof![
            3 => prop::collection::vec((key, inner.clone()), 0..6).prop_map(|pairs| {
                let pairs: Vec<_> = pairs.iter().map(|(k, v)| format!("{k}: {v}")).collect();
                format!("{{{}}}", pairs.join(", "))
            }),
            1 => prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
        ]
    });
    prop_oneof![
        tree.clone().prop_map(|tree| format!("clouds: {{a: {tree}}}")),
        tree.clone().prop_map(|tree| format!("clouds: {tree}")),
        tree.clone().prop_map(|tree| format!("public-clouds: {{otc: {tree}, x: {tree}}}")),
        tree,
    ]
}

#[test]
fn a_file_of_maximum_size_is_read_quickly() {
    let size = auth_config::limits::FILE;
    for part in [
        "[",
        "{",
        "- ",
        "? ",
        "a: ",
        "&a ",
        "*a ",
        "!!str ",
        "\"",
        "'",
        "|\n",
        "# x\n",
        "a: b\n",
        "a: {",
        "\t",
        "%",
        "-\n",
        "- x\n",
        "x\n\n",
        "<<: ",
        "[[],",
        "\u{feff}",
        "---\n",
        "? - ",
        "[1,",
        "{\"a\":",
        "\"\\u0041",
        "1",
        "\\",
    ] {
        let text = part.repeat(size / part.len());
        let start = std::time::Instant::now();
        let _ = of_file(&text);
        let _ = of(&Files::in_directory("/here").with("clouds.json", text), &[]);
        let took = start.elapsed();
        assert!(took.as_secs() < 10, "{part:?} took {took:?}");
    }
}

/// Each unknown key is compared with all known keys.
#[test]
fn many_and_long_unknown_keys_are_read_quickly() {
    let many: String = (0..30_000).map(|n| format!("pasx{n:05}: x, ")).collect();
    let long = format!("{}: x", "é".repeat(400_000));
    for (name, keys) in [("many", many), ("long", long)] {
        let start = std::time::Instant::now();
        let cloud = of_file(&format!("clouds: {{c: {{{keys}}}}}")).unwrap();
        let took = start.elapsed();
        assert!(!warned(&cloud).is_empty() && took.as_secs() < 5, "{name} took {took:?}");
    }
}

/// YAML reads `{password: hunter,zwei}` as a password and a key.
#[test]
fn the_rest_of_a_secret_is_not_shown() {
    let cloud = with("username: me, password: hunter,zwei", "cacert: /a,three").unwrap();
    let place = "/here/clouds.yaml:1, clouds.c";
    let no_value = "unknown key without a value; if it is part of a text, quote the text";
    assert_eq!(
        warned(&cloud),
        [format!("{no_value} ({place})"), format!("{no_value} ({place}.auth)")]
    );
    let shown = format!("{cloud:?} {:?}", cloud.warnings());
    assert!(!shown.contains("zwei"), "{shown}");
    // A typo is still reported.
    let typo = warned(&with("username: me, pasword: ", "").unwrap());
    assert!(typo[0].contains("did you mean password?"), "{typo:?}");
}
