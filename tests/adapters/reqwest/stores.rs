//! A blocking store, called on threads of its own.

use auth_reqwest::Client;
use auth_store::{Blocking, FileStore, Key};
use testing::{Loopback, Reply, configured, fixtures, runtime};

#[test]
fn clients_share_a_login_by_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let open = || FileStore::open(directory.path().join("store"), Key::new([1; 32])).unwrap();
    let server = Loopback::start(fixtures::logins_and(|_| Reply::new(200, "", "")));
    let token = |_| {
        let (cloud, credential) = (server.cloud(), fixtures::credential());
        configured::login(&cloud, &credential);
        let builder = Client::builder(cloud, credential, fixtures::scope());
        let client = builder.store(Blocking::new(open()).unwrap()).build().unwrap();
        runtime().block_on(client.token()).unwrap().expose().to_owned()
    };
    let mut tokens: Vec<String> = (0..3).map(token).collect();
    tokens.dedup();
    assert_eq!((tokens.len(), server.requests().len()), (1, 1));
}
