use std::{
    fmt,
    sync::{
        Arc, Mutex, Once,
        atomic::{AtomicI64, Ordering::SeqCst},
        mpsc,
    },
    time::Duration,
};

use auth_emulator::{Emulator, Fault, System, account};
use auth_proto::{Credential, DomainRef, UserRef};
use auth_reqwest::Client;
use http::{Request, StatusCode, header::RETRY_AFTER};
use time::UtcDateTime;
use tokio::{
    runtime::Handle,
    task::{spawn_blocking, yield_now},
};
use tracing::{
    Event, Metadata, Subscriber,
    field::Visit,
    span,
    subscriber::{set_default, set_global_default, with_default},
};

use crate::{client, direct, start, support::documented};

/// Hands every event of this crate's to a function, as a line.
struct Listener<F>(F);

impl<F: Fn(String) + 'static> Subscriber for Listener<F> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("auth_driver")
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        (self.0)(line.0);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// Has somebody listen on every thread from here on. A place in the code that is reached for the first
/// time while nobody listens anywhere may stay silent for good, if a listener comes at that moment.
pub(crate) fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| set_global_default(Listener(|_| {})).unwrap());
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.0 += &format!(" {value:?}"),
            name => self.0 += &format!(" {name}={value:?}"),
        }
    }
}

/// What is told while this runs.
async fn lines(work: impl AsyncFnOnce()) -> Vec<String> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&lines);
    let listening = set_default(Listener(move |line| told.lock().unwrap().push(line)));
    work().await;
    drop(listening);
    let lines = lines.lock().unwrap().clone();
    assert!(!lines.concat().contains("t0ps3cret"), "{lines:#?}");
    lines
}

/// The level and the message of each line, and what else it has to say.
fn assert_lines(lines: &[String], expected: &[(&str, &[&str])]) {
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, (start, fields)) in lines.iter().zip(expected) {
        assert!(line.starts_with(start), "{line}");
        assert!(fields.iter().all(|field| line.contains(field)), "{line}");
    }
}

#[tokio::test]
async fn an_outage_and_a_refused_token_are_told() {
    let server = start(Emulator::new());
    let unavailable = || Fault::new().status(StatusCode::SERVICE_UNAVAILABLE);
    server.script(move |arrival| {
        (arrival.number == 0).then(|| unavailable().header(RETRY_AFTER, 100.into()))
    });
    let (cloud, credential, scope) = documented(&server, System::Huawei);
    let set_by = Arc::new(AtomicI64::new(0));
    let ahead = Arc::clone(&set_by);
    let client = direct(Client::builder(cloud, credential, scope))
        .clock(move || UtcDateTime::now() + time::Duration::seconds(ahead.load(SeqCst)))
        .build()
        .unwrap();
    let lines = lines(async || {
        client.token().await.unwrap_err();
        client.token().await.unwrap_err();
        set_by.store(200, SeqCst);
        client.token().await.unwrap();
        client.token().await.unwrap();
        server.emulator().revoke_all();
        let url = format!("http://{}/service/huawei/ecs.example/v1", server.address());
        client.call(Request::get(url).body("").unwrap()).await.unwrap();
        set_by.store(-3600, SeqCst);
        client.token().await.unwrap();
    })
    .await;
    let scope = &format!("scope={}", client.scope())[..];
    let renewed = ("INFO token renewed", &[scope, "expires_at=\""][..]);
    assert_lines(
        &lines,
        &[
            ("DEBUG login started", &[scope]),
            ("WARN login failed", &[scope, "class=Transient", "error=", "503", "retry_at=\""]),
            ("DEBUG login started", &[scope]),
            renewed,
            ("WARN token refused by a service", &[scope]),
            ("DEBUG login started", &[scope]),
            renewed,
            ("WARN clock jumped", &["by=-1h"]),
        ],
    );
}

#[tokio::test]
async fn a_wrong_password_is_told_once() {
    let server = start(Emulator::new());
    let (cloud, _, scope) = documented(&server, System::Huawei);
    let user = UserRef::name_in(account::HUAWEI_USER, DomainRef::name(account::HUAWEI_DOMAIN));
    let wrong = Credential::password(user, "t0ps3cret-typo");
    let client = direct(Client::builder(cloud, wrong, scope)).build().unwrap();
    let lines = lines(async || {
        client.token().await.unwrap_err();
        client.token().await.unwrap_err();
    })
    .await;
    let refused = ("ERROR credential refused", &["scope=", "error=", "401", "retry_at=\""][..]);
    assert_lines(&lines, &[("DEBUG login started", &["scope="]), refused]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscriber_that_panics_harms_nobody_else() {
    for panics_at in ["login started", "token renewed"] {
        let server = start(Emulator::new());
        let client = client(&server, System::Otc);
        let listener = Listener(move |line: String| assert!(!line.contains(panics_at)));
        let asking = client.clone();
        let asked = spawn_blocking(move || {
            with_default(listener, || Handle::current().block_on(asking.token()))
        });
        assert!(asked.await.unwrap_err().is_panic());
        client.token_within(Duration::from_secs(1)).await.unwrap();
        assert_eq!(server.emulator().requests(System::Otc), 1, "{panics_at}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_subscriber_holds_up_nobody_else() {
    let mut emulator = Emulator::new();
    emulator.token_lifetime(System::Otc, time::Duration::hours(1));
    let server = start(emulator);
    server.script(|_| Some(Fault::new().delay(Duration::from_millis(300))));
    let client = client(&server, System::Otc);
    let (served, other) = mpsc::channel();
    let other = Mutex::new(other);
    let listener = Listener(move |line: String| {
        if line.contains("token renewed") {
            other.lock().unwrap().recv_timeout(Duration::from_secs(10)).unwrap();
        }
    });
    let asking = client.clone();
    let leader = spawn_blocking(move || {
        with_default(listener, || Handle::current().block_on(asking.token()))
    });
    while server.traffic().logins == 0 {
        yield_now().await;
    }
    client.token().await.unwrap();
    served.send(()).unwrap();
    leader.await.unwrap().unwrap();
}
