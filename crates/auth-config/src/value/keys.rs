//! Known keys, which of them hold secrets, and the suggestion for a misspelled one.

/// Whether a value may be shown: its key is known and holds no secret. An unknown key may be a
/// misspelled `password`, and an argument of a command may be one.
pub(crate) fn is_public(key: &str) -> bool {
    !is_secret(key) && !is_command(key) && (is_known(key) || is_known_in_auth(key))
}

/// Whether a key holds a secret.
pub(crate) fn is_secret(key: &str) -> bool {
    SECRET.contains(&key)
}

/// Secrets that may be read at each login instead, from one of the [`sources`].
pub(crate) const READ_AT_LOGIN: &[&str] =
    &["access_token", "application_credential_secret", "client_secret", "password"];

/// The keys that say where a secret is read: `password_command`, `password_env`, `password_file`.
/// None for other keys.
pub(crate) fn sources(secret: &str) -> impl Iterator<Item = String> {
    let kinds: &[_] =
        if READ_AT_LOGIN.contains(&secret) { &["command", "env", "file"] } else { &[] };
    kinds.iter().map(move |kind| format!("{secret}_{kind}"))
}

/// Whether a key says where a secret is read.
pub(crate) fn is_source(key: &str) -> bool {
    READ_AT_LOGIN.iter().any(|secret| sources(secret).any(|source| source == key))
}

/// Whether a key holds a program and its arguments.
pub(crate) fn is_command(key: &str) -> bool {
    key.ends_with("_command") && is_source(key)
}

/// Whether a key takes PEM text or the path of a file with it.
pub(crate) fn takes_pem(key: &str) -> bool {
    matches!(key, "cacert" | "cert" | "key")
}

/// Whether a cloud's entry may have this key. The keys of `auth` are allowed there, too.
pub(crate) fn is_known(key: &str) -> bool {
    let known = |keys: &[&str]| keys.binary_search(&key).is_ok();
    known(TOP) || (known(AUTH) && !ONLY_IN_AUTH.contains(&key)) || has_known_suffix(key)
}

/// Whether `auth` may have this key.
pub(crate) fn is_known_in_auth(key: &str) -> bool {
    AUTH.binary_search(&key).is_ok()
}

/// Whether a key of a cloud's entry must hold a single text.
pub(crate) fn is_text(key: &str) -> bool {
    let suffixes =
        ["_api_version", "_endpoint", "_endpoint_override", "_region_name", "_service_type"];
    matches!(key, "auth_root" | "auth_type" | "cacert" | "cert" | "key" | "profile" | "cloud")
        || suffixes.iter().any(|suffix| key.ends_with(suffix))
}

/// Whether a key of `auth` must hold a single text.
pub(crate) fn is_text_in_auth(key: &str) -> bool {
    is_known_in_auth(key) && key != "auth_methods" && !is_command(key)
}

/// Keys of `auth` that a cloud's entry may also have, whatever the kind of login.
pub(crate) fn login_options() -> impl Iterator<Item = &'static str> {
    let is_option = |key: &&str| !matches!(*key, "endpoint" | "url") && !ONLY_IN_AUTH.contains(key);
    AUTH.iter().copied().filter(is_option)
}

/// The known key of a cloud that is closest to a misspelled one.
pub(crate) fn nearest(key: &str) -> Option<&'static str> {
    let known = TOP.iter().chain(AUTH).copied();
    nearest_of(key, known.filter(|known| !ONLY_IN_AUTH.contains(known)))
}

/// The closest of the `known` keys, if its edit distance is at most a third of the key's length and
/// at most 2. Ties go to the alphabetically first.
pub(crate) fn nearest_of(
    key: &str,
    known: impl Iterator<Item = &'static str>,
) -> Option<&'static str> {
    let length = key.chars().count();
    let limit = (length / 3).min(2);
    known
        // The lengths alone rule most keys out, so a long key costs little. Known keys are ASCII.
        .filter(|known| known.len().abs_diff(length) <= limit)
        .map(|known| (strsim::damerau_levenshtein(key, known), known))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, known)| known)
}

/// The key that allows plain http.
pub(crate) const PLAIN_HTTP: &str = "allow_plain_http";

/// The key of the store where processes share tokens.
pub(crate) const STORE: &str = "auth_store";

/// The key of the file with the store's key.
pub(crate) const STORE_KEY_FILE: &str = "auth_store_key_file";

/// Keys at the root of a file.
pub(crate) const ROOT: &[&str] =
    &["ansible", STORE, STORE_KEY_FILE, "cache", "client", "clouds", "metrics", "public-clouds"];

/// Keys of `cache` at the root of a file. Only `auth` is read; the others are about openstacksdk's
/// cache of resources.
pub(crate) const CACHE: &[&str] =
    &["arguments", "auth", "class", "expiration", "expiration_time", "max_age", "path"];

/// Options of a login, sorted.
const AUTH: &[&str] = &[
    "access_token",
    "access_token_command",
    "access_token_endpoint",
    "access_token_env",
    "access_token_file",
    "access_token_type",
    "agency_domain_name",
    "agency_name",
    "application_credential_id",
    "application_credential_name",
    "application_credential_secret",
    "application_credential_secret_command",
    "application_credential_secret_env",
    "application_credential_secret_file",
    "auth_methods",
    "auth_token",
    "auth_url",
    "authorization_code",
    "client_id",
    "client_secret",
    "client_secret_command",
    "client_secret_env",
    "client_secret_file",
    "code",
    "code_challenge_method",
    "default_domain_id",
    "default_domain_name",
    "delegated_project",
    "device_authorization_endpoint",
    "discovery_endpoint",
    "domain_id",
    "domain_name",
    "endpoint",
    "identity_provider",
    "idp_otp_key",
    "login_timeout",
    "oauth2_client_id",
    "oauth2_client_secret",
    "oauth2_endpoint",
    "openid_scope",
    "passcode",
    "password",
    "password_command",
    "password_env",
    "password_file",
    "project_domain_id",
    "project_domain_name",
    "project_id",
    "project_name",
    "protocol",
    "redirect_host",
    "redirect_port",
    "redirect_uri",
    "refresh_token",
    "scope",
    "system_scope",
    "target_agency_name",
    "target_domain_id",
    "target_domain_name",
    "target_project_id",
    "target_project_name",
    "tenant_id",
    "tenant_name",
    "token",
    "trust_id",
    "url",
    "user_domain_id",
    "user_domain_name",
    "user_id",
    "user_name",
    "username",
];

/// Keys that openstacksdk reads only in `auth`: beside it, `scope` is no option of a login.
const ONLY_IN_AUTH: &[&str] = &["scope"];

const SECRET: &[&str] = &[
    "access_token",
    "application_credential_secret",
    "auth_token",
    "authorization_code",
    "client_secret",
    "code",
    "oauth2_client_secret",
    "passcode",
    "password",
    "refresh_token",
    "token",
];

/// Other keys of a cloud's entry, sorted.
const TOP: &[&str] = &[
    PLAIN_HTTP,
    "api_timeout",
    "auth",
    "auth_methods",
    "auth_plugin",
    "auth_root",
    STORE,
    STORE_KEY_FILE,
    "auth_type",
    "cacert",
    "cache",
    "cert",
    "cloud",
    "cloud_name",
    "disable_vendor_agent",
    "endpoint_type",
    "external_network",
    "floating_ip_source",
    "force_ipv4",
    "has_network",
    "image_api_use_tasks",
    "image_format",
    "insecure",
    "interface",
    "internal_network",
    "key",
    "message",
    "metrics",
    "networks",
    "prefer_ipv6",
    "profile",
    "region_name",
    "regions",
    "requires_floating_ip",
    "secgroup_source",
    "status",
    "timeout",
    "vendor_hook",
    "verify",
];

/// Suffixes of a service type, as in `compute_api_version`; sorted.
const SUFFIXES: &[&str] = &[
    "_api_version",
    "_concurrency",
    "_connect_retries",
    "_connect_retry_delay",
    "_default_microversion",
    "_endpoint",
    "_endpoint_override",
    "_endpoint_type",
    "_interface",
    "_max_version",
    "_min_version",
    "_rate_limit",
    "_region_name",
    "_retriable_status_codes",
    "_service_name",
    "_service_type",
    "_status_code_retries",
    "_status_code_retry_delay",
    "_timeout",
];

fn has_known_suffix(key: &str) -> bool {
    let known = |suffix: &str| key.len() > suffix.len() && key.ends_with(suffix);
    SUFFIXES.iter().any(|suffix| known(suffix))
        || key.strip_prefix("has_").is_some_and(|s| !s.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted() {
        assert!(AUTH.is_sorted() && TOP.is_sorted() && SUFFIXES.is_sorted() && ROOT.is_sorted());
        assert!(CACHE.is_sorted());
    }

    #[test]
    fn a_typo_is_recognised_and_hidden() {
        assert_eq!(nearest("pasword"), Some("password"));
        assert_eq!(nearest("regoin_name"), Some("region_name"));
        assert_eq!(nearest("xyz"), None);
        assert!(!is_public("pasword") && !is_public("password") && is_public("auth_url"));
        assert!(is_known("compute_api_version") && !is_known("_api_version"));
    }
}
