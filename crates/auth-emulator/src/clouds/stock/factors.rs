//! The methods of a login. Each proves who the user is.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use time::{Duration, UtcDateTime};

use crate::{
    clouds::stock::{login::KEY, scope},
    directory::{ApplicationCredential, Codes, KEYS, Target, USERS, User, session::Methods},
    keystone::login::{LoginBody, Reference},
    message::{response::Refusal, routed::RoutedRequest},
    tokens::Tokens,
    totp::{PERIOD, totp_code},
};

/// What the methods of a login prove.
pub(super) struct Proof {
    pub(super) user: &'static User,
    pub(super) methods: Methods,
    pub(super) key: Option<&'static ApplicationCredential>,
    /// The first token of the chain.
    pub(super) origin: Option<u64>,
    /// A token that was exchanged for another keeps its expiry.
    pub(super) expires_by: Option<UtcDateTime>,
}

impl Proof {
    /// Checks every method of the login, for the requested scope. All must be of one user.
    pub(super) fn of(
        request: &RoutedRequest<'_>,
        login: &LoginBody,
        asked: Option<Target>,
        tokens: &Tokens,
    ) -> Result<Self, Refusal> {
        let mut proven: Option<Self> = None;
        for method in &login.methods {
            let one = match method.as_str() {
                "password" => by_password(login)?,
                "totp" => by_code(login, request.now)?,
                "token" | "mapped" | "openid" => {
                    by_token(login, method, asked, request.now, tokens)?
                }
                _ => by_key(login)?,
            };
            proven = Some(match proven {
                None => one,
                Some(before) => before.and(one)?,
            });
        }
        proven.ok_or_else(Refusal::unauthorized)
    }

    fn and(self, other: Self) -> Result<Self, Refusal> {
        if self.user.id != other.user.id {
            return Err(Refusal::unauthorized());
        }
        Ok(Self {
            user: self.user,
            methods: self.methods.and(other.methods),
            key: self.key.or(other.key),
            origin: self.origin.or(other.origin),
            expires_by: self.expires_by.or(other.expires_by),
        })
    }

    fn by(user: &'static User, method: &str) -> Self {
        let methods = Methods::only(method);
        Self { user, methods, key: None, origin: None, expires_by: None }
    }
}

fn by_password(login: &LoginBody) -> Result<Proof, Refusal> {
    let Factor { user } = read(login, "password")?;
    let user = user.ok_or_else(no_user)?;
    if user.reference.is_empty() {
        return Err(Refusal::invalid(
            "Invalid input for field identity/password/user: id or name must be present.",
        ));
    }
    let found = find(&user.reference, "password")?;
    let right = found.filter(|found| user.password.is_some_and(|given| given == found.password));
    Ok(Proof::by(right.ok_or_else(Refusal::unauthorized)?, "password"))
}

fn by_code(login: &LoginBody, now: UtcDateTime) -> Result<Proof, Refusal> {
    let Factor { user } = read(login, "totp")?;
    let user = user.ok_or_else(no_user)?;
    if user.reference.is_empty() {
        return Err(Refusal::malformed("Expecting to find id or name in user."));
    }
    let found = find(&user.reference, "totp")?.filter(|found| found.codes != Codes::None);
    let before = now.saturating_sub(Duration::seconds(PERIOD as i64));
    let right = [now, before].map(totp_code).iter().any(|code| user.passcode == code.as_str());
    Ok(Proof::by(found.filter(|_| right).ok_or_else(Refusal::unauthorized)?, "totp"))
}

/// Exchanges a token, unless it was delegated, or is for the system and the new one is not. The
/// methods of federation exchange federated tokens only. An exchanged federated token begins a
/// chain of its own, so that it survives the revocation of the first.
fn by_token(
    login: &LoginBody,
    method: &str,
    asked: Option<Target>,
    now: UtcDateTime,
    tokens: &Tokens,
) -> Result<Proof, Refusal> {
    #[derive(Deserialize)]
    struct Token {
        id: String,
    }
    let is_federation = method != "token";
    let Token { id } = match read(login, method) {
        Err(_) if is_federation => {
            return Err(Refusal::malformed("Expecting to find identity_provider in mapped."));
        }
        token => token?,
    };
    let grant = tokens.find(&id, now).ok_or_else(|| unknown_token(&id, tokens))?;
    let session = grant.session.ok_or_else(Refusal::unauthorized)?;
    if is_federation && !session.is_federated() {
        // Keystone's own words.
        return Err(Refusal::invalid("'NoneType' object is not iterable"));
    }
    let is_below = matches!(asked, Some(Target::Project(_) | Target::Domain(_)));
    if session.target == Target::System && is_below {
        return Err(Refusal::no_action(
            "Using a system-scoped token to create a project-scoped or domain-scoped token is not \
             allowed.",
        ));
    }
    if session.key.is_some() {
        return Err(Refusal::no_action(
            "Using a delegated token to create another token is not allowed.",
        ));
    }
    let before = if is_federation { Methods::default() } else { session.methods };
    Ok(Proof {
        methods: Methods::only(method).and(before),
        origin: (!session.is_federated()).then(|| session.origin.unwrap_or(grant.key)),
        expires_by: Some(grant.expires_at),
        ..Proof::by(session.user, method)
    })
}

/// An application credential by id, or by name and user.
fn by_key(login: &LoginBody) -> Result<Proof, Refusal> {
    #[derive(Deserialize)]
    struct Key {
        id: Option<String>,
        name: Option<String>,
        secret: Option<String>,
        user: Option<Reference>,
    }
    let given: Key = read(login, KEY)?;
    let key = match (&given.id, &given.name, &given.user) {
        (Some(id), _, _) => {
            let found = KEYS.iter().find(|key| key.id == id);
            found.ok_or_else(|| {
                Refusal::not_found(format!("Could not find Application Credential: {id}."))
            })?
        }
        (None, Some(name), Some(user)) if !user.is_empty() => {
            let owner = find(user, KEY)?.ok_or_else(Refusal::unauthorized)?;
            let found = KEYS.iter().find(|key| key.name == name && key.user.id == owner.id);
            found.ok_or_else(Refusal::unauthorized)?
        }
        (None, Some(_), _) => {
            return Err(Refusal::malformed("Expecting to find user in application credential."));
        }
        (None, None, _) => {
            return Err(Refusal::malformed(
                "Expecting to find name or ID in application credential.",
            ));
        }
    };
    if given.secret.is_none_or(|secret| secret != key.secret) {
        return Err(Refusal::unauthorized());
    }
    Ok(Proof { key: Some(key), ..Proof::by(key.user, KEY) })
}

/// The user of this reference, if there is such a user and they can log in. A name takes precedence
/// over an id, and needs a domain.
fn find(reference: &Reference, method: &str) -> Result<Option<&'static User>, Refusal> {
    let found = match &reference.name {
        Some(name) => {
            let Some(domain) = &reference.domain else {
                return Err(Refusal::malformed("Expecting to find domain in user."));
            };
            let field = format!("identity/{method}/user/domain");
            let domain = scope::find_domain(domain, &field)?;
            USERS.into_iter().find(|user| user.name == name && Some(user.domain) == domain)
        }
        None => USERS.into_iter().find(|user| Some(user.id) == reference.id.as_deref()),
    };
    Ok(found.filter(|user| user.is_open()))
}

/// The token in a request is not valid. Keystone tells a text that cannot be a token from one that
/// was revoked or has expired.
pub(super) fn unknown_token(token: &str, tokens: &Tokens) -> Refusal {
    let message = match tokens.can_be_token(token) {
        true => "Failed to validate token",
        false => "Could not recognize Fernet token",
    };
    Refusal::not_found(message.to_owned())
}

fn read<T: DeserializeOwned>(login: &LoginBody, method: &str) -> Result<T, Refusal> {
    let factor = login.factor(method).cloned().unwrap_or_default();
    T::deserialize(factor)
        .map_err(|_| Refusal::invalid(&format!("Invalid input for field 'identity/{method}'")))
}

/// Keystone's own words.
fn no_user() -> Refusal {
    Refusal::malformed("Expecting to find user in None.")
}

#[derive(Deserialize)]
struct Factor {
    user: Option<GivenUser>,
}

#[derive(Deserialize)]
struct GivenUser {
    #[serde(flatten)]
    reference: Reference,
    password: Option<String>,
    #[serde(default)]
    passcode: Value,
}
