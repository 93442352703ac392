//! Logins with an identity provider, and secrets that are read at a login.

use auth_emulator::{Server, System, account};

use crate::{Machine, Run};

/// A machine with this cloud, whose configuration is named, so that it may have commands.
fn run(cloud: &str) -> Run {
    let machine = Machine::with(&format!("clouds: {{c: {cloud}}}"));
    machine.run(&["token"], "", &[("OS_CLIENT_CONFIG_FILE", "clouds.yaml"), ("PATH", "/bin")])
}

/// A service account of the emulator's provider, with these settings in place of its own.
fn service(server: &Server, settings: &str) -> Run {
    let (url, provider) = (server.url(System::Keystone), server.provider_url());
    run(&format!(
        "{{auth_type: v3oidcclientcredentials, access_token_endpoint: '{provider}/token', \
         identity_provider: {}, protocol: {}, client_id: {}, client_secret: {}, \
         auth: {{auth_url: '{url}', {settings}}}}}",
        account::FEDERATION_PROVIDER,
        account::FEDERATION_PROTOCOL,
        account::OIDC_CLIENT,
        account::OIDC_CLIENT_SECRET,
    ))
}

#[test]
fn errors_name_keys_and_no_functions() {
    let server = Server::start().unwrap();
    #[rustfmt::skip]
    let rows = [
        ("openid_scope: openid nosuch", 3, "check openid_scope and the scopes"),
        ("access_token_endpoint: 'http://login.example/t'", 2, "error: auth.access_token_endpoint: plain http"),
        ("access_token_endpoint: '', discovery_endpoint: x", 2, "error: auth.discovery_endpoint: no http"),
        ("identity_provider: '..'", 2, "error: auth.identity_provider: not a valid id"),
        ("protocol: nosuch", 3, "has not enabled this protocol"),
        ("client_secret: nosuch", 3, "check the client's id and its secret"),
        ("openid_scope: profile, access_token_type: id_token", 5, "add openid to openid_scope"),
    ];
    for (settings, code, part) in rows {
        let said = service(&server, settings).failed(code, part);
        assert!(!said.contains("::"), "{said}");
    }
}

#[test]
fn an_unread_secret_is_no_fault_of_a_network() {
    #[rustfmt::skip]
    let rows = [
        ("file: /nosuch/token", "access_token_file (/nosuch/token): does not exist; name a readable file\n"),
        ("env: NOSUCH", "access_token_env (NOSUCH): is not set; export it\n"),
        ("command: [sh, -c, 'echo t0ps3cret; echo t0ps3cret >&2; exit 3']", "access_token_command (sh): ended with exit status 3; run the command by hand to see its messages\n"),
    ];
    for (source, end) in rows {
        let said = run(&format!(
            "{{auth_type: v3oidcaccesstoken, auth: {{auth_url: 'https://k.example', \
             identity_provider: i, protocol: p, access_token_{source}}}}}"
        ));
        let said = said.failed(5, end);
        assert!(said.ends_with(end) && !said.contains("t0ps3cret"), "{said}");
    }
}

/// Also without an `api_timeout`.
#[test]
fn a_configured_root_is_used() {
    let server = Server::start().unwrap();
    for (root, requests) in [("off", 1), ("unscoped", 2)] {
        let before = server.emulator().requests(System::Keystone);
        let ran = run(&format!(
            "{{auth_root: {root}, auth: {{auth_url: '{}', username: alice, password: alice-pw, \
             user_domain_name: Default, project_id: {}}}}}",
            server.url(System::Keystone),
            account::KEYSTONE_PROJECT_ID,
        ));
        ran.ok();
        assert_eq!(server.emulator().requests(System::Keystone), before + requests, "{root}");
    }
}
