//! The account of each system: the credentials and identifiers of the documents' samples, so that
//! the documented requests log in.
//!
//! A placeholder in a document is the credential (KakaoCloud prints `"Access key ID"`). Values that
//! a response needs but no document shows are marked "not documented".

/// NHN Cloud account (documents 000 and 001, Request).
pub const NHN_USER: &str = "user@example.com";
/// NHN Cloud API password, which is not the account's password (documents 000 and 001, Request).
pub const NHN_PASSWORD: &str = "secretsecret";
/// NHN Cloud tenant (documents 000 and 001, Request).
pub const NHN_TENANT: &str = "f5073eaa26b64cffbee89411df94ce01";
/// The user id in NHN Cloud's response, which differs from the user of the request (documents 000
/// and 001, Response).
pub const NHN_USER_ID: &str = "436f727b7c9142f896ddd56be591dd7f";

/// Open Telekom Cloud IAM user (document 002, Procedure, step 1).
pub const OTC_USER: &str = "username";
/// Open Telekom Cloud IAM user's password (document 002, Procedure, step 1).
pub const OTC_PASSWORD: &str = "password";
/// Open Telekom Cloud domain (document 002, Procedure, step 1).
pub const OTC_DOMAIN: &str = "domainname";
/// Open Telekom Cloud project, by id (document 002, Procedure, step 1).
pub const OTC_PROJECT: &str = "0215ef11e49d4743be23dd97a1561e91";
/// The name of [`OTC_PROJECT`]: the default project of a region has the region's name (not
/// documented).
pub const OTC_PROJECT_NAME: &str = "eu-de";
/// The id of [`OTC_DOMAIN`] (not documented).
pub const OTC_DOMAIN_ID: &str = "6b1d2c3e4f5a46789b0c1d2e3f4a5b6c";
/// The id of [`OTC_USER`] (not documented).
pub const OTC_USER_ID: &str = "9c2f0e7d6b5a4c3d8e1f2a3b4c5d6e7f";

/// KakaoCloud access key ID (document 003, Method 1; a placeholder).
pub const KAKAO_KEY_ID: &str = "Access key ID";
/// KakaoCloud access key name (document 003, Method 2; a placeholder).
pub const KAKAO_KEY_NAME: &str = "Name of access key";
/// KakaoCloud secret access key (document 003, Methods 1 and 2; a placeholder).
pub const KAKAO_SECRET: &str = "Secret access key";
/// KakaoCloud unique user ID (document 003, View project list).
///
/// Method 2 writes the placeholder `"unique user ID"` instead; a login accepts both.
pub const KAKAO_USER_ID: &str = "f61e7df2a1d349e7b35d62ef9c615853";
/// The name of [`KAKAO_USER_ID`] (not documented).
pub const KAKAO_USER_NAME: &str = "kakaocloud-user";
/// KakaoCloud project of the access key (document 003, View project list).
pub const KAKAO_PROJECT: &str = "ca7f6c731a004091a32d4eb97ec17271";
/// The name of [`KAKAO_PROJECT`] (document 003, View project list).
pub const KAKAO_PROJECT_NAME: &str = "kakaocloud-project";
/// KakaoCloud domain of project and user (document 003, View project list).
pub const KAKAO_DOMAIN_ID: &str = "327373ec52974577a79a5e26b26c27e9";
/// The name of [`KAKAO_DOMAIN_ID`] (not documented).
pub const KAKAO_DOMAIN: &str = "kakaocloud-domain";

/// Huawei Cloud IAM user (document 004, Example Request).
pub const HUAWEI_USER: &str = "IAMUser";
/// Huawei Cloud IAM user's password (document 004, Example Request).
pub const HUAWEI_PASSWORD: &str = "IAMPassword";
/// Huawei Cloud account, which the API calls a domain (document 004, Example Request).
pub const HUAWEI_DOMAIN: &str = "IAMDomain";
/// Huawei Cloud project, by name (document 004, Example Request).
pub const HUAWEI_PROJECT: &str = "cn-north-1";
/// The id of [`HUAWEI_USER`], cut short by the vendor (document 004, Example Response).
pub const HUAWEI_USER_ID: &str = "7116d09f88fa41908676fdd4b039e...";
/// The id of [`HUAWEI_DOMAIN`], cut short by the vendor (document 004, Example Response).
pub const HUAWEI_DOMAIN_ID: &str = "d78cbac186b744899480f25bd022f...";
/// The id of [`HUAWEI_PROJECT`], cut short by the vendor (document 004, Example Response).
pub const HUAWEI_PROJECT_ID: &str = "aa2d97d7e62c4b7da3ffdfc11551f...";

/// The agency of another account for the users of [`HUAWEI_DOMAIN`] and [`OTC_DOMAIN`] (Huawei
/// Cloud IAM, "Obtaining an Agency Token", Example Request).
pub const AGENCY: &str = "IAMAgency";
/// The account that delegates through [`AGENCY`] (Huawei Cloud IAM, "Obtaining an Agency Token",
/// Example Request).
pub const AGENCY_DOMAIN: &str = "IAMDomainA";
/// The id of [`AGENCY_DOMAIN`] (not documented).
pub const AGENCY_DOMAIN_ID: &str = "a1b2c3d4e5f60718293a4b5c6d7e8f90";
/// The id of the project of [`AGENCY_DOMAIN`], named after the region: `cn-north-1` or
/// `eu-de` (not documented).
pub const AGENCY_PROJECT_ID: &str = "5f4e3d2c1b0a49788695a4b3c2d1e0f9";
/// The user id in the agency's tokens (not documented).
pub const AGENCY_USER_ID: &str = "0760a9e2a60026664f1fc0031f9f205e";

/// Domain of the stock Keystone: the one that every Keystone has.
pub const KEYSTONE_DOMAIN: &str = "Default";
/// The id of [`KEYSTONE_DOMAIN`].
pub const KEYSTONE_DOMAIN_ID: &str = "default";
/// Another domain of the stock Keystone. A third one, `Dead`, is disabled.
pub const KEYSTONE_OTHER_DOMAIN: &str = "Corp";
/// The id of [`KEYSTONE_OTHER_DOMAIN`].
pub const KEYSTONE_OTHER_DOMAIN_ID: &str = "1f6a0c52d8f34b07a4be0f3a97d8c311";

/// Project of [`KEYSTONE_DOMAIN`]. Its domain also has the projects `beta` and `disabled`.
pub const KEYSTONE_PROJECT: &str = "alpha";
/// The id of [`KEYSTONE_PROJECT`].
pub const KEYSTONE_PROJECT_ID: &str = "7c1d0be64c0c4f0f9d5dbb5a6a0a8f21";
/// The id of the project `beta`, on which [`KEYSTONE_USER`] is a reader.
pub const KEYSTONE_BETA_ID: &str = "a94e3b1f7d2c4e66b0f1c2d3e4f50617";
/// The id of the project `alpha` of [`KEYSTONE_OTHER_DOMAIN`], on which its user `alice` is a
/// member.
pub const KEYSTONE_OTHER_PROJECT_ID: &str = "c0ffee5e1d2b4a3c8f9e0d1c2b3a4958";

/// User with roles on two projects, on both domains and on the system, in [`KEYSTONE_DOMAIN`].
///
/// The password of every user of the stock Keystone is their name followed by `-pw`. Other users of
/// the domain are `bob`, whose default project is [`KEYSTONE_PROJECT`], `carol`, who has no role,
/// and `disabled`. A user of the same name in [`KEYSTONE_OTHER_DOMAIN`] has the password
/// `corp-alice-pw`.
pub const KEYSTONE_USER: &str = "alice";
/// The id of [`KEYSTONE_USER`].
pub const KEYSTONE_USER_ID: &str = "0f4ad2b6c8e14d37a5b9c0d1e2f30415";
/// The password of [`KEYSTONE_USER`].
pub const KEYSTONE_PASSWORD: &str = "alice-pw";

/// User who needs a password and a one-time code, a member of [`KEYSTONE_PROJECT`]. The user `totp`
/// may use either of them.
pub const KEYSTONE_MFA_USER: &str = "mfa";
/// The id of [`KEYSTONE_MFA_USER`].
pub const KEYSTONE_MFA_USER_ID: &str = "5b8e6f70a1c24d3e9f0b1c2d3e4f5a6b";
/// The password of [`KEYSTONE_MFA_USER`].
pub const KEYSTONE_MFA_PASSWORD: &str = "mfa-pw";
/// The secret of the one-time codes of the users `mfa` and `totp`, in base32 as authenticator apps
/// read it. [`totp_code`](crate::totp_code) computes the codes.
pub const KEYSTONE_TOTP_SECRET: &str = "MVWXK3DBORSWILLUN52HALLTMVRXEZLU";

/// Application credential of [`KEYSTONE_USER`] for [`KEYSTONE_PROJECT`], by id.
pub const KEYSTONE_KEY_ID: &str = "d2c4b6a8907e4f5d8c3b2a1908f7e6d5";
/// The name of [`KEYSTONE_KEY_ID`]. The user's other application credentials are `unrestricted` and
/// `one-role`; the secret of each is `secret of ` followed by its name.
pub const KEYSTONE_KEY_NAME: &str = "plain";
/// The secret of [`KEYSTONE_KEY_ID`].
pub const KEYSTONE_SECRET: &str = "secret of plain";

/// The id of the `number`th of the projects that
/// [`Emulator::projects`](crate::Emulator::projects) adds to [`KEYSTONE_DOMAIN`]: 32 hexadecimal
/// digits. Its name is `p` and the number.
///
/// ```
/// use auth_emulator::account::numbered_project_id;
///
/// assert_eq!(numbered_project_id(10), "b0b0000000000000000000000000000a");
/// ```
pub fn numbered_project_id(number: usize) -> String {
    format!("{NUMBERED_PREFIX}{number:028x}")
}

/// The first digits of the ids of numbered projects.
pub(crate) const NUMBERED_PREFIX: &str = "b0b0";

/// The id of the identity provider at the stock Keystone, Huawei Cloud and Open Telekom Cloud.
pub const FEDERATION_PROVIDER: &str = "idp1";
/// The protocol of [`FEDERATION_PROVIDER`] that the stock Keystone has enabled, the only one.
pub const FEDERATION_PROTOCOL: &str = "openid";

/// Client of the identity provider with a secret. Its own tokens, by the grant `client_credentials`,
/// belong to the Keystone user of the same name.
pub const OIDC_CLIENT: &str = "service";
/// The secret of [`OIDC_CLIENT`].
pub const OIDC_CLIENT_SECRET: &str = "service-secret";
/// Client of the identity provider without a secret. Only people log in through it.
pub const OIDC_PUBLIC_CLIENT: &str = "cli";

/// User of the identity provider. As all that Keystone maps, this one has roles on the projects
/// `alpha`, `beta` and those of [`numbered_project_id`].
pub const OIDC_USER: &str = "fred";
/// The password of [`OIDC_USER`].
pub const OIDC_PASSWORD: &str = "fred-pw";
/// User of the identity provider who needs a one-time code as well, that of
/// [`totp_code`](crate::totp_code).
pub const OIDC_CODE_USER: &str = "otto";
/// The password of [`OIDC_CODE_USER`].
pub const OIDC_CODE_PASSWORD: &str = "otto-pw";
/// User of the identity provider for whom Keystone has no rule. The password is `stranger-pw`.
pub const OIDC_UNMAPPED_USER: &str = "stranger";
/// User of the identity provider whose tokens lack the claims that Keystone reads. The password is
/// `bare-pw`.
pub const OIDC_BARE_USER: &str = "bare";
