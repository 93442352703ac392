//! v3 token responses (Huawei Cloud, Obtaining a User Token, tables 12 to 22). The token is in a
//! header, its description in the body.

use http::HeaderMap;
use serde::Deserialize;

use super::{
    SUBJECT_TOKEN,
    catalog::{Services, V3Form},
    field::{Field, List, Object, Timestamp},
    last_key::last_key_counts,
    split_key::{Nothing, SplitKey},
};
use crate::{
    error::ProtocolError,
    model::token::{Details, Domain, Project, Role, Token, User},
};

#[derive(Default, Deserialize)]
#[serde(default)]
struct TokenShape {
    domain: Field<Object<Named>>,
    expires_at: Field<Timestamp>,
    issued_at: Field<Timestamp>,
    methods: Field<List<String>>,
    project: Field<Object<ProjectShape>>,
    roles: Field<List<Object<RoleShape>>>,
    system: Field<Object<SystemShape>>,
    #[serde(rename = "OS-TRUST:trust")]
    trust: Field<Object<Named>>,
    user: Field<Object<UserShape>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    id: Field<String>,
    name: Field<String>,
}

last_key_counts! {
    struct RoleShape {
        id: Field<String>,
        name: Field<String>,
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ProjectShape {
    domain: Field<Object<Named>>,
    id: Field<String>,
    name: Field<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SystemShape {
    all: Field<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct UserShape {
    domain: Field<Object<Named>>,
    id: Field<String>,
    name: Field<String>,
    password_expires_at: Field<Timestamp>,
}

pub(crate) fn read_token(headers: &HeaderMap, body: &[u8]) -> Result<Token, ProtocolError> {
    let header = super::header(headers, SUBJECT_TOKEN)?;
    let mut services = Services::<V3Form>::for_document(body);
    let token = SplitKey::<TokenShape, _>::new("catalog", &mut services);
    let document = super::read_document(body, SplitKey::<Nothing, _>::new("token", token))?;
    let (_, token) = document.required("document")?;
    let (token, catalog) = token.required("token")?;
    let roles = token.roles.list("list of roles")?.into_iter();
    let details = Details {
        catalog: services.if_given(&catalog)?,
        domain: token.domain.object().map(domain),
        expires_at: token.expires_at.required_timestamp("token.expires_at")?,
        issued_at: token.issued_at.timestamp(),
        methods: token.methods.list("list of methods")?,
        project: token.project.object().map(|project| Project {
            domain: project.domain.object().map(domain),
            id: project.id.text(),
            name: project.name.text(),
            ..Project::default()
        }),
        roles: roles
            .map(|Object(role)| Role { id: role.id.text(), name: role.name.text() })
            .collect(),
        system: token.system.object().is_some_and(|system| system.all.ok() == Some(true)),
        trust_id: token.trust.object().and_then(|trust| trust.id.text()),
        user: user(token.user.object().unwrap_or_default()),
    };
    Ok(Token::new(header, details))
}

fn user(user: UserShape) -> User {
    User {
        domain: user.domain.object().map(domain),
        id: user.id.text(),
        name: user.name.text(),
        password_expires_at: user.password_expires_at.timestamp(),
    }
}

fn domain(domain: Named) -> Domain {
    Domain { id: domain.id.text(), name: domain.name.text() }
}
