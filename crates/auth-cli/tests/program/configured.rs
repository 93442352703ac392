//! Clouds of clouds.yaml and of variables, and flags that override them.

use auth_emulator::{Server, System, account};

use testing::{Loopback, Reply};

use crate::{Machine, otc_machine};

/// Two clouds of this server, one with a password and one without.
fn clouds(server: &Server) -> Machine {
    Machine::with(&format!(
        "clouds:
  mail:
    profile: nhn
    region_name: KR1
    auth: {{auth_url: '{}', username: {}, password: {}, project_id: {}}}
  work:
    profile: otc
    region_name: eu-de
    interface: [internal, public]
    auth: {{auth_url: '{}', username: {}, user_domain_name: {}, project_name: {}}}
",
        server.url(System::NhnIaas),
        account::NHN_USER,
        account::NHN_PASSWORD,
        account::NHN_TENANT,
        server.url(System::Otc),
        account::OTC_USER,
        account::OTC_DOMAIN,
        account::OTC_PROJECT_NAME,
    ))
}

#[test]
fn a_cloud_name_is_enough() {
    let server = Server::start().unwrap();
    let machine = clouds(&server);
    let json = machine.run(&["token", "--cloud", "mail", "--format", "json"], "", &[]).json();
    assert_eq!(json["project"]["id"], account::NHN_TENANT, "{json}");
    machine.run(&["token"], "", &[("OS_CLOUD", "mail")]).ok();
    let url = machine.run(&["endpoint", "image"], "", &[("OS_CLOUD", "mail")]).ok();
    assert!(url.contains("kr1-api-image"), "{url}");
    let arguments = ["endpoint", "image", "--region", "KR2"];
    machine.run(&arguments, "", &[("OS_CLOUD", "mail")]).failed(4, "unknown in cloud");

    machine.run(&["token"], "", &[]).failed(2, "cloud: several are configured; choose one");
    machine
        .run(&["token", "--cloud", "mali"], "", &[])
        .failed(2, "neither configured nor built in");
    let none = Machine::with("clouds: {}");
    none.run(&["token"], "", &[])
        .failed(2, "name a built-in cloud with --cloud, or write clouds.yaml");
}

#[test]
fn variables_make_a_cloud() {
    let server = Server::start().unwrap();
    let url = server.url(System::NhnIaas);
    let variables = [
        ("OS_AUTH_URL", url.as_str()),
        ("OS_USERNAME", account::NHN_USER),
        ("OS_PASSWORD", account::NHN_PASSWORD),
        ("OS_TENANT_ID", account::NHN_TENANT),
    ];
    let none = Machine::with("clouds: {}");
    none.run(&["token"], "", &variables).ok();
    // The cloud of the variables is the default; a flag can name another one.
    let both = clouds(&server);
    let json = both.run(&["config", "--format", "json"], "", &variables).json();
    assert_eq!(json["cloud"], "envvars", "{json}");
    both.run(&["token", "--cloud", "envvars"], "", &variables).ok();
    both.run(&["token", "--cloud", "mail"], "", &variables).ok();
}

#[test]
fn flags_override_the_configuration() {
    let server = Server::start().unwrap();
    let machine = clouds(&server);
    let token = |more: &[&str], input: &str| {
        machine.run(&[&["token", "--cloud", "work", "--format", "json"], more].concat(), input, &[])
    };
    // A flag supplies the missing password.
    let stdin = "--password-stdin";
    let json = token(&[stdin], account::OTC_PASSWORD).json();
    assert_eq!(json["project"]["name"], account::OTC_PROJECT_NAME, "{json}");
    token(&[], "").failed(2, "cannot ask for the password without a terminal");
    // Another scope.
    let json = token(&[stdin, "--domain", account::OTC_DOMAIN], account::OTC_PASSWORD).json();
    assert_eq!(json["domain"]["name"], account::OTC_DOMAIN, "{json}");
    // Another user, of the configured domain.
    token(&[stdin, "--user", account::OTC_USER], account::OTC_PASSWORD).ok();
    token(&[stdin, "--user", "somebody"], account::OTC_PASSWORD).failed(3, "401");

    // A password of the flags replaces the configured one.
    let mail = ["token", "--cloud", "mail", stdin];
    machine.run(&mail, "wrong", &[]).failed(3, "API password");
    // Another identity URL.
    let other = Loopback::start(|_| Reply::new(503, "Retry-After: 3600\r\n", ""));
    let url = format!("{}/v2.0", other.url());
    let moved = ["token", "--cloud", "mail", "--identity-url", &url];
    machine.run(&moved, "", &[]).failed(5, "next attempt after");
    assert!(other.last().starts_with("POST /v2.0/tokens"));
}

#[test]
fn a_password_is_sent_for_its_own_user_only() {
    let server = Server::start().unwrap();
    let machine = clouds(&server);
    server.watch(account::NHN_PASSWORD);
    let other = ["token", "--cloud", "mail", "--user", "somebody@example.com"];
    machine.run(&other, "", &[]).failed(2, "--password-stdin or --password-env");
    assert_eq!(server.traffic().canary_bytes, 0);
    let namesake = ["--user", account::NHN_USER, "--user-domain", "another"];
    let namesake =
        [&["token", "--cloud", "mail", "--identity-url", "https://k.example/v3"], &namesake[..]];
    machine.run(&namesake.concat(), "", &[]).failed(2, "--password-stdin or --password-env");
    let same = ["token", "--cloud", "mail", "--user", account::NHN_USER];
    machine.run(&same, "", &[]).ok();
    assert!(server.traffic().canary_bytes > 0);
}

#[test]
fn built_in_clouds_have_their_urls() {
    let machine = Machine::with("clouds: {}");
    let identity = |arguments: &[&str]| {
        let arguments = [&["config", "--format", "json"], arguments].concat();
        let json = machine.run(&arguments, "", &[]).json();
        json["settings"][0]["value"].as_str().unwrap().to_owned()
    };
    for (arguments, url) in [
        (&["--cloud", "otc"][..], "https://iam.eu-de.otc.t-systems.com/v3"),
        (&["--cloud", "otc", "--region", "eu-nl"], "https://iam.eu-nl.otc.t-systems.com/v3"),
        (&["--cloud", "huawei", "--region", "cn-north-4"], "https://iam.myhuaweicloud.com/v3"),
        (
            &["--cloud", "nhn-gov"],
            "https://api-identity-infrastructure.gov-nhncloudservice.com/v2.0",
        ),
    ] {
        assert_eq!(identity(arguments), url, "{arguments:?}");
    }
    machine
        .run(&["config", "--cloud", "citycloud"], "", &[])
        .failed(2, "choose a region with --region: ");
    machine.run(&["config", "--cloud", "otcc"], "", &[]).failed(2, "did you mean otc?");
    let said =
        machine.run(&["config", "--cloud", "keystone"], "", &[]).failed(2, "no settings to show");
    assert!(!said.contains("--identity-url"), "{said}");
    // A configured cloud hides a built-in one of the same name.
    let own = Machine::with("clouds: {otc: {auth: {auth_url: 'https://k.example/v3'}}}");
    let json = own.run(&["config", "--cloud", "otc", "--format", "json"], "", &[]).json();
    assert_eq!(json["settings"][0]["value"], "https://k.example/v3", "{json}");
    assert!(json["settings"][0]["origin"].as_str().unwrap().contains("clouds.yaml:1"), "{json}");
}

#[test]
fn configured_services_and_agencies_apply() {
    let server = Server::start().unwrap();
    let url = server.url(System::Otc);
    let project = format!("project_name: {}", account::OTC_PROJECT_NAME);
    let elsewhere = url.replace("/otc/v3", "/service/otc/own.example/v9/{project_id}");
    let override_url = format!("compute_endpoint_override: '{elsewhere}'");
    let machine = otc_machine(&server, &override_url, &project);
    let said = machine.run(&["curl", "--service", "compute", "/servers"], "", &[]).json();
    assert_eq!(said["service"], "own.example", "{said}");
    assert_eq!(said["path"], format!("/v9/{}/servers", account::OTC_PROJECT), "{said}");

    let agency = format!(
        "agency_name: {}, agency_domain_name: {}, target_project_name: {}",
        account::AGENCY,
        account::AGENCY_DOMAIN,
        account::OTC_PROJECT_NAME,
    );
    let token = ["token", "--format", "json"];
    let json = otc_machine(&server, "auth_type: agency", &agency).run(&token, "", &[]).json();
    assert_eq!(json["user"]["id"], account::AGENCY_USER_ID, "{json}");
}

#[test]
fn names() {
    let server = Server::start().unwrap();
    let machine = clouds(&server);
    let arguments = ["config", "--names", "--format", "json"];
    let json = machine.run(&arguments, "", &[("OS_CLOUD", "work")]).json();
    let names = json.as_array().unwrap();
    assert!(names.len() > 30, "{json}");
    assert_eq!(names[0]["name"], "mail");
    let work = serde_json::json!({"name": "work", "configured": true, "default": true});
    assert_eq!(names[1], work);
    let nhn = serde_json::json!({"name": "nhn", "configured": false, "default": false});
    assert!(names.contains(&nhn), "{json}");
}

#[test]
fn settings_have_sources_and_no_secrets() {
    let server = Server::start().unwrap();
    let machine = clouds(&server);
    machine.write("secure.yaml", "clouds: {work: {auth: {password: t0ps3cret}}}");
    let table = machine.run(&["config", "--cloud", "work"], "", &[]).ok();
    let row = |key: &str| table.lines().find(|line| line.starts_with(key)).unwrap();
    assert!(
        row("auth.password ").contains("(hidden)")
            && row("auth.password ").contains("secure.yaml:1"),
        "{table}"
    );
    assert!(row("auth.username ").contains("clouds.yaml:10"), "{table}");
    assert!(!table.contains("t0ps3cret"), "{table}");
    let json = machine.run(&["config", "--cloud", "work", "--format", "json"], "", &[]).ok();
    assert!(!json.contains("t0ps3cret") && json.contains(r#""value": null"#), "{json}");
}

#[test]
fn unknown_keys_cause_a_warning() {
    let server = Server::start().unwrap();
    let machine = Machine::with(&format!(
        "clouds: {{c: {{profile: nhn, regoin_name: KR1, auth: {{auth_url: '{}', username: {}, \
         password: {}, project_id: {}}}}}}}",
        server.url(System::NhnIaas),
        account::NHN_USER,
        account::NHN_PASSWORD,
        account::NHN_TENANT,
    ));
    let run = machine.run(&["token"], "", &[]);
    assert_eq!((run.code, run.out.trim_end().len()), (0, 32), "{run:?}");
    assert!(
        run.err.starts_with("warning: regoin_name: unknown key; did you mean region_name?"),
        "{run:?}"
    );
    assert_eq!(run.err.lines().count(), 1, "{run:?}");
}

/// Without the agency, the user would get a token for a project of the same name in their own
/// account.
#[test]
fn the_configured_agency_applies_to_any_user() {
    let server = Server::start().unwrap();
    let agency = format!(
        "project_domain_name: {}, target_agency_name: {}, target_domain_name: {}, \
         target_project_name: {}",
        account::OTC_DOMAIN,
        account::AGENCY,
        account::AGENCY_DOMAIN,
        account::OTC_PROJECT_NAME,
    );
    let machine = otc_machine(&server, "region_name: eu-de", &agency);
    let token = |more: &[&str]| {
        let arguments = [&["token", "--format", "json"], more].concat();
        machine.run(&arguments, "", &[])
    };
    let (user, project) = (account::OTC_USER, account::OTC_PROJECT_NAME);
    for more in [&[][..], &["--user", user], &["--user", user, "--project", project]] {
        let json = token(more).json();
        assert_eq!(json["project"]["id"], account::AGENCY_PROJECT_ID, "{more:?}: {json}");
    }
    let json = token(&["--user", user, "--domain", account::AGENCY_DOMAIN]).json();
    assert_eq!(json["user"]["id"], account::AGENCY_USER_ID, "{json}");
    assert_eq!(json["domain"]["name"], account::AGENCY_DOMAIN, "{json}");
    // An agency of the flags replaces the configured one.
    let other = ["--agency", "other", "--agency-domain", account::AGENCY_DOMAIN];
    token(&[&["--user", user, "--project", project], &other[..]].concat()).failed(3, "");
}

#[test]
fn a_scope_flag_applies_to_a_renamed_service() {
    let server = Server::start().unwrap();
    let renamed = "region_name: eu-de, identity_service_type: iam";
    let project = format!("project_name: {}", account::OTC_PROJECT_NAME);
    let machine = otc_machine(&server, renamed, &project);
    let curl = ["curl", "--service", "identity", "/auth/projects"];
    server.watch(r#""scope":{"project""#);
    machine.run(&curl, "", &[]).ok();
    assert_eq!(server.traffic().canary_bytes, 0);
    machine.run(&[&curl[..], &["--project", "eu-de"]].concat(), "", &[]).ok();
    assert!(server.traffic().canary_bytes > 0);
}

#[test]
fn warnings_come_before_the_error() {
    #[rustfmt::skip]
    let rows = [
        ("clouds: {c: {auth: {auth_ulr: 'https://k.example/v3', username: u}}}", "did you mean auth_url?", "auth_url is missing"),
        ("clouds: {c: {profile: ovhh, auth: {username: u}}}", "ovhh", "auth_url is missing"),
        ("clouds: {c: {regoin_name: r, auth: {auth_url: 'http://k.example/v3', username: u}}}", "did you mean region_name?", "plain http"),
        (
            "clouds: {c: {regoin_name: r, auth_type: v9, auth: {auth_url: 'https://k.example/v3', \
             username: u}}}",
            "did you mean region_name?",
            "auth_type: v9 is not supported",
        ),
        (
            "clouds: {c: {regoin_name: r, compute_endpoint_override: 'no url', \
             auth: {auth_url: 'https://k.example/v3', username: u}}}",
            "did you mean region_name?",
            "compute_endpoint_override: ",
        ),
    ];
    for (clouds, odd, why) in rows {
        let machine = Machine::with(clouds);
        let token = machine.run(&["token"], "", &[]);
        let (first, last) = token.err.split_once('\n').unwrap();
        assert!(token.code == 2 && token.out.is_empty(), "{token:?}");
        assert!(first.starts_with("warning: ") && first.contains(odd), "{token:?}");
        assert!(last.starts_with("error: ") && last.contains(why), "{token:?}");
        // `config` shows the settings anyway.
        let config = machine.run(&["config"], "", &[]);
        assert!(config.code == 0 && config.out.contains("auth.username"), "{config:?}");
        assert!(config.err.starts_with(first), "{config:?}");
        let last = config.err.lines().last().unwrap();
        assert!(last.starts_with("warning: ") && last.contains(why), "{config:?}");
    }
}
