//! What the tests configure, for the check that no secret goes elsewhere (`tests/secrets`).
//!
//! [`Builder`](crate::Builder) and [`Client`](crate::Client) add their own lines to the record. A
//! test with another client says by these functions what it configured.

use std::{fs, path::Path, process::Command};

use auth_emulator::record;
use auth_proto::{Cloud, Credential};
use http::Uri;

use crate::server::{Part, Reply};

/// The `User-Agent` of requests that no client of ours sends. The check passes them over.
pub const CONTROL: &str = "control";

/// A party that may get secrets, by its URL.
pub fn party(role: Role, url: &str) {
    record::note(format_args!("{} {}", role.name(), url.escape_default()));
}

/// What a party is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// An endpoint in a reply of the identity service.
    Catalog,
    /// An identity service.
    Identity,
    /// An identity provider: each URL that a login may use.
    Provider,
    /// A proxy.
    Proxy,
    /// A service that a test calls.
    Service,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 5] =
        [Self::Catalog, Self::Identity, Self::Provider, Self::Proxy, Self::Service];

    /// The word in the record.
    pub fn name(self) -> &'static str {
        match self {
            Self::Catalog => "catalog",
            Self::Identity => "identity",
            Self::Provider => "provider",
            Self::Proxy => "proxy",
            Self::Service => "service",
        }
    }
}

/// The parties of a login. Without an identity service, the service of this cloud.
pub fn login(cloud: &Cloud, credential: &Credential) {
    if record::is_on() {
        let is_standalone = cloud.name() == Cloud::standalone_overrides().name();
        let role = if is_standalone { Role::Service } else { Role::Identity };
        party(role, &cloud.identity_url());
        credential.provider_urls().for_each(|url| party(Role::Provider, url));
    }
}

/// A service that a test calls by its URL. Over plain http, another host than the identity service's
/// gets no token, so a call of it is none of a service: the test looks at the refusal. If the cloud
/// allows that origin, the test says so by [`party`].
pub fn called(cloud: impl FnOnce() -> Cloud, url: &Uri) {
    if !record::is_on() || url.host().is_none() {
        return;
    }
    let identity: Option<Uri> = cloud().identity_url().parse().ok();
    let is_same_host = identity.is_some_and(|identity| identity.host() == url.host());
    if url.scheme_str() == Some("https") || is_same_host {
        party(Role::Service, &url.to_string());
    }
}

/// The proxies that the environment names.
pub(crate) fn proxies_of_environment() {
    let named = |name: &String| name.to_ascii_lowercase().ends_with("_proxy");
    std::env::vars().filter(|(name, _)| named(name)).for_each(|(_, url)| party(Role::Proxy, &url));
}

/// The endpoints of a catalog.
pub(crate) fn catalog(reply: &Reply) {
    if !record::is_on() {
        return;
    }
    for part in &reply.parts {
        let Part::Bytes(bytes) = part else { continue };
        let text = String::from_utf8_lossy(bytes);
        let catalog = text.find("atalog\"").map_or("", |at| &text[at..]);
        for (at, _) in catalog.match_indices("\"http") {
            let url = catalog[at + 1..].split('"').next().unwrap_or_default();
            party(Role::Catalog, url);
        }
    }
}

/// What a run of a program is configured for, by its arguments, variables and the configuration in
/// its working directory. The run adds to the record as well.
pub fn program(command: &mut Command) {
    let Some(folder) = std::env::var_os(record::FOLDER) else { return };
    let of_variables = command.get_envs().filter_map(|(name, value)| {
        Some(format!("{}: {}", name.to_str()?.to_lowercase(), value?.to_str()?))
    });
    let arguments: Vec<_> = command.get_args().filter_map(|argument| argument.to_str()).collect();
    let mut texts: Vec<_> = of_variables.collect();
    let files = ["clouds.yaml", "secure.yaml", "clouds-public.yaml"];
    let here = command.get_current_dir().unwrap_or_else(|| Path::new("."));
    texts.extend(files.iter().filter_map(|file| fs::read_to_string(here.join(file)).ok()));
    texts.push(arguments.join(" ").replace("--identity-url", "auth_url:").replace('=', " "));
    let mut identities = Vec::new();
    for text in &texts {
        let ends = |c: char| c.is_whitespace() || "'\"{},".contains(c);
        let mut words = text.split(ends).filter(|word| !word.is_empty()).peekable();
        while let (Some(word), Some(next)) = (words.next(), words.peek()) {
            let role = match word.trim_end_matches(':') {
                "auth_url" | "os_auth_url" => Role::Identity,
                "access_token_endpoint" | "discovery_endpoint" => Role::Provider,
                name if name.ends_with("_proxy") => Role::Proxy,
                name if name.ends_with("endpoint_override") => Role::Service,
                _ => continue,
            };
            party(role, next);
            if role == Role::Identity {
                identities.push(host(next));
            }
        }
    }
    if let ["curl", ..] = arguments[..] {
        // As in `called`.
        let is_called = |url: &&&str| {
            url.starts_with("https:") || url.starts_with("http:") && identities.contains(&host(url))
        };
        arguments.iter().filter(is_called).for_each(|url| party(Role::Service, url));
    }
    command.env(record::FOLDER, folder);
    command.envs(std::env::var_os(PACKAGE).map(|package| (PACKAGE, package)));
}

fn host(url: &str) -> Option<String> {
    Some(url.parse::<Uri>().ok()?.host()?.to_owned())
}

/// The variable that names the suite in the record.
const PACKAGE: &str = "CARGO_PKG_NAME";
