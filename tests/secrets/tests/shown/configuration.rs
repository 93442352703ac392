//! Configurations with a secret wherever one can stand, right and wrong.

use auth_config::{
    Choices, CloudConfig, Config, Error, FileProblem, Files, Pem, Platform, SecretProblem,
    Variables,
};
use auth_proto::SecretSource;
use serde_json::json;

use crate::{
    canaries::{PASSCODE, PASSWORD, SECRET, TOKEN},
    walk::{Walk, see},
};

pub(crate) fn walk(walk: &mut Walk) {
    let none = Variables::default();
    for (auth, beside) in CLOUDS {
        merged(walk, &here().with_readable_by_others("clouds.yaml", file(auth, beside)), &none);
    }
    let variables = || Variables::from_iter([("OS_PASSWORD", PASSWORD), ("OS_TOKEN", TOKEN)]);
    see!(walk, variables());
    let own = file("username: u", "region_name: r");
    let server = format!("auth_store: 'redis://u:{PASSCODE}@h'");
    for files in [
        here(),
        here().with("clouds.yaml", &own[..]).with_unreadable("secure.yaml"),
        here().with("clouds.yaml", own.replace("mine:", "envvars:")),
        here().with("clouds.yaml", own.replace("}}}", "}}, other: {}}")),
        here().with("clouds.yaml", own.replace("clouds:", "cluods:")),
        here().with("clouds.yaml", format!("{own}\n# {}", TOKEN.repeat(30_000))),
        here().with("clouds.yaml", format!("{own}: [")),
        here().with("clouds.yaml", own.replace("username", "password: x, password")),
        here()
            .with("/etc/openstack/clouds.yaml", URL)
            .with("secure.yaml", format!("clouds: {{mine: {{auth: {{{}}}}}}}", secrets())),
        here()
            .with("clouds-public.yaml", MOVED)
            .with("/etc/openstack/clouds.yaml", file("username: u", "profile: otc")),
        here().with("/etc/openstack/clouds.yaml", file("username: u", &server)),
    ] {
        merged(walk, &files, &none);
        merged(walk, &files, &variables());
    }
    let json = format!("{{\"clouds\": {{\"mine\": \"{TOKEN}\\ud83d\"}}}}");
    merged(walk, &here().with("clouds.json", json), &none);
    // Of files that a client reads.
    let problem = "no certificate in it".to_owned();
    see!(walk, Error::Pem { setting: "cert", path: None, problem }, FileProblem::Directory);
    // Of the environment of a process alone.
    see!(walk, Error::NotUnicode { name: "OS_PASSWORD".to_owned() }, Platform::default());
}

/// What stands under `auth` and beside it; the secrets stand there anyway.
const CLOUDS: [(&str, &str); 32] = [
    ("auth_url: 'https://k.example/v3', username: u, user_domain_id: d", "region_name: r"),
    ("auth_url: 'https://me:TOKEN@k.example/v3', username: u", "x: 'TOKEN'"),
    ("auth_ulr: 'https://k.example/v3', pasword: 'TOKEN'", "profile: nosuch"),
    ("auth_url: 'https://k.example/v3'", "auth_type: v3nosuch"),
    ("auth_url: 'https://k.example/v3'", "auth_type: v3applicationcredential, project_id: p"),
    ("auth_url: 'https://k.example/v3'", "cert: /c, key: '-----BEGIN PRIVATE KEY-----TOKEN'"),
    ("auth_url: 'https://k.example/v3', project_id: p, domain_id: d", "verify: false, cacert: /x"),
    ("auth_url: 'https://k.example/v3', username: ['TOKEN']", "insecure: true"),
    ("auth_url: 'https://k.example/v3', username: {'TOKEN': 'TOKEN'}", "x: {'TOKEN'}"),
    ("auth_url: 'https://k.example/v3', username: u", "insecure: 'TOKEN'"),
    ("auth_url: 'https://k.example/v3', domain_id: d, trust_id: t", "auth_type: password"),
    ("auth_url: 'https://k.example/v3'", "auth_plugin: password"),
    ("auth_url: 'https://k.example/v3', username: u, TOKEN", "endpoint_type: internal"),
    ("auth_url: 'https://k.example/v3'", "compute_endpoint_override: 'https://u:TOKEN@x.example'"),
    ("auth_url: 'https://k.example/v3'", "compute_endpoint_override: 'https://x.example/{TOKEN'"),
    ("username: u", "profile: betacloud"),
    ("username: u", "profile: fuga"),
    ("username: u", "profile: otc, region_name: eu-de"),
    ("auth_url: 'https://k.example/v3'", "regions: [a, b]"),
    ("auth_url: 'http://k.example/v3', username: u", "allow_plain_http: true"),
    ("auth_url: 'https://k.example/v3', user_id: u, trust_id: t", "auth_type: v3totp"),
    ("auth_url: 'https://k.example/v2.0', username: u, user_domain_id: d", "auth_type: v2password"),
    ("auth_url: 'https://k.example/v3', password_command: [x, 'TOKEN'], user_id: u", "x: x"),
    (
        "auth_url: 'https://k.example/v3', access_token_command: [x, 'TOKEN'], identity_provider: i, \
         protocol: p",
        "auth_type: v3oidcaccesstoken",
    ),
    (
        "auth_url: 'https://k.example/v3', client_id: c, client_secret: 'TOKEN', protocol: p, \
         identity_provider: i, access_token_endpoint: 'https://u:TOKEN@i.example'",
        "auth_type: v3oidcclientcredentials",
    ),
    (
        "auth_url: 'https://k.example/v3', code: 'TOKEN', refresh_token: 'TOKEN'",
        "auth_type: v3websso",
    ),
    (
        "auth_url: 'https://k.example/v3', oauth2_client_id: i, oauth2_client_secret: 'TOKEN'",
        "auth_type: v3oauth2clientcredential",
    ),
    ("auth_url: 'https://k.example/v3', username: u", "auth_store: 'redis://:TOKEN@h'"),
    ("auth_url: 'https://k.example/v3', username: u", "auth_store: 'TOKEN@h:6379'"),
    ("auth_url: 'https://k.example/v3', username: u", "auth_store: 'memcached://TOKEN@h'"),
    ("auth_url: 'https://k.example/v3', username: u", "auth_store: ['TOKEN']"),
    ("auth_url: 'https://k.example/v3', username: u", "auth_store_key_file: k"),
];

const MOVED: &str = "public-clouds: {otc: {auth: {auth_url: 'https://k.example'}}}";

const URL: &str = "clouds: {mine: {auth: {auth_url: 'https://k.example', username: u}}}";

fn here() -> Files {
    Files::in_directory("/here")
}

fn file(auth: &str, beside: &str) -> String {
    let (auth, beside) = (auth.replace("TOKEN", TOKEN), beside.replace("TOKEN", TOKEN));
    format!("clouds: {{mine: {{{beside}, auth: {{{auth}, {}}}}}}}", secrets())
}

fn secrets() -> String {
    let password = json!(PASSWORD);
    format!(
        "password: {password}, token: '{TOKEN}', passcode: '{PASSCODE}', \
         application_credential_id: a, application_credential_secret: '{SECRET}'"
    )
}

fn merged(walk: &mut Walk, files: &Files, variables: &Variables) {
    see!(walk, *files, *variables);
    let config = match Config::merge(files, variables) {
        Ok(config) => config,
        Err(error) => {
            see!(walk, error);
            return;
        }
    };
    see!(walk, config);
    let mine = || Choices::default().cloud("mine");
    for choices in [
        Choices::default(),
        mine(),
        mine().region("b"),
        mine().region("c"),
        Choices::default().cloud("x"),
    ] {
        see!(walk, choices);
        match config.cloud(&choices) {
            Ok(cloud) => of_cloud(walk, &cloud),
            Err(error) => see!(walk, error),
        }
    }
}

fn of_cloud(walk: &mut Walk, cloud: &CloudConfig) {
    see!(walk, *cloud, *cloud.tls());
    let tls = cloud.tls();
    let pems = [&tls.cacert, &tls.cert, &tls.key].into_iter().flatten();
    pems.for_each(|pem: &Pem| see!(walk, *pem));
    cloud.store().into_iter().for_each(|store| see!(walk, *store));
    cloud.warnings().iter().for_each(|warning| see!(walk, *warning));
    for setting in cloud.settings() {
        see!(walk, *setting.origin(), setting);
    }
    let (reader, source) = (cloud.secret_reader(), SecretSource::new("password_file (/x)"));
    see!(walk, reader, SecretProblem::Unset, SecretProblem::Start(std::io::ErrorKind::NotFound));
    reader.read(&source).err().iter().for_each(|error| see!(walk, *error));
    cloud.cloud().err().iter().for_each(|error| see!(walk, *error));
    cloud.scope().err().iter().for_each(|error| see!(walk, *error));
    match cloud.credential() {
        Ok(credential) => see!(walk, credential),
        Err(error) => see!(walk, error),
    }
}
