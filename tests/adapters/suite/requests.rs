//! Token operations, against the emulated services.

use auth_emulator::{Emulator, System, account};
use auth_proto::{
    Check, Domains, ErrorKind, IdentityRequest, Page, Projects, Revoke, SystemScopes, UserProjects,
    Validate,
};

use testing::{
    Client, Error, Loopback, Reply,
    fixtures::{TOKEN, logins_and},
};

use super::support::{client, loopback_client};
use crate::start;

const V3: [System; 4] = [System::Otc, System::Kakao, System::Huawei, System::Keystone];

/// The items of all pages from this one on, and how many pages there were.
fn all<T, N>(client: &Client, first: N) -> (Vec<T>, usize)
where
    N: IdentityRequest<Output = Page<T, N>>,
{
    let (mut items, mut pages, mut next) = (Vec::new(), 0, Some(first));
    while let Some(request) = next {
        let page = client.run(&request).unwrap();
        items.extend(page.items);
        pages += 1;
        next = page.next;
    }
    (items, pages)
}

/// The refusal's status.
fn status(result: Result<impl Sized, Error>) -> u16 {
    match result.map(drop).unwrap_err().kind() {
        ErrorKind::Rejected(refusal) => refusal.status.as_u16(),
        other => panic!("another kind: {other}"),
    }
}

#[test]
fn tokens_are_validated_checked_and_revoked() {
    for system in V3 {
        let server = start(Emulator::new());
        let client = client(&server, system);
        let cloud = client.cloud();
        // The token of another session, which does not notice the revocation.
        let other = super::support::client(&server, system).token().unwrap();
        let validate = || client.run(&Validate::new(&cloud, other.expose())).unwrap();
        let check = |token: &str| client.run(&Check::new(&cloud, token)).unwrap();

        let seen = validate().unwrap();
        assert_eq!((seen.expose(), seen.user()), (other.expose(), other.user()), "{system}");
        assert_eq!(seen.expires_at(), other.expires_at(), "{system}");
        assert!(check(other.expose()), "{system}");
        assert!(!check("unknown"), "{system}");

        let revoke = Revoke::new(&cloud, other.expose());
        client.run(&revoke).unwrap();
        assert!(!check(other.expose()), "{system}");
        assert!(validate().is_none(), "{system}");
        // Revoking it again succeeds.
        client.run(&revoke).unwrap();
        assert!(check(client.token().unwrap().expose()), "{system}: the own token lives");
        // Two logins and eight identity requests.
        let emulator = server.emulator();
        assert_eq!((emulator.logins(system), emulator.requests(system)), (2, 10), "{system}");
    }
}

#[test]
fn a_401_concerns_the_callers_own_token() {
    let server = Loopback::start(logins_and(|_| Reply::new(401, "", "")));
    let client = loopback_client(&server).build().unwrap();
    let cloud = client.cloud();
    let subject = "t0ps3cret-subject";
    assert_eq!(status(client.run(&Check::new(&cloud, subject))), 401);
    // One retry, with a new token.
    let methods: Vec<_> = server.requests().iter().map(|request| request[..4].to_owned()).collect();
    assert_eq!(methods, ["POST", "HEAD", "POST", "HEAD"]);
    assert_eq!(status(client.run(&Validate::new(&cloud, subject))), 401);
    assert_eq!(status(client.run(&Revoke::new(&cloud, subject))), 401);

    let error = client.run(&Check::new(&cloud, subject)).unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("the caller's own token"), "{shown}");
    assert!(!shown.contains(subject) && !shown.contains(TOKEN), "{shown}");
}

#[test]
fn an_error_shows_no_token_that_was_tried() {
    let server = Loopback::start(logins_and(|request| {
        let body = format!(r#"{{"error": {{"message": "not {TOKEN}-0 nor {TOKEN}-2"}}}}"#);
        Reply::new(if request.number == 1 { 401 } else { 403 }, "", body)
    }));
    let client = loopback_client(&server).build().unwrap();
    let error = client.run(&Projects::new(&client.cloud())).unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("not [redacted] nor [redacted]"), "{shown}");
    assert!(!shown.contains(TOKEN), "{shown}");
}

#[test]
fn identity_requests_survive_a_revoked_token() {
    let server = start(Emulator::new());
    let client = client(&server, System::Kakao);
    let old = client.token().unwrap();
    let ask = |token: &str| client.run(&Validate::new(&client.cloud(), token)).unwrap();
    assert!(ask(old.expose()).is_some());
    server.emulator().revoke_all();
    assert!(ask(old.expose()).is_none());
    assert!(ask(client.token().unwrap().expose()).is_some());
    assert_eq!(server.emulator().logins(System::Kakao), 2);
}

#[test]
fn the_scopes_of_a_token_are_listed() {
    for (system, project, domain) in [
        (System::Otc, account::OTC_PROJECT, Some(account::OTC_DOMAIN_ID)),
        (System::Huawei, account::HUAWEI_PROJECT_ID, Some(account::HUAWEI_DOMAIN_ID)),
        (System::Kakao, account::KAKAO_PROJECT, None),
    ] {
        let server = start(Emulator::new());
        let client = client(&server, system);
        let cloud = client.cloud();
        let (projects, _) = all(&client, Projects::new(&cloud));
        let ids: Vec<_> = projects.iter().map(|project| project.id.as_deref()).collect();
        assert_eq!(ids, [Some(project)], "{system}");
        let (domains, _) = all(&client, Domains::new(&cloud));
        let ids: Vec<_> = domains.iter().filter_map(|domain| domain.id.as_deref()).collect();
        assert_eq!(ids, domain.as_slice(), "{system}");
        // Of these, only KakaoCloud has the path.
        let scopes = client.run(&SystemScopes::new(&cloud));
        match system {
            System::Kakao => assert_eq!(scopes.unwrap(), []),
            _ => assert_eq!(status(scopes), 404, "{system}"),
        }
        assert_eq!(server.emulator().logins(system), 1, "{system}");
    }
}

#[test]
fn projects_are_listed_page_by_page() {
    let mut emulator = Emulator::new();
    emulator.page_size(10);
    let server = start(emulator);
    let client = client(&server, System::Kakao);
    let cloud = client.cloud();
    let of_user = all(&client, UserProjects::new(&cloud, account::KAKAO_USER_ID));
    let of_token = all(&client, Projects::new(&cloud));
    assert_eq!(of_user, of_token);
    let (projects, pages) = of_user;
    let mut ids: Vec<_> = projects.into_iter().filter_map(|project| project.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), pages), (25, 3));
    // One login, and three pages twice.
    assert_eq!(server.emulator().requests(System::Kakao), 7);
    let other = UserProjects::new(&cloud, "another-user");
    assert_eq!(status(client.run(&other)), 403);
}

#[test]
fn requests_that_v2_lacks_are_not_sent() {
    let server = start(Emulator::new());
    let client = client(&server, System::NhnIaas);
    let cloud = client.cloud();
    for result in [
        client.run(&Projects::new(&cloud)).map(drop),
        client.run(&Check::new(&cloud, "t")).map(drop),
    ] {
        let error = result.expect_err("v2.0 lacks this request");
        assert!(matches!(error.kind(), ErrorKind::Config(_)), "{error}");
    }
    assert_eq!(server.emulator().requests(System::NhnIaas), 0);
}
