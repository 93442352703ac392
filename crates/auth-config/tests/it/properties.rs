//! Properties of every configuration: precedence of values, and texts that stay unchanged.

use std::collections::BTreeMap;

use crate::support::{of_file, of_variables, request, with};
use auth_config::{Choices, CloudConfig, Config, Files, Variables};
use proptest::{
    collection::btree_map, prelude::*, sample::select, test_runner::FileFailurePersistence,
};

/// Some of a cloud's values, each under `auth` or beside it.
type Layer = BTreeMap<&'static str, String>;

const KEYS: [&str; 6] = [
    "auth.project_domain_name",
    "auth.project_name",
    "auth.user_domain_name",
    "auth.username",
    "cacert",
    "region_name",
];

fn layer() -> impl Strategy<Value = Layer> {
    btree_map(select(&KEYS[..]), "[a-z]{1,4}", 0..=KEYS.len())
}

/// A layer as a file, in flow or block style, with keys in ascending or descending order.
fn written(top: &str, name: &str, layer: &Layer, block: bool) -> String {
    let under = |prefix: &str, key: &str| key.strip_prefix(prefix).map(str::to_owned);
    let auth: Vec<_> =
        layer.iter().filter_map(|(key, text)| Some((under("auth.", key)?, text))).collect();
    let beside: Vec<_> = layer.iter().filter(|(key, _)| !key.contains('.')).collect();
    if block {
        let mut out = format!("{top}:\n  {name}:\n    x: null\n");
        beside.iter().rev().for_each(|(key, text)| out += &format!("    {key}: \"{text}\"\n"));
        if !auth.is_empty() {
            out += "    auth:\n";
        }
        auth.iter().rev().for_each(|(key, text)| out += &format!("      {key}: '{text}'\n"));
        return out;
    }
    let auth: String = auth.iter().map(|(key, text)| format!("{key}: {text:?}, ")).collect();
    let beside: String = beside.iter().map(|(key, text)| format!("{key}: {text:?}, ")).collect();
    format!("{top}: {{{name}: {{{beside}auth: {{{auth}}}}}}}")
}

fn values(cloud: &CloudConfig) -> BTreeMap<String, String> {
    let settings = cloud.settings().into_iter();
    settings.filter_map(|setting| Some((setting.key().to_owned(), setting.value()?))).collect()
}

/// Failing inputs are kept next to this file.
fn cases(count: u32) -> ProptestConfig {
    let kept = FileFailurePersistence::WithSource("proptest-regressions");
    ProptestConfig {
        failure_persistence: Some(Box::new(kept)),
        ..ProptestConfig::with_cases(count)
    }
}

proptest! {
    #![proptest_config(cases(256))]

    /// secure.yaml overrides clouds.yaml, and both override a profile, key by key.
    #[test]
    fn higher_layers_win(
        profile in layer(), clouds in layer(), secure in layer(), blocks: [bool; 3],
    ) {
        let mut named = written("clouds", "c", &clouds, blocks[1]);
        named = named.replacen("c: {", "c: {profile: vendor, ", 1);
        named = named.replacen("  c:\n", "  c:\n    profile: vendor\n", 1);
        let files = Files::in_directory("/here")
            .with("clouds-public.yaml", written("public-clouds", "vendor", &profile, blocks[0]))
            .with("clouds.yaml", named)
            .with("secure.yaml", written("clouds", "c", &secure, blocks[2]));
        let config = Config::merge(&files, &Variables::default()).unwrap();
        let read = values(&config.cloud(&Choices::default()).unwrap());
        for key in KEYS {
            let layers = [&secure, &clouds, &profile];
            let wins = layers.into_iter().find_map(|layer| layer.get(key));
            // Other keys may have defaults.
            if let Some(wins) = wins {
                prop_assert_eq!(read.get(key), Some(wins), "{}", key);
            }
        }
    }

    /// A quoted text stays unchanged, even if it would be a number or a boolean without quotes.
    #[test]
    fn a_text_stays_unchanged(text in prop_oneof![
        "[!-~]([ -~]{0,30}[!-~])?",
        "\\PC{1,20}",
        select(&["0123", "1:30", "yes", "null", "~", "1e3", "{x}", "*a", "%(x)s", "2026-11-22"][..])
            .prop_map(str::to_owned),
    ]) {
        let quoted = serde_json::Value::from(text.clone()).to_string();
        let single = format!("'{}'", text.replace('\'', "''"));
        for written in [quoted, single] {
            let auth = format!("username: me, user_domain_id: d, project_id: p, password: {written}");
            prop_assert_eq!(&password(&with(&auth, "").unwrap()), &text, "{}", written);
        }
        let by_variable = of_variables(&[
            ("OS_AUTH_URL", "https://k.example/v3"),
            ("OS_USERNAME", "me"),
            ("OS_USER_DOMAIN_ID", "d"),
            ("OS_PROJECT_ID", "p"),
            ("OS_PASSWORD", &text),
        ]);
        prop_assert_eq!(password(&by_variable.unwrap()), text);
    }

    /// Eight words are true or false, in any case; all others are an error.
    #[test]
    fn a_boolean_is_one_of_eight_words(word in prop_oneof![
        "(?i:true|yes|on|1|false|no|off|0)",
        "(?i:[tyonfe1]{1,5})",
        "[ -~]{1,6}",
    ]) {
        let quoted = serde_json::Value::from(word.clone()).to_string();
        let read = of_file(&format!("clouds: {{c: {{insecure: {quoted}, auth: {{}}}}}}"));
        let meant = match word.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(true),
            "false" | "no" | "off" | "0" => Some(false),
            _ => None,
        };
        prop_assert_eq!(read.ok().map(|cloud| !cloud.tls().verify), meant, "{}", word);
    }
}

/// The password in the login request.
fn password(cloud: &CloudConfig) -> String {
    let body: serde_json::Value = serde_json::from_slice(request(cloud).body().as_bytes()).unwrap();
    body["auth"]["identity"]["password"]["user"]["password"].as_str().unwrap().to_owned()
}
