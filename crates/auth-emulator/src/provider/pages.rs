//! The discovery document, the keys, and the pages for people.

use http::{Response, StatusCode};
use serde_json::json;

use crate::{
    message::routed::RoutedRequest,
    provider::{Provider, answer, grants::SCOPES},
};

/// `GET /.well-known/openid-configuration`.
pub(super) fn discovery(request: &RoutedRequest<'_>, provider: &Provider) -> Response<Vec<u8>> {
    let root = request.provider_root();
    let document = json!({
        "issuer": root,
        "authorization_endpoint": format!("{root}/authorize"),
        "token_endpoint": format!("{root}/token"),
        "device_authorization_endpoint": format!("{root}/device"),
        "introspection_endpoint": format!("{root}/introspect"),
        "jwks_uri": format!("{root}/jwks"),
        "grant_types_supported": provider.settings.grants().collect::<Vec<_>>(),
        "response_types_supported": ["code"],
        "scopes_supported": SCOPES,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["none"],
        "token_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "none"],
    });
    answer::value(StatusCode::OK, &document)
}

/// `GET /jwks`: nothing is signed.
pub(super) fn keys() -> Response<Vec<u8>> {
    answer::value(StatusCode::OK, &json!({ "keys": [] }))
}

/// `GET /authorize`: a page that a client without a browser cannot use.
pub(super) fn login() -> Response<Vec<u8>> {
    answer::page(StatusCode::OK, "<h1>Log in</h1>\n<form method=post><input name=username></form>")
}

/// `GET /device`: the page on which a person approves a device.
pub(super) fn device(request: &RoutedRequest<'_>) -> Response<Vec<u8>> {
    let code = request.parameter("user_code").unwrap_or_default();
    let code: String = code.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let action = format!("{}/device/decision", request.provider_root());
    let form = format!(
        "<h1>Approve a device</h1>\n<form method=post action=\"{action}\">\n\
         <input name=user_code value=\"{code}\">\n<input name=username>\n\
         <input name=password type=password>\n\
         <button name=decision value=approve>Approve</button>\n\
         <button name=decision value=deny>Deny</button>\n</form>"
    );
    answer::page(StatusCode::OK, &form)
}

/// The person has decided.
pub(super) fn decided() -> Response<Vec<u8>> {
    answer::page(StatusCode::OK, "<p>Done. Return to the device.</p>")
}
