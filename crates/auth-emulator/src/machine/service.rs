//! All services other than identity: they accept every request with a valid token.

use http::{Response, StatusCode};
use serde_json::json;

use crate::{
    account,
    directory::{Target, session::Session},
    message::{response, routed::RoutedRequest},
    system::System,
    tokens::{Grant, Holder, TokenScope, Tokens},
};

/// Echoes the request and the scope of its token. Without a valid token the response is 401.
pub(crate) fn response(
    request: &RoutedRequest<'_>,
    tokens: &Tokens,
    host: &str,
    path: &str,
) -> Response<Vec<u8>> {
    let shown = request.grant(tokens);
    let Some(grant) = shown else {
        return response::unauthorized(request);
    };
    let holder = match grant.session {
        Some(session) => of_session(&session),
        None => of_sample(request.system, &grant),
    };
    let body = json!({
        "service": host,
        "method": request.method.as_str(),
        "path": path,
        "project": holder.project,
        "domain": holder.domain,
        "user": holder.user,
    });
    response::value(StatusCode::OK, &body)
}

/// The ids that a token stands for.
struct Ids {
    project: Option<&'static str>,
    domain: Option<&'static str>,
    user: &'static str,
}

/// The user of a document, or the agency for that user.
fn of_sample(system: System, grant: &Grant) -> Ids {
    let (project, domain, user) = match system {
        System::Otc => (account::OTC_PROJECT, Some(account::OTC_DOMAIN_ID), account::OTC_USER_ID),
        System::Kakao => {
            (account::KAKAO_PROJECT, Some(account::KAKAO_DOMAIN_ID), account::KAKAO_USER_ID)
        }
        System::Huawei => {
            (account::HUAWEI_PROJECT_ID, Some(account::HUAWEI_DOMAIN_ID), account::HUAWEI_USER_ID)
        }
        System::NhnIaas | System::NhnCompute | System::Keystone => {
            (account::NHN_TENANT, None, account::NHN_USER_ID)
        }
    };
    let (project, domain, user) = match grant.holder {
        Holder::User => (project, domain, user),
        Holder::Agency => {
            (account::AGENCY_PROJECT_ID, Some(account::AGENCY_DOMAIN_ID), account::AGENCY_USER_ID)
        }
        Holder::Federated(user) => (project, domain, user.id),
    };
    let is_project = grant.scope == TokenScope::Project;
    Ids { project: is_project.then_some(project), domain, user }
}

/// The user of the stock Keystone, and the token's own scope.
fn of_session(session: &Session) -> Ids {
    let (project, domain) = match session.target {
        Target::Project(project) => (Some(project.id), Some(project.domain.id)),
        Target::Domain(domain) => (None, Some(domain.id)),
        Target::Nothing | Target::System => (None, None),
    };
    Ids { project, domain, user: session.user.id }
}
