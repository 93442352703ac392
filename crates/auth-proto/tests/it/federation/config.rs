//! Input that cannot work is refused before anything is sent.

use auth_proto::{
    Agency, Cloud, ConfigError, ConfigField, Credential, DomainRef, Factor, Federation, Login,
    OidcClient, SecretSource, UrlProblem, limits,
};

use super::{BEARER, PASSWORD, TOKEN_ENDPOINT, client, holder, keystone, person, project, robot};
use crate::support::config_error;

fn refused(federation: Federation) -> ConfigError {
    config_error(Login::new(&keystone(), Credential::federated(federation), project()))
}

#[test]
fn every_text_is_checked() {
    let long = || "x".repeat(limits::INPUT + 1);
    let of = |client| Federation::client_credentials("corp", "openid", client);
    let by = |user: &str, password: &str| {
        Federation::password("corp", "openid", client(), user, password)
    };
    let empty = |field| ConfigError::Empty { field };
    let too_long = |field| ConfigError::TooLong { field, limit: limits::INPUT };
    let characters = |field| ConfigError::Characters { field };
    for (federation, want) in [
        (Federation::access_token("", "p", BEARER), empty(ConfigField::IdentityProvider)),
        (Federation::access_token("i", "", BEARER), empty(ConfigField::FederationProtocol)),
        (
            Federation::access_token("..", "p", BEARER),
            ConfigError::Id { field: ConfigField::IdentityProvider },
        ),
        (
            Federation::access_token("i", ".", BEARER),
            ConfigError::Id { field: ConfigField::FederationProtocol },
        ),
        (
            Federation::access_token("x".repeat(limits::PATH_ID + 1), "p", BEARER),
            ConfigError::Id { field: ConfigField::IdentityProvider },
        ),
        (Federation::access_token("i", "p", ""), empty(ConfigField::Bearer)),
        (Federation::access_token("i", "p", "a b"), characters(ConfigField::Bearer)),
        (Federation::access_token("i", "p", "a\r\nX-Evil: 1"), characters(ConfigField::Bearer)),
        (Federation::access_token("i", "p", long()), too_long(ConfigField::Bearer)),
        (Federation::access_token("i", "p", SecretSource::new("")), empty(ConfigField::Bearer)),
        (of(OidcClient::new("", TOKEN_ENDPOINT)), empty(ConfigField::ClientId)),
        (of(OidcClient::new(long(), TOKEN_ENDPOINT)), too_long(ConfigField::ClientId)),
        (of(client().with_secret("")), empty(ConfigField::ClientSecret)),
        (of(client().with_secret(long())), too_long(ConfigField::ClientSecret)),
        (of(client().with_scope(long())), too_long(ConfigField::ProviderScope)),
        (by("", PASSWORD), empty(ConfigField::UserName)),
        (by("jo", ""), empty(ConfigField::Password)),
        (by(&long(), PASSWORD), too_long(ConfigField::UserName)),
        (by("jo", &long()), too_long(ConfigField::Password)),
        (person().with_code_field(""), empty(ConfigField::CodeField)),
        (person().with_code_field("password"), ConfigError::CodeField),
        (person().with_code_field("client_secret"), ConfigError::CodeField),
    ] {
        assert_eq!(refused(federation), want);
    }
    assert_eq!(
        config_error(Login::new(
            &Cloud::huawei(),
            Credential::federated(Federation::id_token("a\r\nX-Evil: 1", BEARER)),
            project(),
        )),
        characters(ConfigField::IdentityProvider),
    );
}

#[test]
fn provider_urls_keep_secrets_on_https() {
    let token = ConfigField::TokenEndpoint;
    for (client, field, problem) in [
        (OidcClient::new("r", "http://idp.example/token"), token, UrlProblem::PlainHttpProvider),
        (OidcClient::new("r", "https://me:pw@idp.example/t"), token, UrlProblem::UserInfo),
        (OidcClient::new("r", "https://idp.example/t#x"), token, UrlProblem::Fragment),
        (OidcClient::new("r", ""), token, UrlProblem::Scheme),
        (
            OidcClient::discovered("r", "http://idp.example/.well-known/openid-configuration"),
            ConfigField::DiscoveryEndpoint,
            UrlProblem::PlainHttpProvider,
        ),
        (
            client().with_allowed_origin("http://idp.example"),
            ConfigField::ProviderOrigin,
            UrlProblem::PlainHttpProvider,
        ),
    ] {
        let why = refused(Federation::client_credentials("corp", "openid", client));
        assert_eq!(why, ConfigError::Url { field, problem });
        assert!(!why.to_string().contains("pw"), "{why}");
    }
    // Plain http for the cloud does not allow it for a provider.
    let cloud = Cloud::keystone_over_plain_http("http://keystone.example/v3").unwrap();
    let plain = OidcClient::new("r", "http://idp.example/token");
    let credential = Credential::federated(Federation::client_credentials("corp", "openid", plain));
    let refused = Login::new(&cloud.allow_plain_http(), credential, project());
    assert!(matches!(config_error(refused), ConfigError::Url { .. }));
    let local = OidcClient::new("r", "http://127.0.0.1:8080/token");
    let credential = Credential::federated(Federation::client_credentials("corp", "openid", local));
    assert!(Login::new(&keystone(), credential, project()).is_ok());
}

#[test]
fn a_federated_login_is_alone() {
    for credential in [
        Credential::federated(robot()).and(Factor::totp("123456")),
        Credential::federated(person()).and(Factor::totp("123456")),
        Credential::federated(holder()).and(Factor::password("pw")),
        Credential::federated(person().with_code_field("otp")).and(Factor::password("pw")),
        Credential::password("jo", "pw").and(Factor::totp("1")),
    ] {
        let is_federated = format!("{credential:?}").contains("federated");
        let why = config_error(Login::new(&keystone(), credential, project()));
        assert_eq!(why == ConfigError::FederatedAlone, is_federated, "{why}");
    }
    let agency = Agency::new("agency", DomainRef::name("d"));
    let credential = Credential::federated(robot()).assume(agency);
    let why = config_error(Login::new(&Cloud::huawei(), credential, project()));
    assert_eq!(why, ConfigError::AgencyFederated);
}

#[test]
fn nothing_shows_a_secret() {
    let person = person();
    let login = Login::new(&keystone(), Credential::federated(person.clone()), project()).unwrap();
    let shown = format!("{person:?} {:?} {login:?} {:?}", client(), login.poll());
    for secret in [PASSWORD, super::CLIENT_SECRET, "cl1ent", "cm9ib3Q6"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    let holder = holder();
    let login = Login::new(&keystone(), Credential::federated(holder.clone()), project()).unwrap();
    let shown = format!("{holder:?} {login:?} {:?}", login.poll());
    assert!(!shown.contains(BEARER), "{shown}");
}
