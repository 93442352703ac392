//! Password login and scopes of Huawei Cloud and Open Telekom Cloud (documents 002 and 004).

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    keystone::login::{LoginBody, Reference, ScopeRequest},
    message::response::Refusal,
    tokens::TokenScope,
};

/// The user, domain and project of a system.
pub(crate) struct Directory {
    pub(crate) user_id: &'static str,
    pub(crate) user: &'static str,
    pub(crate) password: &'static str,
    pub(crate) domain_id: &'static str,
    pub(crate) domain: &'static str,
    pub(crate) project_id: &'static str,
    pub(crate) project: &'static str,
}

impl Directory {
    /// Checks the user, by id or by name and domain, and the password (document 004, Tables 7 and
    /// 8).
    pub(crate) fn authenticate(&self, login: &LoginBody) -> Result<(), Refusal> {
        let Password { user } = login.only_method("password")?;
        if user.reference.is_empty()
            || user.reference.id.is_none() && user.reference.domain.is_none()
        {
            return Err(Refusal::malformed("Expecting to find user id, or name and domain."));
        }
        let in_domain =
            user.reference.domain.as_ref().is_none_or(|it| it.matches(self.domain_id, self.domain));
        let known = user.reference.matches(self.user_id, self.user)
            && in_domain
            && user.password == self.password;
        if known { Ok(()) } else { Err(Refusal::unauthorized()) }
    }

    /// The requested scope; `None` if it has neither a project nor a domain.
    ///
    /// With both, the domain is ignored (document 004, Table 4). A project's name is sufficient
    /// (document 004, Example Request).
    pub(crate) fn scope(&self, scope: Option<&Value>) -> Result<Option<TokenScope>, Refusal> {
        let Some(scope) = scope else { return Ok(None) };
        let scope = ScopeRequest::deserialize(scope)
            .map_err(|_| Refusal::malformed("Expecting to find project or domain in scope."))?;
        let (wanted, id, name, kind) = match (&scope.project, &scope.domain) {
            (Some(project), _) => (project, self.project_id, self.project, TokenScope::Project),
            (None, Some(domain)) => (domain, self.domain_id, self.domain, TokenScope::Domain),
            (None, None) => return Ok(None),
        };
        if wanted.is_empty() {
            return Err(Refusal::malformed("Expecting to find id or name in scope."));
        }
        let in_domain =
            wanted.domain.as_ref().is_none_or(|it| it.matches(self.domain_id, self.domain));
        if wanted.matches(id, name) && in_domain {
            Ok(Some(kind))
        } else {
            Err(Refusal::unauthorized())
        }
    }

    pub(crate) fn domain(&self) -> Value {
        json!({ "id": self.domain_id, "name": self.domain })
    }
}

#[derive(Deserialize)]
struct Password {
    user: User,
}

#[derive(Deserialize)]
struct User {
    #[serde(flatten)]
    reference: Reference,
    password: String,
}
