//! Compares this crate with openstacksdk, whose recorded results are in the cases (see `run`).

use std::collections::BTreeMap;

use auth_config::{Choices, CloudConfig, Config, Error, Files, Pem, TokenStore, Variables};
use auth_proto::{Cloud, Interface, Login, Step};
use secrecy::ExposeSecret;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordedCase {
    name: String,
    #[serde(default)]
    files: BTreeMap<String, Option<String>>,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    #[serde(default)]
    choices: BTreeMap<String, String>,
    /// The values that differ here, and the reason.
    #[serde(default)]
    differs: BTreeMap<String, String>,
    /// The cloud that has to be recognised.
    vendor: Option<Vendor>,
    /// The result of openstacksdk.
    sdk: Outcome,
}

/// A vendor's documented configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vendor {
    /// One of [`Cloud::ids`].
    id: String,
    /// The vendor's page or file; empty if the configuration is made of the documented facts.
    #[serde(default)]
    published: String,
    /// The login's first request: its URL, and a part of its body.
    sends: (String, String),
}

/// The resulting values, or only the key `error`.
type Outcome = BTreeMap<String, String>;

/// Runs every case and reports each difference and the number of cases. The result counts
/// differences without a reason and reasons without a difference.
pub(crate) fn judge(cases: &str, say: &mut dyn FnMut(String)) -> serde_json::Result<usize> {
    let cases: Vec<RecordedCase> = serde_json::from_str(cases)?;
    let unexplained = cases.iter().map(|case| unexplained(case, say)).sum();
    let vendors: Vec<_> = cases.iter().filter_map(|case| case.vendor.as_ref()).collect();
    let published = vendors.iter().filter(|vendor| !vendor.published.is_empty()).count();
    say(format!("{} vendors' documents, {published} of them as published", vendors.len()));
    say(format!("{} cases, {unexplained} unexplained", cases.len()));
    Ok(unexplained)
}

fn unexplained(case: &RecordedCase, say: &mut dyn FnMut(String)) -> usize {
    let ours = outcome(case);
    let mut keys: Vec<_> = ours.keys().chain(case.sdk.keys()).chain(case.differs.keys()).collect();
    keys.sort();
    keys.dedup();
    if ours.contains_key(ERROR) || case.sdk.contains_key(ERROR) {
        keys.retain(|key| *key == ERROR);
    }
    let mut count = 0;
    for key in keys {
        let (ours, sdk, reason) = (ours.get(key), case.sdk.get(key), case.differs.get(key));
        // The error texts differ; only the failure is compared.
        let same = if key == ERROR { ours.is_some() == sdk.is_some() } else { ours == sdk };
        match (same, reason) {
            (true, None) => continue,
            (true, Some(_)) => say(format!("UNEXPLAINED {}: {key} is the same", case.name)),
            (false, None) => say(format!("UNEXPLAINED {}: {key}", case.name)),
            (false, Some(reason)) => say(format!("differs: {}: {key}: {reason}", case.name)),
        }
        count += usize::from(same || reason.is_none());
        let or_nothing =
            |value: Option<&String>| value.map_or("nothing", String::as_str).to_owned();
        say(format!("    here {}", or_nothing(ours)));
        say(format!("    openstacksdk {}", or_nothing(sdk)));
    }
    if let Some(Err(problem)) = case.vendor.as_ref().map(|vendor| recognised(case, vendor)) {
        say(format!("UNEXPLAINED {}: {problem}", case.name));
        count += 1;
    }
    count
}

/// Checks that the vendor's rules apply: its name, the first request, and that the vendor's checks
/// of method and scope accept it.
fn recognised(case: &RecordedCase, vendor: &Vendor) -> Result<(), String> {
    let said = |error: Error| error.to_string();
    let (_, config) = configured_cloud(case).map_err(said)?;
    // What the user types.
    let config = match config.credential() {
        Err(Error::Missing { key, .. }) => config.with_secret(key, "123456".into()),
        _ => config,
    };
    let cloud = config.cloud().map_err(said)?;
    let regions = Cloud::regions_of(&vendor.id).map_err(|error| error.to_string())?;
    let named = Cloud::named(&vendor.id).or_else(|_| Cloud::named_in(&vendor.id, regions[0]));
    let name = named.map_err(|error| error.to_string())?.name();
    if cloud.name() != name {
        return Err(format!("is {}, not {name}", cloud.name()));
    }
    let (credential, scope) = (config.credential().map_err(said)?, config.scope().map_err(said)?);
    let step = Login::new(&cloud, credential, scope).and_then(|login| login.poll());
    let Step::Send(request) = step.map_err(|error| error.to_string())? else {
        return Err("sends nothing".to_owned());
    };
    let body = String::from_utf8_lossy(request.body().as_bytes()).into_owned();
    let (url, part) = &vendor.sends;
    match *url == request.uri().to_string() && body.contains(part.as_str()) {
        true => Ok(()),
        false => Err(format!("sends {} to {}", body, request.uri())),
    }
}

const ERROR: &str = "error";

/// No file is read or written below it.
const ROOT: &str = "/ROOT";

fn outcome(case: &RecordedCase) -> Outcome {
    let out = configured(case)
        .unwrap_or_else(|error| Outcome::from([(ERROR.to_owned(), error.to_string())]));
    out.into_iter().map(|(key, value)| (key, value.replace(ROOT, "$ROOT"))).collect()
}

fn configured(case: &RecordedCase) -> Result<Outcome, Error> {
    let (config, cloud) = configured_cloud(case)?;
    usable(&cloud)?;
    Ok(described(&config, &cloud))
}

fn configured_cloud(case: &RecordedCase) -> Result<(Config, CloudConfig), Error> {
    let mut files = Files::in_directory(format!("{ROOT}/work"));
    for (path, text) in &case.files {
        let path = format!("{ROOT}/{path}");
        files = match text {
            Some(text) => files.with(path, text.as_str()),
            None => files.with_unreadable(path),
        };
    }
    let variables = case.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let variables = std::iter::once(("HOME", "$ROOT/home")).chain(variables);
    let variables = variables.map(|(name, value)| (name, value.replace("$ROOT", ROOT)));
    let variables = Variables::from_iter(variables);
    let config = Config::merge(&files, &variables)?;
    let mut choices = Choices::default();
    for (key, value) in &case.choices {
        choices = match key.as_str() {
            "cloud" => choices.cloud(value),
            "profile" => choices.profile(value),
            _ => choices.region(value),
        };
    }
    let cloud = config.cloud(&choices)?;
    Ok((config, cloud))
}

/// The missing values that openstacksdk reports when it creates the login.
fn usable(cloud: &CloudConfig) -> Result<(), Error> {
    cloud.cloud()?;
    let has_provider = cloud.get("auth_type").is_some_and(|name| name.starts_with("v3oidc"));
    match cloud.credential() {
        // openstacksdk checks these later or never, but for a provider's user.
        Err(Error::Missing { key: "passcode" | "password" | "token" | "username", .. })
            if !has_provider =>
        {
            Ok(())
        }
        credential => credential.map(drop),
    }
}

fn described(config: &Config, cloud: &CloudConfig) -> Outcome {
    let tls = cloud.tls();
    let path = |pem: &Option<Pem>| match pem {
        Some(Pem::File(path)) => Some(path.display().to_string()),
        Some(text) => Some(format!("{text:?}")),
        None => None,
    };
    let interfaces: Vec<_> = cloud.interfaces().iter().copied().map(Interface::as_str).collect();
    let is_shared = !matches!(cloud.store(), None | Some(TokenStore::Off));
    let mut out = BTreeMap::from([
        ("names", Some(config.names().collect::<Vec<_>>().join(", "))),
        ("cloud", Some(cloud.name().to_owned())),
        ("region", cloud.region().map(str::to_owned)),
        ("auth_type", cloud.get("auth_type").map(str::to_owned)),
        ("interface", Some(interfaces.join(","))),
        ("verify", Some(tls.verify.to_string())),
        ("cacert", path(&tls.cacert).filter(|_| tls.verify)),
        ("cert", path(&tls.cert)),
        ("key", path(&tls.key).filter(|_| tls.cert.is_some())),
        ("api_timeout", cloud.timeout().map(|timeout| timeout.as_secs_f64().to_string())),
        ("cache_auth", is_shared.then(|| "true".to_owned())),
    ]);
    out.retain(|_, value| value.is_some());
    let typed = out.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    typed.chain(texts(cloud)).collect()
}

/// The texts under `auth`, and those of single services.
fn texts(cloud: &CloudConfig) -> Outcome {
    let mut out = Outcome::new();
    for setting in cloud.settings() {
        let key = setting.key().split('[').next().unwrap_or_default();
        let ends = ["_api_version", "_endpoint_override", "_interface", "_region_name"];
        let secret = key.strip_prefix("auth.").and_then(|key| cloud.secret(key));
        let text = match (secret, setting.value()) {
            (Some(secret), _) => secret.expose_secret().to_owned(),
            (None, Some(value)) if !value.is_empty() => value,
            _ => continue,
        };
        if key.starts_with("auth.") || ends.iter().any(|end| key.ends_with(end)) {
            out.entry(key.to_owned()).and_modify(|old| *old += &format!(",{text}")).or_insert(text);
        }
    }
    out
}
