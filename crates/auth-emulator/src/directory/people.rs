//! The users of the stock Keystone and their application credentials.

use crate::{
    account,
    directory::{
        ALPHA, ApplicationCredential, BETA, CORP, CORP_ALPHA, Codes, DEAD, DEFAULT, DISABLED,
        Domain, IN_DEAD, Target, User,
    },
};

static ALICE: User = User {
    roles: &[
        (Target::Project(&ALPHA), &["member", "auditor", "reader"]),
        (Target::Project(&BETA), &["reader"]),
        (Target::Project(&IN_DEAD), &["reader"]),
        (Target::Project(&DISABLED), &["reader"]),
        (Target::Domain(&CORP), &["member", "reader"]),
        (Target::Domain(&DEFAULT), &["reader"]),
        (Target::Domain(&DEAD), &["reader"]),
        (Target::System, &["reader"]),
    ],
    ..user(account::KEYSTONE_USER_ID, account::KEYSTONE_USER, &DEFAULT, account::KEYSTONE_PASSWORD)
};
static BOB: User = User {
    default_project: Some(&ALPHA),
    roles: MEMBER,
    ..user("3c9d5e7fa0b14c2d8e3f4a5b6c7d8e9f", "bob", &DEFAULT, "bob-pw")
};
static CAROL: User = user("9a8b7c6d5e4f40312233445566778899", "carol", &DEFAULT, "carol-pw");
static CORP_ALICE: User = User {
    roles: &[(Target::Project(&CORP_ALPHA), &["member", "reader"])],
    ..user("4d3c2b1a09f84e7d6c5b4a3928170695", account::KEYSTONE_USER, &CORP, "corp-alice-pw")
};
static DISABLED_USER: User = User {
    enabled: false,
    roles: MEMBER,
    ..user("6e5d4c3b2a1940f8e7d6c5b4a3928170", "disabled", &DEFAULT, "disabled-pw")
};
static MFA: User = User {
    codes: Codes::Required,
    roles: MEMBER,
    ..user(
        account::KEYSTONE_MFA_USER_ID,
        account::KEYSTONE_MFA_USER,
        &DEFAULT,
        account::KEYSTONE_MFA_PASSWORD,
    )
};
static TOTP: User = User {
    codes: Codes::Allowed,
    roles: MEMBER,
    ..user("8f7e6d5c4b3a42918070f6e5d4c3b2a1", "totp", &DEFAULT, "totp-pw")
};

pub(crate) static USERS: [&User; 7] =
    [&ALICE, &BOB, &CAROL, &CORP_ALICE, &DISABLED_USER, &MFA, &TOTP];

pub(crate) static KEYS: [ApplicationCredential; 3] = [
    key(account::KEYSTONE_KEY_ID, account::KEYSTONE_KEY_NAME, account::KEYSTONE_SECRET),
    ApplicationCredential {
        unrestricted: true,
        ..key("e1f2a3b4c5d64e7f8091a2b3c4d5e6f7", "unrestricted", "secret of unrestricted")
    },
    ApplicationCredential {
        roles: &["auditor"],
        ..key("f0e1d2c3b4a5469788796a5b4c3d2e1f", "one-role", "secret of one-role")
    },
];

const MEMBER: &[(Target, &[&str])] = &[(Target::Project(&ALPHA), &["member", "reader"])];

const fn user(
    id: &'static str,
    name: &'static str,
    domain: &'static Domain,
    password: &'static str,
) -> User {
    User {
        id,
        name,
        domain,
        password,
        enabled: true,
        codes: Codes::None,
        default_project: None,
        roles: &[],
    }
}

const fn key(id: &'static str, name: &'static str, secret: &'static str) -> ApplicationCredential {
    ApplicationCredential {
        id,
        name,
        secret,
        user: &ALICE,
        project: &ALPHA,
        roles: &["member", "auditor", "reader"],
        unrestricted: false,
    }
}
