//! The calls of `embed`, cancelled at every await point.
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure")]

#[allow(dead_code, reason = "its main function")]
#[path = "embed.rs"]
mod embed;

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use auth_emulator::{Server, System};
use auth_proto::Cloud;
use embed::Sdk;

/// Polls a future so many times, each time after a wake-up, and drops it.
async fn poll_times<T>(times: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = times;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// The first call and the one after a revocation are dropped after so many polls. Whatever they
/// were sending, the next call succeeds, and there is one login each.
#[tokio::test]
async fn a_call_is_cancelled_at_every_await() {
    for polls in 0.. {
        let server = Server::start().unwrap();
        let sdk = Sdk::new(Cloud::kakao().at(&server.url(System::Kakao)).unwrap()).unwrap();
        let call = || sdk.get("network", "/networks");
        let mut is_done = true;
        for logins in 1..=2 {
            is_done &= poll_times(polls, call()).await.is_some();
            assert_eq!(call().await.unwrap().status(), 200, "{polls} polls");
            assert_eq!(server.traffic().logins, logins, "{polls} polls");
            server.emulator().revoke_all();
        }
        if is_done {
            assert!(polls > 5, "only {polls} await points");
            return;
        }
        assert!(polls < 1000, "a call never ends");
    }
}
