use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering::SeqCst},
};

use auth_emulator::{Emulator, System, account};
use auth_proto::{
    ApiVersion, Cloud, Credential, DomainRef, EndpointQuery, ErrorKind, Factor, Scope, UserRef,
};
use auth_reqwest::{Client, Error};
use http::Request;
use time::{Duration, UtcDateTime};

use crate::{
    client, direct, raw_client, start,
    support::{Raw, answer, documented, header, token},
};

#[tokio::test]
async fn every_documented_system_takes_one_request() {
    let server = start(Emulator::new());
    for system in System::ALL {
        let client = client(&server, system);
        client.token().await.unwrap();
        assert_eq!(server.emulator().requests(system), 1, "{system}");

        let want = match system {
            System::NhnIaas | System::NhnCompute => EndpointQuery::new("compute").region("KR1"),
            System::Kakao => EndpointQuery::new("bcs"),
            System::Otc => EndpointQuery::new("compute"),
            _ => EndpointQuery::new("ecs").region("cn-north-1"),
        };
        let url = client.endpoint(&want).await.unwrap_or_else(|error| panic!("{system}: {error}"));
        let answer = client.call(Request::get(format!("{url}/x")).body("").unwrap()).await.unwrap();
        assert_eq!(answer.status(), 200, "{system}");
        let emulator = server.emulator();
        assert_eq!((emulator.logins(system), emulator.requests(system)), (1, 2), "{system}");
    }
}

#[tokio::test]
async fn tokens_as_long_as_documented_pass_both_ways() {
    for length in [9_120, 32_768] {
        let mut emulator = Emulator::new();
        emulator.token_length(System::Huawei, length);
        let server = start(emulator);
        let client = client(&server, System::Huawei);
        assert_eq!(client.token().await.unwrap().expose().len(), length);
        let url = format!("http://{}/service/huawei/ecs.example/v1", server.address());
        let answer = client.call(Request::get(url).body("").unwrap()).await.unwrap();
        assert_eq!(answer.status(), 200);
    }
}

#[tokio::test]
async fn a_wrong_password_is_sent_once_until_it_is_replaced() {
    let server = start(Emulator::new());
    let (cloud, good, scope) = documented(&server, System::Huawei);
    let user = UserRef::name_in(account::HUAWEI_USER, DomainRef::name(account::HUAWEI_DOMAIN));
    let wrong = Credential::password(user, "t0ps3cret-typo");
    let client = direct(Client::builder(cloud, wrong, scope)).build().unwrap();
    for _ in 0..3 {
        let error = client.token().await.unwrap_err();
        let Error::Auth(core) = &error else { panic!("{error}") };
        assert!(matches!(core.kind(), ErrorKind::Rejected(_)), "{error}");
        assert!(!format!("{error} {error:?}").contains("t0ps3cret"));
    }
    assert_eq!(server.emulator().logins(System::Huawei), 1);

    client.replace_credential(good).unwrap();
    client.token().await.unwrap();
    assert_eq!(server.emulator().logins(System::Huawei), 2);
}

#[tokio::test]
async fn a_server_is_asked_for_its_version_where_the_url_names_none() {
    let server = start(Emulator::new());
    let (_, credential, _) = documented(&server, System::Huawei);
    let url = server.url(System::Huawei);
    let cloud = Cloud::keystone(url.strip_suffix("/v3").unwrap()).unwrap();
    let scope = Scope::project_name_in("cn-north-1", DomainRef::name(account::HUAWEI_DOMAIN));
    let client = direct(Client::builder(cloud, credential, scope)).build().unwrap();
    assert_eq!(client.cloud().api_version(), None);
    client.token().await.unwrap();
    assert_eq!(client.cloud().api_version(), Some(ApiVersion::V3));
    assert_eq!(server.emulator().requests(System::Huawei), 2);
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_sent_with_the_receipt() {
    let raw = Raw::start(|number, _: &str| {
        Some(match number {
            0 => answer(
                401,
                "Openstack-Auth-Receipt: r3ceipt\r\n",
                r#"{"receipt": {"methods": ["password"], "expires_at": "2099-01-01T00:00:00Z"},
                    "required_auth_methods": [["password", "totp"]]}"#,
            ),
            _ => token("t", "https://thing.example"),
        })
    });
    let client = raw_client(&raw).build().unwrap();
    let Err(Error::NeedFactor(challenge)) = client.token().await else { panic!("no question") };
    assert_eq!(challenge.missing().collect::<Vec<_>>(), [["totp"]]);
    let Err(Error::Auth(_)) = client.submit_factor(Factor::password("x")) else {
        panic!("not asked")
    };
    client.submit_factor(Factor::totp("123456")).unwrap();
    client.token().await.unwrap();

    let seen = raw.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(header(&seen[1], "openstack-auth-receipt"), Some("r3ceipt"));
    assert!(seen[1].contains("123456"), "{}", seen[1]);
}

#[tokio::test]
async fn an_ended_token_is_replaced() {
    let server = start(Emulator::new());
    let (cloud, credential, scope) = documented(&server, System::Huawei);
    let hours = Arc::new(AtomicI64::new(0));
    let ahead = Arc::clone(&hours);
    let client = direct(Client::builder(cloud, credential, scope))
        .clock(move || UtcDateTime::now() + Duration::hours(ahead.load(SeqCst)))
        .build()
        .unwrap();
    let first = client.token().await.unwrap();
    hours.store(12, SeqCst);
    assert!(Arc::ptr_eq(&first, &client.token().await.unwrap()));
    hours.store(25, SeqCst);
    let second = client.token().await.unwrap();
    assert_ne!(first.expose(), second.expose());
    assert_eq!(server.emulator().logins(System::Huawei), 2);
}

#[tokio::test]
async fn scopes_have_tokens_of_their_own() {
    let server = start(Emulator::new());
    let project = client(&server, System::Huawei);
    let domain = project.scoped(Scope::domain_name(account::HUAWEI_DOMAIN));
    let tokens = (project.token().await.unwrap(), domain.token().await.unwrap());
    assert!(tokens.0.project().is_some() && tokens.1.project().is_none());
    assert!(tokens.1.domain().is_some());
    assert_eq!(domain.scope(), &Scope::domain_name(account::HUAWEI_DOMAIN));

    // A clone has the same token.
    assert!(Arc::ptr_eq(&tokens.0, &project.clone().token().await.unwrap()));
    assert!(Arc::ptr_eq(&tokens.1, &domain.token().await.unwrap()));
    assert_eq!(server.emulator().logins(System::Huawei), 2);
}
