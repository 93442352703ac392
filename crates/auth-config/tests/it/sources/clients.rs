//! Clients that read a secret.

use std::{fs, path::Path};

use testing::{Loopback, Reply, configured};

use crate::support::of_variables;

/// A password in a file, which is wrong, then right, then gone.
#[test]
fn builders_read_a_secret_at_each_login() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rotated");
    fs::create_dir_all(&directory).unwrap();
    let file = directory.join("password");
    let server = Loopback::start(|request| match request.text.contains("newsecret") {
        true => {
            let token = r#"{"token":{"expires_at":"2999-01-01T00:00:00Z"}}"#;
            Reply::new(201, "X-Subject-Token: t\r\nConnection: close\r\n", token)
        }
        false => Reply::new(401, "Connection: close\r\n", r#"{"error":{"code":401}}"#),
    });
    let cloud = of_variables(&[
        ("OS_AUTH_URL", &format!("{}/v3", server.url().trim_end_matches('/'))),
        ("OS_USER_ID", "u"),
        ("OS_PASSWORD_FILE", file.to_str().unwrap()),
    ])
    .unwrap();
    configured::login(&cloud.cloud().unwrap(), &cloud.credential().unwrap());
    let token_ureq = || {
        let token = cloud.ureq_builder().unwrap().build().unwrap().token();
        token.map(|token| token.expose().to_owned()).map_err(|error| error.to_string())
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let token_reqwest = || {
        let client = cloud.reqwest_builder().unwrap().build().unwrap();
        let token = runtime.block_on(client.token());
        token.map(|token| token.expose().to_owned()).map_err(|error| error.to_string())
    };
    let says = format!("password_file ({}): does not exist; name a readable file", file.display());
    for token in [&token_ureq as &dyn Fn() -> Result<String, String>, &token_reqwest] {
        fs::write(&file, "oldsecret\n").unwrap();
        let refused = token().unwrap_err();
        assert!(refused.contains("401") && !refused.contains("oldsecret"), "{refused}");
        fs::write(&file, "newsecret\n").unwrap();
        assert_eq!(token(), Ok("t".to_owned()));
        fs::remove_file(&file).unwrap();
        let unread = token().unwrap_err();
        assert!(unread.contains(&says), "{unread}");
    }
}

/// One unscoped login, whose token is exchanged for that of the scope.
#[test]
fn a_configured_root_serves_the_scopes() {
    let server = Loopback::start(|request| {
        let token = r#"{"token":{"expires_at":"2999-01-01T00:00:00Z","project":{"id":"p"}}}"#;
        let unscoped = r#"{"token":{"expires_at":"2999-01-01T00:00:00Z"}}"#;
        let body = if request.text.contains(r#""id":"p""#) { token } else { unscoped };
        Reply::new(201, "X-Subject-Token: t\r\nConnection: close\r\n", body)
    });
    let url = format!("{}/v3", server.url().trim_end_matches('/'));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (root, per_client) in [("unscoped", 2), ("off", 1), ("", 1)] {
        let cloud = of_variables(&[
            ("OS_AUTH_URL", &url),
            ("OS_USER_ID", "u"),
            ("OS_PASSWORD", "x"),
            ("OS_PROJECT_ID", "p"),
            ("OS_AUTH_ROOT", root),
        ]);
        let cloud = cloud.unwrap();
        configured::login(&cloud.cloud().unwrap(), &cloud.credential().unwrap());
        let before = server.requests().len();
        cloud.ureq_builder().unwrap().build().unwrap().token().unwrap();
        assert_eq!(server.requests().len() - before, per_client, "{root}");
        let client = cloud.reqwest_builder().unwrap().build().unwrap();
        runtime.block_on(client.token()).unwrap();
        assert_eq!(server.requests().len() - before, 2 * per_client, "{root}");
    }
    let wrong = of_variables(&[("OS_AUTH_URL", &url), ("OS_AUTH_ROOT", "project")]).unwrap_err();
    let says = "auth_root: must be unscoped or off (variable OS_AUTH_ROOT)";
    assert_eq!(wrong.to_string(), says);
}
