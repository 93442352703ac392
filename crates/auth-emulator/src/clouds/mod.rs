//! The clouds: a file with the rules of each vendor's document, and a folder with the stock
//! Keystone.

mod huawei;
mod kakao;
pub(crate) mod nhn;
mod otc;
pub(crate) mod projects;
pub(crate) mod stock;

use crate::{keystone::v3::V3Rules, system::System};

/// The cloud's rules for Identity v3; `None` for a cloud with v2.0, and for the stock Keystone, which
/// has more than one user.
pub(crate) fn v3_rules(system: System) -> Option<&'static V3Rules> {
    match system {
        System::NhnIaas | System::NhnCompute | System::Keystone => None,
        System::Otc => Some(&otc::RULES),
        System::Kakao => Some(&kakao::RULES),
        System::Huawei => Some(&huawei::RULES),
    }
}
