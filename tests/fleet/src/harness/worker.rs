//! A process of a fleet.

use std::{
    error::Error,
    io::{self, BufRead, Write},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use auth_proto::Token;
use auth_store::{AsyncRedisStore, Blocking, FileStore, Key, RedisStore, StoreEvent};
use http::{Request, StatusCode};
use tokio::runtime::{self, Runtime};

use super::{
    job::{Command, Event, Job, Line, Sharing, print},
    stopping::{Stopping, StoppingTasks},
};

type Failed = Box<dyn Error + Send + Sync>;

/// Does the job of the standard input, until that ends.
pub(crate) fn work() -> Result<(), Failed> {
    let mut lines = io::stdin().lock().lines();
    let job: Job = serde_json::from_str(&lines.next().ok_or("no job")??)?;
    let speaker = Speaker { process: job.process };
    testing::events::listen_with(move |line| {
        if let Some(warning) = line.strip_prefix("WARN ") {
            speaker.say(Event::Warning(warning.to_owned()));
        }
    });
    let client = Client::new(&job, speaker)?;
    speaker.say(Event::Ready);
    let mut tokens: Vec<Arc<Token>> = Vec::new();
    for line in lines {
        match serde_json::from_str(&line?)? {
            Command::Call => {
                let (ms, result) = timed(|| client.call(&job.service_url()));
                speaker.say(Event::Called { ms, result });
            }
            Command::Pause(ms) => thread::sleep(Duration::from_millis(ms)),
            Command::Refused(times) => {
                let token = tokens.first().ok_or("no token to report")?;
                let retries = client.refused(&job.service_url(), token, times)?;
                speaker.say(Event::Reported { retries });
            }
            Command::Token(scope) => {
                let (ms, token) = timed(|| client.token(&job, scope));
                let result = token.as_deref().map(print).map_err(Clone::clone);
                speaker.say(Event::Token { ms, scope, result });
                tokens.extend(token);
            }
        }
    }
    Ok(())
}

/// The client of one of the adapters.
enum Client {
    Async(auth_reqwest::Client, Runtime),
    Blocking(auth_ureq::Client),
}

impl Client {
    fn new(job: &Job, speaker: Speaker) -> Result<Self, Failed> {
        let (cloud, credential, scope) = (job.cloud()?, job.credential(), job.scope(0));
        let name = format!("fleet-{}", job.process);
        let report = move |event: &StoreEvent| speaker.report(event);
        let stops = job.stops_at_put;
        if !job.is_async {
            let http = ureq::Agent::config_builder().user_agent(name).proxy(None);
            let builder = auth_ureq::Client::builder(cloud, credential, scope).http(http);
            let builder = match &job.sharing {
                Sharing::Files { directory, key } => {
                    let store = FileStore::open(directory, Key::from_hex(key)?)?.on_event(report);
                    builder.store(Stopping::new(store, stops))
                }
                Sharing::Nothing => builder,
                Sharing::Redis { url, key } => {
                    let store = RedisStore::open(url, Key::from_hex(key)?)?.on_event(report);
                    builder.store(Stopping::new(store, stops))
                }
            };
            return Ok(Self::Blocking(builder.build()?));
        }
        // A thread of its own tells the store what a command leaves behind.
        let runtime =
            runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let entered = runtime.enter();
        let http = move || reqwest::Client::builder().user_agent(name.clone()).no_proxy();
        let builder = auth_reqwest::Client::builder(cloud, credential, scope).http(http);
        let builder = match &job.sharing {
            Sharing::Files { directory, key } => {
                let store = FileStore::open(directory, Key::from_hex(key)?)?.on_event(report);
                let store = Stopping::new(Blocking::new(store)?, stops);
                builder.store(StoppingTasks(store))
            }
            Sharing::Nothing => builder,
            Sharing::Redis { url, key } => {
                let store = AsyncRedisStore::open(url, Key::from_hex(key)?)?.on_event(report);
                builder.store(StoppingTasks(Stopping::new(store, stops)))
            }
        };
        let client = builder.build()?;
        drop(entered);
        Ok(Self::Async(client, runtime))
    }

    fn token(&self, job: &Job, scope: usize) -> Result<Arc<Token>, String> {
        let scope = job.scope(scope);
        match self {
            Self::Async(client, runtime) => {
                runtime.block_on(client.scoped(scope).token()).map_err(|error| error.to_string())
            }
            Self::Blocking(client) => {
                client.scoped(scope).token().map_err(|error| error.to_string())
            }
        }
    }

    fn call(&self, url: &str) -> Result<u16, String> {
        let request = Request::get(url).body("").map_err(|error| error.to_string())?;
        let status = match self {
            Self::Async(client, runtime) => runtime
                .block_on(client.call(request))
                .map(|response| response.status())
                .map_err(|error| error.to_string()),
            Self::Blocking(client) => client
                .call(request)
                .map(|response| response.status())
                .map_err(|error| error.to_string()),
        };
        status.map(|status| status.as_u16())
    }

    /// The number of reports that ask for another try.
    fn refused(&self, url: &str, token: &Token, times: usize) -> Result<usize, Failed> {
        let (url, status) = (url.parse()?, StatusCode::UNAUTHORIZED);
        let report = |_: &usize| {
            let decision = match self {
                Self::Async(client, _) => client.report(token, &url, status),
                Self::Blocking(client) => client.report(token, &url, status),
            };
            matches!(decision, auth_proto::RetryDecision::Retry)
        };
        Ok((0..times).filter(report).count())
    }
}

fn timed<T>(run: impl FnOnce() -> T) -> (u64, T) {
    let started = Instant::now();
    let result = run();
    (started.elapsed().as_millis().try_into().unwrap_or(u64::MAX), result)
}

/// Writes events to the standard output.
#[derive(Clone, Copy)]
struct Speaker {
    process: usize,
}

impl Speaker {
    /// Writes the line at once, because all processes of a fleet share one pipe.
    fn say(self, event: Event) {
        let line = Line { process: self.process, event };
        let mut line = serde_json::to_vec(&line).unwrap_or_default();
        line.push(b'\n');
        // Without a reader, the fleet has ended.
        let _ = io::stdout().lock().write_all(&line);
    }

    fn report(self, event: &StoreEvent) {
        let text = format!("{event:?}");
        let kind = text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        self.say(Event::Store { kind: kind.to_owned(), text });
    }
}
