use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering::SeqCst},
};

use auth_emulator::{Server, System, account};
use auth_proto::{Credential, DomainRef, UserRef};
use http::Request;
use testing::{Builder, Client, Loopback, Reply, fixtures, fixtures::token};
use time::{Duration, UtcDateTime};

use super::ADAPTER;

/// A client of a documented cloud.
pub(in super::super) fn client(server: &Server, system: System) -> Client {
    let (cloud, credential, scope) = fixtures::documented(server, system);
    ADAPTER.client(cloud, credential, scope).build().unwrap()
}

/// A client of a server with scripted replies.
pub(in super::super) fn loopback_client(server: &Loopback) -> Builder {
    ADAPTER.client(server.cloud(), fixtures::credential(), fixtures::scope())
}

/// A client of a documented cloud, and the seconds by which the test sets its clock.
pub(super) fn clocked_client(server: &Server, system: System) -> (Client, Arc<AtomicI64>) {
    let (cloud, credential, scope) = fixtures::documented(server, system);
    let set_by = Arc::new(AtomicI64::new(0));
    let ahead = Arc::clone(&set_by);
    let clock = move || UtcDateTime::now() + Duration::seconds(ahead.load(SeqCst));
    (ADAPTER.client(cloud, credential, scope).clock(clock).build().unwrap(), set_by)
}

/// A client of a documented cloud whose user mistyped the password.
pub(super) fn mistyped(server: &Server, system: System) -> Client {
    let (cloud, _, scope) = fixtures::documented(server, system);
    let (name, domain) = match system {
        System::Otc => (account::OTC_USER, account::OTC_DOMAIN),
        _ => (account::HUAWEI_USER, account::HUAWEI_DOMAIN),
    };
    let user = UserRef::name_in(name, DomainRef::name(domain));
    let wrong = Credential::password(user, "t0ps3cret-typo");
    ADAPTER.client(cloud, wrong, scope).build().unwrap()
}

/// A server that asks for a one-time code first, and then gives out a token.
pub(super) fn two_factors() -> Loopback {
    Loopback::start(|request| match request.number {
        0 => Reply::new(
            401,
            "Openstack-Auth-Receipt: r3ceipt\r\n",
            r#"{"receipt": {"methods": ["password"], "expires_at": "2099-01-01T00:00:00Z"},
                    "required_auth_methods": [["password", "totp"]]}"#,
        ),
        _ => token("t", "https://thing.example"),
    })
}

/// A call of a service of Huawei Cloud.
pub(super) fn service_call(server: &Server) -> Request<&'static str> {
    let url = format!("http://{}/service/huawei/ecs.example/v1", server.address());
    Request::get(url).body("").unwrap()
}
