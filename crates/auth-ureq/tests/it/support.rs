//! A server that says what a test wants, and the documented accounts.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::Duration,
};

use auth_emulator::{Server, System, account};
use auth_proto::{Cloud, Credential, DomainRef, Scope, UserRef};

/// One request on a connection, an answer, and the connection is closed.
pub(crate) struct Raw {
    port: u16,
    connections: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<String>>>,
    arrived: Receiver<()>,
}

/// What to do with a request, which is the `number`th from 0 on.
pub(crate) trait Script: Fn(usize, &str) -> Option<String> + Send + Sync + 'static {}

impl<F: Fn(usize, &str) -> Option<String> + Send + Sync + 'static> Script for F {}

impl Raw {
    /// `None` as an answer: none ever comes, and the connection stays open.
    pub(crate) fn start(script: impl Script) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (connections, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::default()));
        let (arrive, arrived) = mpsc::channel();
        let raw = Self { port, connections, seen, arrived };
        let (connections, seen) = (Arc::clone(&raw.connections), Arc::clone(&raw.seen));
        let script = Arc::new(script);
        // It ends with the process, as its threads do.
        thread::spawn(move || {
            for stream in listener.incoming() {
                connections.fetch_add(1, SeqCst);
                let (script, seen) = (Arc::clone(&script), Arc::clone(&seen));
                let arrive = arrive.clone();
                let stream = stream.unwrap();
                thread::spawn(move || serve(stream, &*script, &seen, &arrive));
            }
        });
        raw
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }

    /// The requests so far, head and body.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until one more request has arrived whole.
    pub(crate) fn wait(&self) {
        self.arrived.recv_timeout(Duration::from_secs(20)).unwrap();
    }

    /// A cloud whose identity service this is.
    pub(crate) fn cloud(&self) -> Cloud {
        Cloud::keystone(&format!("{}/v3", self.url())).unwrap()
    }
}

fn serve(
    mut stream: TcpStream,
    script: &dyn Script,
    seen: &Mutex<Vec<String>>,
    arrive: &Sender<()>,
) {
    let Some(request) = read_request(&mut stream) else { return };
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.push(request.clone());
        seen.len() - 1
    };
    let answer = script(number, &request);
    let _ = arrive.send(());
    match answer {
        // The client may be gone already.
        Some(answer) => drop(stream.write_all(answer.as_bytes())),
        None => drop(io::copy(&mut stream, &mut io::sink())),
    }
}

pub(crate) fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        // An answer before the last chunk would break the pipe under a client that still writes.
        let whole = match header(head, "content-length") {
            Some(length) => body.len() >= length.parse().unwrap(),
            None if header(head, "transfer-encoding").is_some() => body.ends_with("0\r\n\r\n"),
            None => true,
        };
        if whole {
            return Some(text.into_owned());
        }
    }
}

/// A header's value in a request as it was seen.
pub(crate) fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    request.lines().take_while(|line| !line.is_empty()).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

/// An answer; `headers` end with a line end each.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} Test\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
}

/// A good login's answer, with one service in its catalog.
pub(crate) fn token(id: &str, service: &str) -> String {
    let body = r#"{"token": {
        "catalog": [{"type": "thing", "name": "thing", "endpoints": [
            {"interface": "public", "region": "r", "region_id": "r", "url": "SERVICE"}
        ]}],
        "expires_at": "2026-01-03T00:00:00.000000Z",
        "issued_at": "2026-01-01T00:00:00.000000Z",
        "methods": ["password"],
        "project": {"id": "p1", "name": "p", "domain": {"id": "d1", "name": "d"}},
        "user": {"id": "u1", "name": "u", "domain": {"id": "d1", "name": "d"}}
    }}"#;
    answer(201, &format!("X-Subject-Token: {id}\r\n"), &body.replace("SERVICE", service))
}

/// Answers every login with a token, and everything else with what the test wants.
pub(crate) fn logins_and(script: impl Script) -> impl Script {
    move |number, request: &str| match request.starts_with("POST /v3/auth/tokens ") {
        true => Some(token(&format!("{TOKEN}-{number}"), "https://thing.example")),
        false => script(number, request),
    }
}

pub(crate) const TOKEN: &str = "t0ps3cret-token";
pub(crate) const PASSWORD: &str = "t0ps3cret-password";

pub(crate) fn credential() -> Credential {
    Credential::password(UserRef::id("u1"), PASSWORD)
}

pub(crate) fn scope() -> Scope {
    Scope::project_id("p1")
}

/// What the documents say to know and want, at this server.
pub(crate) fn documented(server: &Server, system: System) -> (Cloud, Credential, Scope) {
    let (cloud, credential, scope) = match system {
        System::NhnIaas | System::NhnCompute => (
            Cloud::nhn(),
            Credential::password(account::NHN_USER, account::NHN_PASSWORD),
            Scope::project_id(account::NHN_TENANT),
        ),
        System::Otc => (
            Cloud::otc("eu-de").unwrap(),
            Credential::password(
                UserRef::name_in(account::OTC_USER, DomainRef::name(account::OTC_DOMAIN)),
                account::OTC_PASSWORD,
            ),
            Scope::project_id(account::OTC_PROJECT),
        ),
        System::Kakao => (
            Cloud::kakao(),
            Credential::application_credential(account::KAKAO_KEY_ID, account::KAKAO_SECRET),
            Scope::default(),
        ),
        System::Huawei => (
            Cloud::huawei(),
            Credential::password(
                UserRef::name_in(account::HUAWEI_USER, DomainRef::name(account::HUAWEI_DOMAIN)),
                account::HUAWEI_PASSWORD,
            ),
            Scope::project_name(account::HUAWEI_PROJECT),
        ),
        _ => panic!("a system without a test: {system}"),
    };
    (cloud.at(&server.url(system)).unwrap(), credential, scope)
}
