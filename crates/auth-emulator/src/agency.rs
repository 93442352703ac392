//! Agencies: what one account delegates to the users of another (Huawei Cloud IAM, "Obtaining an
//! Agency Token"). Open Telekom Cloud has them as well, and spells the name's field in its own way.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    account,
    answer::Refusal,
    call::Call,
    password::Wanted,
    system::System,
    tokens::{Admission, Scope, Tokens},
    v3::{Login, Reference},
};

/// What one vendor makes of them.
pub(crate) struct Agencies {
    /// The field that names the agency.
    pub(crate) field: &'static str,
    /// The name of the one project of the account that delegates.
    pub(crate) project: &'static str,
}

impl Agencies {
    /// Judges the user by the token in `X-Auth-Token`, which has to be one for their domain: that is
    /// where the permission `Agent Operator` is.
    pub(crate) fn admit(
        &self,
        call: &Call<'_>,
        login: &Login,
        tokens: &Tokens,
    ) -> Result<Admission, Refusal> {
        let own = call.grant(tokens);
        let own = own.ok_or_else(Refusal::unauthorized)?;
        if own.scope != Scope::Domain || own.by_agency {
            return Err(Refusal::forbidden("You are not authorized to assume the agency."));
        }
        let role: Role = login.sole("assume_role")?;
        let domain = Reference { id: role.domain_id, name: role.domain_name, domain: None };
        let name = role.rest.get(self.field).and_then(Value::as_str);
        let name = name.ok_or_else(|| Refusal::malformed("Expecting to find an agency."))?;
        let is_known = domain.means(account::AGENCY_DOMAIN_ID, account::AGENCY_DOMAIN);
        if name != account::AGENCY || !is_known {
            return Err(Refusal::not_found(format!("Could not find agency: {name}.")));
        }
        let scope = self.scope(login)?;
        Ok(Admission { by_agency: true, ..scope.into() })
    }

    fn scope(&self, login: &Login) -> Result<Scope, Refusal> {
        let missing = || Refusal::malformed("Expecting to find project or domain in scope.");
        let scope = login.scope.as_ref().ok_or_else(missing)?;
        let scope = Wanted::deserialize(scope).map_err(|_| missing())?;
        let (fits, scope) = match (&scope.project, &scope.domain) {
            (Some(project), _) => {
                (project.means(account::AGENCY_PROJECT_ID, self.project), Scope::Project)
            }
            (None, Some(domain)) => {
                (domain.means(account::AGENCY_DOMAIN_ID, account::AGENCY_DOMAIN), Scope::Domain)
            }
            (None, None) => return Err(missing()),
        };
        if fits { Ok(scope) } else { Err(Refusal::unauthorized()) }
    }
}

#[derive(Deserialize)]
struct Role {
    domain_id: Option<String>,
    domain_name: Option<String>,
    #[serde(flatten)]
    rest: serde_json::Map<String, Value>,
}

/// Makes a user's token one of the agency: it names the account that delegates, and who assumed it.
pub(crate) fn sign(scope: Scope, token: &mut Value) {
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
        Scope::Domain => token["domain"] = domain,
        Scope::Project => {
            token["project"]["id"] = account::AGENCY_PROJECT_ID.into();
            token["project"]["domain"] = domain;
        }
    }
}

/// Puts the project of the account that delegates into a catalog's URLs.
pub(crate) fn move_urls(system: System, catalog: &mut Value) {
    let own = match system {
        System::Huawei => account::HUAWEI_PROJECT_ID,
        _ => account::OTC_PROJECT,
    };
    match catalog {
        Value::Array(values) => values.iter_mut().for_each(|value| move_urls(system, value)),
        Value::Object(fields) => fields.values_mut().for_each(|value| move_urls(system, value)),
        Value::String(text) => *text = text.replace(own, account::AGENCY_PROJECT_ID),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
