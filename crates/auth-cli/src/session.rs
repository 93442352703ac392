//! A client that is logged in, with a person at hand for one-time codes.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    sync::Arc,
    time::Duration,
};

use auth_proto::{
    Challenge, Cloud, EndpointQuery, ErrorKind, Factor, IdentityRequest, Settings, Token,
};
use auth_ureq::{Client, Error};
use http::StatusCode;
use secrecy::SecretString;

use crate::{
    account::AccountArgs, clouds::Place, failure::Failure, print, progress, secret, transport,
};

/// A client whose cloud may ask for more.
pub(crate) struct Session {
    client: Client,
    patience: Duration,
    ask: Box<Ask>,
}

/// Asks a person for this. The error says why that cannot be.
type Ask = dyn Fn(&str) -> Result<SecretString, String>;

impl Session {
    /// A session at this place. Nothing is sent before it is used.
    pub(crate) fn new(place: &Place, args: &AccountArgs) -> Result<Self, Failure> {
        Self::with_settings(place, args, settings())
    }

    /// The same for tokens without their catalogs.
    pub(crate) fn without_catalog(place: &Place, args: &AccountArgs) -> Result<Self, Failure> {
        Self::with_settings(place, args, settings().without_catalog())
    }

    fn with_settings(
        place: &Place,
        args: &AccountArgs,
        settings: Settings,
    ) -> Result<Self, Failure> {
        let builder = args.client(place)?;
        let configured = place.configured.as_ref();
        let (builder, patience) = transport::configured(builder, settings, configured)?;
        Ok(Self { client: builder.build()?, patience, ask: Box::new(secret::ask_for_code) })
    }

    /// The same with tokens of the scope that a service wants, if one is wanted.
    pub(crate) fn serving(self, want: Option<&EndpointQuery>) -> Result<Self, Failure> {
        let Some(want) = want else { return Ok(self) };
        let scope = self.client.service(want.clone()).scope()?;
        Ok(Self { client: self.client.scoped(scope), ..self })
    }

    /// A living token. The cloud is given the one-time codes that it asks for; after one that is
    /// refused, mistyped or spent, the person is asked for another, but not for ever.
    pub(crate) fn token(&self) -> Result<Arc<Token>, Failure> {
        for codes in 0..=CODES {
            let why = match self.wait(|client| client.token_within(self.patience)) {
                Ok(token) => return Ok(token),
                Err(why) => why,
            };
            match &why {
                Error::NeedFactor(_) if codes == CODES => break,
                Error::NeedFactor(challenge) => {
                    self.client.submit_factor(Factor::totp(self.code(challenge)?))?;
                }
                refusal if 0 < codes && codes < CODES && is_refused(refusal) => {
                    let Ok(code) = (self.ask)(ANOTHER) else { return Err(why.into()) };
                    self.client.submit_factor(Factor::totp(code))?;
                }
                _ => return Err(why.into()),
            }
        }
        Err(Failure::failed(ENDLESS))
    }

    /// Does this with a living token.
    pub(crate) fn with<T>(&self, act: impl Fn(&Client) -> Result<T, Error>) -> Result<T, Failure> {
        for _ in 0..CODES {
            self.token()?;
            match self.wait(&act) {
                // The token was refused, and the login for a new one wants a code again.
                Err(Error::NeedFactor(_)) => {}
                done => return Ok(done?),
            }
        }
        Err(Failure::failed(ENDLESS))
    }

    /// Asks the identity service something, with a living token.
    pub(crate) fn run<E: IdentityRequest>(&self, exchange: &E) -> Result<E::Output, Failure> {
        self.with(|client| client.run(exchange))
    }

    /// Does this once, at this host, with a living token.
    pub(crate) fn once<T>(
        &self,
        host: &str,
        act: impl FnOnce(&Client) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        self.token()?;
        Ok(progress::during(&waiting_for(host), || act(&self.client))?)
    }

    /// The cloud, with its API version once that is known.
    pub(crate) fn cloud(&self) -> Cloud {
        self.client.cloud()
    }

    /// Does this, and shows that it takes its time if it does.
    fn wait<T>(&self, act: impl FnOnce(&Client) -> T) -> T {
        let url = self.client.cloud().identity_url();
        let host = url.split('/').nth(2).unwrap_or_default();
        progress::during(&waiting_for(host), || act(&self.client))
    }

    fn code(&self, challenge: &Challenge) -> Result<SecretString, Failure> {
        if !challenge.missing().any(|factors| factors == ["totp"]) {
            let ways: Vec<_> = challenge.missing().map(|factors| factors.join(" and ")).collect();
            return Err(Failure::failed(format!(
                "the cloud wants more than the password: {}; this program can give a one-time \
                 code (totp) only",
                ways.join(", or ")
            )));
        }
        (self.ask)(secret::CODE).map_err(|why| {
            Failure::failed(format!("the cloud wants a one-time code (totp) as well, and {why}"))
        })
    }
}

fn waiting_for(host: &str) -> String {
    format!("waiting for {}", print::clean(host))
}

fn settings() -> Settings {
    Settings::default().with_seed(RandomState::new().build_hasher().finish())
}

fn is_refused(why: &Error) -> bool {
    matches!(why, Error::Auth(why) if matches!(why.kind(), ErrorKind::Rejected(refusal)
        if refusal.status == StatusCode::UNAUTHORIZED))
}

/// How many one-time codes a login may take.
const CODES: usize = 3;

const ANOTHER: &str = "That code was refused. Another one-time code";
const ENDLESS: &str = "the cloud goes on asking for one-time codes; try again later";

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failure with a line number")]
mod tests {
    use std::{
        collections::VecDeque,
        io::{Read, Write},
        net::TcpListener,
        sync::{Mutex, mpsc},
        thread,
    };

    use auth_proto::{Cloud, Credential, Scope, UserRef};

    use super::*;

    /// Status line and headers, and the body.
    type IdentityResponse = (&'static str, &'static str);

    const RECEIPT: IdentityResponse = (
        "401 Unauthorized\r\nOpenstack-Auth-Receipt: r3ceipt",
        r#"{"receipt":{"methods":["password"],"expires_at":"2999-01-01T00:00:00Z"},
        "required_auth_methods":[["password","totp"]]}"#,
    );
    const REFUSED: IdentityResponse =
        ("401 Unauthorized", r#"{"error":{"code":401,"message":"wrong"}}"#);
    const FORBIDDEN: IdentityResponse = ("403 Forbidden", "");
    const TOKEN: IdentityResponse = (
        "201 Created\r\nX-Subject-Token: t",
        r#"{"token":{"expires_at":"2999-01-01T00:00:00Z","user":{"id":"u"}}}"#,
    );

    #[test]
    fn after_a_refused_code_there_is_another_try() {
        let (session, asked, requests) = session(&[RECEIPT, REFUSED, TOKEN], &["111111", "222222"]);
        assert_eq!(session.token().unwrap().expose(), "t");
        assert_eq!(session.with(|client| Ok(client.token()?.expose().len())).unwrap(), 1);
        assert_eq!(asked.try_iter().collect::<Vec<_>>(), [secret::CODE, ANOTHER]);
        let requests: Vec<_> = requests.try_iter().collect();
        assert!(requests[1].contains("111111") && requests[1].contains("r3ceipt"), "{requests:?}");
        assert!(requests[2].contains("222222") && requests[2].contains("r3ceipt"), "{requests:?}");
        assert!(!requests[2].contains("secretsecret"), "the password is sent once: {requests:?}");
    }

    #[test]
    fn three_codes_are_enough() {
        let answers = [RECEIPT, REFUSED, REFUSED, REFUSED, TOKEN];
        let (session, asked, requests) = session(&answers, &["1", "2", "3", "4"]);
        let failure = session.token().unwrap_err();
        assert!(format!("{failure:?}").contains("refused with 401"), "{failure:?}");
        assert_eq!(asked.try_iter().collect::<Vec<_>>(), [secret::CODE, ANOTHER, ANOTHER]);
        assert_eq!(requests.try_iter().count(), 4);

        let (session, asked, _) = self::session(&[RECEIPT; 5], &["1", "2", "3", "4"]);
        let failure = session.token().unwrap_err();
        assert!(format!("{failure:?}").contains(ENDLESS), "{failure:?}");
        assert_eq!(asked.try_iter().count(), 3);
    }

    #[test]
    fn nobody_is_asked_after_another_refusal() {
        let (session, asked, _) = session(&[REFUSED, TOKEN], &["1"]);
        assert!(format!("{:?}", session.token().unwrap_err()).contains("refused with 401"));
        assert_eq!(asked.try_iter().count(), 0);

        let (session, asked, _) = self::session(&[RECEIPT, FORBIDDEN], &["1", "2"]);
        assert!(format!("{:?}", session.token().unwrap_err()).contains("refused with 403"));
        assert_eq!(asked.try_iter().count(), 1);

        // The person has gone away.
        let (session, asked, _) = self::session(&[RECEIPT, REFUSED, TOKEN], &["1"]);
        assert!(format!("{:?}", session.token().unwrap_err()).contains("refused with 401"));
        assert_eq!(asked.try_iter().count(), 2);
    }

    /// A session with a service that gives these answers, and a person who gives these codes; what
    /// the person was asked, and what the service was sent.
    fn session(
        answers: &[IdentityResponse],
        codes: &[&'static str],
    ) -> (Session, mpsc::Receiver<String>, mpsc::Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v3", listener.local_addr().unwrap());
        let (sent, requests) = mpsc::channel();
        let answers = answers.to_vec();
        thread::spawn(move || {
            for (head, body) in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"}}") {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).unwrap();
                    request.push(byte[0]);
                }
                // Not every test wants to know.
                let _ = sent.send(String::from_utf8(request).unwrap());
                let length = format!("Content-Length: {}\r\nConnection: close", body.len());
                let answer = format!("HTTP/1.1 {head}\r\n{length}\r\n\r\n{body}");
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        let credential = Credential::password(UserRef::id("u"), "secretsecret");
        let cloud = Cloud::keystone(&url).unwrap();
        let client = Client::new(cloud, credential, Scope::default()).unwrap();
        let (ask, asked) = mpsc::channel();
        let codes = Mutex::new(VecDeque::from(codes.to_vec()));
        let ask = move |what: &str| {
            ask.send(what.to_owned()).unwrap();
            codes.lock().unwrap().pop_front().map(SecretString::from).ok_or_else(String::new)
        };
        (Session { client, patience: transport::PATIENCE, ask: Box::new(ask) }, asked, requests)
    }
}
