//! Stock Keystone, at any URL.

use super::Profile;
use crate::{credential::MethodKind, scope::ScopeKind};

pub(super) static KEYSTONE: Profile = Profile {
    name: "Keystone",
    // Never used: every constructor gives a URL.
    identity: "https://keystone.invalid",
    methods: &[
        MethodKind::ApplicationCredential,
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
    table: &[],
    remedies: &[],
};
