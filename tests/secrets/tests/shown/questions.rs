//! Secrets that are asked for: the questions, the replies, and the logins that wait for them.

use auth_emulator::{Emulator, Gate, RequestKind};
use auth_proto::{
    Action, Challenge, Credential, Error, Factor, Federation, Login, OidcClient, Question, Reply,
    Scope, Secret, SecretSource, Session, Settings, Step,
};

use crate::{
    canaries::{OWN_TOKEN, PASSCODE, PASSWORD, SECRET},
    types::{NOW, cloud, user},
    walk::{Walk, see},
};

pub(crate) fn walk(walk: &mut Walk) {
    let source = SecretSource::new("the file /run/secrets/password");
    see!(walk, source, Secret::from(source.clone()), Secret::from(PASSWORD));
    see!(walk, Reply::Secret(PASSWORD.into()), Reply::from(Factor::totp(PASSCODE)));
    let client = || OidcClient::new("robot", "https://idp.example/token");
    for credential in [
        Credential::password(user(), source.clone()),
        Credential::application_credential("key", source.clone()),
        Credential::federated(Federation::access_token("corp", "openid", source.clone())),
        Credential::federated(Federation::client_credentials(
            "corp",
            "openid",
            client().with_secret(source.clone()),
        )),
        Credential::federated(
            Federation::password("corp", "openid", client().with_secret(SECRET), "jo", source)
                .with_code_field("otp"),
        ),
    ] {
        let scope = Scope::default();
        let mut login = Login::new(&cloud(), credential.clone(), scope.clone()).unwrap();
        see!(walk, credential, login);
        // A secret that nobody can send is refused as well as a good one is taken.
        for reply in [Reply::Secret("".into()), Reply::Secret(PASSWORD.into())] {
            answer(walk, &mut login, reply);
        }
        let mut session = Session::new(cloud(), credential, Settings::default()).unwrap();
        let asked = session.poll(&scope, NOW);
        see!(walk, asked, session);
        if let Action::Ask(pending, question) = asked {
            see!(walk, pending, question);
            session.answer(&scope, Reply::Secret(OWN_TOKEN.into()), NOW).unwrap();
            see!(walk, session, session.poll(&scope, NOW), session);
        }
    }
    let mut emulator = Emulator::new();
    see!(walk, Gate::AccessToken, RequestKind::ProviderLogin, *emulator.provider());
}

/// Answers what a login asks for, with both kinds of replies.
fn answer(walk: &mut Walk, login: &mut Login, reply: Reply) {
    for reply in [reply, Factor::totp(PASSCODE).into()] {
        let Ok(Step::Ask(question)) = login.poll() else { break };
        see!(walk, question);
        if let Question::Factor(challenge) = &question {
            let challenge: &Challenge = challenge;
            see!(walk, *challenge);
        }
        let done: Result<(), Error> = login.answer(reply);
        done.err().into_iter().for_each(|error| see!(walk, error));
        see!(walk, *login);
    }
    let step = login.poll();
    see!(walk, step);
}
