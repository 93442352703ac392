//! Ways in beside a user's own login.

use auth_emulator::{Emulator, System, account};
use auth_proto::{Agency, Credential, DomainRef, ErrorKind, Scope};
use auth_reqwest::{Client, Error};
use http::Request;

use crate::{direct, start, support::documented};

/// Calls compute: the status, and what the emulator says of who called.
async fn call(client: &Client) -> Result<(u16, String), Error> {
    let answer = client.service("compute").call(Request::get("/x").body("").unwrap()).await?;
    Ok((answer.status().as_u16(), answer.text().await.unwrap()))
}

#[tokio::test]
async fn an_agency_is_assumed_by_two_requests_and_again_by_two() {
    for system in [System::Otc, System::Huawei] {
        let server = start(Emulator::new());
        let (cloud, credential, _) = documented(&server, system);
        let agency = Agency::new(account::AGENCY, DomainRef::name(account::AGENCY_DOMAIN));
        let scope = match system {
            System::Huawei => Scope::project_name("cn-north-1"),
            _ => Scope::project_name("eu-de"),
        };
        let client =
            direct(Client::builder(cloud, credential.assume(agency), scope)).build().unwrap();
        let (status, said) = call(&client).await.unwrap();
        assert_eq!(status, 200);
        assert!(said.contains(account::AGENCY_PROJECT_ID), "{said}");
        assert_eq!(server.emulator().logins(system), 2);
        server.emulator().revoke_all();
        assert_eq!(call(&client).await.unwrap().0, 200);
        assert_eq!(server.emulator().logins(system), 4);
        let global = client.service("iam").scope().unwrap();
        assert_eq!(global, Scope::domain_name(account::AGENCY_DOMAIN));
    }
}

#[tokio::test]
async fn a_token_that_is_passed_on_is_asked_about_and_used_as_it_is() {
    let server = start(Emulator::new());
    let (cloud, credential, scope) = documented(&server, System::Otc);
    let own = direct(Client::builder(cloud.clone(), credential, scope)).build().unwrap();
    let token = own.token().await.unwrap();
    let passed = Credential::existing_token(token.expose());
    let client = direct(Client::builder(cloud, passed, Scope::default())).build().unwrap();
    assert_eq!(client.token().await.unwrap().expires_at(), token.expires_at());
    assert_eq!(call(&client).await.unwrap().0, 200);
    assert_eq!(server.emulator().logins(System::Otc), 1);

    // There is no other one to send the call with again.
    server.emulator().revoke_all();
    let requests = server.emulator().requests(System::Otc);
    assert_eq!(call(&client).await.unwrap().0, 401);
    assert_eq!(server.emulator().requests(System::Otc), requests + 1);
    for _ in 0..3 {
        let Err(Error::Auth(error)) = call(&client).await else { panic!() };
        assert!(matches!(error.kind(), ErrorKind::Rejected(_)));
        assert!(
            error.to_string().contains("the existing token has expired or was revoked"),
            "{error}"
        );
    }
    assert_eq!(server.emulator().requests(System::Otc), requests + 2);
}
