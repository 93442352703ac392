//! An emulated cloud in this process, for trying a command without an account.

use std::time::SystemTime;

use auth_config::{Config, Files, Variables};
use auth_emulator::{Server, System, account, totp_code};
use clap::ValueEnum;

use crate::output::Failure;

/// The clouds that --emulator can play.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EmulatorProfile {
    /// A stock Keystone behind an identity provider: a service account logs in with OpenID Connect
    Federated,
    /// Huawei Cloud
    Huawei,
    /// KakaoCloud
    Kakao,
    /// A stock Keystone; user alice (password alice-pw) has every scope, user mfa (mfa-pw) needs a
    /// one-time code, which the prompt shows
    Keystone,
    /// NHN Cloud, newer identity document
    Nhn,
    /// NHN Cloud, older document of the compute service
    NhnCompute,
    /// Open Telekom Cloud
    Otc,
}

/// A running emulator.
pub(crate) struct RunningEmulator {
    profile: EmulatorProfile,
    server: Server,
}

impl RunningEmulator {
    pub(crate) fn start(profile: EmulatorProfile) -> Result<Self, Failure> {
        let server = Server::start().map_err(|why| {
            Failure::failed(format!(
                "cannot start the emulator: {why}; allow this program to listen on loopback"
            ))
        })?;
        Ok(Self { profile, server })
    }

    /// The value of --emulator.
    pub(crate) fn name(&self) -> &'static str {
        match self.profile {
            EmulatorProfile::Federated => "federated",
            EmulatorProfile::Huawei => "huawei",
            EmulatorProfile::Kakao => "kakao",
            EmulatorProfile::Keystone => "keystone",
            EmulatorProfile::Nhn => "nhn",
            EmulatorProfile::NhnCompute => "nhn-compute",
            EmulatorProfile::Otc => "otc",
        }
    }

    /// Computes the current one-time code, if users of this cloud have an authenticator.
    pub(crate) fn authenticator(&self) -> Option<Authenticator> {
        match self.profile {
            EmulatorProfile::Keystone => Some(|| totp_code(SystemTime::now().into())),
            EmulatorProfile::Federated
            | EmulatorProfile::Huawei
            | EmulatorProfile::Kakao
            | EmulatorProfile::Nhn
            | EmulatorProfile::NhnCompute
            | EmulatorProfile::Otc => None,
        }
    }

    /// A configuration with the sample user of the vendor's documents, or with the user of every
    /// scope. The configuration of this machine is ignored.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        let files = Files::in_directory("emulator").with("clouds.yaml", self.clouds_yaml());
        Ok(Config::merge(&files, &Variables::default())?)
    }

    fn clouds_yaml(&self) -> String {
        let (system, profile, regions) = match self.profile {
            EmulatorProfile::Federated => (System::Keystone, None, "RegionOne, RegionTwo"),
            EmulatorProfile::Huawei => (System::Huawei, Some("huawei"), "cn-north-1"),
            EmulatorProfile::Kakao => (System::Kakao, Some("kakao"), "kr-central-2"),
            EmulatorProfile::Keystone => (System::Keystone, None, "RegionOne, RegionTwo"),
            EmulatorProfile::Nhn => (System::NhnIaas, Some("nhn"), "KR1, KR2"),
            EmulatorProfile::NhnCompute => (System::NhnCompute, Some("nhn"), "KR1, KR2"),
            EmulatorProfile::Otc => (System::Otc, Some("otc"), "eu-de"),
        };
        let profile = profile.map(|name| format!("    profile: {name}\n")).unwrap_or_default();
        let auth: String =
            self.auth().iter().map(|(key, value)| format!("      {key}: {value}\n")).collect();
        format!(
            "clouds:\n  {}:\n{profile}    regions: [{regions}]\n{}    auth:\n      auth_url: {}\n{auth}",
            self.name(),
            self.auth_type(),
            self.server.url(system)
        )
    }

    /// The line of the type, and of the identity provider, which has a port of its own.
    fn auth_type(&self) -> String {
        match self.profile {
            EmulatorProfile::Federated => format!(
                "    auth_type: v3oidcclientcredentials\n    access_token_endpoint: {}/token\n",
                self.server.provider_url()
            ),
            _ => String::new(),
        }
    }

    fn auth(&self) -> &'static [(&'static str, &'static str)] {
        match self.profile {
            EmulatorProfile::Federated => &[
                ("identity_provider", account::FEDERATION_PROVIDER),
                ("protocol", account::FEDERATION_PROTOCOL),
                ("client_id", account::OIDC_CLIENT),
                ("client_secret", account::OIDC_CLIENT_SECRET),
                ("project_name", account::KEYSTONE_PROJECT),
                ("project_domain_name", account::KEYSTONE_DOMAIN),
            ],
            EmulatorProfile::Huawei => &[
                ("username", account::HUAWEI_USER),
                ("password", account::HUAWEI_PASSWORD),
                ("user_domain_name", account::HUAWEI_DOMAIN),
                ("project_name", account::HUAWEI_PROJECT),
            ],
            EmulatorProfile::Kakao => &[
                ("application_credential_id", account::KAKAO_KEY_ID),
                ("application_credential_secret", account::KAKAO_SECRET),
            ],
            EmulatorProfile::Keystone => &[
                ("username", account::KEYSTONE_USER),
                ("password", account::KEYSTONE_PASSWORD),
                ("user_domain_name", account::KEYSTONE_DOMAIN),
                ("project_name", account::KEYSTONE_PROJECT),
                ("project_domain_name", account::KEYSTONE_DOMAIN),
            ],
            EmulatorProfile::Nhn | EmulatorProfile::NhnCompute => &[
                ("username", account::NHN_USER),
                ("password", account::NHN_PASSWORD),
                ("project_id", account::NHN_TENANT),
            ],
            EmulatorProfile::Otc => &[
                ("username", account::OTC_USER),
                ("password", account::OTC_PASSWORD),
                ("user_domain_name", account::OTC_DOMAIN),
                ("project_name", account::OTC_PROJECT_NAME),
            ],
        }
    }
}

/// Computes the current one-time code.
pub(crate) type Authenticator = fn() -> String;
