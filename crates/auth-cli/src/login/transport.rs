//! The client as configured: certificates, time-outs, and the secrets that a login reads.

use std::time::Duration;

use auth_config::CloudConfig;
use auth_proto::Settings;
use auth_ureq::Builder;
use ureq::{Agent, config::ConfigBuilder, typestate::AgentScope};

use crate::{cloud::ChosenCloud, output::Failure};

/// The longest wait for a token, retries included, unless `api_timeout` is longer.
pub(super) const LOGIN_TIMEOUT: Duration = Duration::from_secs(30);

/// A client with the configured TLS settings and time-outs, and the longest wait for its tokens.
pub(super) fn configured(
    builder: Builder,
    settings: Settings,
    chosen: &ChosenCloud,
) -> Result<(Builder, Duration), Failure> {
    let configured = chosen.configured.as_ref();
    let http = match configured {
        Some(configured) => configured.ureq_http()?,
        None => Agent::config_builder(),
    };
    let timeout = configured.and_then(CloudConfig::timeout);
    let http = match timeout {
        Some(_) => http,
        None => patient(http),
    };
    let http = if chosen.is_emulated { http.proxy(None) } else { http };
    // Swift has the method COPY.
    let http = http.allow_non_standard_methods(true);
    let builder = builder.http(http).check_proxies(!chosen.is_emulated);
    let builder = match configured.map(CloudConfig::secret_reader) {
        Some(reader) => builder.asked(move |question| reader.reply(question)),
        None => builder,
    };
    let (Some(configured), Some(timeout)) = (configured, timeout) else {
        return Ok((builder.settings(settings), LOGIN_TIMEOUT));
    };
    let settings = configured.session_settings(settings);
    Ok((builder.settings(settings).identity_timeout(timeout), LOGIN_TIMEOUT.max(timeout)))
}

/// The default time-outs, which bound the silence before an answer: the user can watch the progress
/// of an answer that has begun.
fn patient(http: Http) -> Http {
    http.timeout_connect(Some(ANSWER_TIMEOUT)).timeout_recv_response(Some(ANSWER_TIMEOUT))
}

type Http = ConfigBuilder<AgentScope>;

/// The longest wait for the beginning of an answer, unless `api_timeout` is configured.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_outs_bound_silence_not_long_bodies() {
        let usual = patient(Agent::config_builder()).build();
        assert_eq!(usual.timeouts().recv_response, Some(ANSWER_TIMEOUT));
        assert_eq!((usual.timeouts().recv_body, usual.timeouts().global), (None, None));
        assert_eq!(usual.timeout_per_read(), None);
    }
}
