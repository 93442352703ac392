//! The scopes that a user has, and the catalog of a token.

use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    clouds::stock::catalog,
    directory::{Domain, Project, Target, USERS, User},
    keystone::settings::Settings,
    message::{
        response::{self, Refusal},
        routed::RoutedRequest,
    },
    tokens::Tokens,
};

/// The list at a path below the version.
#[derive(Clone, Copy)]
pub(crate) enum List<'a> {
    Catalog,
    /// At this path: it has two.
    Domains(&'a str),
    /// At this path: it has two.
    Projects(&'a str),
    System,
    /// The projects of the user with this id.
    UserProjects(&'a str),
}

impl<'a> List<'a> {
    pub(crate) fn at(path: &'a str) -> Option<Self> {
        Some(match path {
            "/auth/catalog" => Self::Catalog,
            "/auth/domains" | "/OS-FEDERATION/domains" => Self::Domains(path),
            "/auth/projects" | "/OS-FEDERATION/projects" => Self::Projects(path),
            "/auth/system" => Self::System,
            _ => {
                let user = path.strip_prefix("/users/")?.strip_suffix("/projects")?;
                (!user.contains('/')).then_some(Self::UserProjects(user))?
            }
        })
    }
}

/// Returns the list if the request has a valid token that may see it.
pub(crate) fn list(
    request: &RoutedRequest<'_>,
    list: List<'_>,
    tokens: &Tokens,
    settings: &Settings,
) -> Response<Vec<u8>> {
    if !matches!(*request.method, Method::GET | Method::HEAD) {
        return response::no_such_method(request, "GET, HEAD");
    }
    let Some(caller) = request.grant(tokens).and_then(|grant| grant.session) else {
        return response::unauthorized(request);
    };
    let page = match list {
        List::Catalog => catalog_of(request, caller.target),
        List::Domains(path) => Ok(page(request, path, "domains", domains(request, caller.user))),
        List::Projects(path) => {
            Ok(page(request, path, "projects", projects(request, caller.user, settings)))
        }
        List::System => Ok(system(request, caller.user)),
        List::UserProjects(id) => {
            let user = USERS.into_iter().find(|user| user.id == id);
            let may_see = caller.user.id == id || caller.target == Target::System;
            match user.filter(|_| may_see) {
                Some(user) => {
                    let path = format!("/users/{id}/projects");
                    Ok(page(request, &path, "projects", projects(request, user, settings)))
                }
                None => Err(Refusal::no_action("identity:list_user_projects")),
            }
        }
    };
    match page {
        Ok(page) => response::value(StatusCode::OK, &page),
        Err(refusal) => refusal.response(request),
    }
}

/// Only a project has this catalog.
fn catalog_of(request: &RoutedRequest<'_>, target: Target) -> Result<Value, Refusal> {
    if !matches!(target, Target::Project(_)) {
        return Err(Refusal::forbidden("You are not authorized to perform the requested action."));
    }
    let mut catalog = catalog::of(target);
    request.localize(&mut catalog);
    Ok(json!({ "catalog": catalog, "links": { "self": link(request, "/auth/catalog") } }))
}

fn projects(request: &RoutedRequest<'_>, user: &User, settings: &Settings) -> Value {
    let entry = |project: &Project| {
        json!({
            "id": project.id,
            "name": project.name,
            "domain_id": project.domain.id,
            "description": "",
            "enabled": project.enabled,
            "parent_id": project.domain.id,
            "is_domain": false,
            "tags": [],
            "options": {},
            "links": { "self": link(request, &format!("/projects/{}", project.id)) },
        })
    };
    let named = user.targets().filter_map(|target| match target {
        Target::Project(project) => Some(project),
        Target::Nothing | Target::Domain(_) | Target::System => None,
    });
    let all = named.chain(settings.numbered());
    all.filter(|project| settings.has_role(user, Target::Project(project))).map(entry).collect()
}

fn domains(request: &RoutedRequest<'_>, user: &User) -> Value {
    let entry = |domain: &Domain| {
        json!({
            "id": domain.id,
            "name": domain.name,
            "description": domain.description,
            "enabled": domain.enabled,
            "tags": [],
            "options": {},
            "links": { "self": link(request, &format!("/domains/{}", domain.id)) },
        })
    };
    let own = user.targets().filter_map(|target| match target {
        Target::Domain(domain) => Some(entry(domain)),
        Target::Nothing | Target::Project(_) | Target::System => None,
    });
    own.collect()
}

/// As the catalog, a list with a link to itself only.
fn system(request: &RoutedRequest<'_>, user: &User) -> Value {
    let entries = match user.roles_on(Target::System) {
        [] => json!([]),
        _ => json!([{ "all": true }]),
    };
    json!({ "system": entries, "links": { "self": link(request, "/auth/system") } })
}

/// A list on one page.
fn page(request: &RoutedRequest<'_>, path: &str, key: &str, entries: Value) -> Value {
    let query = match request.query {
        "" => String::new(),
        query => format!("?{query}"),
    };
    let own = link(request, path) + &query;
    json!({ key: entries, "links": { "next": null, "self": own, "previous": null } })
}

fn link(request: &RoutedRequest<'_>, path: &str) -> String {
    format!("{}{}{path}", request.identity_root(), request.system.version())
}
