use std::{io::Write, net::TcpListener, thread};

use auth_proto::{Cloud, ErrorKind, FailureKind};
use auth_reqwest::{Client, Error};

use crate::{
    direct,
    support::{credential, scope},
};

#[tokio::test]
async fn a_server_without_tls_is_a_failure_of_tls() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("https://{}/v3", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            // The client may hang up first.
            let _ = stream.unwrap().write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let cloud = Cloud::keystone(&url).unwrap();
    assert!(cloud.is_https_only());
    let client = direct(Client::builder(cloud, credential(), scope())).build().unwrap();
    let Err(Error::Auth(error)) = client.token().await else { panic!("no error") };
    let ErrorKind::Transport(failure) = error.kind() else { panic!("{error}") };
    assert_eq!(failure.kind, FailureKind::Tls, "{error}");
}
