//! The answers of the identity service.

use std::time::Duration;

use auth_proto::timestamp;
use http::Response;
use serde_json::json;
use time::UtcDateTime;

use super::{
    PROJECTS,
    ops::{ODD, Reply},
};

/// The answer to the login of a scope, by a server whose clock shows `clock`.
pub(super) fn answer(
    reply: &Reply,
    index: usize,
    id: usize,
    clock: UtcDateTime,
) -> Response<Vec<u8>> {
    match *reply {
        Reply::Odd(which) => {
            let (status, body, _) = ODD[which % ODD.len()];
            let mut response = plain(status, body);
            response.headers_mut().insert("x-subject-token", "odd".parse().unwrap());
            response
        }
        Reply::Receipt(life) => {
            let body = json!({
                "receipt": {
                    "methods": ["password"],
                    "issued_at": timestamp::format(clock),
                    "expires_at": timestamp::format(clock + Duration::from_secs(life.into())),
                },
                "required_auth_methods": [["password", "totp"]],
            });
            let mut response = plain(401, &body.to_string());
            response.headers_mut().insert("openstack-auth-receipt", "r".parse().unwrap());
            response
        }
        Reply::Refused(status) => plain(status, ""),
        Reply::Token(tens) => {
            let life = Duration::from_secs(10 * u64::from(tens));
            let body = json!({"token": {
                "expires_at": timestamp::format(clock + life),
                "issued_at": timestamp::format(clock),
                "project": {"id": PROJECTS[index]},
            }});
            let mut response = plain(201, &body.to_string());
            let text = format!("token-{id}").parse().unwrap();
            response.headers_mut().insert("x-subject-token", text);
            response
        }
        Reply::Unavailable(asked) => {
            let mut response = plain(503, "");
            if asked > 0 {
                let value = asked.to_string().parse().unwrap();
                response.headers_mut().insert("retry-after", value);
            }
            response
        }
    }
}

fn plain(status: u16, body: &str) -> Response<Vec<u8>> {
    Response::builder().status(status).body(body.as_bytes().to_vec()).unwrap()
}
