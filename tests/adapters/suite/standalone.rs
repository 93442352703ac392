use auth_proto::{Cloud, Credential, Scope};
use http::Request;
use testing::{Loopback, Reply, header};

use super::ADAPTER;

/// A service without an identity service gets each request once, with the credential in its header.
#[test]
fn a_standalone_service_needs_no_login() {
    for (credential, name, value) in [
        (Credential::http_basic("me", "pw"), "authorization", Some("Basic bWU6cHc=")),
        (Credential::existing_token("tok"), "x-auth-token", Some("tok")),
        (Credential::no_auth(), "x-auth-token", None),
    ] {
        let server = Loopback::start(|received| match received.target() {
            "/v1/nodes" => Reply::new(200, "", "[]"),
            _ => Reply::new(401, "", "no"),
        });
        let cloud = Cloud::standalone(&format!("{}/v1", server.url())).unwrap();
        let client = ADAPTER.client(cloud, credential, Scope::default()).build().unwrap();
        let service = client.service("baremetal");
        for (path, status) in [("/nodes", 200), ("/secret", 401), ("/nodes", 200)] {
            let response = service.call(Request::get(path).body("").unwrap()).unwrap();
            assert_eq!(response.status(), status);
            let last = server.last();
            assert_eq!(header(&last, name), value);
            let others = ["authorization", "x-auth-token"].iter().filter(|other| **other != name);
            assert_eq!(others.filter_map(|other| header(&last, other)).count(), 0, "{last}");
        }
        assert_eq!(server.requests().len(), 3);
    }
}
