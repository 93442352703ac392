//! What another account has delegated: `assume_role` at Huawei Cloud and Open Telekom Cloud.
//!
//! The keys are those of the plugin `agency` of python-otcextensions. The names that
//! gophertelekomcloud reads from variables (`OS_AGENCY_NAME`, `OS_AGENCY_DOMAIN_NAME`,
//! `OS_DELEGATED_PROJECT`) are theirs by another name.

use auth_proto::{Agency, DomainRef, Scope};

use crate::{
    cloud::CloudConfig,
    error::Error,
    value::{Map, Node},
};

/// The key that makes a login one for an agency.
pub(crate) const NAME: &str = "target_agency_name";

/// Each key, and the other name for it.
pub(crate) const ALIASES: [(&str, &str); 3] = [
    ("target_agency_name", "agency_name"),
    ("target_domain_name", "agency_domain_name"),
    ("target_project_name", "delegated_project"),
];

/// Whether a login is one for an agency.
pub(crate) fn is_asked_for(map: &Map, auth: &Map) -> bool {
    let auth_type = map.get("auth_type").and_then(Node::as_text);
    auth.get(NAME).and_then(Node::as_text).is_some() || auth_type == Some("agency")
}

impl CloudConfig {
    /// The agency that [`credential`](Self::credential) assumes, if one is configured: for those who
    /// log in as another user. The configured [`scope`](Self::scope) is one of its account.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if a part of it is nowhere.
    pub fn agency(&self) -> Result<Option<Agency>, Error> {
        if !is_asked_for(&self.map, self.auth()) {
            return Ok(None);
        }
        let name = self.required(NAME, "set it to the agency's name")?;
        Ok(Some(Agency::new(name, self.agency_domain()?)))
    }

    /// What an agency's token is good for: the project that is named, or the whole domain.
    pub(crate) fn agency_scope(&self) -> Result<Scope, Error> {
        if let Some(id) = self.text("target_project_id") {
            return Ok(Scope::project_id(id));
        }
        if let Some(name) = self.text("target_project_name") {
            return Ok(Scope::project_name(name));
        }
        Ok(match self.text("target_domain_id") {
            Some(id) => Scope::domain_id(id),
            None => Scope::domain_name(self.agency_domain_name()?),
        })
    }

    fn agency_domain(&self) -> Result<DomainRef, Error> {
        Ok(match self.text("target_domain_id") {
            Some(id) => DomainRef::id(id),
            None => DomainRef::name(self.agency_domain_name()?),
        })
    }

    fn agency_domain_name(&self) -> Result<&str, Error> {
        let remedy = "set it, or target_domain_id, to the account that delegates";
        self.required("target_domain_name", remedy)
    }
}
