//! A Redis server that is not there. `tests/redis` has those that are.

use auth_emulator::Server;

use super::{logins, machine};

const PLACE: &str = "CLOUD_AUTH_STORE";
const KEY: (&str, &str) =
    ("CLOUD_AUTH_STORE_KEY", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");

#[test]
fn a_redis_that_is_gone_is_no_failure() {
    let server = Server::start().unwrap();
    let machine = machine(&server, "");
    // Nobody listens at this port.
    let url = "redis://:s3cret@127.0.0.1:1";
    for count in 1..3 {
        let run = machine.run(&["token"], "", &[(PLACE, url), KEY]);
        assert!(run.code == 0 && run.err.lines().count() == 1, "{run:?}");
        let start = "warning: the store is of no use to this run: ";
        assert!(run.err.starts_with(start) && !run.err.contains("s3cret"), "{run:?}");
        assert_eq!(logins(&server), count);
    }
    let run = machine.run(&["logout"], "", &[(PLACE, url), KEY]);
    assert!(run.code == 5 && run.err.contains("error: the store does not answer"), "{run:?}");
}
