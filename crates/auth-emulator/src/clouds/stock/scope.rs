//! The requested scope.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    directory::{DOMAINS, Domain, PROJECTS, Project, Target, numbered_by_id},
    keystone::{login::Reference, settings::Settings},
    message::response::Refusal,
};

/// The requested scope; `None` if the request has none. It must exist and be enabled; the user's
/// roles are checked later.
pub(super) fn read(scope: Option<&Value>, settings: &Settings) -> Result<Option<Target>, Refusal> {
    let Some(scope) = scope else { return Ok(None) };
    let fields = match scope {
        Value::String(text) if text == "unscoped" => return Ok(Some(Target::Nothing)),
        Value::Object(fields) => fields,
        Value::String(_) => return Err(Refusal::malformed(NO_SCOPE)),
        _ => return Err(Refusal::invalid("Invalid input for field 'scope'")),
    };
    let mut known = KINDS.into_iter().filter(|kind| fields.contains_key(*kind));
    let (Some(kind), None) = (known.next(), known.next()) else {
        return Err(Refusal::malformed(NO_SCOPE));
    };
    let reference = || {
        Reference::deserialize(&fields[kind])
            .map_err(|_| Refusal::invalid(&format!("Invalid input for field 'scope/{kind}'")))
    };
    let target = match kind {
        "unscoped" => Some(Target::Nothing),
        // Keystone ignores the value.
        "system" => Some(Target::System),
        "project" => find_project(&reference()?, settings)?.map(Target::Project),
        "domain" => find_domain(&reference()?, "scope/domain")?.map(Target::Domain),
        // There are no trusts.
        _ => None,
    };
    target.map(Some).ok_or_else(Refusal::unauthorized)
}

/// An enabled project. A name takes precedence over an id, and needs a domain.
fn find_project(
    reference: &Reference,
    settings: &Settings,
) -> Result<Option<&'static Project>, Refusal> {
    if reference.is_empty() {
        return Err(absent("scope/project"));
    }
    let found = match (&reference.name, &reference.domain) {
        (Some(_), None) => {
            return Err(Refusal::malformed("Expecting to find domain in project."));
        }
        (Some(name), Some(domain)) => {
            let domain = find_domain(domain, "scope/project/domain")?;
            let mut all = PROJECTS.into_iter().chain(settings.numbered());
            all.find(|project| project.name == name && Some(project.domain) == domain)
        }
        (None, _) => {
            let id = reference.id.as_deref().unwrap_or_default();
            let named = PROJECTS.into_iter().find(|project| project.id == id);
            named.or_else(|| numbered_by_id(id, settings.projects))
        }
    };
    Ok(found.filter(|project| project.is_open()))
}

/// An enabled domain. `field` is the reference's place in the request. A name takes precedence over
/// an id.
pub(super) fn find_domain(
    reference: &Reference,
    field: &str,
) -> Result<Option<&'static Domain>, Refusal> {
    if reference.is_empty() {
        return Err(absent(field));
    }
    let found = DOMAINS.into_iter().find(|domain| match &reference.name {
        Some(name) => domain.name == name,
        None => Some(domain.id) == reference.id.as_deref(),
    });
    Ok(found.filter(|domain| domain.enabled))
}

fn absent(field: &str) -> Refusal {
    Refusal::invalid(&format!("Invalid input for field {field}: id or name must be present."))
}

/// A scope is exactly one of these.
const KINDS: [&str; 5] = ["system", "project", "domain", "OS-TRUST:trust", "unscoped"];
const NO_SCOPE: &str =
    "Expecting to find system, project, domain, OS-TRUST:trust or unscoped in scope.";
