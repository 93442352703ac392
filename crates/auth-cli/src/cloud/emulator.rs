//! An emulated cloud in this process, for trying a command without an account.

use auth_config::{Config, Files, Variables};
use auth_emulator::{Server, System, account};
use clap::ValueEnum;

use crate::output::Failure;

/// The clouds that --emulator can play.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EmulatorProfile {
    /// Huawei Cloud
    Huawei,
    /// KakaoCloud
    Kakao,
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
            EmulatorProfile::Huawei => "huawei",
            EmulatorProfile::Kakao => "kakao",
            EmulatorProfile::Nhn => "nhn",
            EmulatorProfile::NhnCompute => "nhn-compute",
            EmulatorProfile::Otc => "otc",
        }
    }

    /// A configuration with the sample user of the vendor's documents. The configuration of this
    /// machine is ignored.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        let files = Files::in_directory("emulator").with("clouds.yaml", self.clouds_yaml());
        Ok(Config::merge(&files, &Variables::default())?)
    }

    fn clouds_yaml(&self) -> String {
        let (system, profile, region) = match self.profile {
            EmulatorProfile::Huawei => (System::Huawei, "huawei", "cn-north-1"),
            EmulatorProfile::Kakao => (System::Kakao, "kakao", "kr-central-2"),
            EmulatorProfile::Nhn => (System::NhnIaas, "nhn", "KR1"),
            EmulatorProfile::NhnCompute => (System::NhnCompute, "nhn", "KR1"),
            EmulatorProfile::Otc => (System::Otc, "otc", "eu-de"),
        };
        let auth: String =
            self.auth().iter().map(|(key, value)| format!("      {key}: {value}\n")).collect();
        format!(
            "clouds:\n  {}:\n    profile: {profile}\n    region_name: {region}\n    auth:\n      auth_url: {}\n{auth}",
            self.name(),
            self.server.url(system)
        )
    }

    fn auth(&self) -> &'static [(&'static str, &'static str)] {
        match self.profile {
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
