//! The values of refused tokens.

use auth_proto::{Destination, Event, RefusalReason, Scope};
use http::Uri;

use crate::{
    types::NOW,
    walk::{Walk, see},
};

pub(crate) fn walk(walk: &mut Walk) {
    let url = Uri::from_static("https://compute.example/servers");
    see!(walk, Destination::At(&url), Destination::Later, Destination::Unknown);
    let origin = || "https://compute.example:443".to_owned();
    see!(walk, Event::ServiceAtOdds { scope: Scope::default(), origin: origin(), until: NOW });
    for reason in [
        RefusalReason::AtOdds,
        RefusalReason::Closed,
        RefusalReason::NoOtherToken,
        RefusalReason::NotReplayable,
        RefusalReason::Repeated,
    ] {
        see!(walk, reason, Event::RefusalDelivered { origin: origin(), reason });
    }
}
