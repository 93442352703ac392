//! Agencies: permissions that another account delegates (`assume_role` of Huawei Cloud and Open
//! Telekom Cloud), by the keys of the plugin `agency` of python-otcextensions.

use auth_proto::{Agency, DomainRef, Scope};

use crate::{
    cloud::CloudConfig,
    report::error::Error,
    rules::scope::{AGENCY_NAME, is_agency},
};

impl CloudConfig {
    /// The agency that [`credential`](Self::credential) assumes, if one is configured. The
    /// configured [`scope`](Self::scope) is then a project or domain of the account that delegates.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if the agency's name or its domain is not configured.
    pub fn agency(&self) -> Result<Option<Agency>, Error> {
        if !is_agency(&self.map, self.auth()) {
            return Ok(None);
        }
        let name = self.required(AGENCY_NAME, "set it to the agency's name")?;
        Ok(Some(Agency::new(name, self.agency_domain()?)))
    }

    /// The scope of an agency's token: the target project, else the target domain.
    pub(super) fn agency_scope(&self) -> Result<Scope, Error> {
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
