//! Proxies that the environment names.

use crate::Machine;

const LOGIN: [&str; 7] = [
    "token",
    "--identity-url",
    "https://keystone.example/v3",
    "--user-id",
    "u",
    "--password-env",
    "P",
];

#[test]
fn an_unusable_proxy_is_named() {
    for (variable, value) in [
        ("ALL_PROXY", "ftp://me:t0ps3cret@proxy.example"),
        ("https_proxy", "http://me:t0ps3cret@proxy.example:99999"),
        ("HTTPS_PROXY", " http://me:t0ps3cret@proxy.example"),
    ] {
        let run = Machine::with("clouds: {}").run(&LOGIN, "", &[(variable, value), ("P", "pw")]);
        let said = run.failed(2, variable);
        assert!(!said.contains("t0ps3cret") && !said.contains("::"), "{said}");
    }
}

/// The emulator is on loopback, where no proxy leads.
#[test]
fn no_proxy_leads_to_the_emulator() {
    for value in ["http://127.0.0.1:1", "socks5://127.0.0.1:1", "ftp://127.0.0.1:1"] {
        for arguments in [&["demo"][..], &["token", "--emulator=otc"]] {
            let run = Machine::with("clouds: {}").run(arguments, "", &[("ALL_PROXY", value)]);
            assert_eq!((run.code, run.err.as_str()), (0, ""), "{value}: {run:?}");
        }
    }
}
