//! A client that asks the user for one-time codes.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    sync::Arc,
    time::{Duration, SystemTime},
};

use auth_proto::{
    Challenge, Cloud, EndpointQuery, ErrorKind, Factor, IdentityRequest, Misuse, Question,
    Settings, Token, timestamp,
};
use auth_ureq::{Client, Error};
use http::StatusCode;
use secrecy::SecretString;

use super::{args::LoginArgs, secret, store::RunStore, transport};
use crate::{
    cloud::ChosenCloud,
    output::{Failure, print, progress},
};

/// A client, and a way to ask for one-time codes.
pub(crate) struct Context {
    client: Client,
    timeout: Duration,
    ask: Box<Ask>,
    store: Option<RunStore>,
    /// How much longer a token must live.
    life: Duration,
}

/// The kind of token that a command wants.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TokenWish {
    /// Whether the catalog may be missing.
    pub(crate) no_catalog: bool,
    /// Whether a new login has to give it, although the store has one.
    pub(crate) is_fresh: bool,
    /// How much longer it must live.
    pub(crate) life: Duration,
}

/// Asks the user with this prompt. The error says why that is impossible.
type Ask = dyn Fn(&str) -> Result<SecretString, String>;

impl Context {
    /// A context for this cloud and login. Sends nothing.
    pub(crate) fn new(chosen: &ChosenCloud, args: &LoginArgs) -> Result<Self, Failure> {
        Self::wishing(chosen, args, TokenWish::default())
    }

    /// A context whose tokens are of this kind.
    pub(crate) fn wishing(
        chosen: &ChosenCloud,
        args: &LoginArgs,
        wish: TokenWish,
    ) -> Result<Self, Failure> {
        let settings = Settings::default().with_seed(RandomState::new().build_hasher().finish());
        let settings = if wish.no_catalog { settings.without_catalog() } else { settings };
        let builder = args.client(chosen)?;
        let (builder, timeout) = transport::configured(builder, settings, chosen)?;
        let store = args.store(chosen, wish.is_fresh);
        let builder = match &store {
            Some(store) => builder.store(store.clone()),
            None => builder,
        };
        let client = builder.build()?.lasting(wish.life);
        let authenticator = chosen.authenticator;
        let ask = Box::new(move |what: &str| secret::ask_for_code(what, authenticator));
        Ok(Self { client, timeout, ask, store, life: wish.life })
    }

    /// The same context, with tokens of the scope that the service needs.
    pub(crate) fn for_service(self, query: Option<&EndpointQuery>) -> Result<Self, Failure> {
        let Some(query) = query else { return Ok(self) };
        let scope = self.client.service(query.clone()).scope()?;
        Ok(Self { client: self.client.scoped(scope), ..self })
    }

    /// A valid token. Asks the user for the one-time codes that the cloud requests, and for another
    /// code if one is refused, at most [`CODES`] times.
    pub(crate) fn token(&self) -> Result<Arc<Token>, Failure> {
        for asked in 0..CODES {
            let code = match self.try_token() {
                Ok(token) => return Ok(token),
                Err(Error::Ask(Question::Factor(challenge))) => self.code(&challenge)?,
                Err(why) if asked > 0 && is_refused(&why) => match (self.ask)(ANOTHER) {
                    Ok(code) => code,
                    Err(_) => return Err(self.failure(why)),
                },
                Err(why) => return Err(self.failure(why)),
            };
            match self.client.answer(Factor::totp(code)) {
                // The user was slow, and the receipt has ended: the cloud asks again.
                Err(Error::Auth(why)) if *why.kind() == LATE => {}
                answered => answered?,
            }
        }
        self.try_token().map_err(|why| match why {
            Error::Ask(Question::Factor(_)) => Failure::failed(TOO_MANY_CODES),
            why => self.failure(why),
        })
    }

    /// The failure of a request to the identity service. If the store keeps a refusal, the next runs
    /// pause, too.
    fn failure(&self, why: Error) -> Failure {
        let until = match &why {
            Error::Auth(why) if matches!(why.kind(), ErrorKind::Rejected(_)) => why.retry_at(),
            _ => None,
        };
        let failure = Failure::of_request(why, &self.client.cloud().identity_url());
        match until.filter(|_| self.store.as_ref().is_some_and(RunStore::has_pause)) {
            None => failure,
            Some(until) => failure.with(&format!(
                "no run sends this credential again before {}, so that the account is not locked; \
                 another password is sent at once; if the cause is gone, `cloud-auth logout` forgets \
                 the refusal",
                timestamp::format(until.replace_nanosecond(0).unwrap_or(until))
            )),
        }
    }

    /// Removes the token of this context from the store: it is no longer valid.
    pub(crate) fn forget(&self) {
        if let Some(store) = &self.store {
            store.forget();
        }
    }

    /// Warns if the token does not live as long as the user wants.
    pub(crate) fn warn_of_short_life(&self, token: &Token) {
        let whole = token.issued_at().map(|issued_at| token.expires_at() - issued_at);
        let rest = token.expires_at() - SystemTime::now();
        if let Some(whole) = whole.filter(|whole| self.life > *whole * 0.9) {
            print::warning(&format!(
                "--min-life: the tokens of this cloud live for {} min; this flag asks for at most nine \
                 tenths of that",
                whole.whole_minutes()
            ));
        } else if !self.life.is_zero() && rest < self.life {
            print::warning(&format!(
                "--min-life: this token lives for {} min; the cloud gave none that lives longer",
                rest.whole_minutes()
            ));
        }
    }

    fn try_token(&self) -> Result<Arc<Token>, Error> {
        self.wait(|client| client.token_within(self.timeout))
    }

    /// Runs `act` with a valid token.
    pub(crate) fn with<T>(&self, act: impl Fn(&Client) -> Result<T, Error>) -> Result<T, Failure> {
        for _ in 0..CODES {
            self.token()?;
            match self.wait(&act) {
                // The service refused the token, and the next login needs a code again.
                Err(Error::Ask(Question::Factor(_))) => {}
                done => return done.map_err(|why| self.failure(why)),
            }
        }
        Err(Failure::failed(TOO_MANY_CODES))
    }

    /// Sends an identity request with a valid token.
    pub(crate) fn run<E: IdentityRequest>(&self, request: &E) -> Result<E::Output, Failure> {
        self.with(|client| client.run(request))
    }

    /// Runs `act`, a request to this URL, once and with a valid token.
    pub(crate) fn once<T>(
        &self,
        url: &str,
        act: impl FnOnce(&Client) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        self.token()?;
        let done = progress::during(&waiting_for(url), || act(&self.client));
        done.map_err(|why| Failure::of_request(why, url))
    }

    /// The longest wait for a token: `api_timeout`, if that is longer than the default.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The cloud, with its API version once that is known.
    pub(crate) fn cloud(&self) -> Cloud {
        self.client.cloud()
    }

    /// Runs `act` with a progress line.
    fn wait<T>(&self, act: impl FnOnce(&Client) -> T) -> T {
        let url = self.client.cloud().identity_url();
        progress::during(&waiting_for(&url), || act(&self.client))
    }

    fn code(&self, challenge: &Challenge) -> Result<SecretString, Failure> {
        if !challenge.missing().any(|factors| factors == ["totp"]) {
            let ways: Vec<_> = challenge.missing().map(|factors| factors.join(" and ")).collect();
            return Err(Failure::failed(format!(
                "the cloud requests another factor: {}; this program supports one-time codes (totp) \
                 only",
                ways.join(", or ")
            )));
        }
        (self.ask)(secret::CODE).map_err(|why| {
            Failure::failed(format!("the cloud requests a one-time code (totp): {why}"))
        })
    }
}

fn waiting_for(url: &str) -> String {
    format!("waiting for {}", print::origin(url))
}

fn is_refused(why: &Error) -> bool {
    matches!(why, Error::Auth(why) if matches!(why.kind(), ErrorKind::Rejected(refusal)
        if refusal.status == StatusCode::UNAUTHORIZED))
}

/// The most one-time codes that a command asks for.
const CODES: usize = 3;

const LATE: ErrorKind = ErrorKind::Misuse(Misuse::NoQuestion);
const ANOTHER: &str = "Code refused. Another one-time code";
const TOO_MANY_CODES: &str = "the cloud requests more one-time codes; try again later";

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failure with a line number")]
mod tests {
    use std::{
        collections::VecDeque,
        sync::{Mutex, mpsc},
    };

    use auth_proto::{Credential, Scope, UserRef};

    use super::*;
    use testing::{Loopback, Reply};

    /// Status, headers and body.
    type Answer = (u16, &'static str, &'static str);

    const RECEIPT: Answer = (
        401,
        "Openstack-Auth-Receipt: r3ceipt\r\n",
        r#"{"receipt":{"methods":["password"],"expires_at":"2999-01-01T00:00:00Z"},
        "required_auth_methods":[["password","totp"]]}"#,
    );
    const REFUSED: Answer = (401, "", r#"{"error":{"code":401,"message":"wrong"}}"#);
    const FORBIDDEN: Answer = (403, "", "");
    const TOKEN: Answer = (
        201,
        "X-Subject-Token: t\r\n",
        r#"{"token":{"expires_at":"2999-01-01T00:00:00Z","user":{"id":"u"}}}"#,
    );

    #[test]
    fn a_refused_code_can_be_replaced() {
        let (context, asked, server) = context(&[RECEIPT, REFUSED, TOKEN], &["111111", "222222"]);
        assert_eq!(context.token().unwrap().expose(), "t");
        assert_eq!(context.with(|client| Ok(client.token()?.expose().len())).unwrap(), 1);
        assert_eq!(asked.try_iter().collect::<Vec<_>>(), [secret::CODE, ANOTHER]);
        let requests = server.requests();
        assert!(requests[1].contains("111111") && requests[1].contains("r3ceipt"), "{requests:?}");
        assert!(requests[2].contains("222222") && requests[2].contains("r3ceipt"), "{requests:?}");
        assert!(!requests[2].contains("secretsecret"), "the password is sent once: {requests:?}");
    }

    #[test]
    fn at_most_three_codes_are_requested() {
        let answers = [RECEIPT, REFUSED, REFUSED, REFUSED, TOKEN];
        let (context, asked, server) = context(&answers, &["1", "2", "3", "4"]);
        let failure = context.token().unwrap_err();
        assert!(format!("{failure:?}").contains("refused with 401"), "{failure:?}");
        assert_eq!(asked.try_iter().collect::<Vec<_>>(), [secret::CODE, ANOTHER, ANOTHER]);
        assert_eq!(server.requests().len(), 4);

        let (context, asked, _) = self::context(&[RECEIPT; 5], &["1", "2", "3", "4"]);
        let failure = context.token().unwrap_err();
        assert!(format!("{failure:?}").contains(TOO_MANY_CODES), "{failure:?}");
        assert_eq!(asked.try_iter().count(), 3);
    }

    #[test]
    fn other_refusals_ask_for_no_code() {
        let (context, asked, _) = context(&[REFUSED, TOKEN], &["1"]);
        assert!(format!("{:?}", context.token().unwrap_err()).contains("refused with 401"));
        assert_eq!(asked.try_iter().count(), 0);

        let (context, asked, _) = self::context(&[RECEIPT, FORBIDDEN], &["1", "2"]);
        assert!(format!("{:?}", context.token().unwrap_err()).contains("refused with 403"));
        assert_eq!(asked.try_iter().count(), 1);

        // The user gives no second code.
        let (context, asked, _) = self::context(&[RECEIPT, REFUSED, TOKEN], &["1"]);
        assert!(format!("{:?}", context.token().unwrap_err()).contains("refused with 401"));
        assert_eq!(asked.try_iter().count(), 2);
    }

    /// A context, a server with these answers, and a user with these codes. Returns the prompts and
    /// the requests, too.
    fn context(
        answers: &[Answer],
        codes: &[&'static str],
    ) -> (Context, mpsc::Receiver<String>, Loopback) {
        let answers = answers.to_vec();
        let server = Loopback::start(move |request| {
            let (status, headers, body) = answers[request.number];
            Reply::new(status, headers, body)
        });
        let credential = Credential::password(UserRef::id("u"), "secretsecret");
        let cloud = server.cloud();
        testing::configured::login(&cloud, &credential);
        let client = Client::new(cloud, credential, Scope::default()).unwrap();
        let (ask, asked) = mpsc::channel();
        let codes = Mutex::new(VecDeque::from(codes.to_vec()));
        let ask = move |what: &str| {
            ask.send(what.to_owned()).unwrap();
            codes.lock().unwrap().pop_front().map(SecretString::from).ok_or_else(String::new)
        };
        let timeout = transport::LOGIN_TIMEOUT;
        let (ask, life) = (Box::new(ask), Duration::ZERO);
        (Context { client, timeout, ask, store: None, life }, asked, server)
    }
}
