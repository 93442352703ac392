use std::sync::{Arc, atomic::Ordering::SeqCst};

use auth_emulator::{Emulator, System, account};
use auth_proto::{ApiVersion, Cloud, DomainRef, EndpointQuery, ErrorKind, Factor, Scope};
use http::Request;
use testing::{fixtures::documented, header};

use super::{
    ADAPTER,
    support::{client, clocked_client, loopback_client, mistyped, service_call, two_factors},
};
use crate::start;

#[test]
fn every_documented_login_takes_one_request() {
    let server = start(Emulator::new());
    for system in System::ALL {
        let client = client(&server, system);
        client.token().unwrap();
        assert_eq!(server.emulator().requests(system), 1, "{system}");

        let want = match system {
            System::NhnIaas | System::NhnCompute => EndpointQuery::new("compute").region("KR1"),
            System::Kakao => EndpointQuery::new("bcs"),
            System::Otc | System::Keystone => EndpointQuery::new("compute"),
            _ => EndpointQuery::new("ecs").region("cn-north-1"),
        };
        let url = client.endpoint(&want).unwrap_or_else(|error| panic!("{system}: {error}"));
        let response = client.call(Request::get(format!("{url}/x")).body("").unwrap()).unwrap();
        assert_eq!(response.status(), 200, "{system}");
        let emulator = server.emulator();
        assert_eq!((emulator.logins(system), emulator.requests(system)), (1, 2), "{system}");
    }
}

#[test]
fn the_longest_documented_tokens_pass() {
    for length in [9_120, 32_768] {
        let mut emulator = Emulator::new();
        emulator.token_length(System::Huawei, length);
        let server = start(emulator);
        let client = client(&server, System::Huawei);
        assert_eq!(client.token().unwrap().expose().len(), length);
        assert_eq!(client.call(service_call(&server)).unwrap().status(), 200);
    }
}

#[test]
fn a_wrong_password_is_sent_once() {
    let server = start(Emulator::new());
    let client = mistyped(&server, System::Huawei);
    for _ in 0..3 {
        let error = client.token().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Rejected(_)), "{error}");
        assert!(!format!("{error} {error:?}").contains("t0ps3cret"));
    }
    assert_eq!(server.emulator().logins(System::Huawei), 1);

    client.replace_credential(documented(&server, System::Huawei).1).unwrap();
    client.token().unwrap();
    assert_eq!(server.emulator().logins(System::Huawei), 2);
}

#[test]
fn a_url_without_a_version_takes_discovery() {
    let server = start(Emulator::new());
    let (_, credential, _) = documented(&server, System::Huawei);
    let url = server.url(System::Huawei);
    let cloud = Cloud::keystone(url.strip_suffix("/v3").unwrap()).unwrap();
    let scope = Scope::project_name_in("cn-north-1", DomainRef::name(account::HUAWEI_DOMAIN));
    let client = ADAPTER.client(cloud, credential, scope).build().unwrap();
    assert_eq!(client.cloud().api_version(), None);
    client.token().unwrap();
    assert_eq!(client.cloud().api_version(), Some(ApiVersion::V3));
    assert_eq!(server.emulator().requests(System::Huawei), 2);
}

#[test]
fn a_second_factor_is_sent_with_the_receipt() {
    let server = two_factors();
    let client = loopback_client(&server).build().unwrap();
    let error = client.token().unwrap_err();
    assert_eq!(error.challenge().unwrap().missing().collect::<Vec<_>>(), [["totp"]]);
    let error = client.answer(Factor::password("x")).unwrap_err();
    assert!(error.auth().is_some(), "{error}");
    client.answer(Factor::totp("123456")).unwrap();
    client.token().unwrap();

    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(header(&requests[1], "openstack-auth-receipt"), Some("r3ceipt"));
    assert!(requests[1].contains("123456"), "{}", requests[1]);
}

#[test]
fn an_expired_token_is_replaced() {
    let server = start(Emulator::new());
    let (client, set_by) = clocked_client(&server, System::Huawei);
    let first = client.token().unwrap();
    set_by.store(12 * 3600, SeqCst);
    assert!(Arc::ptr_eq(&first, &client.token().unwrap()));
    set_by.store(25 * 3600, SeqCst);
    let second = client.token().unwrap();
    assert_ne!(first.expose(), second.expose());
    assert_eq!(server.emulator().logins(System::Huawei), 2);
}

#[test]
fn each_scope_has_its_own_token() {
    let server = start(Emulator::new());
    let project = client(&server, System::Huawei);
    let domain = project.scoped(Scope::domain_name(account::HUAWEI_DOMAIN));
    let tokens = (project.token().unwrap(), domain.token().unwrap());
    assert!(tokens.0.project().is_some() && tokens.1.project().is_none());
    assert!(tokens.1.domain().is_some());
    assert_eq!(domain.scope(), &Scope::domain_name(account::HUAWEI_DOMAIN));

    // A clone has the same token.
    assert!(Arc::ptr_eq(&tokens.0, &project.clone().token().unwrap()));
    assert!(Arc::ptr_eq(&tokens.1, &domain.token().unwrap()));
    assert_eq!(server.emulator().logins(System::Huawei), 2);
}
