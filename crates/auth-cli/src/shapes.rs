//! The core's values as JSON: what is absent is null, and a token is shown by its hash alone.

use std::fmt::Write;

use auth_proto::{
    ApiVersion, Catalog, Challenge, Code, Domain, Fault, Project, Token, User, Version, timestamp,
};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Every answer, by its kind.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Shape<'a> {
    Catalog {
        catalog: Vec<ServiceShape<'a>>,
    },
    Domains {
        domains: Vec<DomainShape<'a>>,
        next: Option<&'a str>,
    },
    Error {
        status: u16,
        code: Option<CodeShape<'a>>,
        title: Option<&'a str>,
        message: Option<&'a str>,
    },
    Malformed {
        reason: &'a str,
    },
    Projects {
        projects: Vec<ProjectShape<'a>>,
        next: Option<&'a str>,
    },
    Receipt {
        methods: &'a [String],
        required: &'a [Vec<String>],
        expires_at: Option<String>,
    },
    /// Whether the whole system is among the scopes.
    System {
        all: bool,
    },
    Token {
        api_version: &'static str,
        token: Box<TokenShape<'a>>,
    },
    Versions {
        versions: Vec<VersionShape<'a>>,
    },
}

impl<'a> Shape<'a> {
    pub(crate) fn of_fault(status: u16, fault: &'a Fault) -> Self {
        Self::Error {
            status,
            code: fault.code.as_ref().and_then(CodeShape::of),
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
        Self::Token { api_version, token: Box::new(TokenShape::of(token)) }
    }
}

/// A code keeps its JSON type.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum CodeShape<'a> {
    Number(i64),
    Text(&'a str),
}

impl<'a> CodeShape<'a> {
    fn of(code: &'a Code) -> Option<Self> {
        match code {
            Code::Number(number) => Some(Self::Number(*number)),
            Code::Text(text) => Some(Self::Text(text)),
            _ => None,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct TokenShape<'a> {
    sha256: String,
    length: usize,
    #[serde(flatten)]
    details: DetailsShape<'a>,
    catalog: Option<Vec<ServiceShape<'a>>>,
}

impl<'a> TokenShape<'a> {
    fn of(token: &'a Token) -> Self {
        Self {
            sha256: sha256(token.expose()),
            length: token.expose().len(),
            details: DetailsShape::of(token),
            catalog: token.catalog().map(services),
        }
    }
}

/// A token without its text and its catalog.
#[derive(Serialize)]
pub(crate) struct DetailsShape<'a> {
    issued_at: Option<String>,
    /// Absent where the cloud has not told anything about the token.
    expires_at: Option<String>,
    methods: &'a [String],
    user: Option<UserShape<'a>>,
    project: Option<OwnedShape<'a>>,
    domain: Option<DomainShape<'a>>,
    system: bool,
    trust_id: Option<&'a str>,
    /// By name; one that has none is left out.
    roles: Vec<&'a str>,
}

impl<'a> DetailsShape<'a> {
    pub(crate) fn of(token: &'a Token) -> Self {
        Self {
            issued_at: token.issued_at().map(timestamp::format),
            expires_at: token.is_validated().then(|| timestamp::format(token.expires_at())),
            methods: token.methods(),
            user: UserShape::of(token.user()),
            project: token.project().map(OwnedShape::of),
            domain: token.domain().map(DomainShape::of),
            system: token.is_system(),
            trust_id: token.trust_id(),
            roles: token.roles().iter().filter_map(|role| role.name.as_deref()).collect(),
        }
    }
}

#[derive(Serialize)]
struct UserShape<'a> {
    id: Option<&'a str>,
    name: Option<&'a str>,
    domain: Option<DomainShape<'a>>,
    password_expires_at: Option<String>,
}

impl<'a> UserShape<'a> {
    /// `None` if the answer said nothing about the user.
    fn of(user: &'a User) -> Option<Self> {
        let shape = Self {
            id: user.id.as_deref(),
            name: user.name.as_deref(),
            domain: user.domain.as_ref().map(DomainShape::of),
            password_expires_at: user.password_expires_at.map(timestamp::format),
        };
        (*user != User::default()).then_some(shape)
    }
}

/// A project as a token names it.
#[derive(Serialize)]
struct OwnedShape<'a> {
    id: Option<&'a str>,
    name: Option<&'a str>,
    domain: Option<DomainShape<'a>>,
}

impl<'a> OwnedShape<'a> {
    fn of(project: &'a Project) -> Self {
        Self {
            id: project.id.as_deref(),
            name: project.name.as_deref(),
            domain: project.domain.as_ref().map(DomainShape::of),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct DomainShape<'a> {
    id: Option<&'a str>,
    name: Option<&'a str>,
}

impl<'a> DomainShape<'a> {
    fn of(domain: &'a Domain) -> Self {
        Self { id: domain.id.as_deref(), name: domain.name.as_deref() }
    }
}

pub(crate) fn domains(domains: &[Domain]) -> Vec<DomainShape<'_>> {
    domains.iter().map(DomainShape::of).collect()
}

/// A project as a list of projects has it.
#[derive(Serialize)]
pub(crate) struct ProjectShape<'a> {
    id: Option<&'a str>,
    name: Option<&'a str>,
    domain_id: Option<&'a str>,
    description: Option<&'a str>,
    enabled: Option<bool>,
    parent_id: Option<&'a str>,
}

pub(crate) fn projects(projects: &[Project]) -> Vec<ProjectShape<'_>> {
    let shapes = projects.iter().map(|project| ProjectShape {
        id: project.id.as_deref(),
        name: project.name.as_deref(),
        domain_id: project.domain.as_ref().and_then(|domain| domain.id.as_deref()),
        description: project.description.as_deref(),
        enabled: project.enabled,
        parent_id: project.parent_id.as_deref(),
    });
    shapes.collect()
}

#[derive(Serialize)]
pub(crate) struct ServiceShape<'a> {
    #[serde(rename = "type")]
    pub(crate) service_type: &'a str,
    pub(crate) name: Option<&'a str>,
    pub(crate) endpoints: Vec<EndpointShape>,
}

#[derive(Serialize)]
pub(crate) struct EndpointShape {
    pub(crate) interface: String,
    pub(crate) region: Option<String>,
    pub(crate) url: String,
}

pub(crate) fn services(catalog: &Catalog) -> Vec<ServiceShape<'_>> {
    let services = catalog.services().map(|service| ServiceShape {
        service_type: service.service_type(),
        name: service.name(),
        endpoints: service
            .endpoints()
            .map(|endpoint| EndpointShape {
                interface: endpoint.interface().to_owned(),
                region: endpoint.region().map(str::to_owned),
                url: endpoint.url().to_owned(),
            })
            .collect(),
    });
    services.collect()
}

#[derive(Serialize)]
pub(crate) struct VersionShape<'a> {
    id: &'a str,
    status: Option<&'a str>,
    url: Option<&'a str>,
}

pub(crate) fn versions(versions: &[Version]) -> Vec<VersionShape<'_>> {
    let shapes = versions.iter().map(|version| VersionShape {
        id: &version.id,
        status: version.status.as_deref(),
        url: version.url.as_deref(),
    });
    shapes.collect()
}

/// What stands for a secret: it tells two apart and gives neither away.
pub(crate) fn sha256(secret: &str) -> String {
    Sha256::digest(secret).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing into a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
