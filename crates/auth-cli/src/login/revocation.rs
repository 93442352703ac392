//! Revoking tokens that the store has.

use auth_proto::{
    ApiVersion, Body, Credential, Error, ErrorKind, IdentityRequest, Revoke, Scope, Settings,
};
use auth_ureq::Client;
use http::{HeaderValue, Request, Response, StatusCode};

use super::transport;
use crate::{
    cloud::ChosenCloud,
    output::{Failure, print, progress},
};

/// The revocation of a token by itself. It logs in nowhere.
struct OwnRevocation<'a> {
    revoke: Revoke,
    token: &'a str,
}

impl IdentityRequest for OwnRevocation<'_> {
    type Output = ();

    fn authenticated(&self) -> bool {
        false
    }

    fn request(&self) -> Result<Request<Body>, Error> {
        let mut request = self.revoke.request()?;
        // The token was one header of an answer: it fits into another one.
        if let Ok(mut value) = HeaderValue::from_str(self.token) {
            value.set_sensitive(true);
            request.headers_mut().insert("x-auth-token", value);
        }
        Ok(request)
    }

    fn parse(&self, response: Response<&[u8]>) -> Result<(), Error> {
        match self.revoke.parse(response) {
            // It has ended or was revoked before.
            Err(why) if is_unauthorized(&why) => Ok(()),
            done => done,
        }
    }
}

fn is_unauthorized(why: &Error) -> bool {
    matches!(why.kind(), ErrorKind::Rejected(refusal)
        if refusal.status == StatusCode::UNAUTHORIZED)
}

/// Revokes a token of v3 at its identity service, with the settings of its cloud.
pub(crate) fn revoke(chosen: &ChosenCloud, token: &str) -> Result<(), Failure> {
    let cloud = chosen.cloud.clone().with_api_version(ApiVersion::V3);
    let revocation = OwnRevocation { revoke: Revoke::new(&cloud, token), token };
    let builder = Client::builder(cloud, Credential::existing_token(token), Scope::default());
    let (builder, _) = transport::configured(builder, Settings::default(), chosen)?;
    let (client, url) = (builder.build()?, chosen.cloud.identity_url());
    let what = format!("waiting for {}", print::origin(&url));
    let done = progress::during(&what, || client.run(&revocation));
    done.map_err(|why| Failure::of_request(why, &url))
}
