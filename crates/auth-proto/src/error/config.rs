//! What a caller's input gets wrong.

use thiserror::Error as ThisError;

use crate::limits;

/// What is wrong with a caller's input, which field it is, and what to put there.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum ConfigError {
    /// An agency is assumed with a token for the user's own domain, which is not known.
    #[error(
        "credential.user.domain: missing; an agency is assumed with a token for the user's domain, \
         so name it: UserRef::name_in(name, domain)"
    )]
    AgencyUser,
    /// An application credential is bound to its project, so that no scope may be asked with it.
    #[error("scope: an application credential fixes its own; ask for Scope::default()")]
    ApplicationCredentialScope,
    /// A token or code holds a character outside the visible ASCII ones (0x21 to 0x7E).
    #[error(
        "{field}: has a character outside visible ASCII (a line end or a blank?); pass it trimmed"
    )]
    Characters {
        /// Which input.
        field: &'static str,
    },
    /// No cloud goes by this id.
    #[error(
        "cloud: none has the id {id}: Cloud::ids tells them all, Cloud::keystone takes any URL{}",
        meant(*nearest)
    )]
    CloudUnknown {
        /// The id that was given.
        id: String,
        /// The id that may have been meant.
        nearest: Option<&'static str>,
    },
    /// The v2.0 protocol has no domains.
    #[error("{field}: the v2.0 protocol knows no domains; leave it out")]
    DomainUnknown {
        /// Which input.
        field: &'static str,
    },
    /// A required input is empty.
    #[error("{field}: is empty; give a value")]
    Empty {
        /// Which input.
        field: &'static str,
    },
    /// An id cannot be part of a URL.
    #[error("{field}: is no id; pass it as the cloud shows it")]
    Id {
        /// Which input.
        field: &'static str,
    },
    /// The cloud does not take this way of logging in.
    #[error("credential: {cloud} takes no {method}; it takes {takes}")]
    Method {
        /// The cloud's name.
        cloud: &'static str,
        /// The way that was given.
        method: &'static str,
        /// The ways that there are.
        takes: String,
    },
    /// One method was given twice.
    #[error("credential: {method} is given twice; give each factor once")]
    MethodTwice {
        /// The method.
        method: &'static str,
    },
    /// The v2.0 protocol has no such request.
    #[error("identity url: the v2.0 protocol has no such request; it needs a v3 service")]
    NotInV2,
    /// An interface is none of the three.
    #[error("interface: is none; use public, internal or admin")]
    Interface,
    /// An override's URL holds a placeholder that nothing is known for.
    #[error(
        "override.url: {placeholder} is no placeholder; use {{project_id}}, {{tenant_id}}, \
         {{domain_id}}, {{user_id}} or {{region}}"
    )]
    Placeholder {
        /// What it holds.
        placeholder: String,
    },
    /// A project's name means nothing without the domain that it is unique in.
    #[error(
        "scope.project.domain: missing; project names are unique within a domain only, \
         so name it: Scope::project_name_in(name, domain), or use the project's id"
    )]
    ProjectDomain,
    /// A region is no name of one.
    #[error("region: is no region; use lower-case letters, digits and hyphens, such as eu-de")]
    Region,
    /// The cloud has an identity service for each region, and none for all.
    #[error("region: {cloud} has an identity service for each region; name one: {regions}")]
    RegionNeeded {
        /// The cloud's name.
        cloud: &'static str,
        /// The regions that its documents list.
        regions: String,
    },
    /// The cloud does not take this kind of scope.
    #[error("scope: {cloud} takes no {scope}; it takes {takes}")]
    Scope {
        /// The cloud's name.
        cloud: &'static str,
        /// The scope that was given.
        scope: &'static str,
        /// The scopes that there are.
        takes: String,
    },
    /// A global service wants a token for the user's domain, and nothing says which that is.
    #[error(
        "scope: the service {service} wants a token for a domain, and none is named; name the \
         user's, UserRef::name_in(name, domain), or ask with the scope Scope::domain_id(id)"
    )]
    ServiceDomain {
        /// The service type asked for.
        service: String,
    },
    /// An input is longer than [`limits::INPUT`], or all together than [`limits::LOGIN_REQUEST`].
    #[error("{field}: is longer than {limit} characters; check what was passed")]
    TooLong {
        /// Which input.
        field: &'static str,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The v2.0 protocol wants a trust's project beside the trust.
    #[error("scope.trust: v2.0 wants its project as well; name both: Scope::trust_in(id, project)")]
    TrustProject,
    /// A URL cannot be used.
    #[error("{field}: {problem}")]
    Url {
        /// Which input.
        field: &'static str,
        /// What is wrong with it.
        problem: UrlProblem,
    },
    /// A user's name means nothing without the domain that it is unique in.
    #[error(
        "credential.user.domain: missing; user names are unique within a domain only, \
         so name it: UserRef::name_in(name, domain), or use the user's id"
    )]
    UserDomain,
    /// A second factor needs to know whose it is.
    #[error(
        "credential.user: {method} belongs to a user; start from Credential::password or ::totp"
    )]
    UserMissing {
        /// The method.
        method: &'static str,
    },
    /// The cloud's URL names no protocol version, so that only a login, which asks the server for
    /// it, can go there.
    #[error("identity url: names no version; end it with /v3 or /v2.0")]
    Version,
}

/// What is wrong with a URL. The URL is not repeated: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum UrlProblem {
    /// There is no host, or it is no host name.
    #[error("has no usable host; write https://host/path")]
    Host,
    /// Its path may lead elsewhere.
    #[error("has a path that may lead elsewhere; start it with / and leave out . and ..")]
    Path,
    /// Plain HTTP would show the password to the network.
    #[error(
        "is plain http on another host than loopback, which would show every secret to the \
         network; use https, or opt in with Cloud::keystone_over_plain_http"
    )]
    PlainHttp,
    /// The port is no number from 1 to 65535.
    #[error("has a bad port; use 1 to 65535, or none")]
    Port,
    /// A query or a fragment makes no sense here.
    #[error("has a query or a fragment; end it with the path")]
    Query,
    /// It starts with neither `https://` nor `http://`.
    #[error("has no scheme that is https or http; start it with https://")]
    Scheme,
    /// It is no URL.
    #[error("is no URL (a blank, a control character?)")]
    Syntax,
    /// It is longer than [`limits::URL`].
    #[error("is longer than {} characters", limits::URL)]
    TooLong,
    /// It carries a user name or password, which would leak into logs and other headers.
    #[error("carries user info before an @; pass the credential on its own")]
    UserInfo,
}

/// The end of a sentence that something was not found.
pub(super) fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean {name}?"))
}
