//! The client as configured: certificates, time-outs, and the secrets that a login reads.

use std::time::Duration;

use auth_config::{CloudConfig, limits};
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
    let settings = match configured {
        Some(configured) => configured.session_settings(settings),
        None => settings,
    };
    let builder = builder.settings(settings);
    let longest = configured.map_or(LOGIN_TIMEOUT, longest);
    Ok(match timeout {
        Some(timeout) => (builder.identity_timeout(timeout), longest.max(timeout)),
        None => (builder, longest),
    })
}

/// The longest wait for a token of this cloud. A command that prints the secret has its own time: if
/// it hangs, the user reads about the command.
fn longest(configured: &CloudConfig) -> Duration {
    let settings = configured.settings();
    match settings.iter().any(|setting| setting.key().contains("_command[")) {
        true => LOGIN_TIMEOUT + limits::COMMAND_TIMEOUT,
        false => LOGIN_TIMEOUT,
    }
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
    use auth_config::{Choices, Config, Files, Variables};

    use super::*;

    #[test]
    fn a_command_has_its_own_time() {
        for (secret, more) in [
            ("password: x", Duration::ZERO),
            ("password_file: /x", Duration::ZERO),
            ("password_command: [x]", limits::COMMAND_TIMEOUT),
        ] {
            let text = format!("clouds: {{c: {{auth: {{auth_url: 'https://k', {secret}}}}}}}");
            let files = Files::in_directory("/here").with("clouds.yaml", text);
            let config = Config::merge(&files, &Variables::default()).unwrap();
            let cloud = config.cloud(&Choices::default()).unwrap();
            assert_eq!(longest(&cloud), LOGIN_TIMEOUT + more, "{secret}");
        }
    }

    #[test]
    fn time_outs_bound_silence_not_long_bodies() {
        let usual = patient(Agent::config_builder()).build();
        assert_eq!(usual.timeouts().recv_response, Some(ANSWER_TIMEOUT));
        assert_eq!((usual.timeouts().recv_body, usual.timeouts().global), (None, None));
        assert_eq!(usual.timeout_per_read(), None);
    }
}
