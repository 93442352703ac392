//! Values of `auth-proto` as JSON: an absent value is null, a token is shown by its hash.

use std::fmt::Write;

use auth_proto::{
    ApiVersion, Catalog, Challenge, Code, Domain, Fault, Project, Token, User, Version, timestamp,
};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// An answer, by its kind.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum AnswerView<'a> {
    Catalog {
        catalog: Vec<ServiceView<'a>>,
    },
    Domains {
        domains: Vec<DomainView<'a>>,
        next: Option<&'a str>,
    },
    Error {
        status: u16,
        code: Option<CodeView<'a>>,
        title: Option<&'a str>,
        message: Option<&'a str>,
    },
    Malformed {
        reason: &'a str,
    },
    Projects {
        projects: Vec<ProjectView<'a>>,
        next: Option<&'a str>,
    },
    Receipt {
        methods: &'a [String],
        required: &'a [Vec<String>],
        expires_at: Option<String>,
    },
    /// Whether the list of scopes has the whole system.
    System {
        all: bool,
    },
    Token {
        api_version: &'static str,
        token: Box<HashedTokenView<'a>>,
    },
    Versions {
        versions: Vec<VersionView<'a>>,
    },
}

impl<'a> AnswerView<'a> {
    pub(crate) fn of_fault(status: u16, fault: &'a Fault) -> Self {
        Self::Error {
            status,
            code: fault.code.as_ref().and_then(CodeView::of),
            title: fault.title.as_deref(),
            message: fault.message.as_deref(),
        }
    }

    pub(crate) fn of_challenge(challenge: &'a Challenge) -> Self {
        Self::Receipt {
            methods: challenge.given(),
            required: challenge.required(),
            expires_at: challenge.expires_at().map(timestamp::format),
        }
    }

    pub(crate) fn of_token(api_version: ApiVersion, token: &'a Token) -> Self {
        let api_version = match api_version {
            ApiVersion::V2 => "v2",
            ApiVersion::V3 => "v3",
            _ => "unknown",
        };
        Self::Token { api_version, token: Box::new(HashedTokenView::of(token)) }
    }
}

/// An error code, a number or a text as in the answer.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum CodeView<'a> {
    Number(i64),
    Text(&'a str),
}

impl<'a> CodeView<'a> {
    fn of(code: &'a Code) -> Option<Self> {
        match code {
            Code::Number(number) => Some(Self::Number(*number)),
            Code::Text(text) => Some(Self::Text(text)),
            _ => None,
        }
    }
}

/// A token by its hash, with its catalog.
#[derive(Debug, Serialize)]
pub(crate) struct HashedTokenView<'a> {
    sha256: String,
    length: usize,
    #[serde(flatten)]
    details: TokenView<'a>,
    catalog: Option<Vec<ServiceView<'a>>>,
}

impl<'a> HashedTokenView<'a> {
    fn of(token: &'a Token) -> Self {
        Self {
            sha256: sha256(token.expose()),
            length: token.expose().len(),
            details: TokenView::new(token),
            catalog: token.catalog().map(|catalog| {
                let mut services = services(catalog);
                services.iter_mut().for_each(|service| service.hide(Shown(token)));
                services
            }),
        }
    }
}

/// Shows the texts of a token's description: a server may repeat the token in any of them.
#[derive(Clone, Copy)]
struct Shown<'a>(&'a Token);

impl<'a> Shown<'a> {
    fn text(self, text: &'a str) -> &'a str {
        if self.hides(text) { HIDDEN } else { text }
    }

    fn option(self, text: &'a Option<String>) -> Option<&'a str> {
        text.as_deref().map(|text| self.text(text))
    }

    /// A shorter token than any real one may be part of a usual text.
    fn hides(self, text: &str) -> bool {
        let token = self.0.expose();
        token.len() >= 8 && text.contains(token)
    }
}

const HIDDEN: &str = "(the token)";

/// A token without its text and its catalog: when it was issued and ends, its user, scope and
/// roles.
///
/// ```
/// # fn show(token: &auth_proto::Token) -> serde_json::Result<String> {
/// serde_json::to_string(&auth_inspect::TokenView::new(token))
/// # }
/// ```
#[derive(Debug, Serialize)]
pub struct TokenView<'a> {
    issued_at: Option<String>,
    /// Absent if the cloud has not described the token.
    expires_at: Option<String>,
    methods: Vec<&'a str>,
    user: Option<UserView<'a>>,
    project: Option<OwnedView<'a>>,
    domain: Option<DomainView<'a>>,
    system: bool,
    trust_id: Option<&'a str>,
    /// Names only: a role without a name is left out.
    roles: Vec<&'a str>,
}

impl<'a> TokenView<'a> {
    /// A view of this token.
    pub fn new(token: &'a Token) -> Self {
        let shown = Shown(token);
        let names = token.roles().iter().filter_map(|role| role.name.as_deref());
        Self {
            issued_at: token.issued_at().map(timestamp::format),
            expires_at: token.is_validated().then(|| timestamp::format(token.expires_at())),
            methods: token.methods().iter().map(|method| shown.text(method)).collect(),
            user: UserView::of(token.user(), shown),
            project: token.project().map(|project| OwnedView::of(project, shown)),
            domain: token.domain().map(|domain| DomainView::of_token(domain, shown)),
            system: token.is_system(),
            trust_id: token.trust_id().map(|id| shown.text(id)),
            roles: names.map(|name| shown.text(name)).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
struct UserView<'a> {
    id: Option<&'a str>,
    name: Option<&'a str>,
    domain: Option<DomainView<'a>>,
    password_expires_at: Option<String>,
}

impl<'a> UserView<'a> {
    /// `None` if the answer has no user.
    fn of(user: &'a User, shown: Shown<'a>) -> Option<Self> {
        let shape = Self {
            id: shown.option(&user.id),
            name: shown.option(&user.name),
            domain: user.domain.as_ref().map(|domain| DomainView::of_token(domain, shown)),
            password_expires_at: user.password_expires_at.map(timestamp::format),
        };
        (*user != User::default()).then_some(shape)
    }
}

/// A project as in a token.
#[derive(Debug, Serialize)]
struct OwnedView<'a> {
    id: Option<&'a str>,
    name: Option<&'a str>,
    domain: Option<DomainView<'a>>,
}

impl<'a> OwnedView<'a> {
    fn of(project: &'a Project, shown: Shown<'a>) -> Self {
        Self {
            id: shown.option(&project.id),
            name: shown.option(&project.name),
            domain: project.domain.as_ref().map(|domain| DomainView::of_token(domain, shown)),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct DomainView<'a> {
    id: Option<&'a str>,
    name: Option<&'a str>,
}

impl<'a> DomainView<'a> {
    fn of(domain: &'a Domain) -> Self {
        Self { id: domain.id.as_deref(), name: domain.name.as_deref() }
    }

    fn of_token(domain: &'a Domain, shown: Shown<'a>) -> Self {
        Self { id: shown.option(&domain.id), name: shown.option(&domain.name) }
    }
}

pub(crate) fn domains(domains: &[Domain]) -> Vec<DomainView<'_>> {
    domains.iter().map(DomainView::of).collect()
}

/// A project as in a list of projects.
#[derive(Debug, Serialize)]
pub struct ProjectView<'a> {
    id: Option<&'a str>,
    name: Option<&'a str>,
    domain_id: Option<&'a str>,
    description: Option<&'a str>,
    enabled: Option<bool>,
    parent_id: Option<&'a str>,
}

/// Projects as JSON, in the order of the list.
pub fn projects(projects: &[Project]) -> Vec<ProjectView<'_>> {
    let shapes = projects.iter().map(|project| ProjectView {
        id: project.id.as_deref(),
        name: project.name.as_deref(),
        domain_id: project.domain.as_ref().and_then(|domain| domain.id.as_deref()),
        description: project.description.as_deref(),
        enabled: project.enabled,
        parent_id: project.parent_id.as_deref(),
    });
    shapes.collect()
}

/// A service of a catalog.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct ServiceView<'a> {
    /// The service type, such as `compute`; the key is `type`.
    #[serde(rename = "type")]
    pub service_type: &'a str,
    /// The service's name, such as `nova`.
    pub name: Option<&'a str>,
    /// The endpoints, in the order of the catalog.
    pub endpoints: Vec<EndpointView>,
}

impl ServiceView<'_> {
    /// Hides the token in all texts.
    fn hide(&mut self, shown: Shown<'_>) {
        if shown.hides(self.service_type) {
            self.service_type = HIDDEN;
        }
        if self.name.is_some_and(|name| shown.hides(name)) {
            self.name = Some(HIDDEN);
        }
        for EndpointView { interface, region, url } in &mut self.endpoints {
            for text in [interface, url].into_iter().chain(region) {
                if shown.hides(text) {
                    HIDDEN.clone_into(text);
                }
            }
        }
    }
}

/// An endpoint of a service.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct EndpointView {
    /// The interface: `public`, `internal` or `admin`.
    pub interface: String,
    /// The region, if the catalog names one.
    pub region: Option<String>,
    /// The URL, as in the catalog.
    pub url: String,
}

/// The services of a catalog, in its order.
pub fn services(catalog: &Catalog) -> Vec<ServiceView<'_>> {
    let services = catalog.services().map(|service| ServiceView {
        service_type: service.service_type(),
        name: service.name(),
        endpoints: service
            .endpoints()
            .map(|endpoint| EndpointView {
                interface: endpoint.interface().to_owned(),
                region: endpoint.region().map(str::to_owned),
                url: endpoint.url().to_owned(),
            })
            .collect(),
    });
    services.collect()
}

#[derive(Debug, Serialize)]
pub(crate) struct VersionView<'a> {
    id: &'a str,
    status: Option<&'a str>,
    url: Option<&'a str>,
}

pub(crate) fn versions(versions: &[Version]) -> Vec<VersionView<'_>> {
    let shapes = versions.iter().map(|version| VersionView {
        id: &version.id,
        status: version.status.as_deref(),
        url: version.url.as_deref(),
    });
    shapes.collect()
}

/// The SHA-256 of a secret, as 64 hexadecimal digits: enough to compare two secrets without showing
/// them.
pub fn sha256(secret: &str) -> String {
    Sha256::digest(secret).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing into a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
