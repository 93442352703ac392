use std::{collections::VecDeque, fmt};

use http::{HeaderValue, Method, Request, Response, StatusCode};
use time::{Duration, UtcDateTime};

use crate::{
    answer,
    call::{Call, Place},
    discovery, huawei, kakao, nhn, otc, projects,
    scopes::{self, List},
    service,
    system::System,
    tokens::Tokens,
    v3::{self, Dialect},
};

/// All five systems in one value: a request and a moment in, an answer out.
///
/// There is no clock, no socket and no randomness in it. Each system knows the one
/// [`account`](crate::account) of its document, and remembers the last 10,000 tokens that it issued.
///
/// A request finds its system by its host, from the URI or else from the `Host` header: on a
/// documented host the caller is answered as the cloud would answer, catalog URLs and all, and any
/// other host of the same cloud is one of its services. On every other host the path decides:
///
/// | path | is |
/// | --- | --- |
/// | `/nhn-iaas/v2.0/…` | NHN Cloud as document 000 has it |
/// | `/nhn-compute/v2.0/…` | NHN Cloud as document 001 has it |
/// | `/otc/v3/…` | Open Telekom Cloud |
/// | `/kakao/identity/v3/…` | KakaoCloud |
/// | `/huawei/v3/…` | Huawei Cloud |
/// | `/service/{system}/{host}/{path}` | `https://{host}/{path}` in that system's cloud |
///
/// Every URL in a catalog then has the last form, so that a client can call it where it is. A service
/// takes any method and path from whoever shows a living token of its system.
pub struct Emulator {
    /// In the order of [`System::ALL`].
    states: [State; System::ALL.len()],
    settings: Settings,
}

impl Emulator {
    /// Five systems as documented, with no tokens issued yet.
    pub fn new() -> Self {
        Self { states: System::ALL.map(State::new), settings: Settings::default() }
    }

    /// Answers one request. Any request gets an answer, and none makes it panic.
    pub fn handle(&mut self, request: Request<&[u8]>, now: UtcDateTime) -> Response<Vec<u8>> {
        self.take(request.method(), Call::route(&request, now).as_ref())
    }

    /// How long this system's tokens are from now on, in characters.
    ///
    /// By default 9,120 at Huawei, which follows from the token that document 004 shows, and 32 at
    /// NHN (documents 000 and 001); the other documents say nothing, so 4,000 at Open Telekom Cloud
    /// and 183 at KakaoCloud. Huawei documents 32,768 as the most. Lengths are kept between 16 and
    /// 1,048,576.
    pub fn token_length(&mut self, system: System, characters: usize) -> &mut Self {
        self.state(system).tokens.length = characters;
        self
    }

    /// How long this system's tokens live from now on.
    ///
    /// By default 24 hours at Huawei (document 004, Function) and Open Telekom Cloud, 12 hours at
    /// KakaoCloud (document 003) and 11:58:53 at NHN (the samples of documents 000 and 001). A
    /// negative lifetime makes tokens that are dead on arrival.
    pub fn token_lifetime(&mut self, system: System, lifetime: Duration) -> &mut Self {
        self.state(system).tokens.lifetime = lifetime;
        self
    }

    /// Fails the next request to this system's identity service, whatever it is, with this status.
    ///
    /// Failures queue up. The body is the one that the vendor documents, which are Huawei's for 400
    /// and 401 (document 004), and else an error in Keystone's shape. There is no `Retry-After`.
    pub fn fail_next(&mut self, system: System, status: StatusCode) -> &mut Self {
        self.state(system).failures.push_back(Failure { status, retry_after: None });
        self
    }

    /// As [`fail_next`](Self::fail_next), with a `Retry-After`.
    pub fn fail_next_with_retry_after(
        &mut self,
        system: System,
        status: StatusCode,
        retry_after: HeaderValue,
    ) -> &mut Self {
        let failure = Failure { status, retry_after: Some(retry_after) };
        self.state(system).failures.push_back(failure);
        self
    }

    /// Breaks KakaoCloud's project lists into pages of this many of 25 projects; 0 brings back the
    /// documented list of one.
    ///
    /// The links to the next page are as wrong as the documented links are (document 003, View
    /// project list): `http:`, and without `/identity`.
    pub fn page_size(&mut self, projects: usize) -> &mut Self {
        self.settings.page_size = (projects > 0).then_some(projects);
        self
    }

    /// Deletes KakaoCloud's access key: its tokens die at once (document 003, Delete access key),
    /// and logins fail, with 404 by id and with 401 by name.
    pub fn delete_access_key(&mut self) -> &mut Self {
        self.settings.access_key_deleted = true;
        self.state(System::Kakao).tokens.clear();
        self
    }

    /// Ends every token issued so far at every system, as a change of password or permissions does
    /// (documents 000, 001, 003 and 004). Logins work as before.
    pub fn revoke_all(&mut self) -> &mut Self {
        for state in &mut self.states {
            state.tokens.clear();
        }
        self
    }

    /// Disables NHN's tenant, as far as the answers say: `"enabled": false`.
    ///
    /// The documents say that such a tenant gets no token; this one does, so that a client that
    /// looks at the field can be told from one that does not.
    pub fn disable_tenant(&mut self) -> &mut Self {
        self.settings.tenant_disabled = true;
        self
    }

    /// Whether NHN's `enabled` is a string, `"true"` or `"false"`: the table of document 000 calls
    /// it a String, the table of document 001 a Boolean, and both samples print a boolean.
    pub fn enabled_as_string(&mut self, string: bool) -> &mut Self {
        self.settings.enabled_as_string = string;
        self
    }

    /// How many logins this system has seen, the refused among them: each `POST` to its token path.
    pub fn logins(&self, system: System) -> u64 {
        self.states[system as usize].logins
    }

    /// How many requests of any kind this system has seen, those to its services among them.
    pub fn requests(&self, system: System) -> u64 {
        self.states[system as usize].requests
    }

    /// Answers a request that is routed already.
    pub(crate) fn take(&mut self, method: &Method, call: Option<&Call<'_>>) -> Response<Vec<u8>> {
        let mut answer = call.map_or_else(answer::nowhere, |call| self.answer(call));
        if *method == Method::HEAD {
            answer.body_mut().clear();
        }
        answer
    }

    fn answer(&mut self, call: &Call<'_>) -> Response<Vec<u8>> {
        let settings = self.settings;
        let state = self.state(call.system);
        state.requests += 1;
        let path = match &call.place {
            Place::Service { host, path } => {
                return service::answer(call, &state.tokens, host, path);
            }
            Place::Identity(path) => *path,
        };
        let resource = Resource::at(call.system, path);
        if matches!(resource, Resource::Tokens) && *call.method == Method::POST {
            state.logins += 1;
        }
        if let Some(failure) = state.failures.pop_front() {
            let answer = answer::failure(call, failure.status);
            return match failure.retry_after {
                Some(retry_after) => answer::with_retry_after(answer, retry_after),
                None => answer,
            };
        }
        if call.body.len() > LARGEST_BODY {
            return answer::too_large();
        }
        let tokens = &mut state.tokens;
        match resource {
            Resource::Nothing => answer::no_such_path(call),
            Resource::Projects(user) => projects::list(call, user, tokens, &settings),
            Resource::Scopes(list) => scopes::list(call, list, tokens, &settings),
            Resource::Service(host) => service::answer(call, tokens, host, path),
            Resource::Catalog(dialect) => v3::catalog(call, dialect, tokens),
            Resource::Tokens => match dialect(call.system) {
                Some(dialect) => v3::tokens(call, dialect, tokens, &settings),
                None => nhn::tokens(call, tokens, &settings),
            },
            Resource::Version => discovery::version(call),
            Resource::Versions => discovery::versions(call),
        }
    }

    fn state(&mut self, system: System) -> &mut State {
        &mut self.states[system as usize]
    }
}

impl Default for Emulator {
    fn default() -> Self {
        Self::new()
    }
}

/// Counters only: a token is as good as a password to whoever embeds this.
impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for system in System::ALL {
            let State { logins, requests, tokens, .. } = &self.states[system as usize];
            map.entry(
                &format_args!("{system}"),
                &format_args!("{requests} requests, {logins} logins, {} tokens", tokens.len()),
            );
        }
        map.finish()
    }
}

/// What a request is for, as far as whoever counts requests cares.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Errand {
    /// A `POST` to the system's token path.
    Login(System),
    /// Anything else that is asked of an identity service.
    Identity,
    /// A request to any other service, or to nothing.
    Service,
}

impl Errand {
    pub(crate) fn of(call: Option<&Call<'_>>) -> Self {
        let Some(Call { system, place: Place::Identity(path), method, .. }) = call else {
            return Self::Service;
        };
        match Resource::at(*system, path) {
            Resource::Service(_) => Self::Service,
            Resource::Tokens if **method == Method::POST => Self::Login(*system),
            _ => Self::Identity,
        }
    }
}

/// What the knobs say that are not about one system's tokens.
#[derive(Clone, Copy, Default)]
pub(crate) struct Settings {
    pub(crate) access_key_deleted: bool,
    pub(crate) enabled_as_string: bool,
    pub(crate) page_size: Option<usize>,
    pub(crate) tenant_disabled: bool,
}

struct State {
    failures: VecDeque<Failure>,
    logins: u64,
    requests: u64,
    tokens: Tokens,
}

impl State {
    fn new(system: System) -> Self {
        Self { failures: VecDeque::new(), logins: 0, requests: 0, tokens: Tokens::new(system) }
    }
}

struct Failure {
    status: StatusCode,
    retry_after: Option<HeaderValue>,
}

/// What a path on an identity host names.
enum Resource<'a> {
    Catalog(&'static Dialect),
    Nothing,
    Projects(&'a str),
    Scopes(List),
    /// An API that happens to be on the identity host.
    Service(&'static str),
    Tokens,
    Version,
    Versions,
}

impl<'a> Resource<'a> {
    fn at(system: System, path: &'a str) -> Self {
        let Some(path) = path.strip_prefix(system.prefix()) else {
            return Self::Nothing;
        };
        if matches!(path, "" | "/") {
            return Self::Versions;
        }
        // The catalogs list IAM's own API, which is not Keystone's, as one more service.
        if path == "/v3.0" || path.starts_with("/v3.0/") {
            match system {
                System::Huawei => return Self::Service("iam.myhuaweicloud.com"),
                System::Otc => return Self::Service("iam.eu-de.otc.t-systems.com"),
                System::NhnIaas | System::NhnCompute | System::Kakao => {}
            }
        }
        let Some(path) = path.strip_prefix(system.version()) else {
            return Self::Nothing;
        };
        if let Some(list) = List::at(system, path) {
            return Self::Scopes(list);
        }
        if let ("/auth/catalog", Some(dialect)) = (path, dialect(system)) {
            return Self::Catalog(dialect);
        }
        match (system, path) {
            (_, "" | "/") => Self::Version,
            (System::NhnIaas | System::NhnCompute, "/tokens") => Self::Tokens,
            (System::Otc | System::Kakao | System::Huawei, "/auth/tokens") => Self::Tokens,
            (System::Kakao, path) => path
                .strip_prefix("/users/")
                .and_then(|rest| rest.strip_suffix("/projects"))
                .filter(|user| !user.contains('/'))
                .map_or(Self::Nothing, Self::Projects),
            _ => Self::Nothing,
        }
    }
}

/// What a system makes of v3, if it speaks that.
fn dialect(system: System) -> Option<&'static Dialect> {
    match system {
        System::NhnIaas | System::NhnCompute => None,
        System::Otc => Some(&otc::DIALECT),
        System::Kakao => Some(&kakao::DIALECT),
        System::Huawei => Some(&huawei::DIALECT),
    }
}

/// Keystone's limit.
const LARGEST_BODY: usize = 114_688;
