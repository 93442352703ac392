//! The documented logins, with the sample credentials of the documents.

use auth_emulator::{Server, System, account};
use auth_proto::{
    Cloud, Credential, DomainRef, EndpointQuery, Error, Federation, OidcClient, Scope, UserRef,
};

/// One login, and the service to call with its token.
pub(super) struct DemoLogin {
    pub(super) system: System,
    pub(super) cloud: Cloud,
    pub(super) method: &'static str,
    pub(super) credential: Credential,
    pub(super) scope_name: &'static str,
    pub(super) scope: Scope,
    /// `None` requests a token without its catalog and calls no service.
    pub(super) service: Option<EndpointQuery>,
}

/// The methods and scopes of each document, and a login by way of an identity provider.
pub(super) fn all(server: &Server) -> Result<Vec<DemoLogin>, Error> {
    let mut logins = Vec::new();
    for system in [System::NhnIaas, System::NhnCompute] {
        logins.push(DemoLogin {
            system,
            cloud: Cloud::nhn().at(&server.url(system))?,
            method: "password",
            credential: Credential::password(account::NHN_USER, account::NHN_PASSWORD),
            scope_name: "project by id",
            scope: Scope::project_id(account::NHN_TENANT),
            service: Some(EndpointQuery::new("compute").region("KR1")),
        });
    }
    let otc = Cloud::otc("eu-de")?.at(&server.url(System::Otc))?;
    for (scope_name, scope, service) in [
        ("project by id", Scope::project_id(account::OTC_PROJECT), "compute"),
        ("project by name", Scope::project_name(account::OTC_PROJECT_NAME), "compute"),
        ("domain by name", Scope::domain_name(account::OTC_DOMAIN), "obs"),
        ("domain by id", Scope::domain_id(account::OTC_DOMAIN_ID), "obs"),
    ] {
        logins.push(DemoLogin {
            system: System::Otc,
            cloud: otc.clone(),
            method: "password",
            credential: in_domain(account::OTC_USER, account::OTC_DOMAIN, account::OTC_PASSWORD),
            scope_name,
            scope,
            service: Some(EndpointQuery::new(service).region("eu-de")),
        });
    }
    let kakao = Cloud::kakao().at(&server.url(System::Kakao))?;
    let by_id = Credential::application_credential(account::KAKAO_KEY_ID, account::KAKAO_SECRET);
    let by_name = Credential::application_credential_of(
        UserRef::id(account::KAKAO_USER_ID),
        account::KAKAO_KEY_NAME,
        account::KAKAO_SECRET,
    );
    for (method, credential) in [("access key by id", by_id), ("access key by name", by_name)] {
        logins.push(DemoLogin {
            system: System::Kakao,
            cloud: kakao.clone(),
            method,
            credential,
            scope_name: "the key's own",
            scope: Scope::default(),
            service: Some(EndpointQuery::new("vpc").region("kr-central-2")),
        });
    }
    let huawei = Cloud::huawei().at(&server.url(System::Huawei))?;
    for (scope_name, scope, service) in [
        ("project by name", Scope::project_name(account::HUAWEI_PROJECT), None),
        ("project by name", Scope::project_name(account::HUAWEI_PROJECT), Some("ecs")),
        ("project by id", Scope::project_id(account::HUAWEI_PROJECT_ID), Some("ecs")),
        ("domain by name", Scope::domain_name(account::HUAWEI_DOMAIN), Some("bssv1")),
        ("domain by id", Scope::domain_id(account::HUAWEI_DOMAIN_ID), Some("bssv1")),
    ] {
        let password = account::HUAWEI_PASSWORD;
        logins.push(DemoLogin {
            system: System::Huawei,
            cloud: huawei.clone(),
            method: if service.is_some() { "password" } else { "password, no catalog" },
            credential: in_domain(account::HUAWEI_USER, account::HUAWEI_DOMAIN, password),
            scope_name,
            scope,
            // Global services are listed under region `*`, which includes this one.
            service: service.map(|service| EndpointQuery::new(service).region("cn-north-1")),
        });
    }
    logins.push(DemoLogin {
        system: System::Keystone,
        cloud: Cloud::keystone(&server.url(System::Keystone))?,
        method: "OpenID Connect",
        credential: federated(server),
        scope_name: "project by id",
        scope: Scope::project_id(account::KEYSTONE_PROJECT_ID),
        service: Some(EndpointQuery::new("compute").region("RegionOne")),
    });
    Ok(logins)
}

/// A service account of the identity provider, which the emulated Keystone trusts.
fn federated(server: &Server) -> Credential {
    let client = OidcClient::new(account::OIDC_CLIENT, server.provider_url() + "/token")
        .with_secret(account::OIDC_CLIENT_SECRET);
    let (provider, protocol) = (account::FEDERATION_PROVIDER, account::FEDERATION_PROTOCOL);
    Credential::federated(Federation::client_credentials(provider, protocol, client))
}

fn in_domain(user: &str, domain: &str, password: &str) -> Credential {
    Credential::password(UserRef::name_in(user, DomainRef::name(domain)), password)
}
