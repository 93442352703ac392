//! One login for many scopes, by way of an identity provider, with one-time codes, and with secrets
//! that change (F50 to F55).

use std::{
    fs,
    sync::{
        Arc, Barrier, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use auth_emulator::{
    Emulator, Fault, RequestKind, Server, System, Traffic, account, account::numbered_project_id,
    totp_code,
};
use auth_proto::{
    Action, Cloud, Credential, DomainRef, Factor, Federation, OidcClient, Question, Reply, Scope,
    SecretSource, Session, Settings, UserRef,
};
use http::{Request, StatusCode};
use testing::{Adapter, Builder, Client, Error};

use crate::{
    callers::{ClientKind, OURS},
    clock::Clock,
    scenario::{Case, Tally},
};

const SCOPES: usize = 50;
const SYSTEM: System = System::Keystone;

pub(crate) fn cases(_full: bool) -> Vec<Case> {
    [
        Case::each(
            "F50",
            "50 callers of 50 scopes without a token, by way of an identity provider",
            "1 login at the provider, 1 federated login, 50 exchanges side by side",
            &OURS,
            cold,
        ),
        Case::each(
            "F51",
            "all tokens are voided under 1,000 callers of 50 scopes",
            "1 login at the provider, at most 2 exchanges a scope, 0 callers see a 401",
            &OURS,
            voided,
        ),
        Case::each(
            "F52",
            "the user has no role in 10 of 50 scopes, 4 callers each",
            "no further login, at most 10 questions and exchanges, 40 scopes served",
            &OURS,
            without_role,
        ),
        vec![Case::core(
            "F53",
            "a token that needed a one-time code is renewed in the background for 24 h",
            "0 requests, 0 questions",
            in_the_background,
        )],
        Case::each(
            "F53",
            "the token that needed a one-time code has ended, 50 callers of 50 scopes",
            "1 question, 1 login, 50 exchanges",
            &OURS,
            one_question,
        ),
        Case::each(
            "F54",
            "a mounted client secret is wrong for 2 s, then it is replaced; 20 callers",
            "1 refused login, then 1 that works, within 12 s of the change",
            &OURS,
            rotated,
        ),
        Case::each(
            "F55",
            "the identity provider answers 503 for 3 s, 50 callers of 50 scopes",
            "all served, at most 9 requests to the provider, 1 federated login, 50 exchanges",
            &OURS,
            provider_outage,
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A federated Keystone and its identity provider, on the scenario's clock.
struct Federated {
    clock: Clock,
    server: Server,
}

impl Federated {
    fn start() -> Self {
        let (clock, mut emulator) = (Clock::start(), Emulator::new());
        emulator.projects(SCOPES);
        let server_clock = clock.clone();
        let server = Server::start_with_clock(emulator, move || server_clock.now());
        Self { clock, server: server.expect("a port on loopback") }
    }

    fn cloud(&self) -> Cloud {
        Cloud::keystone(&self.server.url(SYSTEM)).expect("plain http to loopback")
    }

    /// The service account of the identity provider.
    fn robot(&self) -> OidcClient {
        OidcClient::new(account::OIDC_CLIENT, format!("{}/token", self.server.provider_url()))
    }

    fn builder(&self, kind: ClientKind, credential: Credential) -> Builder {
        let adapter = if kind.is_async() { Adapter::Reqwest } else { Adapter::Ureq };
        let clock = self.clock.clone();
        adapter.client(self.cloud(), credential, scope(0)).clock(move || clock.now())
    }

    fn client(&self, kind: ClientKind) -> Client {
        let robot = self.robot().with_secret(account::OIDC_CLIENT_SECRET);
        self.builder(kind, by_client(robot)).build().expect("a valid configuration")
    }

    /// Delays the exchanges, so that those that run side by side can be seen.
    fn slow_exchanges(&self, delay: Duration) {
        self.server.script(move |arrival| {
            let is_exchange = matches!(arrival.kind, RequestKind::Exchange(_));
            is_exchange.then(|| Fault::new().delay(delay))
        });
    }

    fn service(&self) -> Request<&'static str> {
        let host = "nova.public.regionone.keystone.example";
        let url = format!("http://{}/service/{SYSTEM}/{host}/v2.1", self.server.address());
        Request::get(url).body("").expect("a valid URL")
    }
}

fn by_client(client: OidcClient) -> Credential {
    let (provider, protocol) = (account::FEDERATION_PROVIDER, account::FEDERATION_PROTOCOL);
    Credential::federated(Federation::client_credentials(provider, protocol, client))
}

fn scope(number: usize) -> Scope {
    Scope::project_id(numbered_project_id(number))
}

/// Runs `ask` once for each caller, all at once. Caller `n` has scope `n % 50`.
fn each<T: Send>(
    client: &Client,
    callers: usize,
    ask: impl Fn(usize, &Client) -> Result<T, Error> + Sync,
) -> Vec<Result<T, Error>> {
    let start = Barrier::new(callers);
    thread::scope(|threads| {
        let run = |caller| {
            let (client, ask, start) = (client.scoped(scope(caller % SCOPES)), &ask, &start);
            threads.spawn(move || {
                start.wait();
                ask(caller, &client)
            })
        };
        let running: Vec<_> = (0..callers).map(run).collect();
        running.into_iter().map(|caller| caller.join().expect("callers do not panic")).collect()
    })
}

/// The counts of a federated login, with the bounds on the first three.
fn chain(tally: &mut Tally, traffic: &Traffic, (provider, federated, exchanges): (u64, u64, u64)) {
    tally.logins += traffic.provider_logins;
    tally.max_in_flight = tally.max_in_flight.max(traffic.most_logins_in_flight);
    tally.figure("provider", traffic.provider_logins);
    tally.figure("federated", traffic.federated_logins);
    tally.figure("exchanges", traffic.exchanges);
    tally.figure("questions", traffic.questions);
    tally.exactly("logins at the provider", traffic.provider_logins, provider);
    tally.exactly("federated logins", traffic.federated_logins, federated);
    tally.at_most("exchanges", traffic.exchanges, exchanges);
}

fn served<T>(tally: &mut Tally, results: &[Result<T, Error>]) {
    tally.callers = tally.callers.max(results.len());
    let failed: Vec<_> = results.iter().filter_map(|one| one.as_ref().err()).collect();
    tally.auth_errors += failed.len();
    tally.exactly("callers without a token", failed.len(), 0);
}

fn cold(kind: ClientKind) -> Tally {
    let (bed, mut tally) = (Federated::start(), Tally::default());
    bed.slow_exchanges(Duration::from_millis(200));
    let results = each(&bed.client(kind), SCOPES, |_, client| client.token());
    served(&mut tally, &results);
    chain(&mut tally, &bed.server.traffic(), (1, 1, 50));
    tally.holds("exchanges run side by side", tally.max_in_flight >= 10);
    tally
}

fn voided(kind: ClientKind) -> Tally {
    const CALLERS: usize = 1000;
    let (bed, mut tally) = (Federated::start(), Tally::default());
    let client = bed.client(kind);
    served(
        &mut tally,
        &each(&client, SCOPES, |_, client| {
            client.call(bed.service()).map(|response| response.status())
        }),
    );
    bed.server.emulator().revoke_all();
    bed.server.reset_traffic();
    let results = each(&client, CALLERS, |_, client| client.call(bed.service()));
    served(&mut tally, &results);
    let refused = results.iter().flatten();
    let refused = refused.filter(|response| response.status() == StatusCode::UNAUTHORIZED).count();
    tally.exactly("401s to callers", refused, 0);
    let traffic = bed.server.traffic();
    tally.holds("services refused tokens", traffic.unauthorized > 0);
    chain(&mut tally, &traffic, (1, 1, 2 * SCOPES as u64));
    tally
}

fn without_role(kind: ClientKind) -> Tally {
    const MISSING: usize = 10;
    let (bed, mut tally) = (Federated::start(), Tally::default());
    for number in 0..MISSING {
        bed.server.emulator().remove_role(&numbered_project_id(number));
    }
    let client = bed.client(kind);
    let results = each(&client, 4 * SCOPES, |caller, client| {
        let result = client.token();
        Ok((caller % SCOPES < MISSING, result))
    });
    tally.callers = results.len();
    let results: Vec<_> = results.into_iter().flatten().collect();
    let served = |lacks: bool| {
        let of = results.iter().filter(move |(own, _)| *own == lacks);
        of.filter(|(_, result)| result.is_ok()).count()
    };
    tally.exactly("callers with a role that are served", served(false), 4 * (SCOPES - MISSING));
    tally.exactly("callers without a role that are served", served(true), 0);
    let says = |error: &Error| error.to_string().contains("has no role in this scope");
    let errors = results.iter().filter_map(|(_, result)| result.as_ref().err());
    tally.holds("the error says so", errors.clone().all(says));
    let traffic = bed.server.traffic();
    chain(&mut tally, &traffic, (1, 1, SCOPES as u64));
    tally.at_most("questions", traffic.questions, MISSING as u64);
    tally
}

fn with_code(clock: &Clock) -> Credential {
    let user = UserRef::name_in("totp", DomainRef::name(account::KEYSTONE_DOMAIN));
    Credential::totp(user, totp_code(clock.now()))
}

fn in_the_background() -> Tally {
    let (clock, mut emulator, mut tally) = (Clock::start(), Emulator::new(), Tally::default());
    let life = Duration::from_secs(48 * 3600);
    emulator.projects(SCOPES).token_lifetime(SYSTEM, life.try_into().expect("a short time"));
    let cloud = Cloud::keystone("https://identity.keystone.example/v3").expect("a valid URL");
    let session = Session::new(cloud, with_code(&clock), Settings::default());
    let mut session = session.expect("a sound configuration");
    let mut requests = 0;
    while let Action::Send(pending, request) = session.poll(&scope(0), clock.now()) {
        requests += 1;
        let (head, body) = request.into_parts();
        let answer = emulator.handle(Request::from_parts(head, body.as_bytes()), clock.now());
        session.handle_response(pending, answer, clock.now()).expect("its own request");
    }
    tally.logins = emulator.count(RequestKind::Login(SYSTEM));
    tally.exactly("a login and an exchange", requests, 2);
    clock.forward(life - Duration::from_secs(24 * 3600));
    let (mut sent, mut asked) = (0, 0);
    for _ in 0..24 * 60 {
        match session.renew(&scope(0), clock.now()) {
            Action::Send(..) => sent += 1,
            Action::Ask(..) => asked += 1,
            _ => {}
        }
        clock.forward(Duration::from_secs(60));
    }
    tally.exactly("requests", sent, 0);
    tally.exactly("questions", asked, 0);
    tally
}

fn one_question(kind: ClientKind) -> Tally {
    let (bed, mut tally) = (Federated::start(), Tally::default());
    let (asked, clock) = (Arc::new(AtomicUsize::new(0)), bed.clock.clone());
    let count = Arc::clone(&asked);
    let client = bed.builder(kind, with_code(&bed.clock)).asked(move |question| match question {
        Question::Factor(_) => {
            count.fetch_add(1, SeqCst);
            thread::sleep(Duration::from_millis(300));
            Ok(Some(Factor::totp(totp_code(clock.now())).into()))
        }
        _ => Ok(None),
    });
    let client = client.build().expect("a valid configuration");
    served(&mut tally, &each(&client, SCOPES, |_, client| client.token()));
    tally.exactly("questions while the first code is good", asked.load(SeqCst), 0);
    bed.clock.forward(Duration::from_secs(2 * 3600));
    bed.server.reset_traffic();
    let before = bed.server.emulator().count(RequestKind::Login(SYSTEM));
    served(&mut tally, &each(&client, SCOPES, |_, client| client.token()));
    tally.exactly("questions", asked.load(SeqCst), 1);
    tally.logins = bed.server.emulator().count(RequestKind::Login(SYSTEM)) - before;
    tally.exactly("logins", tally.logins, 1);
    tally.exactly("exchanges", bed.server.traffic().exchanges, SCOPES as u64);
    tally
}

/// Another word than the wrong password: the check of the record takes equal secrets for one.
const WRONG_SECRET: &str = "0utdated/client+secret";

fn rotated(kind: ClientKind) -> Tally {
    const CALLERS: usize = 20;
    let (bed, mut tally) = (Federated::start(), Tally::default());
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let file = folder.path().join("client-secret");
    fs::write(&file, WRONG_SECRET).expect("a small file");
    let read = file.clone();
    let robot = bed.robot().with_secret(SecretSource::new("the mounted file"));
    let client = bed.builder(kind, by_client(robot)).asked(move |question| match question {
        Question::Secret(_) => {
            let secret = fs::read_to_string(&read).expect("the file is there");
            Ok(Some(Reply::Secret(secret.into())))
        }
        _ => Ok(None),
    });
    let client = client.build().expect("a valid configuration");
    let refusals = each(&client, CALLERS, |_, client| client.token());
    tally.callers = CALLERS;
    tally.holds("all callers are refused", refusals.iter().all(Result::is_err));
    thread::sleep(Duration::from_secs(2));
    tally.holds("still refused", client.token().is_err());
    tally.exactly("refused logins", bed.server.traffic().provider_logins, 1);
    fs::write(&file, account::OIDC_CLIENT_SECRET).expect("a small file");
    let (changed, first) = (Instant::now(), Mutex::new(None));
    let results = each(&client, CALLERS, |_, client| {
        while changed.elapsed() < Duration::from_secs(30) {
            if client.token().is_ok() {
                let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
                first.get_or_insert_with(|| changed.elapsed());
                return Ok(());
            }
            thread::sleep(Duration::from_millis(100));
        }
        client.token().map(drop)
    });
    served(&mut tally, &results);
    let traffic = bed.server.traffic();
    chain(&mut tally, &traffic, (2, 1, CALLERS as u64));
    let first = first.into_inner().unwrap_or_else(PoisonError::into_inner);
    tally.within(
        "a token after the change",
        first.unwrap_or(Duration::MAX),
        Duration::from_secs(12),
    );
    tally
}

fn provider_outage(kind: ClientKind) -> Tally {
    let (bed, mut tally) = (Federated::start(), Tally::default());
    let started = Instant::now();
    bed.server.script(move |arrival| {
        let is_down = started.elapsed() < Duration::from_secs(3);
        let is_provider = arrival.kind == RequestKind::ProviderLogin;
        (is_down && is_provider).then(|| Fault::new().status(StatusCode::SERVICE_UNAVAILABLE))
    });
    let results = each(&bed.client(kind), SCOPES, |_, client| client.token());
    served(&mut tally, &results);
    let traffic = bed.server.traffic();
    tally.logins = traffic.provider_logins;
    tally.figure("provider", traffic.provider_logins);
    tally.at_most("requests to the provider", traffic.provider_logins, 9);
    tally.exactly("federated logins", traffic.federated_logins, 1);
    tally.exactly("exchanges", traffic.exchanges, SCOPES as u64);
    tally
}
