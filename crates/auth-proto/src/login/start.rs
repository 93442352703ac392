//! The first phase of a login, and what follows the version discovery.

use std::sync::Arc;

use http::HeaderValue;

use super::{Login, Phase, fixed::fixed_token, lifetime, request};
use crate::{
    cloud::Cloud,
    error::Error,
    model::{credential::Credential, scope::Scope, token::Token},
};

impl Login {
    /// A login to this cloud.
    ///
    /// # Errors
    ///
    /// [`ConfigError`](crate::ConfigError) for input that cannot work at this cloud.
    pub fn new(cloud: &Cloud, credential: Credential, scope: Scope) -> Result<Self, Error> {
        let cloud = cloud.for_login(&credential);
        cloud.check(&credential, &scope)?;
        Self::of_checked(&cloud, credential, scope)
    }

    /// The same for a credential and a scope that [`Cloud::check`] has accepted.
    pub(crate) fn of_checked(
        cloud: &Cloud,
        credential: Credential,
        scope: Scope,
    ) -> Result<Self, Error> {
        Self::start(cloud, credential, scope, None)
    }

    /// A login that gets a root token for this scope. The cloud has accepted both.
    #[expect(dead_code, reason = "the session uses it next")]
    pub(crate) fn of_root(
        cloud: &Cloud,
        credential: Credential,
        scope: Scope,
    ) -> Result<Self, Error> {
        let login = Self::start(cloud, credential, scope, None)?;
        Ok(Self { is_root: true, ..login })
    }

    /// A login that exchanges a root token for one of this scope, which the cloud has accepted.
    #[expect(dead_code, reason = "the session uses it next")]
    pub(crate) fn derived(
        cloud: &Cloud,
        credential: Credential,
        root: &Token,
        scope: Scope,
    ) -> Result<Self, Error> {
        Self::start(cloud, credential, scope, Some(root.header().clone()))
    }

    fn start(
        cloud: &Cloud,
        credential: Credential,
        scope: Scope,
        root: Option<HeaderValue>,
    ) -> Result<Self, Error> {
        let mut login = Self {
            cloud: cloud.for_login(&credential),
            credential,
            scope,
            catalog: true,
            is_root: false,
            root,
            answered: false,
            seen_secrets: Vec::new(),
            phase: Phase::Discover,
        };
        if let Some(token) = fixed_token(&login.cloud, &login.credential)? {
            login.phase = Phase::Done(Arc::new(token), lifetime::MAX_LIFE);
        } else if login.cloud.api_version().is_some() {
            login.phase = login.first_phase()?;
        }
        Ok(login)
    }

    /// The first phase with a known API version.
    pub(super) fn first_phase(&self) -> Result<Phase, Error> {
        if let Some(root) = &self.root {
            return self.derive_with(root.clone());
        }
        if let Some(source) = self.credential.asked() {
            return Ok(Phase::AskSecret(source.clone()));
        }
        if let Some(federation) = self.credential.federation() {
            return self.first_federated(federation);
        }
        if self.credential.is_existing_token() {
            return Ok(Phase::Inspect);
        }
        match self.credential.root_token() {
            Some(token) => self.derive_with(request::token_header(token)?),
            None => Ok(Phase::Authenticate),
        }
    }

    /// The phase that exchanges this root token.
    pub(super) fn derive_with(&self, root: HeaderValue) -> Result<Phase, Error> {
        let body = self.derive_body(&root)?;
        Ok(Phase::Derive { root, body })
    }

    /// Whether the login has to exchange the token of its credential for the one of its scope.
    pub(super) fn derives(&self) -> bool {
        self.is_rescoped() || (self.credential.agency.is_some() && !self.is_root)
    }
}
