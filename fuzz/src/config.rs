//! Configuration files and variables.

use auth_config::{Choices, CloudConfig, Config, Error, Files, Variables};
use secrecy::ExposeSecret;

use crate::checks::{check_hidden, check_text};

/// Any files and variables: `clouds.yaml`, and the parts after the lines `#= secure.yaml`,
/// `#= clouds-public.yaml` and `#= variables` (as `NAME=value`).
///
/// A configuration is read, or refused with its place in the file. All texts are clean, and no text
/// shows a password.
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
    let mut texts = vec![format!("{cloud:?}")];
    texts.extend(cloud.warnings().iter().map(ToString::to_string));
    for setting in cloud.settings() {
        texts.push(setting.to_string());
        assert!(setting.value().is_none_or(|value| value.len() <= longest(data)));
    }
    let at = cloud.cloud();
    let errors = [at.as_ref().err().cloned(), cloud.credential().err(), cloud.scope().err()];
    texts.extend(errors.iter().flatten().map(ToString::to_string));
    for text in &texts[1..] {
        check_text(text, longest(data));
    }
    if let Ok(at) = at {
        let url = at.identity_url();
        assert!(url.starts_with("https://") || url.starts_with("http://"), "{url}");
    }
    let texts = || texts.iter().map(String::as_str);
    for key in ["application_credential_secret", "passcode", "password", "token"] {
        let Some(secret) = cloud.secret(key).map(ExposeSecret::expose_secret) else { continue };
        // A text that occurs once, that no alias repeats and that is no word of this target can only
        // be the secret.
        let places = data.windows(secret.len().max(1)).filter(|at| *at == secret.as_bytes());
        if secret.contains(SECRET) && places.count() == 1 && !data.contains(&b'*') {
            check_hidden(secret, texts());
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

/// Whether the secret occurs once, as a password.
fn is_password(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    // With these characters it could be a part of another text, or be repeated.
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

/// The length of the files with every character escaped, and of this target's texts.
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
