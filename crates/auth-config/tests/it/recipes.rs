//! The recipes of the documentation, as printed.

use auth_config::{Choices, Config, Files, Variables};
use auth_proto::{Login, Question, Step};

/// The clouds of the recipes, and the beginning of what each login does first.
#[rustfmt::skip]
const FIRST: &[(&str, &str)] = &[
    ("kubernetes", "asks access_token_file (/var/run/secrets/cloud/token)"),
    ("github", "asks access_token_command (sh)"),
    ("gitlab", "asks access_token_env (KEYSTONE_ID_TOKEN)"),
    ("entra", "asks access_token_command (sh)"),
    ("google", "asks access_token_command (curl)"),
    ("ovhcloud", "asks client_secret_file (/home/me/.config/openstack/ovhcloud.secret)"),
    ("egi", "asks access_token_command (oidc-token)"),
    ("egi-service", "asks client_secret_file (/run/secrets/egi)"),
    ("eumetsat", "asks access_token_command (sh)"),
    ("rotated", "asks password_file (/run/secrets/cloud/password)"),
    ("vault", "asks application_credential_secret_command (vault)"),
    ("otc", "asks access_token_file (/var/run/secrets/cloud/token)"),
];

#[test]
fn every_recipe_is_read_as_printed() {
    let found: Vec<_> = recipes().map(|text| first(&text)).collect();
    let wanted: Vec<_> =
        FIRST.iter().map(|(cloud, first)| ((*cloud).to_owned(), (*first).to_owned())).collect();
    assert_eq!(found, wanted);
}

fn recipes() -> impl Iterator<Item = String> {
    let blocks = include_str!("../../src/recipes.md").split("```yaml\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap_or_default().to_owned())
}

fn first(text: &str) -> (String, String) {
    let files = Files::in_directory("/here").with("/home/me/.config/openstack/clouds.yaml", text);
    let variables = Variables::from_iter([("HOME", "/home/me")]);
    let config = Config::merge(&files, &variables).unwrap();
    let cloud = config.cloud(&Choices::default()).unwrap();
    assert_eq!(crate::support::warned(&cloud), [""; 0], "{text}");
    let (at, credential) = (cloud.cloud().unwrap(), cloud.credential().unwrap());
    let login = Login::new(&at, credential, cloud.scope().unwrap()).unwrap();
    let first = match login.poll().unwrap() {
        Step::Ask(Question::Secret(source)) => format!("asks {source}"),
        Step::Send(request) => format!("sends to {}", request.uri()),
        other => format!("{other:?}"),
    };
    (cloud.name().to_owned(), first)
}

/// The scripts of the recipes are valid, as far as the shell can tell without running them.
#[cfg(unix)]
#[test]
fn every_script_of_a_recipe_is_valid() {
    let scripts: Vec<_> = recipes().filter(|text| text.contains("- sh\n")).collect();
    assert_eq!(scripts.len(), 3);
    for text in scripts {
        let (_, script) = text.split_once(">-\n").unwrap();
        let lines = script.lines().take_while(|line| line.starts_with("          "));
        let script = lines.map(str::trim).collect::<Vec<_>>().join(" ");
        assert!(script.ends_with(".value") || script.ends_with(".access_token"), "{script}");
        let status = std::process::Command::new("sh").args(["-nc", &script]).status().unwrap();
        assert!(status.success(), "{script}");
    }
}
