//! Which cloud is meant, and what is configured for it.

use auth_config::{Choices, CloudConfig, Config};
use auth_proto::{Cloud, ConfigError, EndpointQuery, Error, ErrorKind, Interface};
use clap::{Args, ValueEnum};

use crate::{
    emulated::{Emulated, Profile},
    failure::Failure,
    print,
};

/// Flags that name a cloud and a region.
#[derive(Args, Debug)]
#[command(next_help_heading = "Cloud")]
pub(crate) struct NameArgs {
    /// The cloud: a name in clouds.yaml, envvars for the one that OS_* variables make, a built-in
    /// one such as nhn, otc, kakao or huawei (`config --names` lists them all), or keystone for any
    /// other at --identity-url; by default what OS_CLOUD names, what OS_* variables make, or the
    /// only one in clouds.yaml
    #[arg(long, value_name = "NAME")]
    pub(crate) cloud: Option<String>,

    /// Only services in this region, such as KR1 or eu-de; by default the configured one, or the
    /// first one that the cloud lists
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
}

/// Flags that name a cloud, where to log in to it, and where its services are wanted.
#[derive(Args, Debug)]
#[command(next_help_heading = "Cloud")]
pub(crate) struct CloudArgs {
    #[command(flatten)]
    name: NameArgs,

    /// Where its identity service is, if not at the documented or configured place
    #[arg(long, value_name = "URL", conflicts_with = "identity_region")]
    identity_url: Option<String>,

    /// Log in at the identity service of this region of a built-in cloud (otc: that of --region or
    /// eu-de by default; huawei: the global one by default)
    #[arg(long, value_name = "REGION")]
    identity_region: Option<String>,

    /// The interfaces that will do, the preferred one first; by default the configured ones, or
    /// public
    #[arg(long, value_enum, value_delimiter = ',', value_name = "INTERFACE")]
    interface: Vec<InterfaceName>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum InterfaceName {
    /// From an administrative network
    Admin,
    /// From inside the cloud
    Internal,
    /// From everywhere
    Public,
}

impl CloudArgs {
    /// The interfaces that were asked for, if any were.
    pub(crate) fn interfaces(&self) -> Vec<Interface> {
        let interface = |name: &InterfaceName| match name {
            InterfaceName::Admin => Interface::Admin,
            InterfaceName::Internal => Interface::Internal,
            InterfaceName::Public => Interface::Public,
        };
        self.interface.iter().map(interface).collect()
    }

    /// The region that was asked for, if one was.
    pub(crate) fn region(&self) -> Option<&str> {
        self.name.region.as_deref()
    }
}

impl NameArgs {
    fn choices(&self) -> Choices {
        let choices = match &self.cloud {
            Some(name) => Choices::default().cloud(name),
            None => Choices::default(),
        };
        match &self.region {
            Some(region) => choices.region(region),
            None => choices,
        }
    }
}

/// All clouds that can be named: those of the configuration, and those that are built in.
pub(crate) struct Clouds {
    pub(crate) config: Config,
    emulator: Option<Emulated>,
}

impl Clouds {
    /// Those of this machine; or, where one is emulated, that one alone.
    pub(crate) fn load(emulated: Option<Profile>) -> Result<Self, Failure> {
        let Some(profile) = emulated else {
            return Ok(Self { config: Config::load()?, emulator: None });
        };
        let emulator = Emulated::start(profile)?;
        Ok(Self { config: emulator.config()?, emulator: Some(emulator) })
    }

    /// The cloud that is meant.
    pub(crate) fn find(&self, args: &CloudArgs) -> Result<Place, Failure> {
        let (url, identity_region) =
            (args.identity_url.as_deref(), args.identity_region.as_deref());
        match self.name(&args.name)? {
            // A URL is enough of a cloud.
            None if url.is_some() => Ok(Place::built_in(keystone(url)?)),
            Some(STOCK) if !self.is_configured(STOCK) => Ok(Place::built_in(keystone(url)?)),
            Some(name) if !self.is_configured(name) => {
                built_in(name, args.region(), url, identity_region).map(Place::built_in)
            }
            _ if identity_region.is_some() => Err(Failure::usage(
                "--identity-region is for built-in clouds; where to log in to a configured one \
                 follows from --region",
            )),
            _ => {
                let configured = self.configured(&args.name)?;
                let cloud = match url {
                    Some(url) => moved(&configured, url)?,
                    None => configured.cloud()?,
                };
                Ok(Place { cloud, configured: Some(configured) })
            }
        }
    }

    /// What is known of the cloud that is meant, whether that is enough to log in or not.
    pub(crate) fn known(&self, args: &NameArgs) -> Result<Known, Failure> {
        match self.name(args)? {
            Some(STOCK) if !self.is_configured(STOCK) => Err(Failure::usage(
                "--cloud keystone can be anywhere, and nothing is known of it; name another cloud",
            )),
            Some(name) if !self.is_configured(name) => {
                Ok(Known::BuiltIn(named(name, args.region.as_deref())?))
            }
            _ => Ok(Known::Configured(Box::new(self.configured(args)?))),
        }
    }

    /// The name of the cloud that is meant, if there is one.
    fn name<'a>(&'a self, args: &'a NameArgs) -> Result<Option<&'a str>, Failure> {
        if let (Some(emulator), Some(_)) = (&self.emulator, &args.cloud) {
            return Err(Failure::usage(format!(
                "--emulator={} is the cloud; leave out --cloud, or --emulator",
                emulator.name()
            )));
        }
        Ok(args.cloud.as_deref().or_else(|| self.config.default_name()))
    }

    fn is_configured(&self, name: &str) -> bool {
        self.config.names().any(|known| known == name)
    }

    /// What is configured. What is odd about it is told before anything is made of it: a misspelled
    /// key is why another is missing.
    fn configured(&self, args: &NameArgs) -> Result<CloudConfig, Failure> {
        let configured = self.config.cloud(&args.choices())?;
        configured.warnings().iter().for_each(print::warning);
        Ok(configured)
    }
}

/// What is known of a cloud.
pub(crate) enum Known {
    BuiltIn(Cloud),
    Configured(Box<CloudConfig>),
}

/// A cloud, and what is configured for it.
pub(crate) struct Place {
    pub(crate) cloud: Cloud,
    pub(crate) configured: Option<CloudConfig>,
}

impl Place {
    fn built_in(cloud: Cloud) -> Self {
        Self { cloud, configured: None }
    }

    /// A wish for a service, by flags over configuration.
    pub(crate) fn select(&self, service: &str, args: &CloudArgs) -> Result<EndpointQuery, Failure> {
        let mut want = match &self.configured {
            Some(configured) => configured.select(service)?,
            None => EndpointQuery::new(service),
        };
        if let Some(region) = args.region() {
            want = want.region(region);
        }
        let interfaces = args.interfaces();
        Ok(if interfaces.is_empty() { want } else { want.interfaces(&interfaces) })
    }
}

/// What is configured, at another URL. It need not say where it would be.
fn moved(configured: &CloudConfig, url: &str) -> Result<Cloud, Failure> {
    Ok(match configured.cloud() {
        Ok(cloud) => cloud.at(url)?,
        Err(auth_config::Error::Missing { key: "auth_url", .. }) => Cloud::keystone(url)?,
        Err(why) => return Err(why.into()),
    })
}

fn keystone(url: Option<&str>) -> Result<Cloud, Failure> {
    let url =
        url.ok_or_else(|| Failure::usage("--cloud keystone can be anywhere; add --identity-url"))?;
    Ok(Cloud::keystone(url)?)
}

fn built_in(
    name: &str,
    region: Option<&str>,
    url: Option<&str>,
    identity_region: Option<&str>,
) -> Result<Cloud, Failure> {
    match (url, identity_region) {
        (Some(url), _) => Ok(named(name, region)?.at(url)?),
        (None, Some(region)) => of_region(name, region),
        (None, None) => Ok(named(name, region)?),
    }
}

/// A built-in cloud. Where each region has its own identity service, the region of the services is
/// the one to log in to.
fn named(name: &str, region: Option<&str>) -> Result<Cloud, Error> {
    match Cloud::named(name) {
        Err(why) if matches!(why.kind(), ErrorKind::Config(ConfigError::RegionNeeded { .. })) => {
            match (name, region) {
                (_, Some(region)) => Cloud::named_in(name, region),
                // Its first region, and the one that its documents speak of.
                ("otc", None) => Cloud::named_in(name, "eu-de"),
                (_, None) => Err(why),
            }
        }
        done => done,
    }
}

/// A built-in cloud by the identity service of a region, which has to be one of several.
fn of_region(name: &str, region: &str) -> Result<Cloud, Failure> {
    let cloud = Cloud::named_in(name, region)?;
    match Cloud::named(name) {
        Ok(global) if global.identity_url() == cloud.identity_url() => Err(Failure::usage(
            "--identity-region: this cloud has one identity service for all regions; leave it out",
        )),
        _ => Ok(cloud),
    }
}

/// The name that stands for any other cloud.
pub(crate) const STOCK: &str = "keystone";
