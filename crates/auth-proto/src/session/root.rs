//! The root token: one login for many scopes.
//!
//! The root is the state of one scope. Its login is the credential's, and every other scope's login
//! is one exchange of the root's token. Such a scope is *derived*.
//!
//! | an exchange is refused, and the identity service says about the root token | then |
//! | --- | --- |
//! | it is valid | the user has no role in this scope, which alone pauses for 5 minutes |
//! | it is invalid | one login gets another one for all scopes; a token that was given is refused |
//! | nothing | it is replaced, but at most once a minute; if only a person can replace it, the scope pauses |

use std::{sync::Arc, time::Duration};

use http::StatusCode;

use super::Session;
use crate::{
    cloud::Cloud,
    error::{Error, ErrorKind, Refusal},
    login,
    model::{
        credential::Credential,
        scope::{Scope, Target},
        token::{Token, TokenKind},
    },
    session::{
        action::Action,
        pauses::failure_streak::FailureStreak,
        poll::Caller,
        settings::Settings,
        state::evidence::{Answer, Remedy},
        state::input::Input,
        state::live_token::LiveToken,
        state::phase::{Doubted, Phase},
    },
    url::ApiVersion,
};

/// The root of a session.
#[derive(Debug)]
pub(super) struct Root {
    pub(super) kind: RootKind,
    /// The place of its state.
    pub(super) place: usize,
    /// Whether nothing speaks against the root token. Otherwise exchanges go one by one.
    is_trusted: bool,
    /// The number of the last question that the identity service has answered: the root token is
    /// valid. An exchange with a smaller number was sent before.
    valid_at: Option<u64>,
    /// When it was last replaced without an answer.
    replaced_at: Option<Duration>,
    /// Whether the root token is another process', from the store.
    pub(super) is_shared: bool,
    /// Whether only a person can give another root token.
    pub(super) needs_person: bool,
    /// The pause of derived scopes, because the last root tokens were of no use.
    pub(super) fruitless: Option<FailureStreak>,
}

/// Where the root token comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RootKind {
    /// The login of a user who assumes an agency, for this scope. No caller gets this token.
    Agency(Scope),
    /// The credential is the token.
    Given,
    /// The login for this scope.
    Scope(Scope),
}

/// A derived token that ends by so much earlier than the root token has a life of its own. The two
/// ends are measured at different times, so that the same end differs by some seconds.
const OWN_END: Duration = Duration::from_secs(60);
/// An exchange of a token that ends sooner gives one of no use.
const TOO_SHORT: Duration = Duration::from_secs(5);
/// Without an answer about it, a root token is replaced once in this time.
const REPLACED: Duration = Duration::from_secs(60);
/// The same, if a new one has not helped the same scopes before.
const REPLACED_AGAIN: Duration = Duration::from_secs(300);

const NO_ROLE: &str = "the session's root token is valid, so the user has no role in this scope or \
                       the scope does not exist; check the scope and the user's roles";
const NOT_EXCHANGED: &str = "the session's root token is valid, but must not be exchanged for this \
                             scope; leave out Settings::with_root, or use another credential";
const UNKNOWN: &str = "the identity service does not say whether the session's root token is valid, \
                       so the session keeps it; check the user's roles in this scope, or replace \
                       the credential for a new login";

impl RootKind {
    pub(super) fn of(cloud: &Cloud, credential: &Credential, settings: &Settings) -> Option<Self> {
        if cloud.is_standalone() || credential.is_existing_token() {
            None
        } else if credential.root_token().is_some() {
            // v2.0 has no question about a token, so a refusal is one of the credential.
            (cloud.api_version() == Some(ApiVersion::V3)).then_some(Self::Given)
        } else if credential.agency.is_some() {
            Some(Self::Agency(Scope(Target::Domain(credential.user_domain()?.clone()))))
        } else if let Some(scope) = settings.root() {
            Some(Self::Scope(scope.clone()))
        } else {
            let is_dear = credential.is_one_time() && cloud.derives_from_unscoped();
            // An ID token gives a token of any scope by one request.
            let is_federated = credential.federation().is_some_and(|own| own.protocol.is_some());
            (is_dear || is_federated).then(|| Self::Scope(Scope::unscoped()))
        }
    }

    /// The scope of the root token, as far as it is known.
    pub(super) fn scope(&self) -> Scope {
        match self {
            Self::Agency(scope) | Self::Scope(scope) => scope.clone(),
            Self::Given => Scope::default(),
        }
    }
}

impl Session {
    /// Finds out which root the credential has at this cloud.
    pub(super) fn set_root(&mut self) {
        let kind = RootKind::of(&self.cloud, &self.credential, &self.settings);
        if self.root.as_ref().map(|root| &root.kind) == kind.as_ref() {
            return;
        }
        self.root = kind.map(|kind| {
            let scope = kind.scope();
            let place = match (&kind, self.hidden_root) {
                (RootKind::Scope(_), _) => {
                    self.scopes.place(&scope).unwrap_or_else(|| self.scopes.add(&scope))
                }
                (_, Some(place)) => place,
                (_, None) => *self.hidden_root.insert(self.scopes.add_hidden(&scope)),
            };
            Root {
                kind,
                place,
                is_trusted: false,
                valid_at: None,
                replaced_at: None,
                is_shared: false,
                needs_person: false,
                fruitless: None,
            }
        });
    }

    /// Whether the cloud has a root token for this credential, if the settings want one.
    pub(super) fn check_root(&self, credential: &Credential) -> Result<(), Error> {
        match RootKind::of(&self.cloud, credential, &self.settings) {
            Some(RootKind::Scope(scope)) => Ok(self.cloud.check(credential, &scope)?),
            Some(RootKind::Agency(_) | RootKind::Given) | None => Ok(()),
        }
    }

    /// Another credential gives another root token. Those that are derived from the old one stay.
    pub(super) fn renew_root(&mut self) {
        self.root = None;
        self.set_root();
        if let Some(root) = &self.root {
            self.scopes.reset(root.place, &root.kind.scope());
        }
    }

    /// The place of the root, unless this is the root itself.
    pub(super) fn root_of(&self, index: usize) -> Option<usize> {
        self.root.as_ref().map(|root| root.place).filter(|place| *place != index)
    }

    /// Whether no caller gets the root token or its catalog.
    pub(super) fn is_hidden(&self, index: usize) -> bool {
        self.hidden_root == Some(index)
    }

    /// The places that roots have, on top of those of the scopes.
    pub(super) fn places_of_roots(&self) -> usize {
        let own = self.root.as_ref().filter(|root| Some(root.place) != self.hidden_root);
        usize::from(own.is_some()) + usize::from(self.hidden_root.is_some())
    }

    pub(super) fn is_root(&self, index: usize) -> bool {
        self.root.as_ref().is_some_and(|root| root.place == index)
    }

    /// Whether the tokens of scopes end with the root token. An agency's have their own life.
    pub(super) fn ends_with_root(&self) -> bool {
        self.credential.agency.is_none()
    }

    /// The exchange of the root token for one of this scope, or the action that gets a root token.
    pub(super) fn derive(
        &mut self,
        index: usize,
        root: usize,
        at: Duration,
        caller: Caller,
    ) -> Action {
        if let Phase::Pending(_) = self.scopes[index].phase {
            // The service has asked for a further factor.
            return self.start(index, at, caller);
        }
        let is_doubted = self.scopes[index].doubted().is_some();
        let is_trusted = self.root.as_ref().is_some_and(|root| root.is_trusted);
        let is_due = self.scopes[root].evidence.due().is_some();
        let is_unclear = is_due && (is_doubted || !is_trusted);
        if is_doubted && !is_due {
            // The root token was replaced, or has ended.
            self.step(index, Input::Abandoned, at);
        }
        if !is_trusted
            && !is_unclear
            && let Some(lost_at) = self.first_in_flight()
        {
            return Action::Wait(self.clock.at(lost_at));
        }
        let own = self.scopes[index].live.as_ref();
        let own = own.filter(|_| caller.has_token && self.scopes[index].evidence.due().is_none());
        let own = own.map(|live| Arc::clone(&live.token)).filter(|_| self.ends_with_root());
        let action = match is_unclear {
            true => self.obtain(root, at, caller),
            false => self.decide(root, caller.want(self.life_of_root(index, root, caller)), at),
        };
        let Action::Use(token) = action else { return action };
        if let Some(own) = own.filter(|own| token.expires_at() <= own.expires_at()) {
            // The root token was not renewed, so an exchange would give no more than there is.
            return Action::Use(own);
        }
        match self.scopes[root].live.as_ref().map(|live| live.ends_at) {
            Some(ends_at) if ends_at < at + TOO_SHORT => Action::Wait(self.clock.at(ends_at)),
            _ => self.exchange(index, token, at),
        }
    }

    /// The life that the root token must have if the scope's token is to have the caller's.
    fn life_of_root(&self, index: usize, root: usize, caller: Caller) -> Duration {
        let [own, root] = [index, root].map(|place| self.scopes[place].live.as_ref());
        match (own, root) {
            (Some(own), Some(root)) if !caller.life.is_zero() && self.ends_with(own, root) => {
                caller.life.saturating_add(root.ends_at.saturating_sub(own.ends_at))
            }
            _ => caller.life,
        }
    }

    fn is_given(&self) -> bool {
        self.root.as_ref().is_some_and(|root| root.kind == RootKind::Given)
    }

    /// The token that the credential is, unless it was refused.
    pub(super) fn given(&mut self, index: usize, at: Duration) -> Option<Action> {
        let is_given = self.is_given() && self.is_root(index);
        let text = self.credential.root_token().filter(|_| is_given)?;
        let header = match login::token_header(text) {
            Ok(header) => header,
            Err(error) => return Some(Action::Fail(error.into())),
        };
        let token = Arc::new(Token::unvalidated(TokenKind::Keystone, header));
        self.forget_answers();
        self.step(index, Input::Given(LiveToken::given(Arc::clone(&token), at)), at);
        Some(Action::Use(token))
    }

    /// There is another root token.
    fn forget_answers(&mut self) {
        if let Some(root) = &mut self.root {
            root.valid_at = None;
        }
    }

    /// A login has given a root token, or an exchange has worked.
    pub(super) fn trust_root(&mut self, index: usize, live: &LiveToken, is_shared: bool) {
        let Some(root) = &mut self.root else { return };
        root.is_trusted = true;
        match root.place == index {
            true => {
                (root.valid_at, root.is_shared) = (None, is_shared);
                root.needs_person = !live.is_renewable();
            }
            false => {
                let place = root.place;
                self.scopes.change(place, |state| state.share.prove());
                self.end_losses(index);
            }
        }
    }

    /// A service has refused a token of a derived scope, and maybe all tokens have ended.
    pub(super) fn distrust_root(&mut self) {
        if let Some(root) = &mut self.root {
            root.is_trusted = false;
        }
    }

    /// An exchange was refused. If the root token is known to be valid, the scope is to blame.
    pub(super) fn doubt_root(&mut self, index: usize, at: Duration) {
        let (Some(root), Some(doubted)) = (&self.root, self.scopes[index].doubted()) else {
            return;
        };
        let place = root.place;
        if !self.scopes[place].holds(&doubted.root) {
            // Another root token may do.
            self.lose_exchange(index, at);
        } else if root.valid_at.is_some_and(|valid_at| doubted.attempt < valid_at) {
            self.refuse_scope(index, Answer::Valid, at);
        } else {
            self.scopes.change(place, |state| state.evidence.doubt());
        }
    }

    /// The identity service has answered about this root token: what that means for the scopes
    /// whose exchange was refused.
    pub(super) fn settle(&mut self, token: &Token, answer: Answer, attempt: u64, at: Duration) {
        let doubted = |index: &usize| {
            let doubted = self.scopes[*index].doubted();
            doubted.is_some_and(|doubted| doubted.root.header() == token.header())
        };
        let doubted: Vec<usize> = (0..self.scopes.len()).filter(doubted).collect();
        let Some(root) = &mut self.root else { return };
        root.is_trusted = true;
        match answer {
            Answer::Valid => {
                root.valid_at = Some(attempt);
                doubted.into_iter().for_each(|index| self.doubt_root(index, at));
            }
            Answer::Invalid(status) => {
                let is_given = root.kind == RootKind::Given;
                let place = root.place;
                let errors = doubted.iter().filter_map(|index| self.scopes[*index].doubted());
                let error =
                    errors.map(|doubted| &doubted.error).max_by_key(|error| error.retry_at());
                let error = error.cloned();
                self.lose_root(&doubted, (error.as_ref(), status), at);
                if is_given {
                    let error = error.unwrap_or_else(login::existing_token_refused);
                    let refused = Input::Refused(error, self.settings.probe());
                    self.finish(place, refused, at, at);
                }
            }
            Answer::Unknown => {
                let live = self.scopes[root.place].live.as_ref();
                let is_again = doubted.iter().all(|index| self.scopes[*index].lost_root);
                let pause = if is_again { REPLACED_AGAIN } else { REPLACED };
                let is_replaced = !doubted.is_empty()
                    && live.is_some_and(LiveToken::is_renewable)
                    && root.replaced_at.is_none_or(|before| at >= before + pause);
                if is_replaced {
                    root.replaced_at = Some(at);
                    self.drop_everywhere(token);
                }
                for index in doubted {
                    match is_replaced {
                        true => self.lose_exchange(index, at),
                        false => self.refuse_scope(index, Answer::Unknown, at),
                    }
                }
            }
        }
    }

    /// The refusal of the exchange concerns this scope alone, as far as known.
    fn refuse_scope(&mut self, index: usize, answer: Answer, at: Duration) {
        if answer == Answer::Valid {
            self.end_losses(index);
        }
        let phase = self.scopes.change(index, |state| std::mem::take(&mut state.phase));
        if let Phase::Doubted(Doubted { error, .. }) = phase {
            if answer != Answer::Valid {
                // Another process may have a root token that is valid.
                self.give_up_lease(index);
            }
            let error = self.explain(error, answer);
            self.finish(index, Input::Failed(error), at, at);
        }
    }

    fn explain(&self, error: Error, answer: Answer) -> Error {
        let (ErrorKind::Rejected(refusal), None) = (error.kind(), &self.credential.agency) else {
            return error;
        };
        let remedy = match (answer, refusal.status) {
            // Another login cannot replace a token that was given.
            (Answer::Unknown, _) if self.is_given() => refusal.remedy,
            (Answer::Invalid(_) | Answer::Unknown, _) => UNKNOWN,
            (Answer::Valid, StatusCode::FORBIDDEN) if refusal.remedy.is_empty() => NOT_EXCHANGED,
            (Answer::Valid, StatusCode::FORBIDDEN) => refusal.remedy,
            (Answer::Valid, _) => NO_ROLE,
        };
        let retry_at = error.retry_at();
        let refusal = Refusal { remedy, ..refusal.clone() };
        Error::from(ErrorKind::Rejected(refusal)).with_retry_at(retry_at)
    }

    /// The token of an exchange, with the times of its renewal.
    pub(super) fn derived(&self, live: LiveToken, root: &Token) -> LiveToken {
        let held = self.root.as_ref().and_then(|root| self.scopes[root.place].live.as_ref());
        match held.filter(|held| held.token.header() == root.header()) {
            Some(held) if self.ends_with(&live, held) => live.derived_from(held),
            _ => live,
        }
    }

    /// The exchange of this root token gave one that has ended. If both end together, the root token has
    /// ended, too: its age may have been told wrong.
    pub(super) fn end_root(&mut self, root: &Token, exchanged: &Token) {
        if self.ends_with_root() && exchanged.expires_at() >= root.expires_at() && !self.is_given()
        {
            self.end_everywhere(root);
        }
    }

    /// Whether only another root token gives a longer one than this. The end of a given token is not
    /// known.
    pub(super) fn ends_with(&self, own: &LiveToken, root: &LiveToken) -> bool {
        let is_known = root.token.is_validated();
        let is_earlier = own.ends_at.saturating_add(OWN_END) < root.ends_at;
        self.ends_with_root() && !(is_known && is_earlier)
    }

    /// Whether callers of this derived scope may get another token without help.
    pub(super) fn has_root_token(&self) -> bool {
        self.root.as_ref().is_some_and(|root| {
            let state = &self.scopes[root.place];
            state.live.is_some() && state.evidence.due() != Some(Remedy::LogIn)
        })
    }
}
