use std::process::ExitCode;

use auth_config::CloudConfig;
use auth_proto::Cloud;
use clap::Args;
use serde::Serialize;

use crate::{
    cloud::{CloudInfo, Clouds, NameArgs},
    output::{Failure, Format, OUTPUT, print},
};

#[derive(Args, Debug)]
pub(crate) struct ConfigArgs {
    #[command(flatten)]
    name: NameArgs,

    /// List the names that --cloud takes, instead of the settings
    #[arg(long, conflicts_with_all = ["cloud", "region"])]
    names: bool,

    /// How to print the settings or names
    #[arg(long, value_enum, default_value_t = Format::Table, help_heading = OUTPUT)]
    format: Format,
}

#[derive(Serialize)]
struct ConfigJson {
    cloud: String,
    settings: Vec<SettingJson>,
}

#[derive(Serialize)]
struct SettingJson {
    key: String,
    /// Null in place of a secret.
    value: Option<String>,
    origin: String,
}

#[derive(Serialize)]
struct NameJson<'a> {
    name: &'a str,
    configured: bool,
    default: bool,
}

impl ConfigArgs {
    pub(crate) fn run(&self, clouds: &Clouds) -> Result<ExitCode, Failure> {
        match self.names {
            true => self.print_names(clouds)?,
            false => self.print_settings(clouds)?,
        }
        Ok(ExitCode::SUCCESS)
    }

    fn print_settings(&self, clouds: &Clouds) -> Result<(), Failure> {
        let config = match clouds.info(&self.name)? {
            CloudInfo::Configured(configured) => configured_settings(&configured),
            CloudInfo::BuiltIn(cloud) => built_in_settings(&self.name, &cloud),
        };
        if self.format == Format::Json {
            return print::json(&config);
        }
        let rows = config.settings.into_iter().map(|setting| {
            let value = setting.value.unwrap_or_else(|| "(hidden)".to_owned());
            vec![setting.key, value, setting.origin]
        });
        print::table(&["key", "value", "from"], rows)
    }

    fn print_names(&self, clouds: &Clouds) -> Result<(), Failure> {
        let default = clouds.config.default_name();
        let configured = clouds.config.names().map(|name| (name, true));
        let taken = |id: &&str| !clouds.config.names().any(|name| name == *id);
        let built_in = Cloud::ids().filter(taken).map(|id| (id, false));
        let names = configured.chain(built_in).map(|(name, configured)| NameJson {
            name,
            configured,
            default: default == Some(name),
        });
        if self.format == Format::Json {
            return print::json(&names.collect::<Vec<_>>());
        }
        let rows = names.map(|NameJson { name, configured, default }| {
            let source = if configured { "configured" } else { "built in" };
            [name, source, if default { "default" } else { "" }].map(str::to_owned).to_vec()
        });
        print::table(&["name", "from", ""], rows)
    }
}

/// All settings, with a warning if they are not enough for a login.
fn configured_settings(configured: &CloudConfig) -> ConfigJson {
    if let Err(why) = configured.cloud() {
        print::warning(&why);
    }
    let settings = configured.settings().into_iter().map(|setting| SettingJson {
        key: setting.key().to_owned(),
        value: setting.value(),
        origin: setting.origin().to_string(),
    });
    ConfigJson { cloud: configured.name().to_owned(), settings: settings.collect() }
}

/// The settings of a built-in cloud.
fn built_in_settings(name: &NameArgs, cloud: &Cloud) -> ConfigJson {
    let id = name.cloud.as_deref().unwrap_or_default();
    let setting = |key: &str, value: String| SettingJson {
        key: key.to_owned(),
        value: Some(value),
        origin: format!("built-in profile {id}"),
    };
    let mut settings = vec![setting("auth.auth_url", cloud.identity_url())];
    let regions = cloud.regions().iter().enumerate();
    settings
        .extend(regions.map(|(at, region)| setting(&format!("regions[{at}]"), (*region).into())));
    ConfigJson { cloud: id.to_owned(), settings }
}
