//! v2.0 token responses (NHN Cloud, IaaS Token, "Response"). The token is in the body.

use serde::Deserialize;
use zeroize::Zeroizing;

use super::{
    catalog::{Services, V2Form},
    field::{Field, List, Object, Timestamp},
    last_key::last_key_counts,
    split_key::{Nothing, SplitKey},
};
use crate::{
    error::ProtocolError,
    model::token::{Details, Project, Role, Token, User, secret_header},
};

#[derive(Default, Deserialize)]
#[serde(default)]
struct AccessShape {
    token: Field<Object<TokenShape>>,
    trust: Field<Object<TrustShape>>,
    user: Field<Object<UserShape>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TokenShape {
    expires: Field<Timestamp>,
    id: Field<Zeroizing<String>>,
    issued_at: Field<Timestamp>,
    tenant: Field<Object<TenantShape>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TenantShape {
    description: Field<String>,
    enabled: Field<bool>,
    id: Field<String>,
    name: Field<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TrustShape {
    id: Field<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct UserShape {
    id: Field<String>,
    name: Field<String>,
    roles: Field<List<Object<RoleShape>>>,
    username: Field<String>,
}

last_key_counts! {
    struct RoleShape {
        id: Field<String>,
        name: Field<String>,
    }
}

const TOKEN_ID: &str = "access.token.id";

pub(crate) fn read_token(body: &[u8]) -> Result<Token, ProtocolError> {
    let mut services = Services::<V2Form>::for_document(body);
    let access = SplitKey::<AccessShape, _>::new("serviceCatalog", &mut services);
    let document = super::read_document(body, SplitKey::<Nothing, _>::new("access", access))?;
    let (_, access) = document.required("document")?;
    let (access, catalog) = access.required("access")?;
    let token = access.token.required_object("access.token")?;
    let id = match token.id {
        Field::Absent | Field::Null => {
            return Err(ProtocolError::MissingToken { place: TOKEN_ID });
        }
        given => given.required(TOKEN_ID)?,
    };
    let user = access.user.object().unwrap_or_default();
    let roles = user.roles.list("list of roles")?.into_iter();
    let details = Details {
        catalog: services.if_given(&catalog)?,
        domain: None,
        expires_at: token.expires.required_timestamp("access.token.expires")?,
        issued_at: token.issued_at.timestamp(),
        methods: Vec::new(),
        project: token.tenant.object().map(|tenant| Project {
            description: tenant.description.text(),
            domain: None,
            enabled: tenant.enabled.ok(),
            id: tenant.id.text(),
            name: tenant.name.text(),
            parent_id: None,
        }),
        roles: roles
            .map(|Object(role)| Role { id: role.id.text(), name: role.name.text() })
            .collect(),
        system: false,
        trust_id: access.trust.object().and_then(|trust| trust.id.text()),
        user: User {
            domain: None,
            id: user.id.text(),
            name: user.name.text().or_else(|| user.username.text()),
            password_expires_at: None,
        },
    };
    Ok(Token::new(secret_header(id.as_bytes(), TOKEN_ID)?, details))
}
