//! The profiles, one file for each vendor. They hold data and no rules.

pub(super) mod huawei;
pub(super) mod kakao;
pub(super) mod keystone;
pub(super) mod nhn;
pub(super) mod otc;
pub(super) mod v2;
