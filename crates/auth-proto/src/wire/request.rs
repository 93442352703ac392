//! Login requests, in both API versions.

use std::{collections::BTreeMap, io};

use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use crate::{
    model::{
        body::Body,
        credential::{Agency, Key, Method, UserRef},
        scope::{DomainRef, Scope, Target},
    },
    url::ApiVersion,
};

/// The body of a login by these methods.
///
/// Leaves out parts that the API version cannot express: the check of the cloud has refused those
/// before.
pub(crate) fn login(
    api_version: ApiVersion,
    user: Option<&UserRef>,
    methods: &[Method],
    scope: &Scope,
) -> Body {
    match api_version {
        ApiVersion::V2 => body(&Envelope { auth: v2(user, methods, scope) }),
        ApiVersion::V3 => body(&Envelope { auth: v3(user, methods, scope) }),
    }
}

/// The body that exchanges a user's token for a token of an agency (Huawei Cloud, "Obtaining an
/// Agency Token"). `field` holds the agency's name; it differs by cloud.
pub(crate) fn assume(field: &'static str, agency: &Agency, scope: &Scope) -> Body {
    let domain = match &agency.domain {
        DomainRef::Id(id) => ("domain_id", id.as_str()),
        DomainRef::Name(name) => ("domain_name", name.as_str()),
    };
    let assume_role = Some([domain, (field, agency.name.as_str())].into());
    let identity = Identity { methods: Methods::AssumeRole, assume_role, ..Identity::default() };
    body(&Envelope { auth: V3Auth { identity, scope: scope_of(scope) } })
}

/// The body that exchanges an ID token for a token of the scope (Huawei Cloud, *Obtaining a Token with
/// an OpenID Connect ID Token*).
pub(crate) fn id_token(id_token: &str, scope: &Scope) -> Body {
    let id_token = Id { id: id_token };
    body(&Envelope { auth: IdTokenAuth { id_token, scope: scope_of(scope) } })
}

/// Serialises into a buffer that never grows, since growing would leave a copy of the secret in
/// freed memory. A usual login fits into the first buffer; for a longer one the length is measured
/// first.
fn body(document: &impl Serialize) -> Body {
    let mut usual = Bounded(Zeroizing::new(Vec::with_capacity(USUAL)));
    if serde_json::to_writer(&mut usual, document).is_ok() {
        return Body::new(usual.0);
    }
    let fits = "texts, lists and structs, of which these documents are made, can all be serialised";
    let mut size = Count(0);
    serde_json::to_writer(&mut size, document).expect(fits);
    let mut whole = Bounded(Zeroizing::new(Vec::with_capacity(size.0)));
    serde_json::to_writer(&mut whole, document).expect(fits);
    Body::new(whole.0)
}

/// Bytes of a login with a password, an application credential or a short token.
const USUAL: usize = 512;

/// A buffer that refuses to grow.
struct Bounded(Zeroizing<Vec<u8>>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.0.capacity() - self.0.len() {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Counts bytes and stores none.
struct Count(usize);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Serialize)]
struct Envelope<A> {
    auth: A,
}

/// NHN Cloud, IaaS Token, "Request". The token method and the trust are Keystone's.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct V2Auth<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password_credentials: Option<PasswordCredentials<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<Id<'a>>,
    #[serde(rename = "trust_id", skip_serializing_if = "Option::is_none")]
    trust_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PasswordCredentials<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    password: &'a str,
}

fn v2<'a>(user: Option<&'a UserRef>, methods: &'a [Method], scope: &'a Scope) -> V2Auth<'a> {
    let mut auth = V2Auth::default();
    match methods.first() {
        Some(method @ Method::Password(_)) => {
            let (user_id, username) = match user {
                Some(UserRef::Id(id)) => (Some(id.as_str()), None),
                Some(UserRef::Name { name, .. }) => (None, Some(name.as_str())),
                None => (None, None),
            };
            let password = method.secret();
            auth.password_credentials = Some(PasswordCredentials { user_id, username, password });
        }
        Some(method) => {
            auth.token = Some(Id { id: method.secret() });
        }
        None => {}
    }
    match &scope.0 {
        Target::ProjectId(id) => auth.tenant_id = Some(id),
        Target::ProjectName { name, .. } => auth.tenant_name = Some(name),
        Target::Trust { id, project_id } => {
            auth.trust_id = Some(id);
            auth.tenant_id = project_id.as_deref();
        }
        Target::Default | Target::Domain(_) | Target::System | Target::Unscoped => {}
    }
    auth
}

#[derive(Serialize)]
struct IdTokenAuth<'a> {
    id_token: Id<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<ScopeShape<'a>>,
}

#[derive(Serialize)]
struct V3Auth<'a> {
    identity: Identity<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<ScopeShape<'a>>,
}

#[derive(Default, Serialize)]
struct Identity<'a> {
    methods: Methods<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<OfUser<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    totp: Option<OfUser<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<Id<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    application_credential: Option<ApplicationCredential<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assume_role: Option<BTreeMap<&'static str, &'a str>>,
}

/// The names of methods.
enum Methods<'a> {
    AssumeRole,
    Of(&'a [Method]),
}

impl Default for Methods<'_> {
    fn default() -> Self {
        Self::Of(&[])
    }
}

impl Serialize for Methods<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::AssumeRole => serializer.collect_seq(["assume_role"]),
            Self::Of(all) => serializer.collect_seq(all.iter().map(|one| one.kind().as_str())),
        }
    }
}

#[derive(Serialize)]
struct OfUser<'a> {
    user: UserFields<'a>,
}

#[derive(Default, Serialize)]
struct UserFields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<Named<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    passcode: Option<&'a str>,
}

/// KakaoCloud, API Preparations, methods 1 and 2.
#[derive(Serialize)]
struct ApplicationCredential<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    secret: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<UserFields<'a>>,
}

#[derive(Serialize)]
struct Id<'a> {
    id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Named<'a> {
    Id(&'a str),
    Name(&'a str),
}

impl<'a> From<&'a DomainRef> for Named<'a> {
    fn from(domain: &'a DomainRef) -> Self {
        match domain {
            DomainRef::Id(id) => Self::Id(id),
            DomainRef::Name(name) => Self::Name(name),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum ScopeShape<'a> {
    Domain(Named<'a>),
    Project(ProjectFields<'a>),
    System {
        all: bool,
    },
    #[serde(rename = "OS-TRUST:trust")]
    Trust(Id<'a>),
    #[serde(untagged)]
    Unscoped(&'static str),
}

#[derive(Serialize)]
struct ProjectFields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<Named<'a>>,
}

fn v3<'a>(user: Option<&'a UserRef>, methods: &'a [Method], scope: &'a Scope) -> V3Auth<'a> {
    let mut identity = Identity { methods: Methods::Of(methods), ..Identity::default() };
    for method in methods {
        let secret = Some(method.secret());
        match method {
            Method::ApplicationCredential { key, secret: _ } => {
                let (id, name) = match key {
                    Key::Id(id) => (Some(id.as_str()), None),
                    Key::Name(name) => (None, Some(name.as_str())),
                };
                let user = user.map(user_of);
                let secret = method.secret();
                identity.application_credential =
                    Some(ApplicationCredential { id, name, secret, user });
            }
            Method::Password(_) => {
                let user = UserFields { password: secret, ..user.map(user_of).unwrap_or_default() };
                identity.password = Some(OfUser { user });
            }
            // None of them logs in with this request.
            Method::Federated(_) | Method::HttpBasic(_) | Method::NoAuth => {}
            Method::ExistingToken(_) | Method::Token(_) => {
                identity.token = Some(Id { id: method.secret() });
            }
            Method::Totp(_) => {
                let user = UserFields { passcode: secret, ..user.map(user_of).unwrap_or_default() };
                identity.totp = Some(OfUser { user });
            }
        }
    }
    // An application credential brings its scope.
    let scoped = identity.application_credential.is_none();
    V3Auth { identity, scope: scope_of(scope).filter(|_| scoped) }
}

fn user_of(user: &UserRef) -> UserFields<'_> {
    match user {
        UserRef::Id(id) => UserFields { id: Some(id), ..UserFields::default() },
        UserRef::Name { name, domain } => {
            let domain = domain.as_ref().map(Named::from);
            UserFields { name: Some(name), domain, ..UserFields::default() }
        }
    }
}

fn scope_of(scope: &Scope) -> Option<ScopeShape<'_>> {
    Some(match &scope.0 {
        Target::Default => return None,
        Target::Domain(domain) => ScopeShape::Domain(domain.into()),
        Target::ProjectId(id) => {
            ScopeShape::Project(ProjectFields { id: Some(id), name: None, domain: None })
        }
        Target::ProjectName { name, domain } => {
            let domain = domain.as_ref().map(Named::from);
            ScopeShape::Project(ProjectFields { id: None, name: Some(name), domain })
        }
        Target::System => ScopeShape::System { all: true },
        Target::Trust { id, .. } => ScopeShape::Trust(Id { id }),
        Target::Unscoped => ScopeShape::Unscoped("unscoped"),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_bounded_buffer_never_moves() {
        let mut buffer = Bounded(Zeroizing::new(Vec::with_capacity(8)));
        let (place, room) = (buffer.0.as_ptr(), buffer.0.capacity());
        let full = vec![b'x'; room];
        assert!(buffer.write(&full[2..]).is_ok());
        for length in [3, room] {
            assert!(buffer.write(&full[..length]).is_err(), "{length}");
        }
        assert!(buffer.write(&full[..2]).is_ok());
        assert!(buffer.write(b"x").is_err());
        assert_eq!((buffer.0.as_ptr(), &*buffer.0), (place, &full));
    }
}
