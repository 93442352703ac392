//! Choosing the cloud: flags, configuration, built-in clouds.

use std::{
    collections::BTreeSet,
    fmt::Display,
    sync::{Mutex, PoisonError},
};

use auth_config::{Choices, CloudConfig, Config, ValueOrigin, Warning};
use auth_proto::{Cloud, ConfigError, EndpointQuery, Error, ErrorKind, Interface};
use clap::{Args, ValueEnum};

use super::{
    emulator::{Authenticator, EmulatorProfile, RunningEmulator},
    store::StorePlace,
};
use crate::output::{Failure, print};

/// The flags for a cloud and a region.
#[derive(Args, Debug)]
#[command(next_help_heading = "Cloud")]
pub(crate) struct NameArgs {
    /// The cloud: a name in clouds.yaml, a built-in cloud such as nhn, otc, kakao or huawei
    /// (`cloud-auth config --names` lists all), envvars for the OS_* variables, or keystone for any
    /// cloud at --identity-url [default: OS_CLOUD, else the OS_* variables, else the only cloud in
    /// clouds.yaml]
    #[arg(long, value_name = "NAME")]
    pub(crate) cloud: Option<String>,

    /// The region of the services, such as KR1 or eu-de [default: the configured region, else the
    /// first region that the catalog lists]
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
}

/// The flags for a cloud, its identity service and the interfaces of its services.
#[derive(Args, Debug)]
#[command(next_help_heading = "Cloud")]
pub(crate) struct CloudArgs {
    #[command(flatten)]
    name: NameArgs,

    /// The URL of the identity service [default: the configured or documented one]
    #[arg(long, value_name = "URL", conflicts_with = "identity_region")]
    identity_url: Option<String>,

    /// The region whose identity service to log in to, for built-in clouds [default: otc: --region,
    /// else eu-de; huawei: the global identity service]
    #[arg(long, value_name = "REGION")]
    identity_region: Option<String>,

    /// Allow plain http to the identity service and to services: everyone on the way can read the
    /// passwords and tokens (in clouds.yaml: allow_plain_http)
    #[arg(long)]
    allow_plain_http: bool,

    /// The endpoint interfaces to accept, in order of preference [default: the configured ones,
    /// else public]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "INTERFACE")]
    interface: Vec<InterfaceName>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum InterfaceName {
    /// Reached from an administrative network
    Admin,
    /// Reached from inside the cloud
    Internal,
    /// Reached from the Internet
    Public,
}

impl CloudArgs {
    /// The interfaces of --interface; empty without the flag.
    pub(crate) fn interfaces(&self) -> Vec<Interface> {
        let interface = |name: &InterfaceName| match name {
            InterfaceName::Admin => Interface::Admin,
            InterfaceName::Internal => Interface::Internal,
            InterfaceName::Public => Interface::Public,
        };
        self.interface.iter().map(interface).collect()
    }

    /// The region of --region.
    pub(crate) fn region(&self) -> Option<&str> {
        self.name.region.as_deref()
    }
}

impl CloudArgs {
    fn choices(&self) -> Choices {
        match self.allow_plain_http {
            true => self.name.choices().allow_plain_http(),
            false => self.name.choices(),
        }
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

/// The clouds that --cloud can name: configured and built in.
pub(crate) struct Clouds {
    pub(crate) config: Config,
    emulator: Option<RunningEmulator>,
}

impl Clouds {
    /// The clouds of this machine, or the emulated cloud alone.
    pub(crate) fn load(emulated: Option<EmulatorProfile>) -> Result<Self, Failure> {
        let Some(profile) = emulated else {
            return Ok(Self { config: Config::load()?, emulator: None });
        };
        let emulator = RunningEmulator::start(profile)?;
        Ok(Self { config: emulator.config()?, emulator: Some(emulator) })
    }

    /// Fails for an emulated cloud, whose tokens end with this process.
    pub(crate) fn expect_store(&self) -> Result<(), Failure> {
        match &self.emulator {
            None => Ok(()),
            Some(_) => Err(Failure::usage("--emulator: has no store; leave out the flag")),
        }
    }

    /// The cloud to log in to.
    pub(crate) fn find(&self, args: &CloudArgs) -> Result<ChosenCloud, Failure> {
        let url = args.identity_url.as_deref();
        let name = self.name(&args.name)?;
        // Without a name, an identity URL is enough; without both, the configuration has to say.
        let is_configured = name.map_or_else(|| url.is_none(), |name| self.is_configured(name));
        if !is_configured {
            let region = args.identity_region.as_deref();
            let plain_http = args.allow_plain_http;
            let cloud = match name {
                None | Some(KEYSTONE) => keystone(url, plain_http)?,
                Some(name) => built_in(name, args.region(), url, region, plain_http)?,
            };
            warn_of_plain_http(&cloud.identity_url());
            let place = StorePlace::of_others(&self.config)?;
            return Ok(ChosenCloud::new(cloud, place));
        }
        if args.identity_region.is_some() {
            return Err(Failure::usage(
                "--identity-region: applies to built-in clouds only; for a configured cloud, use \
                 --region",
            ));
        }
        let configured = self.configured(&args.choices())?;
        let cloud = match url {
            Some(url) => at_url(&configured, url, args.allow_plain_http)?,
            None => configured.cloud()?,
        };
        if url.is_some() {
            warn_of_plain_http(&cloud.identity_url());
        }
        let authenticator = self.emulator.as_ref().and_then(RunningEmulator::authenticator);
        let is_emulated = self.emulator.is_some();
        // No other process reaches the emulator of this one.
        let place = if is_emulated { StorePlace::off() } else { StorePlace::of(&configured) };
        Ok(ChosenCloud { cloud, configured: Some(configured), authenticator, is_emulated, place })
    }

    /// The settings of the chosen cloud, even if they are not enough to log in.
    pub(crate) fn info(&self, args: &NameArgs) -> Result<CloudInfo, Failure> {
        match self.name(args)? {
            Some(KEYSTONE) if !self.is_configured(KEYSTONE) => {
                Err(Failure::usage("--cloud keystone: has no settings to show; name another cloud"))
            }
            Some(name) if !self.is_configured(name) => {
                Ok(CloudInfo::BuiltIn(named(name, args.region.as_deref())?))
            }
            _ => Ok(CloudInfo::Configured(Box::new(self.configured(&args.choices())?))),
        }
    }

    /// The name of the chosen cloud, if flags, variables or the configuration give one.
    fn name<'a>(&'a self, args: &'a NameArgs) -> Result<Option<&'a str>, Failure> {
        if let (Some(emulator), Some(_)) = (&self.emulator, &args.cloud) {
            return Err(Failure::usage(format!(
                "--emulator={}: already chooses the cloud; leave out --cloud or --emulator",
                emulator.name()
            )));
        }
        Ok(args.cloud.as_deref().or_else(|| self.config.default_name()))
    }

    fn is_configured(&self, name: &str) -> bool {
        self.config.names().any(|known| known == name)
    }

    /// The configuration of the chosen cloud. Its warnings are printed before it is used: a
    /// misspelled key often explains the error that follows.
    fn configured(&self, choices: &Choices) -> Result<CloudConfig, Failure> {
        let configured = self.config.cloud(choices)?;
        for warning in configured.warnings() {
            match warning {
                // The flag is no place in a file that the warning could name.
                Warning::PlainHttp { url, origin: ValueOrigin::Choice } => warn_of_plain_http(url),
                Warning::PlainHttp { url, .. } => warn_once(url, warning),
                _ => print::warning(warning),
            }
        }
        Ok(configured)
    }
}

/// The settings of a cloud.
pub(crate) enum CloudInfo {
    BuiltIn(Cloud),
    Configured(Box<CloudConfig>),
}

/// The cloud to log in to, and its configuration.
pub(crate) struct ChosenCloud {
    pub(crate) cloud: Cloud,
    pub(crate) configured: Option<CloudConfig>,
    /// Whether it is on loopback, where no proxy leads.
    pub(crate) is_emulated: bool,
    /// The authenticator of an emulated cloud's users.
    pub(crate) authenticator: Option<Authenticator>,
    /// Where its tokens are kept for the next runs.
    pub(crate) place: StorePlace,
}

impl ChosenCloud {
    /// A cloud that is not configured.
    pub(crate) fn new(cloud: Cloud, place: StorePlace) -> Self {
        Self { cloud, configured: None, is_emulated: false, authenticator: None, place }
    }

    /// A query for a service: flags over configuration.
    pub(crate) fn endpoint_query(
        &self,
        service: &str,
        args: &CloudArgs,
    ) -> Result<EndpointQuery, Failure> {
        let mut query = match &self.configured {
            Some(configured) => configured.endpoint_query(service)?,
            None => EndpointQuery::new(service),
        };
        if let Some(region) = args.region() {
            query = query.region(region);
        }
        let interfaces = args.interfaces();
        Ok(if interfaces.is_empty() { query } else { query.interfaces(&interfaces) })
    }
}

/// A configured cloud at another URL. The configuration may lack `auth_url`.
fn at_url(configured: &CloudConfig, url: &str, plain_http: bool) -> Result<Cloud, Failure> {
    match configured.cloud() {
        Ok(cloud) => Ok(cloud.at(url)?),
        Err(auth_config::Error::Missing { key: "auth_url" | "endpoint", .. }) => {
            keystone(Some(url), plain_http)
        }
        Err(why) => Err(why.into()),
    }
}

fn keystone(url: Option<&str>, plain_http: bool) -> Result<Cloud, Failure> {
    let url =
        url.ok_or_else(|| Failure::usage("--cloud keystone: has no URL; add --identity-url"))?;
    // `at` refuses plain http unless it is allowed.
    Ok(with_plain_http(Cloud::keystone_over_plain_http(url)?, plain_http).at(url)?)
}

fn with_plain_http(cloud: Cloud, plain_http: bool) -> Cloud {
    if plain_http { cloud.allow_plain_http() } else { cloud }
}

/// Warns of plain http beyond this machine, to which a secret or a token is about to be sent.
pub(crate) fn warn_of_plain_http(url: &str) {
    let origin = url.split('/').take(3).collect::<Vec<_>>().join("/");
    let is_valid = Cloud::keystone_over_plain_http(&origin).is_ok();
    if is_valid && Cloud::keystone(&origin).is_err() {
        let text = format!(
            "{origin}: plain http, so passwords and tokens can be read on the way; use https"
        );
        warn_once(&origin, &text);
    }
}

/// Prints the first warning of an origin: the identity service and a service may share it.
pub(super) fn warn_once(origin: &str, warning: &impl Display) {
    static WARNED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if WARNED.lock().unwrap_or_else(PoisonError::into_inner).insert(origin.to_owned()) {
        print::warning(warning);
    }
}

fn built_in(
    name: &str,
    region: Option<&str>,
    url: Option<&str>,
    identity_region: Option<&str>,
    plain_http: bool,
) -> Result<Cloud, Failure> {
    let cloud = match identity_region {
        Some(region) => of_region(name, region)?,
        None => named(name, region)?,
    };
    let cloud = with_plain_http(cloud, plain_http);
    // The flags of a URL and of a region exclude each other.
    Ok(match url {
        Some(url) => cloud.at(url)?,
        None => cloud,
    })
}

/// A built-in cloud. If each region has its own identity service, --region chooses it.
fn named(name: &str, region: Option<&str>) -> Result<Cloud, Error> {
    match Cloud::named(name) {
        Err(why) if matches!(why.kind(), ErrorKind::Config(ConfigError::RegionNeeded { .. })) => {
            match (name, region) {
                (_, Some(region)) => Cloud::named_in(name, region),
                // The first region, and the one in the documents.
                ("otc", None) => Cloud::named_in(name, "eu-de"),
                (_, None) => Err(why),
            }
        }
        done => done,
    }
}

/// A built-in cloud with the identity service of a region. Fails if all regions share one.
fn of_region(name: &str, region: &str) -> Result<Cloud, Failure> {
    let cloud = Cloud::named_in(name, region)?;
    match Cloud::named(name) {
        Ok(global) if global.identity_url() == cloud.identity_url() => Err(Failure::usage(
            "--identity-region: this cloud has one identity service for all regions; leave out the flag",
        )),
        _ => Ok(cloud),
    }
}

/// The name for a cloud that is neither configured nor built in.
const KEYSTONE: &str = "keystone";
