//! Any service of a cloud that is not identity: it takes every request that shows a living token.

use http::{Response, StatusCode};
use serde_json::json;

use crate::{account, answer, call::Call, system::System, tokens::Scope, tokens::Tokens};

/// Says who called what; a caller without a living token gets the 401 that a client must know.
pub(crate) fn answer(
    call: &Call<'_>,
    tokens: &Tokens,
    host: &str,
    path: &str,
) -> Response<Vec<u8>> {
    let shown = call.grant(tokens);
    let Some(grant) = shown else {
        return answer::unauthorized(call);
    };
    let (project, domain, user) = match call.system {
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
        "method": call.method.as_str(),
        "path": path,
        "project": (grant.scope == Scope::Project).then_some(project),
        "domain": domain,
        "user": user,
    });
    answer::value(StatusCode::OK, &body)
}
