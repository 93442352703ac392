//! Endpoints that the user sets.

use std::borrow::Cow;

use super::{Cloud, template::filled};
use crate::{
    error::{ConfigError, ConfigField, EndpointError, UrlProblem},
    model::{
        catalog::Endpoint,
        endpoint_query::{EndpointQuery, Interface},
        token::Token,
    },
    text::shown,
    url::Origin,
};

/// The endpoint of one service, as a template.
#[derive(Clone)]
pub(super) struct Override {
    service: String,
    template: String,
}

impl Override {
    /// Checks a template. If no placeholder is in its host, its origin is returned, too.
    pub(super) fn new(
        service: String,
        template: String,
    ) -> Result<(Self, Option<Origin<'static>>), ConfigError> {
        if service.is_empty() {
            return Err(ConfigError::Empty { field: ConfigField::OverrideService });
        }
        let sample = filled(&template, |name| PLACEHOLDERS.contains(&name).then_some("x"))
            .map_err(|placeholder| ConfigError::Placeholder { placeholder: name(placeholder) })?;
        if let Some(foreign) = ["%(", "$(", "}"].iter().find(|mark| sample.contains(**mark)) {
            return Err(ConfigError::Placeholder { placeholder: (*foreign).to_owned() });
        }
        let problem = |problem| ConfigError::Url { field: ConfigField::OverrideUrl, problem };
        if sample.contains(['?', '#']) {
            return Err(problem(UrlProblem::Query));
        }
        let (origin, _) = Origin::parse(&sample).map_err(problem)?;
        let (_, rest) = template.split_once("://").unwrap_or_default();
        let is_fixed = !rest.split('/').next().unwrap_or_default().contains('{');
        Ok((Self { service, template }, is_fixed.then_some(origin)))
    }

    pub(super) fn is_for(&self, service: &str) -> bool {
        self.service == service
    }

    /// The endpoint for this token and query.
    pub(super) fn endpoint<'t>(
        &'t self,
        token: &Token,
        want: &EndpointQuery,
    ) -> Result<Endpoint<'t>, EndpointError> {
        let project = || token.project()?.id.as_deref();
        let domain = || token.domain()?.id.as_deref();
        let url = filled(&self.template, |name| match name {
            "domain_id" => domain(),
            "project_id" | "tenant_id" => project(),
            "region" => want.region.as_deref(),
            "user_id" => token.user().id.as_deref(),
            _ => None,
        });
        let url = url.map_err(|placeholder| EndpointError::Unfilled {
            service: shown(&self.service),
            placeholder: placeholder.to_owned(),
        })?;
        Ok(Endpoint {
            interface: want.interfaces.first().unwrap_or(&Interface::Public).as_str(),
            region: want.region.clone().map(Cow::Owned),
            retired: false,
            service_type: &self.service,
            url: url.into(),
        })
    }
}

impl Cloud {
    /// The override of a service or of an alias of its type.
    pub(super) fn override_for(&self, service: &str) -> Option<&Override> {
        let all = &self.0.overrides;
        let mut types = self.types(service).take_while(|_| !all.is_empty());
        types.find_map(|name| all.iter().find(|one| one.is_for(name)))
    }

    /// The services with an override.
    pub(super) fn overridden(&self) -> impl Iterator<Item = &str> {
        self.0.overrides.iter().map(|one| one.service.as_str())
    }
}

/// The name of a placeholder, for an error. Other text may be part of a password and is not shown.
fn name(placeholder: &str) -> String {
    match placeholder.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        true => shown(placeholder),
        false => "{…}".to_owned(),
    }
}

const PLACEHOLDERS: [&str; 5] = ["domain_id", "project_id", "region", "tenant_id", "user_id"];
