//! Stock Keystone: at any URL, and at clouds without special rules.
//!
//! If openstacksdk has a vendor profile of the same id (`openstack/config/vendors/`), URL and
//! regions are from there. Other clouds have their source above them.

use crate::cloud::profile::{IdentityUrl, Profile};
use crate::model::{credential::MethodKind, scope::ScopeKind};

pub(in crate::cloud) const KEYSTONE: Profile = Profile {
    id: "keystone",
    name: "Keystone",
    // Never used: every constructor sets a URL.
    identity: &[IdentityUrl::All("https://keystone.invalid")],
    regions: &[],
    retired: &[],
    methods: &[
        MethodKind::ApplicationCredential,
        MethodKind::Federated,
        MethodKind::Password,
        MethodKind::Token,
        MethodKind::Totp,
    ],
    scopes: &[
        ScopeKind::Default,
        ScopeKind::Domain,
        ScopeKind::ProjectId,
        ScopeKind::ProjectName,
        ScopeKind::System,
        ScopeKind::Trust,
        ScopeKind::Unscoped,
    ],
    project_name_alone: false,
    aliases: &[],
    global: &[],
    default_is_global: false,
    zone: "",
    table: &[],
    agency_field: None,
    codes: &[],
    remedies: &[],
};

pub(in crate::cloud) static STOCK: Profile = KEYSTONE;

/// A service without an identity service.
pub(in crate::cloud) static STANDALONE: Profile = Profile {
    id: "standalone",
    name: "a standalone service",
    methods: &[MethodKind::ExistingToken, MethodKind::HttpBasic, MethodKind::NoAuth],
    scopes: &[ScopeKind::Default],
    ..KEYSTONE
};

pub(in crate::cloud) static AURO: Profile =
    stock("auro", "AURO", &[IdentityUrl::All("https://api.van2.auro.io:5000/v3")], &["RegionOne"]);

pub(in crate::cloud) static BINERO: Profile = stock(
    "binero",
    "Binero",
    &[IdentityUrl::All("https://auth.binero.cloud:5000/v3")],
    &["europe-se-1"],
);

pub(in crate::cloud) static CITYCLOUD: Profile = stock(
    "citycloud",
    "Cleura",
    &[IdentityUrl::Each("https://{region}.citycloud.com:5000/v3")],
    &["Buf1", "Fra1", "Sto2", "Kna1", "dx1", "tky1"],
);

/// <https://doc.conoha.jp/api-vps3/identity-post_tokens-v3/>
pub(in crate::cloud) static CONOHA_V3: Profile = stock(
    "conoha-v3",
    "ConoHa (version 3.0)",
    &[IdentityUrl::All("https://identity.c3j1.conoha.io/v3")],
    &["c3j1"],
);

pub(in crate::cloud) static DREAMCOMPUTE: Profile = stock(
    "dreamcompute",
    "DreamCompute",
    &[IdentityUrl::All("https://iad2.dream.io:5000")],
    &["RegionOne"],
);

pub(in crate::cloud) static ELASTX: Profile =
    stock("elastx", "Elastx", &[IdentityUrl::All("https://ops.elastx.cloud:5000/v3")], &["se-sto"]);

pub(in crate::cloud) static ENTERCLOUDSUITE: Profile = stock(
    "entercloudsuite",
    "Enter Cloud Suite",
    &[IdentityUrl::All("https://api.entercloudsuite.com")],
    &["it-mil1", "nl-ams1", "de-fra1"],
);

/// <https://docs.infomaniak.cloud/identity/policies>; the regions of the URLs:
/// <https://docs.mountainduck.io/protocols/openstack/infomaniak>.
pub(in crate::cloud) static INFOMANIAK: Profile = stock(
    "infomaniak",
    "Infomaniak Public Cloud",
    &[
        IdentityUrl::In("dc3-a", "https://api.pub1.infomaniak.cloud/identity/v3"),
        IdentityUrl::In("dc4-a", "https://api.pub2.infomaniak.cloud/identity/v3"),
    ],
    &["dc3-a", "dc4-a"],
);

pub(in crate::cloud) static LIMESTONENETWORKS: Profile = stock(
    "limestonenetworks",
    "Limestone Networks",
    &[IdentityUrl::All("https://auth.cloud.lstn.net:5000/v3")],
    &["us-dfw-1", "us-slc"],
);

/// A user may obtain 60 tokens a minute: <https://help.ovhcloud.com> KB0067627. The regions are too
/// many to list, and change.
pub(in crate::cloud) static OVH: Profile =
    stock("ovh", "OVHcloud", &[IdentityUrl::All("https://auth.cloud.ovh.net/v3")], &[]);

pub(in crate::cloud) static OVH_US: Profile = stock(
    "ovh-us",
    "OVHcloud US",
    &[IdentityUrl::All("https://auth.cloud.ovh.us")],
    &["US-EAST-VA-1", "US-WEST-OR-1", "US-EAST-VA", "US-WEST-OR"],
);

/// <https://docs.plusserver.com/en/compute/pluscloudopen/introduction/environments>
pub(in crate::cloud) static PLUSCLOUDOPEN: Profile = stock(
    "pluscloudopen",
    "pluscloud open",
    &[IdentityUrl::Each("https://{region}.api.pco.get-cloud.io:5000/v3")],
    &["prod1", "prod2", "prod3", "prod4"],
);

/// <https://github.com/osism/testbed/blob/main/terraform/clouds-public.yaml>
pub(in crate::cloud) static REGIOCLOUD: Profile = stock(
    "regiocloud",
    "REGIO.cloud",
    &[IdentityUrl::All("https://keystone.services.a.regiocloud.tech/v3")],
    &["RegionA"],
);

/// <https://docs.selectel.ru/en/api/authorization.md>
pub(in crate::cloud) static SELECTEL: Profile = stock(
    "selectel",
    "Selectel",
    &[IdentityUrl::All("https://cloud.api.selcloud.ru/identity/v3")],
    &[],
);

pub(in crate::cloud) static SWITCHCLOUD: Profile = stock(
    "switchcloud",
    "Switch Cloud",
    &[IdentityUrl::All("https://identity.compute.cloud.switch.ch/v3")],
    &["zhw", "zhc"],
);

pub(in crate::cloud) static SWITCHENGINES: Profile = stock(
    "switchengines",
    "SWITCHengines",
    &[IdentityUrl::All("https://keystone.cloud.switch.ch:5000/v3")],
    &["LS", "ZH"],
);

pub(in crate::cloud) static VEXXHOST: Profile =
    stock("vexxhost", "VEXXHOST", &[IdentityUrl::All("https://auth.vexxhost.net")], &[]);

/// <https://github.com/osism/testbed/blob/main/terraform/clouds-public.yaml>
pub(in crate::cloud) static WAVESTACK: Profile = stock(
    "wavestack",
    "Wavestack",
    &[IdentityUrl::All("https://api.wavestack.de:5000")],
    &["MUC5"],
);

pub(in crate::cloud) static ZETTA: Profile =
    stock("zetta", "Zetta", &[IdentityUrl::All("https://identity.api.zetta.io/v3")], &["no-osl1"]);

const fn stock(
    id: &'static str,
    name: &'static str,
    identity: &'static [IdentityUrl],
    regions: &'static [&'static str],
) -> Profile {
    Profile { id, name, identity, regions, ..KEYSTONE }
}
