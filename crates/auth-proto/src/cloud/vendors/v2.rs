//! v2.0 clouds without other special rules. (NHN Cloud has some.)
//!
//! Source: the vendor profiles of the same ids in openstacksdk (`openstack/config/vendors/`).

use super::keystone::KEYSTONE;
use crate::cloud::profile::{IdentityUrl, Profile};
use crate::model::{credential::MethodKind, scope::ScopeKind};

/// <https://www.conoha.jp/docs/identity-post_tokens.php> shows the same responses as NHN Cloud.
pub(in crate::cloud) static CONOHA: Profile = Profile {
    id: "conoha",
    name: "ConoHa (version 2.0)",
    identity: &[IdentityUrl::Each("https://identity.{region}.conoha.io/v2.0")],
    regions: &["sin1", "sjc1", "tyo1"],
    ..V2
};

/// With a password. An API key (`RAX-KSKEY:apiKeyCredentials`) is another method, unsupported here.
pub(in crate::cloud) static RACKSPACE: Profile = Profile {
    id: "rackspace",
    name: "Rackspace Public Cloud",
    identity: &[
        IdentityUrl::All("https://identity.api.rackspacecloud.com/v2.0"),
        IdentityUrl::In("LON", "https://lon.identity.api.rackspacecloud.com/v2.0"),
    ],
    regions: &["DFW", "HKG", "IAD", "ORD", "SYD", "LON"],
    ..V2
};

const V2: Profile = Profile {
    methods: &[MethodKind::Password, MethodKind::Token],
    scopes: &[ScopeKind::Default, ScopeKind::ProjectId, ScopeKind::ProjectName],
    ..KEYSTONE
};
