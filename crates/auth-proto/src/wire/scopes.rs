//! Lists of domains and of system scopes (Identity API v3, "Get available domain scopes" and "Get
//! available system scopes").

use super::{
    field::{Field, List, Object},
    last_key::last_key_counts,
    projects::Links,
};
use crate::{error::ProtocolError, model::token::Domain};

last_key_counts! {
    struct DomainList {
        domains: Field<List<Object<DomainShape>>>,
        links: Field<Object<Links>>,
    }
}

last_key_counts! {
    struct DomainShape {
        id: Field<String>,
        name: Field<String>,
    }
}

last_key_counts! {
    struct SystemScopeList {
        system: Field<List<Object<SystemShape>>>,
    }
}

last_key_counts! {
    struct SystemShape {
        all: Field<bool>,
    }
}

/// The domains of one page, and the server's link to the next page.
pub(crate) fn read_domains(body: &[u8]) -> Result<(Vec<Domain>, Option<String>), ProtocolError> {
    let document: DomainList = super::read(body)?;
    let domains = Field::Given(document.domains.required("domains")?).list("list of domains")?;
    let domains = domains
        .into_iter()
        .map(|Object(domain)| Domain { id: domain.id.text(), name: domain.name.text() });
    Ok((domains.collect(), Links::next(document.links)))
}

/// Whether the scopes include the whole system.
pub(crate) fn read_system(body: &[u8]) -> Result<bool, ProtocolError> {
    let document: SystemScopeList = super::read(body)?;
    let scopes = Field::Given(document.system.required("system")?).list("list of system scopes")?;
    Ok(scopes.into_iter().any(|Object(scope)| scope.all.ok() == Some(true)))
}
