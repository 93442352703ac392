//! Logins by agency and by an existing token.

use auth_emulator::{Emulator, System, account};
use auth_proto::{Agency, Cloud, Credential, DomainRef, ErrorKind, Federation, OidcClient, Scope};
use http::Request;
use testing::{Client, Error, fixtures::documented};

use super::ADAPTER;
use crate::start;

/// Calls compute: the status, and the emulator's response, which names the user.
fn call(client: &Client) -> Result<(u16, String), Error> {
    let response = client.service("compute").call(Request::get("/x").body("").unwrap())?;
    Ok((response.status().as_u16(), String::from_utf8(response.into_body()).unwrap()))
}

#[test]
fn assuming_an_agency_takes_two_requests() {
    for system in [System::Otc, System::Huawei] {
        let server = start(Emulator::new());
        let (cloud, credential, _) = documented(&server, system);
        let agency = Agency::new(account::AGENCY, DomainRef::name(account::AGENCY_DOMAIN));
        let scope = match system {
            System::Huawei => Scope::project_name("cn-north-1"),
            _ => Scope::project_name("eu-de"),
        };
        let client = ADAPTER.client(cloud, credential.assume(agency), scope).build().unwrap();
        let (status, text) = call(&client).unwrap();
        assert_eq!(status, 200);
        assert!(text.contains(account::AGENCY_PROJECT_ID), "{text}");
        assert_eq!(server.emulator().logins(system), 2);
        server.emulator().revoke_all();
        assert_eq!(call(&client).unwrap().0, 200);
        // The exchange of the user's own token, which is dead as well; a login; an exchange.
        assert_eq!(server.emulator().logins(system), 2 + 3);
        let global = client.service("iam").scope().unwrap();
        assert_eq!(global, Scope::domain_name(account::AGENCY_DOMAIN));
    }
}

#[test]
fn an_existing_token_is_validated_and_used() {
    let server = start(Emulator::new());
    let (cloud, credential, scope) = documented(&server, System::Otc);
    let own = ADAPTER.client(cloud.clone(), credential, scope).build().unwrap();
    let token = own.token().unwrap();
    let existing = Credential::existing_token(token.expose());
    let client = ADAPTER.client(cloud, existing, Scope::default()).build().unwrap();
    assert_eq!(client.token().unwrap().expires_at(), token.expires_at());
    assert_eq!(call(&client).unwrap().0, 200);
    assert_eq!(server.emulator().logins(System::Otc), 1);

    // Without another token the call is not retried.
    server.emulator().revoke_all();
    let requests = server.emulator().requests(System::Otc);
    assert_eq!(call(&client).unwrap().0, 401);
    assert_eq!(server.emulator().requests(System::Otc), requests + 1);
    for _ in 0..3 {
        let error = call(&client).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Rejected(_)));
        assert!(
            error.to_string().contains("the existing token has expired or was revoked"),
            "{error}"
        );
    }
    assert_eq!(server.emulator().requests(System::Otc), requests + 2);
}

/// The client of a cloud that is https only asks a provider on this machine over http.
#[test]
fn a_provider_on_loopback_may_be_http() {
    let server = start(Emulator::new());
    let client = OidcClient::new(account::OIDC_CLIENT, server.provider_url() + "/token")
        .with_secret(account::OIDC_CLIENT_SECRET);
    let (provider, protocol) = (account::FEDERATION_PROVIDER, account::FEDERATION_PROTOCOL);
    let credential = Federation::client_credentials(provider, protocol, client);
    // The port has no TLS.
    let url = server.url(System::Keystone).replace("http:", "https:");
    let cloud = Cloud::keystone(&url).unwrap();
    let client = ADAPTER.client(cloud, Credential::federated(credential), Scope::default());
    let error = client.build().unwrap().token().unwrap_err().to_string();
    assert!(error.starts_with("TLS failed: https://127.0.0.1:"), "{error}");
    assert_eq!(server.traffic().provider_logins, 1, "{error}");
}
