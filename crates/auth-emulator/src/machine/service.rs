//! All services other than identity: they accept every request with a valid token.

use http::{Response, StatusCode};
use serde_json::json;

use crate::{
    account,
    message::{response, routed::RoutedRequest},
    system::System,
    tokens::{TokenScope, Tokens},
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
    let (project, domain, user) = match request.system {
        System::NhnIaas | System::NhnCompute => (account::NHN_TENANT, None, account::NHN_USER_ID),
        System::Otc => (account::OTC_PROJECT, Some(account::OTC_DOMAIN_ID), account::OTC_USER_ID),
        System::Kakao => {
            (account::KAKAO_PROJECT, Some(account::KAKAO_DOMAIN_ID), account::KAKAO_USER_ID)
        }
        System::Huawei => {
            (account::HUAWEI_PROJECT_ID, Some(account::HUAWEI_DOMAIN_ID), account::HUAWEI_USER_ID)
        }
    };
    let (project, domain, user) = match grant.by_agency {
        true => {
            (account::AGENCY_PROJECT_ID, Some(account::AGENCY_DOMAIN_ID), account::AGENCY_USER_ID)
        }
        false => (project, domain, user),
    };
    let body = json!({
        "service": host,
        "method": request.method.as_str(),
        "path": path,
        "project": (grant.scope == TokenScope::Project).then_some(project),
        "domain": domain,
        "user": user,
    });
    response::value(StatusCode::OK, &body)
}
