//! A server, its clock and its record of logins.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use auth_emulator::{Arrival, Emulator, Fault, Server, System, account};
use auth_proto::{Cloud, Credential, DomainRef, Scope, Settings, UserRef};
use http::Request;
use serde_json::{Value, json};

use crate::{
    callers::{Callers, ClientKind},
    clock::Clock,
    lost::Login,
};

/// The emulator on loopback with the scenario's clock and a script.
pub(crate) struct Testbed {
    pub(crate) clock: Clock,
    pub(crate) server: Server,
    logins: Arc<Mutex<Vec<Login>>>,
}

/// A script's response to a request.
pub(crate) enum ScriptedReply {
    /// A fault, which never counts as a token.
    Fault(Fault),
    /// The emulator's response after this delay.
    Good(Duration),
}

/// The settings of a client.
#[derive(Clone)]
pub(crate) struct ClientOptions {
    pub(crate) settings: Settings,
    pub(crate) identity_timeout: Duration,
    pub(crate) password: &'static str,
    /// Another port than the identity service's.
    pub(crate) port: Option<u16>,
    /// Speaks HTTP/2 without TLS, over reqwest.
    pub(crate) http2: bool,
    /// Called when the client reads its clock.
    pub(crate) at_clock: Option<Hook>,
    /// Called in the HTTP client when it sends.
    pub(crate) at_wire: Option<Hook>,
}

/// A user's code that runs inside the client.
pub(crate) type Hook = Arc<dyn Fn(HookPoint) + Send + Sync>;

/// The point at which a hook is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HookPoint {
    Before,
    After,
}

/// A scope of the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TestScope {
    Domain,
    Project,
    ProjectById,
    /// A project of a user with many.
    Numbered(u8),
}

/// The system whose sample password is unusual enough to be searched for.
pub(crate) const SYSTEM: System = System::Huawei;
pub(crate) const PASSWORD: &str = account::HUAWEI_PASSWORD;
pub(crate) const WRONG_PASSWORD: &str = "Wr0ng/on+purpose";
/// The beginning of every token, as far as it is searched for.
pub(crate) const TOKEN: &str = {
    let (start, _) = auth_emulator::documents::HUAWEI_TOKEN_PREFIX.split_at(20);
    start
};

impl Testbed {
    pub(crate) fn start() -> Self {
        Self::start_with(|_| (), Duration::ZERO, true)
    }

    /// With changes to the emulator, and a server whose clock is ahead or behind by `skew`.
    pub(crate) fn start_with(
        change: impl FnOnce(&mut Emulator),
        skew: Duration,
        ahead: bool,
    ) -> Self {
        let clock = Clock::start();
        let mut emulator = Emulator::new();
        // Long tokens would measure the copying of headers.
        emulator.token_length(SYSTEM, 512);
        change(&mut emulator);
        let server_clock = clock.clone();
        let server_now =
            move || if ahead { server_clock.now() + skew } else { server_clock.now() - skew };
        let server = Server::start_with_clock(emulator, server_now).expect("a port on loopback");
        let testbed = Self { clock, server, logins: Arc::default() };
        testbed.script(|_| ScriptedReply::Good(Duration::ZERO));
        testbed
    }

    /// The script from now on.
    pub(crate) fn script(
        &self,
        mut script: impl FnMut(&Arrival<'_>) -> ScriptedReply + Send + 'static,
    ) {
        let (clock, logins) = (self.clock.clone(), Arc::clone(&self.logins));
        self.server.script(move |arrival| {
            let (started, reply) = (clock.elapsed(), script(arrival));
            if arrival.login.is_some() {
                let is_right = contains(arrival.body, PASSWORD.as_bytes());
                let granted = match &reply {
                    ScriptedReply::Good(delay) if is_right => Some(started + *delay),
                    _ => None,
                };
                let login = Login { started, granted };
                logins.lock().unwrap_or_else(PoisonError::into_inner).push(login);
            }
            match reply {
                ScriptedReply::Fault(fault) => Some(fault),
                ScriptedReply::Good(Duration::ZERO) => None,
                ScriptedReply::Good(delay) => Some(Fault::new().delay(delay)),
            }
        });
    }

    /// Every login succeeds after this delay.
    pub(crate) fn slow_logins(&self, delay: Duration) {
        self.script(move |arrival| {
            ScriptedReply::Good(if arrival.login.is_some() { delay } else { Duration::ZERO })
        });
    }

    /// The logins so far, in the order of their arrival.
    pub(crate) fn logins(&self) -> Vec<Login> {
        self.logins.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The number of logins since the last reset.
    pub(crate) fn count(&self) -> u64 {
        self.server.traffic().logins
    }

    /// Waits at most two seconds for this number of logins.
    pub(crate) fn wait_for_logins(&self, count: u64) {
        wait_until(|| self.count() >= count);
    }

    pub(crate) fn callers(&self, kind: ClientKind, options: &ClientOptions) -> Callers {
        Callers::new(self, kind, options)
    }

    /// The identity service's URL, with a host name if a resolver has to be called.
    pub(crate) fn identity_url(&self, options: &ClientOptions) -> String {
        let url = self.server.url(SYSTEM);
        let url = match &options.at_wire {
            None => url,
            Some(_) => url.replace("127.0.0.1", "localhost"),
        };
        match options.port {
            None => url,
            Some(port) => {
                url.replace(&format!(":{}/", self.server.address().port()), &format!(":{port}/"))
            }
        }
    }

    pub(crate) fn cloud(&self, options: &ClientOptions) -> Cloud {
        let cloud =
            Cloud::huawei().at(&self.identity_url(options)).expect("plain http to loopback");
        cloud.allow_origin(&self.other_origin()).expect("a valid origin")
    }

    /// A second origin of the same server, for another service.
    fn other_origin(&self) -> String {
        format!("http://localhost:{}", self.server.address().port())
    }

    /// A request to a service of the cloud.
    pub(crate) fn request(&self) -> Request<Vec<u8>> {
        service_request(&format!("http://{}", self.server.address()), "ecs")
    }

    /// A request to a service at another origin.
    pub(crate) fn other_request(&self) -> Request<Vec<u8>> {
        service_request(&self.other_origin(), OTHER_SERVICE)
    }
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            identity_timeout: Duration::from_secs(15),
            password: PASSWORD,
            port: None,
            http2: false,
            at_clock: None,
            at_wire: None,
        }
    }
}

impl ClientOptions {
    pub(crate) fn credential(&self) -> Credential {
        let user = UserRef::name_in(account::HUAWEI_USER, DomainRef::name(account::HUAWEI_DOMAIN));
        Credential::password(user, self.password)
    }
}

impl TestScope {
    pub(crate) const ALL: [Self; 3] = [Self::Project, Self::Domain, Self::ProjectById];

    pub(crate) fn scope(self) -> Scope {
        match self {
            Self::Domain => Scope::domain_name(account::HUAWEI_DOMAIN),
            Self::Project => Scope::project_name(account::HUAWEI_PROJECT),
            Self::ProjectById => Scope::project_id(account::HUAWEI_PROJECT_ID),
            Self::Numbered(number) => Scope::project_id(format!("{number:032x}")),
        }
    }

    /// The control's JSON.
    pub(crate) fn json(self) -> Value {
        match self {
            Self::Domain => json!({"domain": {"name": account::HUAWEI_DOMAIN}}),
            Self::Project => json!({"project": {"name": account::HUAWEI_PROJECT}}),
            Self::ProjectById => json!({"project": {"id": account::HUAWEI_PROJECT_ID}}),
            Self::Numbered(number) => json!({"project": {"id": format!("{number:032x}")}}),
        }
    }
}

impl fmt::Debug for Testbed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("server", &self.server).finish_non_exhaustive()
    }
}

fn service_request(origin: &str, service: &str) -> Request<Vec<u8>> {
    let url =
        format!("{origin}/service/{SYSTEM}/{service}.cn-north-1.myhuaweicloud.com/v1/servers");
    Request::get(url).body(Vec::new()).expect("a valid URL")
}

/// The service at the other origin, as its paths name it.
pub(crate) const OTHER_SERVICE: &str = "evs";

/// Waits at most two seconds for a condition, and returns whether it came true.
pub(crate) fn wait_until(is_so: impl Fn() -> bool) -> bool {
    for _ in 0..2000 {
        if is_so() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    false
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
