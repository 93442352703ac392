//! A cloud in this process, for trying out a command without an account.

use auth_config::{Config, Files, Variables};
use auth_emulator::{Server, System, account};
use clap::ValueEnum;

use crate::failure::Failure;

/// The clouds that the emulator plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// Huawei Cloud
    Huawei,
    /// KakaoCloud
    Kakao,
    /// NHN Cloud, by its newer document
    Nhn,
    /// NHN Cloud, by the older document of its compute service
    NhnCompute,
    /// Open Telekom Cloud
    Otc,
}

/// An emulator that runs, and the account that it knows.
pub(crate) struct Emulated {
    profile: Profile,
    server: Server,
}

impl Emulated {
    pub(crate) fn start(profile: Profile) -> Result<Self, Failure> {
        let server = Server::start().map_err(|why| {
            Failure::failed(format!(
                "cannot start the emulator ({why}); let this program listen on loopback"
            ))
        })?;
        Ok(Self { profile, server })
    }

    /// As it is spelled on the command line.
    pub(crate) fn name(&self) -> &'static str {
        match self.profile {
            Profile::Huawei => "huawei",
            Profile::Kakao => "kakao",
            Profile::Nhn => "nhn",
            Profile::NhnCompute => "nhn-compute",
            Profile::Otc => "otc",
        }
    }

    /// The account of the vendor's documents, configured as anybody would configure theirs. Nothing
    /// of this machine's configuration is mixed in.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        let files = Files::in_directory("emulator").with("clouds.yaml", self.clouds_yaml());
        Ok(Config::merge(&files, &Variables::default())?)
    }

    fn clouds_yaml(&self) -> String {
        let (system, profile, region) = match self.profile {
            Profile::Huawei => (System::Huawei, "huawei", "cn-north-1"),
            Profile::Kakao => (System::Kakao, "kakao", "kr-central-2"),
            Profile::Nhn => (System::NhnIaas, "nhn", "KR1"),
            Profile::NhnCompute => (System::NhnCompute, "nhn", "KR1"),
            Profile::Otc => (System::Otc, "otc", "eu-de"),
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
            Profile::Huawei => &[
                ("username", account::HUAWEI_USER),
                ("password", account::HUAWEI_PASSWORD),
                ("user_domain_name", account::HUAWEI_DOMAIN),
                ("project_name", account::HUAWEI_PROJECT),
            ],
            Profile::Kakao => &[
                ("application_credential_id", account::KAKAO_KEY_ID),
                ("application_credential_secret", account::KAKAO_SECRET),
            ],
            Profile::Nhn | Profile::NhnCompute => &[
                ("username", account::NHN_USER),
                ("password", account::NHN_PASSWORD),
                ("project_id", account::NHN_TENANT),
            ],
            Profile::Otc => &[
                ("username", account::OTC_USER),
                ("password", account::OTC_PASSWORD),
                ("user_domain_name", account::OTC_DOMAIN),
                ("project_name", account::OTC_PROJECT_NAME),
            ],
        }
    }
}
