//! Whole logins against the emulated services, in process, at the URLs of the real clouds. The
//! emulator shares no code with the core.

use auth_emulator::{Emulator, System, account};
use auth_proto::{Cloud, Credential, ErrorKind, Login, Scope, Step, UserRef, limits};
use proptest::prelude::*;
use time::{Duration, UtcDateTime};

use crate::support::{
    NOW, cases,
    emulated::{LoginInput, carry, huawei, kakao, keystone, log_in, nhn, otc},
    request_of,
};

fn kakao_by_name() -> LoginInput {
    let user = UserRef::id(account::KAKAO_USER_ID);
    let credential =
        Credential::application_credential_of(user, account::KAKAO_KEY_NAME, account::KAKAO_SECRET);
    (Cloud::kakao(), credential, Scope::default())
}

#[test]
fn a_documented_login_takes_one_request() {
    for (system, (cloud, credential, scope)) in [
        (System::NhnIaas, nhn()),
        (System::Otc, otc(Scope::project_id(account::OTC_PROJECT))),
        (System::Otc, otc(Scope::project_name(account::OTC_PROJECT_NAME))),
        (System::Otc, otc(Scope::domain_name(account::OTC_DOMAIN))),
        (System::Otc, otc(Scope::default())),
        (System::Kakao, kakao()),
        (System::Kakao, kakao_by_name()),
        (System::Huawei, huawei(Scope::project_name(account::HUAWEI_PROJECT))),
        (System::Huawei, huawei(Scope::project_id(account::HUAWEI_PROJECT_ID))),
        (System::Huawei, huawei(Scope::domain_name(account::HUAWEI_DOMAIN))),
        (System::Huawei, huawei(Scope::domain_id(account::HUAWEI_DOMAIN_ID))),
        (System::Keystone, keystone(Scope::project_id(account::KEYSTONE_PROJECT_ID))),
        (System::Keystone, keystone(Scope::domain_name(account::KEYSTONE_OTHER_DOMAIN))),
        (System::Keystone, keystone(Scope::system())),
    ] {
        let mut service = Emulator::new();
        let login = Login::new(&cloud, credential, scope.clone()).unwrap();
        let token = log_in(&mut service, login).unwrap();
        assert_eq!((service.logins(system), service.requests(system)), (1, 1), "{scope}");
        assert!(token.expires_at() > NOW);
        assert!(!token.catalog().unwrap().is_empty(), "{scope}");
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn emulated_tokens_are_read_back(
        (system, (cloud, credential, scope)) in prop::sample::select(vec![
            (System::NhnIaas, nhn()),
            (System::Otc, otc(Scope::project_id(account::OTC_PROJECT))),
            (System::Otc, otc(Scope::domain_name(account::OTC_DOMAIN))),
            (System::Kakao, kakao_by_name()),
            (System::Huawei, huawei(Scope::project_name(account::HUAWEI_PROJECT))),
            (System::Keystone, keystone(Scope::system())),
        ]),
        life in 1..10_000_000_i64,
        length in 40..limits::TOKEN,
        since in -60_000_000_000..200_000_000_000_i64,
    ) {
        let now = UtcDateTime::from_unix_timestamp(since).unwrap();
        let mut service = Emulator::new();
        service.token_lifetime(system, Duration::seconds(life)).token_length(system, length);
        let mut login = Login::new(&cloud, credential, scope).unwrap();
        let request = request_of(&login);
        login.handle_response(carry(&mut service, request, now), now);
        let Ok(Step::Done(token)) = login.poll() else { panic!("no token") };
        prop_assert_eq!(token.expose().len(), length);
        prop_assert_eq!((token.expires_at() - now).whole_seconds(), life);
        prop_assert!((token.issued_at().unwrap() - now).abs() < Duration::SECOND);
        prop_assert!(token.user().id.is_some() && !token.catalog().unwrap().is_empty());
    }
}

#[test]
fn an_absent_catalog_is_not_an_empty_one() {
    for ((cloud, credential, scope), empty) in [
        (huawei(Scope::project_name(account::HUAWEI_PROJECT)), Some(true)),
        (otc(Scope::project_id(account::OTC_PROJECT)), Some(true)),
        (kakao(), None),
    ] {
        let login = Login::new(&cloud, credential, scope).unwrap().without_catalog();
        let token = log_in(&mut Emulator::new(), login).unwrap();
        assert_eq!(token.catalog().map(|catalog| catalog.is_empty()), empty, "{cloud:?}");
    }
}

#[test]
fn refusals_keep_their_status() {
    let refused = |(cloud, credential, scope): LoginInput| {
        let login = Login::new(&cloud, credential, scope).unwrap();
        let error = log_in(&mut Emulator::new(), login).unwrap_err();
        match error.kind() {
            ErrorKind::Rejected(refusal) => refusal.status.as_u16(),
            other => panic!("{other:?}"),
        }
    };
    let (cloud, _, scope) = nhn();
    assert_eq!(refused((cloud, Credential::password(account::NHN_USER, "wrong"), scope)), 401);
    let (cloud, credential, _) = nhn();
    assert_eq!(refused((cloud, credential, Scope::project_id("other"))), 401);
    assert_eq!(refused(huawei(Scope::project_name("xx-nowhere-1"))), 401);
    let unknown = Credential::application_credential("unknown", "secret");
    assert_eq!(refused((Cloud::kakao(), unknown, Scope::default())), 404);
}
