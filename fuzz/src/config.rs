//! What is configured on a machine.

use auth_config::{Choices, CloudConfig, Config, Error, Files, Variables};
use secrecy::ExposeSecret;

use crate::promise::{check_hidden, check_text};

/// Any files and variables: `clouds.yaml`, and what follows the lines `#= secure.yaml`,
/// `#= clouds-public.yaml` and `#= variables`, these as `NAME=value`.
///
/// Whatever is configured is understood or refused with a place, in clean words, and a password is
/// in none of them.
pub fn clouds_yaml(data: &[u8]) {
    let parts = Parts::of(data);
    let mut files = Files::in_directory("/here").with("clouds.yaml", parts.clouds);
    for (name, part) in [("secure.yaml", parts.secure), ("clouds-public.yaml", parts.public)] {
        if let Some(part) = part {
            files = files.with_readable_by_others(name, part);
        }
    }
    let variables: Variables = parts.variables.into_iter().collect();
    let config = match Config::merge(&files, &variables) {
        Ok(config) => config,
        Err(error) => return check_error(&error, data),
    };
    let mut choices = Choices::default();
    if let (None, Some(first)) = (config.default_name(), config.names().next()) {
        choices = choices.cloud(first);
    }
    match config.cloud(&choices) {
        Ok(cloud) => check(&cloud, data),
        Err(error) => check_error(&error, data),
    }
}

fn check(cloud: &CloudConfig, data: &[u8]) {
    let mut told = vec![format!("{cloud:?}")];
    told.extend(cloud.warnings().iter().map(ToString::to_string));
    for setting in cloud.settings() {
        told.push(setting.to_string());
        assert!(setting.value().is_none_or(|value| value.len() <= longest(data)));
    }
    let at = cloud.cloud();
    let errors = [at.as_ref().err().cloned(), cloud.credential().err(), cloud.scope().err()];
    told.extend(errors.iter().flatten().map(ToString::to_string));
    for text in &told[1..] {
        check_text(text, longest(data));
    }
    if let Ok(at) = at {
        let url = at.identity_url();
        assert!(url.starts_with("https://") || url.starts_with("http://"), "{url}");
    }
    let told = || told.iter().map(String::as_str);
    for key in ["application_credential_secret", "passcode", "password", "token"] {
        let Some(secret) = cloud.secret(key).map(ExposeSecret::expose_secret) else { continue };
        // What stands in the files once, is not repeated by an alias and is no word of ours, is the
        // secret alone.
        let places = data.windows(secret.len().max(1)).filter(|at| *at == secret.as_bytes());
        if secret.contains(SECRET) && places.count() == 1 && !data.contains(&b'*') {
            check_hidden(secret, told());
        }
    }
}

fn check_error(error: &Error, data: &[u8]) {
    let text = error.to_string();
    check_text(&text, longest(data));
    if is_password(data) {
        check_hidden(SECRET, [text.as_str()]);
    }
}

/// Whether the secret stands there once, and can be nothing else than a password.
fn is_password(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    // These could make a part of another text of it, or repeat it.
    if text.contains(['"', '\'', '|', '>', '?', '*']) || text.matches(SECRET).count() != 1 {
        return false;
    }
    let names = ["password: ", "OS_PASSWORD="];
    let mut values = text.lines().filter_map(|line| {
        names.iter().find_map(|name| line.trim_ascii_start().strip_prefix(name))
    });
    values.any(|value| value.starts_with(SECRET))
}

const SECRET: &str = "hunter2";

/// Every letter of the files escaped, and our own words.
fn longest(data: &[u8]) -> usize {
    4096 + 10 * data.len()
}

#[derive(Default)]
struct Parts<'a> {
    clouds: Vec<u8>,
    secure: Option<Vec<u8>>,
    public: Option<Vec<u8>>,
    variables: Vec<(&'a str, &'a str)>,
}

impl<'a> Parts<'a> {
    fn of(data: &'a [u8]) -> Self {
        let mut parts = Self::default();
        let mut name: &[u8] = b"#= clouds.yaml";
        for line in data.split_inclusive(|byte| *byte == b'\n') {
            if line.starts_with(b"#= ") {
                name = line.trim_ascii_end();
                continue;
            }
            match name {
                b"#= secure.yaml" => parts.secure.get_or_insert_default().extend(line),
                b"#= clouds-public.yaml" => parts.public.get_or_insert_default().extend(line),
                b"#= variables" => parts.variables.extend(variable(line)),
                _ => parts.clouds.extend(line),
            }
        }
        parts
    }
}

fn variable(line: &[u8]) -> Option<(&str, &str)> {
    std::str::from_utf8(line).ok()?.trim_end_matches('\n').split_once('=')
}
