//! Errors in the caller's input.

use thiserror::Error as ThisError;

use super::{ConfigField, MethodKind, ScopeKind};
use crate::limits;

/// An error in the caller's input: which field, what is wrong with it, and what to enter instead.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum ConfigError {
    /// The cloud has no agencies.
    #[error("credential.agency: not supported by {cloud}; leave it out")]
    Agency {
        /// The cloud's name.
        cloud: &'static str,
    },
    /// A federated user cannot assume an agency.
    #[error(
        "credential.agency: a federated login cannot assume an agency; log in as a user of the cloud"
    )]
    AgencyFederated,
    /// Assuming an agency takes a token for the user's own domain, and the user names no domain.
    #[error(
        "credential.user.domain: missing, but needed to assume an agency; use \
         UserRef::name_in(name, domain)"
    )]
    AgencyUser,
    /// An application credential is bound to its project, so that a login cannot choose a scope.
    #[error("scope: an application credential has a fixed scope; use Scope::default()")]
    ApplicationCredentialScope,
    /// A token or a code contains a character outside visible ASCII (0x21 to 0x7E).
    #[error(
        "{field}: contains a character outside visible ASCII, perhaps a line break or a blank; \
         remove it"
    )]
    Characters {
        /// The field.
        field: ConfigField,
    },
    /// No built-in cloud has this id.
    #[error(
        "cloud: unknown id {id}; Cloud::ids lists the known ones, Cloud::keystone takes any URL{}",
        did_you_mean(*nearest)
    )]
    CloudUnknown {
        /// The id that was given.
        id: String,
        /// A similar known id.
        nearest: Option<&'static str>,
    },
    /// The name is that of another field of the form.
    #[error(
        "credential.code_field: the name of another field of the form; use the name that the \
         provider documents for one-time codes"
    )]
    CodeField,
    /// The v2.0 API has no domains.
    #[error("{field}: the v2.0 API has no domains; leave it out")]
    DomainUnknown {
        /// The field.
        field: ConfigField,
    },
    /// A required input is empty.
    #[error("{field}: empty; enter a value")]
    Empty {
        /// The field.
        field: ConfigField,
    },
    /// A federated login has no other method beside it.
    #[error(
        "credential: a federated login takes no further factor; leave it out (a provider's one-time \
         code needs Federation::with_code_field)"
    )]
    FederatedAlone,
    /// HTTP Basic separates name and password by a colon (RFC 7617, section 2).
    #[error(
        "credential.user.name: contains a colon or a control character, or the password contains a \
         control character, which HTTP Basic cannot send; check both"
    )]
    HttpBasic,
    /// An id cannot be part of a URL's path: it is `.`, `..` or longer than [`limits::PATH_ID`].
    #[error("{field}: not a valid id; copy it exactly as the cloud shows it")]
    Id {
        /// The field.
        field: ConfigField,
    },
    /// The cloud does not support this login method.
    #[error("credential: {method} is not supported by {cloud}; use one of: {}", listed(takes))]
    Method {
        /// The cloud's name.
        cloud: &'static str,
        /// The method that was given.
        method: MethodKind,
        /// The supported methods.
        takes: Vec<MethodKind>,
    },
    /// The credential contains a method twice.
    #[error("credential: {method} appears twice; give each factor once")]
    MethodTwice {
        /// The method.
        method: MethodKind,
    },
    /// A [standalone](crate::Cloud::standalone) service has no identity service.
    #[error("identity url: a standalone service has none; use a cloud with an identity service")]
    NoIdentity,
    /// The v2.0 API has no such request.
    #[error("identity url: the v2.0 API does not support this request; use a v3 URL")]
    NotInV2,
    /// The text is not the name of an interface.
    #[error("interface: unknown; use public, internal or admin")]
    Interface,
    /// An override's URL contains an unknown placeholder.
    #[error(
        "override.url: unknown placeholder \"{placeholder}\"; use {{project_id}}, {{tenant_id}}, \
         {{domain_id}}, {{user_id}} or {{region}}"
    )]
    Placeholder {
        /// The placeholder.
        placeholder: String,
    },
    /// A project name needs a domain, because it is unique only within its domain.
    #[error(
        "scope.project.domain: missing; a project name is unique only within its domain; use \
         Scope::project_name_in(name, domain) or the project's id"
    )]
    ProjectDomain,
    /// The text cannot be the name of a region.
    #[error(
        "region: not a valid region name; use lower-case letters, digits and hyphens, for example \
         eu-de"
    )]
    Region,
    /// The cloud has one identity service per region and no global one.
    #[error("region: missing; {cloud} has one identity service per region; use one of: {regions}")]
    RegionNeeded {
        /// The cloud's name.
        cloud: &'static str,
        /// The regions that its documents list.
        regions: String,
    },
    /// The cloud does not support this kind of scope.
    #[error("scope: {scope} is not supported by {cloud}; use one of: {}", listed(takes))]
    Scope {
        /// The cloud's name.
        cloud: &'static str,
        /// The kind of scope that was given.
        scope: ScopeKind,
        /// The supported kinds.
        takes: Vec<ScopeKind>,
    },
    /// A global service needs a token for the user's domain, and neither the credential nor the
    /// scope names a domain.
    #[error(
        "scope: service {service} needs a token for a domain, and no domain is known; use \
         UserRef::name_in(name, domain) or Scope::domain_id(id)"
    )]
    ServiceDomain {
        /// The service type asked for.
        service: String,
    },
    /// An input is longer than [`limits::INPUT`], or all inputs together are longer than
    /// [`limits::LOGIN_REQUEST`].
    #[error("{field}: longer than {limit} bytes; check the value")]
    TooLong {
        /// The field.
        field: ConfigField,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The v2.0 API needs the project of a trust beside the trust.
    #[error(
        "scope.trust: the v2.0 API also needs the trust's project; use Scope::trust_in(id, project)"
    )]
    TrustProject,
    /// A URL cannot be used.
    #[error("{field}: {problem}")]
    Url {
        /// The field.
        field: ConfigField,
        /// What is wrong with it.
        problem: UrlProblem,
    },
    /// A user name needs a domain, because it is unique only within its domain.
    #[error(
        "credential.user.domain: missing; a user name is unique only within its domain; use \
         UserRef::name_in(name, domain) or the user's id"
    )]
    UserDomain,
    /// A password or a one-time code needs a user.
    #[error(
        "credential.user: missing, but needed for {method}; start with Credential::password or \
         Credential::totp"
    )]
    UserMissing {
        /// The method.
        method: MethodKind,
    },
    /// The cloud's URL names no API version. Only a login can use such a URL, because it asks the
    /// server for its versions.
    #[error("identity url: the API version is missing; end the URL with /v3 or /v2.0")]
    Version,
}

/// What is wrong with a URL. The text does not repeat the URL, which may contain a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum UrlProblem {
    /// The URL contains a blank, a line break, or another character that is not shown.
    #[error("contains a blank, a line break or an invisible character; remove it")]
    Blank,
    /// The brackets of an IPv6 address are missing, doubled or not closed.
    #[error("an IPv6 address needs one pair of brackets around it; write https://[address]/path")]
    Brackets,
    /// The URL has a fragment.
    #[error("contains a fragment; remove the # and what follows")]
    Fragment,
    /// The host is missing or not a valid host name.
    #[error("no valid host; write https://host/path")]
    Host,
    /// The path does not start with `/`, or contains `.` or `..`.
    #[error("the path does not start with /, or has a . or .. segment; correct the path")]
    Path,
    /// Plain http would show the password to the network.
    #[error(
        "plain http to a host other than loopback shows every secret to the network; use https, \
         or opt in with Cloud::keystone_over_plain_http or Cloud::allow_plain_http"
    )]
    PlainHttp,
    /// Plain http would show the secrets for an identity provider to the network.
    #[error(
        "plain http to a host other than loopback shows every secret to the network; use https"
    )]
    PlainHttpProvider,
    /// The port is not a number from 1 to 65535.
    #[error("invalid port; use 1 to 65535, or leave it out")]
    Port,
    /// The URL has a query or a fragment, which an identity URL or an endpoint cannot have.
    #[error("contains a query or a fragment; end the URL with the path")]
    Query,
    /// The URL starts with neither `https://` nor `http://`.
    #[error("no http or https scheme; start the URL with https://")]
    Scheme,
    /// The scheme is not followed by `://`.
    #[error("no :// after the scheme; start the URL with https://")]
    Slashes,
    /// The host or the path contains a character that a URL cannot contain.
    #[error(
        "contains a character that a URL cannot contain; remove it, or percent-encode it in the \
         path (a host name with other letters has an xn-- form)"
    )]
    Syntax,
    /// The URL is longer than [`limits::URL`].
    #[error("longer than {} bytes; check the value", limits::URL)]
    TooLong,
    /// The host is followed by two ports.
    #[error("more than one port after the host; write one, as in https://host:5000/path")]
    TwoPorts,
    /// The scheme is written twice.
    #[error("the scheme is written twice; write https:// once")]
    TwoSchemes,
    /// The URL carries a user name or a password, which would leak into logs and headers.
    #[error("contains user information before an @; remove it and pass the credential separately")]
    UserInfo,
}

/// The end of a "not found" text.
pub(super) fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean {name}?"))
}

/// `a, b, c`.
fn listed<T: ToString>(all: &[T]) -> String {
    all.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}
