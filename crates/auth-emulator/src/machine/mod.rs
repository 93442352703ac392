//! The emulator without a network: state, settings and dispatch.

pub(crate) mod resource;
mod scopes;
mod service;

use std::{
    collections::{HashMap, VecDeque},
    fmt,
};

use http::{HeaderValue, Method, Request, Response, StatusCode};
use time::{Duration, UtcDateTime};

use crate::{
    clouds::{self, nhn, projects, stock},
    keystone::{
        discovery,
        settings::{Gate, Settings},
        v3,
    },
    machine::resource::{IdentityResource, RequestKind},
    message::{
        response,
        routed::{Destination, RoutedRequest},
    },
    provider::Provider,
    system::System,
    tokens::Tokens,
};

/// All systems as one pure state machine: a request and a time in, a response out.
///
/// It uses no clock, socket or randomness. Each system has the [`account`](crate::account) of its
/// document, the stock Keystone several users, and stores the last 25,000 tokens that it issued.
///
/// The host selects the system, from the URI or else from the `Host` header. On a documented host
/// the response equals the cloud's, including catalog URLs. Other hosts of the same cloud are its
/// services. On all remaining hosts the path decides:
///
/// | path | service |
/// | --- | --- |
/// | `/nhn-iaas/v2.0/…` | NHN Cloud by document 000 |
/// | `/nhn-compute/v2.0/…` | NHN Cloud by document 001 |
/// | `/otc/v3/…` | Open Telekom Cloud |
/// | `/kakao/identity/v3/…` | KakaoCloud |
/// | `/huawei/v3/…` | Huawei Cloud |
/// | `/keystone/v3/…` | the stock Keystone |
/// | `/provider/…` | the [identity provider](Provider) |
/// | `/service/{system}/{host}/{path}` | `https://{host}/{path}` in that system's cloud |
///
/// Catalog URLs then have the last form, so that the client can reach them. A service accepts any
/// method and path with a valid token of its system.
pub struct Emulator {
    /// In the order of [`System::ALL`].
    states: [State; System::ALL.len()],
    /// The receipts of the stock Keystone.
    receipts: Tokens,
    settings: Settings,
    provider: Provider,
    counts: HashMap<RequestKind, u64>,
}

impl Emulator {
    /// All systems as documented, without tokens.
    pub fn new() -> Self {
        Self {
            states: System::ALL.map(State::new),
            receipts: Tokens::receipts(),
            settings: Settings::default(),
            provider: Provider::new(),
            counts: HashMap::new(),
        }
    }

    /// Answers one request. No request causes a panic.
    pub fn handle(&mut self, request: Request<&[u8]>, now: UtcDateTime) -> Response<Vec<u8>> {
        self.handle_routed(request.method(), RoutedRequest::route(&request, now).as_ref())
    }

    /// Sets the length of this system's new tokens, in characters.
    ///
    /// Defaults: 9,120 for Huawei, computed from the token in document 004; 32 for NHN (documents
    /// 000 and 001); 4,000 for Open Telekom Cloud and 183 for KakaoCloud, whose documents show
    /// none, and for the stock Keystone. Huawei documents a maximum of 32,768. Values are clamped to 16 to 1,048,576.
    pub fn token_length(&mut self, system: System, characters: usize) -> &mut Self {
        self.state(system).tokens.length = characters;
        self
    }

    /// Sets the lifetime of this system's new tokens.
    ///
    /// Defaults: 24 hours for Huawei (document 004, Function) and Open Telekom Cloud, 12 hours for
    /// KakaoCloud (document 003), 11:58:53 for NHN (the samples of documents 000 and 001) and 1 hour
    /// for the stock Keystone. With a negative lifetime, tokens are expired when issued.
    pub fn token_lifetime(&mut self, system: System, lifetime: Duration) -> &mut Self {
        self.state(system).tokens.lifetime = lifetime;
        self
    }

    /// Fails the next request to this system's identity service with this status.
    ///
    /// Failures queue up. The body is the vendor's documented one (Huawei's for 400 and 401,
    /// document 004), or else an error in Keystone's shape. There is no `Retry-After`.
    pub fn fail_next(&mut self, system: System, status: StatusCode) -> &mut Self {
        self.state(system).failures.push_back(ScriptedFailure { status, retry_after: None });
        self
    }

    /// [`fail_next`](Self::fail_next) with a `Retry-After`.
    pub fn fail_next_with_retry_after(
        &mut self,
        system: System,
        status: StatusCode,
        retry_after: HeaderValue,
    ) -> &mut Self {
        let failure = ScriptedFailure { status, retry_after: Some(retry_after) };
        self.state(system).failures.push_back(failure);
        self
    }

    /// Sets the page size of KakaoCloud's project lists, which then have 25 projects; 0 restores
    /// the documented list of one project.
    ///
    /// The links to the next page are wrong in the same way as the documented links (document 003,
    /// View project list): `http:`, and without `/identity`.
    pub fn page_size(&mut self, projects: usize) -> &mut Self {
        self.settings.page_size = (projects > 0).then_some(projects);
        self
    }

    /// Deletes KakaoCloud's access key. Its tokens become invalid at once (document 003, Delete
    /// access key), and logins fail, with 404 by id and with 401 by name.
    pub fn delete_access_key(&mut self) -> &mut Self {
        self.settings.access_key_deleted = true;
        self.state(System::Kakao).tokens.clear();
        self
    }

    /// Adds this many projects to the domain `Default` of the stock Keystone, at most 10,000 and
    /// instead of those added before. Default: none.
    ///
    /// Their names are `p0`, `p1` and so on, their ids those of
    /// [`numbered_project_id`](crate::account::numbered_project_id). Every user
    /// with a role on the project `alpha` has it there, too.
    pub fn projects(&mut self, count: usize) -> &mut Self {
        self.settings.projects = count;
        self
    }

    /// Takes all roles on a project of the stock Keystone from all users, so that none of them gets
    /// a token for it. The tokens that they have stay valid.
    pub fn remove_role(&mut self, project_id: &str) -> &mut Self {
        self.settings.without_role.insert(project_id.to_owned());
        self
    }

    /// Gives the roles back that [`remove_role`](Self::remove_role) took.
    pub fn restore_role(&mut self, project_id: &str) -> &mut Self {
        self.settings.without_role.remove(project_id);
        self
    }

    /// Sets what the gate in front of the stock Keystone takes. Default: [`Gate::AccessToken`].
    pub fn gate(&mut self, gate: Gate) -> &mut Self {
        self.settings.gate = gate;
        self
    }

    /// The identity provider, for its settings.
    pub fn provider(&mut self) -> &mut Provider {
        &mut self.provider
    }

    /// Revokes this system's tokens without a scope, but not the tokens that they were exchanged
    /// for. A `DELETE` of such a token ends those, too, unless the login was federated.
    pub fn revoke_unscoped(&mut self, system: System) -> &mut Self {
        self.state(system).tokens.revoke_if(true);
        self
    }

    /// Revokes this system's tokens that have a scope.
    pub fn revoke_scoped(&mut self, system: System) -> &mut Self {
        self.state(system).tokens.revoke_if(false);
        self
    }

    /// Revokes all tokens of all systems, but no receipt and no token of the identity provider, as
    /// a change of password or permissions does (documents 000, 001, 003 and 004). Logins still
    /// work.
    pub fn revoke_all(&mut self) -> &mut Self {
        for state in &mut self.states {
            state.tokens.clear();
        }
        self
    }

    /// Sets `"enabled": false` for NHN's tenant.
    ///
    /// By the documents such a tenant gets no token. Here it still gets one, so that a test can see
    /// whether the client checks the field.
    pub fn disable_tenant(&mut self) -> &mut Self {
        self.settings.tenant_disabled = true;
        self
    }

    /// Sets whether NHN's `enabled` is a string, `"true"` or `"false"`. The type is String in the
    /// table of document 000 and Boolean in that of document 001; both samples have a boolean.
    pub fn enabled_as_string(&mut self, string: bool) -> &mut Self {
        self.settings.enabled_as_string = string;
        self
    }

    /// The number of logins at this system, including refused ones: each `POST` to its token path.
    pub fn logins(&self, system: System) -> u64 {
        self.states[system as usize].logins
    }

    /// The number of requests of this kind.
    pub fn count(&self, kind: RequestKind) -> u64 {
        self.counts.get(&kind).copied().unwrap_or_default()
    }

    /// The number of requests to this system, including those to its services. Those to the identity
    /// provider do not count.
    pub fn requests(&self, system: System) -> u64 {
        self.states[system as usize].requests
    }

    /// Answers a routed request.
    pub(crate) fn handle_routed(
        &mut self,
        method: &Method,
        request: Option<&RoutedRequest<'_>>,
    ) -> Response<Vec<u8>> {
        *self.counts.entry(RequestKind::of(request)).or_default() += 1;
        let mut response =
            request.map_or_else(response::no_such_system, |request| self.respond(request));
        if *method == Method::HEAD {
            response.body_mut().clear();
        }
        response
    }

    fn respond(&mut self, request: &RoutedRequest<'_>) -> Response<Vec<u8>> {
        let Self { states, receipts, settings, provider, .. } = self;
        let is_too_large = request.body.len() > MAX_BODY;
        if let Destination::Provider(path) = request.destination {
            return match is_too_large {
                true => response::too_large(),
                false => provider.respond(request, path),
            };
        }
        let state = &mut states[request.system as usize];
        state.requests += 1;
        let path = match &request.destination {
            Destination::Service { host, path } => {
                return service::response(request, &state.tokens, host, path);
            }
            Destination::Provider(path) => path,
            Destination::Identity(path) => *path,
        };
        let resource = IdentityResource::at(request.system, path);
        if matches!(resource, IdentityResource::Tokens) && *request.method == Method::POST {
            state.logins += 1;
        }
        if let Some(failure) = state.failures.pop_front() {
            let response = response::failure(request, failure.status);
            return match failure.retry_after {
                Some(retry_after) => response::with_retry_after(response, retry_after),
                None => response,
            };
        }
        if is_too_large {
            return response::too_large();
        }
        let tokens = &mut state.tokens;
        match resource {
            IdentityResource::Nothing => response::no_such_path(request),
            IdentityResource::Projects(user) => projects::list(request, user, tokens, settings),
            IdentityResource::Scopes(list) => scopes::list(request, list, tokens, settings),
            IdentityResource::Service(host) => service::response(request, tokens, host, path),
            IdentityResource::Catalog(rules) => v3::catalog(request, rules, tokens),
            IdentityResource::Federated(path) => {
                stock::federation::log_in(request, path, settings.gate, provider, tokens)
            }
            IdentityResource::IdToken(rules) => v3::id_token(request, rules, provider, tokens),
            IdentityResource::Stock(list) => stock::lists::list(request, list, tokens, settings),
            IdentityResource::Tokens => match (request.system, clouds::v3_rules(request.system)) {
                (_, Some(rules)) => v3::tokens(request, rules, tokens, settings),
                (System::Keystone, None) => stock::tokens(request, tokens, receipts, settings),
                (_, None) => nhn::tokens(request, tokens, settings),
            },
            IdentityResource::Version => discovery::version(request),
            IdentityResource::Versions => discovery::versions(request),
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

/// Shows counters only, no tokens.
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

struct State {
    failures: VecDeque<ScriptedFailure>,
    logins: u64,
    requests: u64,
    tokens: Tokens,
}

impl State {
    fn new(system: System) -> Self {
        Self { failures: VecDeque::new(), logins: 0, requests: 0, tokens: Tokens::new(system) }
    }
}

struct ScriptedFailure {
    status: StatusCode,
    retry_after: Option<HeaderValue>,
}

/// Keystone's limit.
const MAX_BODY: usize = 114_688;
