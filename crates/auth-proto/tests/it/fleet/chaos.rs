//! Everything at once, in random order.

use proptest::prelude::*;

use super::{model::engine, simulation};
use crate::support::cases;

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn a_fleet_recovers(seed in any::<u64>()) {
        let summary = simulation::run(engine(), seed);
        prop_assert!(summary.processes > 2 && summary.logins > 0 && summary.questions > 0);
    }
}
