//! Callers that are tasks and not threads.

use std::{future::Future, time::Duration};

use auth_emulator::{Emulator, System};
use auth_proto::UserProjects;
use auth_reqwest::Client;
use tokio::task::JoinSet;

use super::suite::support::client;
use crate::start;

async fn fifty_callers() {
    let server = start(Emulator::new());
    let client = client(&server, System::Otc).reqwest().clone();
    let mut callers = JoinSet::new();
    for _ in 0..50 {
        let client = client.clone();
        callers.spawn(async move { client.token().await.unwrap() });
    }
    assert_eq!(callers.join_all().await.len(), 50);
    assert_eq!(server.emulator().requests(System::Otc), 1);
}

#[tokio::test]
async fn fifty_tasks_on_one_thread_make_one_login() {
    fifty_callers().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_tasks_on_four_threads_make_one_login() {
    fifty_callers().await;
}

#[test]
fn futures_can_be_spawned() {
    fn spawnable<F: Future + Send>(_: F) {}
    fn all(client: &Client, request: &UserProjects) {
        let call = || http::Request::new("");
        spawnable(client.token());
        spawnable(client.token_within(Duration::ZERO));
        spawnable(client.call(call()));
        spawnable(client.call_once(call()));
        spawnable(client.call_with(|| async { Ok(http::Request::new("")) }));
        spawnable(client.run(request));
        spawnable(client.token_at(&http::Uri::from_static("https://thing.example")));
    }
    let _ = all;
}
