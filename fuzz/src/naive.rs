//! A naive reader of tokens and catalogs. It reads all of the JSON first, with every key in its order,
//! and then applies the rules of the documents by hand.

use auth_proto::{ApiVersion, limits, timestamp};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::{Value, json};

use crate::timestamps;

/// The token of a response, or `None` if it is invalid.
pub(crate) fn token(header: Option<&[u8]>, body: &Json, api_version: ApiVersion) -> Option<Value> {
    let root = body.object()?;
    // These keys decide the kind of a response, so each may occur only once.
    for key in [
        "access", "catalog", "domains", "id", "links", "projects", "status", "system", "token",
        "version", "versions",
    ] {
        get(root, key).ok()?;
    }
    match api_version {
        ApiVersion::V2 => v2(get(root, "access").ok()?).ok()?,
        _ => v3(header?, get(root, "token").ok()?).ok()?,
    }
}

/// The catalog of a response, or `None` if it is invalid.
pub(crate) fn catalog(body: &Json) -> Option<Value> {
    let catalog = get(body.object()?, "catalog").ok()?;
    services(catalog, v3_endpoint).ok()?.filter(Value::is_array)
}

/// JSON whose keys may occur twice.
#[derive(Debug)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Integer(i64),
    /// A fraction, or more than an `i64` holds.
    Number,
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// A key that is read occurs twice, which makes the response invalid.
struct Twice;

type Object = [(String, Json)];

fn get<'j>(object: &'j Object, key: &str) -> Result<Option<&'j Json>, Twice> {
    let mut all = object.iter().filter(|(own, _)| own == key).map(|(_, value)| value);
    let first = all.next();
    all.next().map_or(Ok(first), |_| Err(Twice))
}

/// The values of an object's keys; `None` throughout if there is no object.
fn keys<'j, const N: usize>(
    json: Option<&'j Json>,
    keys: [&str; N],
) -> Result<[Option<&'j Json>; N], Twice> {
    let mut values = [None; N];
    for (value, key) in values.iter_mut().zip(keys) {
        *value = get(json.and_then(Json::object).unwrap_or_default(), key)?;
    }
    Ok(values)
}

fn v3(header: &[u8], token: Option<&Json>) -> Result<Option<Value>, Twice> {
    let [catalog, domain, expires, issued, methods, project, roles, system, trust, user] = keys(
        token,
        [
            "catalog",
            "domain",
            "expires_at",
            "issued_at",
            "methods",
            "project",
            "roles",
            "system",
            "OS-TRUST:trust",
            "user",
        ],
    )?;
    let catalog = services(catalog, v3_endpoint)?;
    let (domain, roles) = (owner(domain)?, list(roles, named)?);
    let methods = list(methods, |method| Ok(text(Some(method))))?;
    let project = owned(project)?;
    let [all] = keys(system, ["all"])?;
    let [trust, _] = keys(trust, ["id", "name"])?;
    let [password] = keys(user, ["password_expires_at"])?;
    let user = owned(user)?.unwrap_or_else(|| json!({ "domain": null, "id": null, "name": null }));
    Ok((|| {
        Some(json!({
            "token": secret(header)?,
            "expires_at": time(expires)?,
            "issued_at": time(issued),
            "methods": methods.within()?,
            "domain": domain,
            "project": project,
            "roles": roles.within()?,
            "system": flag(all) == Some(true),
            "trust_id": filled(trust),
            "user": user,
            "password_expires_at": time(password),
            "catalog": catalog?,
        }))
    })())
}

/// The id, name and domain of an object.
fn owned(json: Option<&Json>) -> Result<Option<Value>, Twice> {
    let [domain, id, name] = keys(json, ["domain", "id", "name"])?;
    let domain = owner(domain)?;
    let is_there = json.and_then(Json::object).is_some();
    Ok(is_there.then(|| json!({ "domain": domain, "id": filled(id), "name": filled(name) })))
}

fn v2(access: Option<&Json>) -> Result<Option<Value>, Twice> {
    let [token, catalog, trust, user] = keys(access, ["token", "serviceCatalog", "trust", "user"])?;
    let [expires, id, issued, tenant] = keys(token, ["expires", "id", "issued_at", "tenant"])?;
    let [description, enabled, tenant_id, tenant_name] =
        keys(tenant, ["description", "enabled", "id", "name"])?;
    let catalog = services(catalog, v2_endpoint)?;
    let [trust] = keys(trust, ["id"])?;
    let [user_id, user_name, roles, username] = keys(user, ["id", "name", "roles", "username"])?;
    let roles = list(roles, named)?;
    let tenant = tenant.and_then(Json::object).map(|_| {
        json!({
            "domain": null, "id": filled(tenant_id), "name": filled(tenant_name),
            "enabled": flag(enabled), "description": filled(description),
        })
    });
    Ok((|| {
        let Some(Json::Text(id)) = id else { return None };
        Some(json!({
            "token": secret(id.as_bytes())?,
            "expires_at": time(expires)?,
            "issued_at": time(issued),
            "methods": [],
            "domain": null,
            "project": tenant,
            "roles": roles.within()?,
            "system": false,
            "trust_id": filled(trust),
            "user": {
                "domain": null, "id": filled(user_id),
                "name": filled(user_name).or_else(|| filled(username)),
            },
            "password_expires_at": null,
            "catalog": catalog?,
        }))
    })())
}

/// The entries of a list, up to the limit.
enum Entries<T> {
    None,
    Some(Vec<T>),
    TooMany,
}

impl<T> Entries<T> {
    /// The entries, or none without a list; `None` if there are too many.
    fn within(self) -> Option<Vec<T>> {
        match self {
            Self::None => Some(Vec::new()),
            Self::Some(entries) => Some(entries),
            Self::TooMany => None,
        }
    }
}

/// The entries of a list. A single entry counts as a list.
fn list<T>(
    json: Option<&Json>,
    entry: impl Fn(&Json) -> Result<Option<T>, Twice>,
) -> Result<Entries<T>, Twice> {
    let all = match json {
        Some(Json::List(all)) => all,
        Some(one @ (Json::Object(_) | Json::Text(_))) => {
            return Ok(entry(one)?.map_or(Entries::None, |one| Entries::Some(vec![one])));
        }
        _ => return Ok(Entries::None),
    };
    let mut entries = Vec::new();
    for one in all {
        let read = entry(one)?;
        if entries.len() == limits::LIST {
            return Ok(Entries::TooMany);
        }
        entries.extend(read);
    }
    Ok(Entries::Some(entries))
}

/// A catalog. It is null if it is absent or not a list, and `None` with too many entries.
fn services(
    json: Option<&Json>,
    endpoint: fn(&Json) -> Result<Option<Vec<Value>>, Twice>,
) -> Result<Option<Value>, Twice> {
    let entries = list(json, |service| {
        let [kind, name, endpoints] = keys(Some(service), ["type", "name", "endpoints"])?;
        let endpoints = list(endpoints, endpoint)?;
        Ok(service.object().map(|_| (filled(kind), filled(name), endpoints)))
    })?;
    let services = match entries {
        Entries::None => return Ok(Some(Value::Null)),
        Entries::Some(services) => services,
        Entries::TooMany => return Ok(None),
    };
    let mut rows = Vec::new();
    for (kind, name, endpoints) in services {
        let Some(kind) = kind else { continue };
        let Some(endpoints) = endpoints.within() else { return Ok(None) };
        rows.push(json!({ "type": kind, "name": name, "endpoints": endpoints.concat() }));
    }
    Ok(Some(rows.into()))
}

/// The endpoint of an entry, if it is complete.
fn v3_endpoint(json: &Json) -> Result<Option<Vec<Value>>, Twice> {
    let [interface, region, region_id, url] =
        keys(Some(json), ["interface", "region", "region_id", "url"])?;
    let Some((interface, url)) = filled(interface).zip(filled(url)) else { return Ok(None) };
    let region = filled(region_id).or_else(|| filled(region));
    Ok(Some(vec![endpoint_row(interface.strip_suffix("URL").unwrap_or(&interface), region, url)]))
}

/// The endpoints of an entry: one for each interface.
fn v2_endpoint(json: &Json) -> Result<Option<Vec<Value>>, Twice> {
    let [region, public, internal, admin] =
        keys(Some(json), ["region", "publicURL", "internalURL", "adminURL"])?;
    let urls = [("public", public), ("internal", internal), ("admin", admin)];
    let endpoints: Vec<_> = urls
        .into_iter()
        .filter_map(|(interface, url)| Some(endpoint_row(interface, filled(region), filled(url)?)))
        .collect();
    Ok((!endpoints.is_empty()).then_some(endpoints))
}

fn endpoint_row(interface: &str, region: Option<String>, url: String) -> Value {
    json!({ "interface": interface, "region": region, "url": url })
}

/// The id and name of an object.
fn named(json: &Json) -> Result<Option<Value>, Twice> {
    let [id, name] = keys(Some(json), ["id", "name"])?;
    Ok(json.object().map(|_| json!({ "id": filled(id), "name": filled(name) })))
}

fn owner(json: Option<&Json>) -> Result<Option<Value>, Twice> {
    json.map_or(Ok(None), named)
}

/// An id or a name, which some clouds write as a number.
fn text(json: Option<&Json>) -> Option<String> {
    match json? {
        Json::Integer(number) => Some(number.to_string()),
        Json::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// The same; an empty text counts as absent.
fn filled(json: Option<&Json>) -> Option<String> {
    text(json).filter(|text| !text.is_empty())
}

fn flag(json: Option<&Json>) -> Option<bool> {
    match json? {
        Json::Bool(flag) => Some(*flag),
        Json::Integer(0) => Some(false),
        Json::Integer(1) => Some(true),
        Json::Text(text) => match text.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn time(json: Option<&Json>) -> Option<String> {
    timestamps::naive(&text(json)?).map(timestamp::format)
}

/// A token: visible ASCII, without the blanks around it.
fn secret(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?.trim_matches([' ', '\t', '\r', '\n', '\x0c']);
    let is_visible = text.bytes().filter(|byte| !(b'!'..=b'~').contains(byte)).count() == 0;
    (is_visible && (1..=limits::TOKEN).contains(&text.len())).then(|| text.to_owned())
}

impl Json {
    fn object(&self) -> Option<&Object> {
        match self {
            Self::Object(entries) => Some(entries),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Json, E> {
        Ok(Json::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(i64::try_from(number).map_or(Json::Number, Json::Integer))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = seq.next_element()? {
            all.push(one);
        }
        Ok(Json::List(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Json::Object(entries))
    }
}
