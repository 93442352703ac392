//! The `Content-Type` of token requests.

use http::header::CONTENT_TYPE;

use crate::{
    message::{response::Refusal, routed::RoutedRequest},
    system::System,
};

/// Checks the `Content-Type` of a token request.
///
/// Huawei requires `application/json;charset=utf8` (document 004, Table 2) and also accepts the
/// type without a charset. KakaoCloud accepts exactly `application/json`, the stock Keystone any
/// parameter, and no header at all.
pub(crate) fn check(request: &RoutedRequest<'_>) -> Result<(), Refusal> {
    let is_optional = request.system == System::Keystone;
    let mut values = request.headers.get_all(CONTENT_TYPE).iter();
    let accepted = match (values.next().map(|value| value.to_str().unwrap_or("?")), values.next()) {
        (None | Some(""), None) => is_optional,
        (Some(text), None) => match request.system {
            System::Keystone => {
                let media = text.split(';').next().unwrap_or_default();
                media.trim().eq_ignore_ascii_case("application/json")
            }
            System::Kakao => text == "application/json",
            System::NhnIaas | System::NhnCompute | System::Otc | System::Huawei => is_json(text),
        },
        _ => false,
    };
    if accepted {
        Ok(())
    } else {
        Err(Refusal::malformed("Expecting to find application/json in Content-Type header."))
    }
}

/// `application/json`, without a charset or with UTF-8.
fn is_json(text: &str) -> bool {
    let (media, parameter) = text.split_once(';').unwrap_or((text, "charset=utf-8"));
    let charset = parameter.trim().split_once('=').is_some_and(|(name, value)| {
        name.eq_ignore_ascii_case("charset")
            && ["utf8", "utf-8"]
                .iter()
                .any(|utf8| value.trim_matches('"').eq_ignore_ascii_case(utf8))
    });
    media.trim().eq_ignore_ascii_case("application/json") && charset
}
