//! Every command with every emulated cloud.

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    process::Stdio,
};

use auth_emulator::account;

use crate::{Machine, commands, run};

const PROFILES: [&str; 7] =
    ["federated", "huawei", "kakao", "keystone", "nhn", "nhn-compute", "otc"];

/// A command, its input and the expected outcome.
struct CommandCase {
    arguments: &'static [&'static str],
    input: &'static str,
    outcome: fn(&str) -> CommandOutcome,
}

/// The exit code, a part of standard output, and the whole of standard error.
struct CommandOutcome(i32, String, &'static str);

const CASES: &[CommandCase] = &[
    row(&["token", "--format", "json"], |profile| ok(token_of(profile))),
    row(&["token", "--format", "shell"], |_| ok("export OS_TOKEN='")),
    row(&["catalog"], |profile| ok(service_of(profile))),
    row(&["catalog", "--service", "image"], |_| ok("image")),
    row(&["endpoint", "image"], |profile| ok(image_of(profile))),
    row(&["endpoint", "compute"], |profile| match profile {
        "kakao" => no_compute(),
        _ => ok("http://127.0.0.1:"),
    }),
    row(&["projects"], |profile| match profile {
        "nhn" | "nhn-compute" => lacking(
            "error: NHN Cloud uses API v2.0, which cannot list projects; the console of the cloud \
             shows the tenant's id\n",
        ),
        profile => ok(project_of(profile)),
    }),
    row(&["validate"], |profile| match profile {
        "nhn" | "nhn-compute" => lacking(NO_VALIDATE),
        _ => ok("valid"),
    }),
    CommandCase {
        arguments: &["validate", "--token-stdin"],
        input: "another-token\n",
        outcome: |profile| match profile {
            "nhn" | "nhn-compute" => lacking(NO_VALIDATE),
            _ => CommandOutcome(
                1,
                String::new(),
                "error: the token is not valid: it has expired, was revoked, or belongs to another \
                 cloud; get a new one with `cloud-auth token`\n",
            ),
        },
    },
    row(&["revoke"], |profile| match profile {
        "nhn" | "nhn-compute" => lacking(
            "error: NHN Cloud uses API v2.0, which cannot revoke a token; the token expires, or ends \
             when the API password changes\n",
        ),
        _ => ok(""),
    }),
    row(&["config"], |_| ok("(hidden)")),
    row(&["config", "--names"], ok),
    row(&["curl", "--service", "image", "/things"], |_| ok(r#""method":"GET","path":"/"#)),
    row(&["curl", "--service", "image", "-i", "-X", "DELETE", "things/1"], |_| {
        ok("HTTP/1.1 200 OK\r\n")
    }),
    row(&["curl", "--service", "compute", "/servers"], |profile| match profile {
        "kakao" => no_compute(),
        _ => ok("/servers"),
    }),
    row(&["curl", "--service", "image", "--json", "{}", "/things"], |_| {
        ok(r#""method":"POST","path":"/"#)
    }),
    row(&["store"], |_| lacking(NO_STORE)),
    row(&["logout", "--all"], |_| lacking(NO_STORE)),
    row(&["completions", "bash"], |_| ok("complete -F _cloud__auth")),
    row(&["completions", "fish"], |_| ok("complete -c cloud-auth")),
    row(&["completions", "zsh"], |_| ok("#compdef cloud-auth")),
    row(&["demo"], |_| ok("KakaoCloud")),
    CommandCase {
        arguments: &["inspect"],
        input: "HTTP/1.1 401 Unauthorized\r\n\r\n",
        outcome: |_| ok(r#""kind": "error""#),
    },
];

#[test]
fn every_command_works_or_gives_a_reason() {
    for profile in PROFILES {
        let emulator = format!("--emulator={profile}");
        for case in CASES {
            let arguments = [&[emulator.as_str()], case.arguments].concat();
            let run = run(&arguments, case.input);
            let CommandOutcome(code, out, err) = (case.outcome)(profile);
            assert!(run.code == code && run.err == err, "{arguments:?}: {run:?}");
            let silent = code != 0 || out.is_empty();
            assert!(
                run.out.contains(&out) && run.out.is_empty() == silent,
                "{arguments:?}: {run:?}"
            );
        }
    }
}

#[test]
fn every_command_and_cloud_has_a_case() {
    let help = run(&["--help"], "").ok();
    for command in commands(&help) {
        assert!(CASES.iter().any(|case| case.arguments[0] == command), "{command}");
    }
    let said = run(&["--emulator=nothing", "demo"], "").failed(2, "possible values");
    assert!(said.contains(&format!("[possible values: {}]", PROFILES.join(", "))), "{said}");
}

#[test]
fn the_emulator_replaces_the_configuration() {
    let said = run(&["--emulator=otc", "token", "--cloud", "nhn"], "");
    said.failed(2, "--emulator=otc: already chooses the cloud; leave out --cloud");
    // The configuration of the machine is ignored.
    let variables = [("OS_CLOUD", "mine"), ("OS_AUTH_URL", "https://k.example"), ("OS_TOKEN", "t")];
    let mine = Machine::with("clouds: {mine: {auth_type: none}");
    mine.run(&["--emulator=otc", "projects"], "", &variables).ok();
    // The flag may follow the command, and other flags may name the user.
    run(&["token", "--emulator=nhn", "--user", "somebody", "--password-stdin"], "pw")
        .failed(3, "API password");
    run(&["token", "--emulator=nhn", "--password-stdin"], "wrong").failed(3, "API password");
}

/// Each region of an emulated catalog can be chosen.
#[test]
fn every_region_of_a_catalog_is_known() {
    for (profile, regions) in [
        ("federated", &["RegionOne", "RegionTwo"][..]),
        ("huawei", &["cn-north-1"]),
        ("kakao", &["kr-central-2"]),
        ("keystone", &["RegionOne", "RegionTwo"]),
        ("nhn", &["KR1", "KR2"]),
        ("nhn-compute", &["KR1", "KR2"]),
        ("otc", &["eu-de"]),
    ] {
        let emulator = format!("--emulator={profile}");
        let catalog = run(&[&emulator, "catalog", "--format", "json"], "").json();
        let services = catalog.as_array().unwrap().iter();
        let endpoints = services.flat_map(|service| service["endpoints"].as_array().unwrap());
        let listed: BTreeSet<_> =
            endpoints.filter_map(|one| one["region"].as_str()).filter(|one| *one != "*").collect();
        assert_eq!(listed.into_iter().collect::<Vec<_>>(), regions);
        for region in regions {
            run(&[&emulator, "endpoint", "image", "--region", region], "").ok();
        }
    }
}

/// The flags of a login to the emulated Keystone, its secret, and a field of its token.
#[test]
fn keystone_has_every_scope_and_method() {
    let key = account::KEYSTONE_KEY_ID;
    for (flags, secret, field, value) in [
        (&["--project", "beta"][..], "", "/project/name", "beta"),
        (&["--project-id", account::KEYSTONE_BETA_ID], "", "/project/name", "beta"),
        (&["--domain", "Corp"], "", "/domain/name", "Corp"),
        (&["--domain-id", "default"], "", "/domain/name", "Default"),
        (&["--user", "bob"], "bob-pw", "/project/name", "alpha"),
        (
            &[
                "--user",
                "alice",
                "--user-domain",
                "Corp",
                "--project",
                "alpha",
                "--project-domain",
                "Corp",
            ],
            "corp-alice-pw",
            "/project/id",
            account::KEYSTONE_OTHER_PROJECT_ID,
        ),
        (&["--application-credential-id", key], "secret of plain", "/project/name", "alpha"),
        (
            &["--user", "alice", "--application-credential-name", "one-role"],
            "secret of one-role",
            "/project/name",
            "alpha",
        ),
    ] {
        let own = ["--emulator=keystone", "token", "--format", "json"];
        let from = if secret.is_empty() { &[][..] } else { &["--password-stdin"] };
        let token = run(&[&own, flags, from].concat(), secret).json();
        assert_eq!(token.pointer(field), Some(&value.into()), "{flags:?}: {token}");
    }
    for (flags, refused) in [
        (&["--user", "mfa"][..], "the cloud requests a one-time code (totp)"),
        (&["--user", "totp", "--totp"], "cannot ask for the one-time code"),
    ] {
        let own = ["--emulator=keystone", "token", "--password-stdin"];
        let password = format!("{}-pw", flags[1]);
        let run = run(&[&own, flags].concat(), password);
        // A test has no terminal on which the program could ask.
        assert!(run.err.contains(refused) && run.out.is_empty(), "{run:?}");
    }
}

/// The program `script` gives a terminal, and passes input and output on.
#[cfg(target_os = "linux")]
#[test]
fn the_terminal_shows_the_emulated_code() {
    let machine = Machine::with("clouds: {}");
    let program = env!("CARGO_BIN_EXE_cloud-auth");
    let own = format!("{program} --emulator=keystone token --password-env P --format json");
    for flags in ["--user mfa", "--user mfa --totp", "--user totp --totp"] {
        let password = if flags.contains("mfa") { "mfa-pw" } else { "totp-pw" };
        let mut terminal = std::process::Command::new("script");
        terminal
            .args(["-qec", &format!("{own} {flags}"), "/dev/null"])
            .env_clear()
            .envs([("PATH", std::env::var("PATH").unwrap()), ("P", password.to_owned())])
            .envs([("HOME", machine.0.path()), ("TMPDIR", machine.0.path())])
            .current_dir(machine.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        testing::configured::program(&mut terminal);
        let mut terminal = terminal.spawn().unwrap();
        let (mut keys, mut screen) =
            (terminal.stdin.take().unwrap(), terminal.stdout.take().unwrap());
        let mut said = String::new();
        while !(said.contains("One-time code") && said.ends_with(": ")) {
            let mut byte = [0];
            assert_eq!(screen.read(&mut byte).unwrap(), 1, "{flags}: {said}");
            said.push(byte[0].into());
        }
        let code = said.split("authenticator shows ").nth(1).unwrap();
        writeln!(keys, "{}", &code[..6]).unwrap();
        // Another question would get no answer.
        drop(keys);
        let mut rest = String::new();
        screen.read_to_string(&mut rest).unwrap();
        assert!(terminal.wait().unwrap().success(), "{flags}: {said}{rest}");
        assert!(rest.contains("\"methods\"") && rest.contains("totp"), "{flags}: {rest}");
    }
}

const fn row(
    arguments: &'static [&'static str],
    outcome: fn(&str) -> CommandOutcome,
) -> CommandCase {
    CommandCase { arguments, input: "", outcome }
}

fn ok(part: &str) -> CommandOutcome {
    CommandOutcome(0, part.to_owned(), "")
}

const NO_VALIDATE: &str = "error: NHN Cloud uses API v2.0, which cannot validate a token; call a \
                           service instead: `cloud-auth curl` with a full URL\n";

const NO_STORE: &str = "error: --emulator: has no store; leave out the flag\n";

/// The program knows before a login that v2.0 has no such request.
fn lacking(said: &'static str) -> CommandOutcome {
    CommandOutcome(2, String::new(), said)
}

fn no_compute() -> CommandOutcome {
    CommandOutcome(
        4,
        String::new(),
        "error: no public endpoint of service compute in region kr-central-2; available: bcs, \
         identity, image, load-balancer, network, volume, vpc (regions: kr-central-2; interfaces: \
         public); `cloud-auth catalog` lists all endpoints\n",
    )
}

fn token_of(profile: &str) -> &'static str {
    match profile {
        "huawei" | "otc" => r#""token": "MII"#,
        "federated" | "kakao" | "keystone" => r#""token": "gAAAAAB"#,
        _ => r#""token": ""#,
    }
}

fn service_of(profile: &str) -> &'static str {
    match profile {
        "huawei" => "ecs.cn-north-1.myhuaweicloud.com",
        "kakao" => "vpc.kr-central-2.kakaocloud.com",
        "federated" | "keystone" => "nova.public.regionone.keystone.example",
        "otc" => "ecs.eu-de.otc.t-systems.com",
        _ => "kr1-api-instance-infrastructure.nhncloudservice.com",
    }
}

fn image_of(profile: &str) -> &'static str {
    match profile {
        "huawei" => "ims.cn-north-1.myhuaweicloud.com",
        "kakao" => "image.kr-central-2.kakaocloud.com",
        "federated" | "keystone" => "glance.public.regionone.keystone.example",
        "otc" => "ims.eu-de.otc.t-systems.com",
        _ => "kr1-api-image-infrastructure.nhncloudservice.com",
    }
}

fn project_of(profile: &str) -> &'static str {
    match profile {
        "huawei" => "cn-north-1",
        "kakao" => "kakaocloud-project",
        "federated" | "keystone" => "beta",
        _ => "eu-de",
    }
}
