//! Agencies, with which an account delegates to the users of another (Huawei Cloud IAM, "Obtaining
//! an Agency Token"). Open Telekom Cloud has them too, with another name for one field.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    account,
    keystone::login::{LoginBody, Reference, ScopeRequest},
    message::{response::Refusal, routed::RoutedRequest},
    system::System,
    tokens::{Holder, TokenScope, TokenTerms, Tokens},
};

/// The vendor-specific parts of agencies.
pub(crate) struct Agencies {
    /// The field that names the agency.
    pub(crate) field: &'static str,
    /// The name of the delegating account's project.
    pub(crate) project: &'static str,
}

impl Agencies {
    /// Authenticates the user by the token in `X-Auth-Token`. It must be a domain token, because
    /// the permission `Agent Operator` is a role in the domain.
    pub(crate) fn authenticate(
        &self,
        request: &RoutedRequest<'_>,
        login: &LoginBody,
        tokens: &Tokens,
    ) -> Result<TokenTerms, Refusal> {
        let own = request.grant(tokens);
        let own = own.ok_or_else(Refusal::unauthorized)?;
        if own.scope != TokenScope::Domain || !matches!(own.holder, Holder::User) {
            return Err(Refusal::forbidden("You are not authorized to assume the agency."));
        }
        let role: AssumeRole = login.only_method("assume_role")?;
        let domain = Reference { id: role.domain_id, name: role.domain_name, domain: None };
        let name = role.rest.get(self.field).and_then(Value::as_str);
        let name = name.ok_or_else(|| Refusal::malformed("Expecting to find an agency."))?;
        let is_known = domain.matches(account::AGENCY_DOMAIN_ID, account::AGENCY_DOMAIN);
        if name != account::AGENCY || !is_known {
            return Err(Refusal::not_found(format!("Could not find agency: {name}.")));
        }
        let scope = self.scope(login)?;
        Ok(TokenTerms { holder: Holder::Agency, ..scope.into() })
    }

    fn scope(&self, login: &LoginBody) -> Result<TokenScope, Refusal> {
        let missing = || Refusal::malformed("Expecting to find project or domain in scope.");
        let scope = login.scope.as_ref().ok_or_else(missing)?;
        let scope = ScopeRequest::deserialize(scope).map_err(|_| missing())?;
        let (fits, scope) = match (&scope.project, &scope.domain) {
            (Some(project), _) => {
                (project.matches(account::AGENCY_PROJECT_ID, self.project), TokenScope::Project)
            }
            (None, Some(domain)) => (
                domain.matches(account::AGENCY_DOMAIN_ID, account::AGENCY_DOMAIN),
                TokenScope::Domain,
            ),
            (None, None) => return Err(missing()),
        };
        if fits { Ok(scope) } else { Err(Refusal::unauthorized()) }
    }
}

#[derive(Deserialize)]
struct AssumeRole {
    domain_id: Option<String>,
    domain_name: Option<String>,
    #[serde(flatten)]
    rest: serde_json::Map<String, Value>,
}

/// Turns a user's token body into the agency's: the delegating account and the user who assumed it.
pub(crate) fn assume(scope: TokenScope, token: &mut Value) {
    let domain = json!({ "id": account::AGENCY_DOMAIN_ID, "name": account::AGENCY_DOMAIN });
    let user = token["user"].take();
    token["assumed_by"] = json!({ "user": user });
    token["methods"] = json!(["assume_role"]);
    token["user"] = json!({
        "domain": &domain,
        "id": account::AGENCY_USER_ID,
        "name": format!("{}/{}", account::AGENCY_DOMAIN, account::AGENCY),
    });
    match scope {
        TokenScope::Domain => token["domain"] = domain,
        TokenScope::Project => {
            token["project"]["id"] = account::AGENCY_PROJECT_ID.into();
            token["project"]["domain"] = domain;
        }
        // An agency always has a scope.
        TokenScope::Nothing => {}
    }
}

/// Replaces the user's project in a catalog's URLs by the delegating account's.
pub(crate) fn use_delegated_project(system: System, catalog: &mut Value) {
    let own = match system {
        System::Huawei => account::HUAWEI_PROJECT_ID,
        _ => account::OTC_PROJECT,
    };
    match catalog {
        Value::Array(values) => {
            values.iter_mut().for_each(|value| use_delegated_project(system, value));
        }
        Value::Object(fields) => {
            fields.values_mut().for_each(|value| use_delegated_project(system, value));
        }
        Value::String(text) => *text = text.replace(own, account::AGENCY_PROJECT_ID),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
