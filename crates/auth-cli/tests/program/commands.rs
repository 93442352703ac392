//! The commands that log in, with the emulator.

use auth_emulator::{Fault, Server, account};
use http::StatusCode;

use crate::{flags, kakao, nhn, otc, run, server::serve_all, with};

#[test]
fn tokens() {
    let server = Server::start().unwrap();
    let login = nhn(&server);
    let plain = run(&with(&["token"], &login), account::NHN_PASSWORD).ok();
    assert_eq!(plain.trim_end().len(), 32, "{plain}");

    let shell = run(&with(&["token", "--format", "shell"], &login), account::NHN_PASSWORD).ok();
    let token = shell.strip_prefix("export OS_TOKEN='").and_then(|rest| rest.strip_suffix("'\n"));
    assert_eq!(token.map(str::len), Some(32), "{shell}");

    let json = run(&with(&["token", "--format", "json"], &login), account::NHN_PASSWORD).json();
    assert_eq!(json["token"].as_str().unwrap().len(), 32, "{json}");
    assert_eq!(json["project"]["id"], account::NHN_TENANT, "{json}");
    assert_eq!(json["user"]["id"], account::NHN_USER_ID, "{json}");

    let table = run(&with(&["token", "--format", "table"], &login), account::NHN_PASSWORD).ok();
    assert_eq!(table.lines().next().map(str::len), Some(32), "{table}");
    assert!(table.contains("expires at") && table.contains(account::NHN_TENANT), "{table}");
}

#[test]
fn tokens_without_a_catalog() {
    let server = Server::start().unwrap();
    let login = otc(&server);
    let arguments = ["token", "--no-catalog", "--project-id", account::OTC_PROJECT];
    let token = run(&with(&arguments, &login), account::OTC_PASSWORD).ok();
    assert_eq!(token.trim_end().len(), 4000, "{token}");
    // v2.0 always sends the catalog.
    let login = nhn(&server);
    run(&with(&["token", "--no-catalog"], &login), account::NHN_PASSWORD).ok();

    let (origin, request) = serve_all([concat!(
        "HTTP/1.1 201 Created\r\nX-Subject-Token: t\r\nContent-Length: 47\r\n\r\n",
        r#"{"token":{"expires_at":"2999-01-01T00:00:00Z"}}"#
    )]);
    let url = format!("{origin}/v3");
    let login = flags(&["--cloud", "keystone", "--identity-url", &url, "--user-id", "u"]);
    assert_eq!(run(&with(&["token", "--no-catalog"], &login), "pw").ok(), "t\n");
    let request = request.recv().unwrap();
    assert!(request.starts_with("POST /v3/auth/tokens?nocatalog=true HTTP/1.1"), "{request}");
}

#[test]
fn scopes() {
    let server = Server::start().unwrap();
    let login = otc(&server);
    for (scope, key, id) in [
        (["--project-id", account::OTC_PROJECT], "project", account::OTC_PROJECT),
        (["--project", account::OTC_PROJECT_NAME], "project", account::OTC_PROJECT),
        (["--domain", account::OTC_DOMAIN], "domain", account::OTC_DOMAIN_ID),
        (["--domain-id", account::OTC_DOMAIN_ID], "domain", account::OTC_DOMAIN_ID),
    ] {
        let arguments = [&["token", "--format", "json"][..], &scope].concat();
        let token = run(&with(&arguments, &login), account::OTC_PASSWORD).json();
        assert_eq!(token[key]["id"], id, "{token}");
    }
    // A user id needs no domain.
    let login = ["--cloud", "otc", "--identity-url", &login[3], "--user-id", account::OTC_USER_ID]
        .map(str::to_owned);
    run(&with(&["token"], &login), account::OTC_PASSWORD).ok();
}

#[test]
fn catalogs() {
    let server = Server::start().unwrap();
    let login = nhn(&server);
    let json = run(&with(&["catalog", "--format", "json"], &login), account::NHN_PASSWORD).json();
    assert_eq!(json[0]["type"], "compute", "{json}");
    assert_eq!(json[0]["endpoints"][1]["region"], "KR1", "{json}");
    let table = run(&with(&["catalog"], &login), account::NHN_PASSWORD).ok();
    assert_eq!(table.lines().count(), 12, "{table}");
    assert!(table.lines().nth(1).unwrap().starts_with("compute   "), "{table}");
}

#[test]
fn endpoints() {
    let server = Server::start().unwrap();
    let login = nhn(&server);
    let find = |wish: &[&str]| {
        let arguments = [&["endpoint"], wish].concat();
        run(&with(&arguments, &login), account::NHN_PASSWORD)
    };
    let url = find(&["image", "--region", "KR1"]).ok();
    assert!(url.ends_with("/kr1-api-image-infrastructure.nhncloudservice.com\n"), "{url}");
    let url = find(&["image", "--interface", "internal,public"]).ok();
    assert!(url.ends_with("/kr2-api-image-infrastructure.nhncloudservice.com\n"), "{url}");
    // The built-in endpoints of the cloud do not apply at another URL.
    find(&["object-store", "--region", "JP1"]).failed(4, "no public endpoint");

    find(&["image", "--region", "XX1"]).failed(4, "region XX1; available: public in");
    find(&["image", "--interface", "admin"]).failed(4, "no admin endpoint");
    find(&["nothing"]).failed(4, "available: compute");
}

#[test]
fn projects() {
    let server = Server::start().unwrap();
    let login = kakao(&server);
    let list =
        |format| run(&with(&["projects", "--format", format], &login), account::KAKAO_SECRET);
    let json = list("json").json();
    assert_eq!(json.as_array().unwrap().len(), 1, "{json}");
    assert_eq!(json[0]["id"], account::KAKAO_PROJECT, "{json}");
    assert_eq!(json[0]["domain_id"], account::KAKAO_DOMAIN_ID, "{json}");

    server.emulator().page_size(10);
    let json = list("json").json();
    assert_eq!(json.as_array().unwrap().len(), 25, "{json}");
    let table = list("table").ok();
    assert_eq!(table.lines().count(), 26, "{table}");
    assert!(table.lines().nth(1).unwrap().starts_with(account::KAKAO_PROJECT), "{table}");

    let nhn = nhn(&server);
    run(&with(&["projects"], &nhn), account::NHN_PASSWORD).failed(2, "v2.0");
}

#[test]
fn clouds_without_a_list_list_user_projects() {
    let server = Server::start().unwrap();
    let login = kakao(&server);
    for status in [StatusCode::NOT_FOUND, StatusCode::FORBIDDEN] {
        server.script(move |arrival| {
            let is_list = arrival.path.ends_with("/auth/projects");
            is_list.then(|| Fault::new().status(status))
        });
        let json = run(&with(&["projects", "--format", "json"], &login), account::KAKAO_SECRET);
        assert_eq!(json.json()[0]["id"], account::KAKAO_PROJECT);
    }
    server.script(|arrival| {
        let is_list = arrival.path.ends_with("/projects");
        is_list.then(|| Fault::new().status(StatusCode::NOT_FOUND))
    });
    run(&with(&["projects"], &login), account::KAKAO_SECRET)
        .failed(1, "ask its operator for the project's id");
}

#[test]
fn the_api_version_is_discovered() {
    let server = Server::start().unwrap();
    let identity = kakao(&server)[3].replace("/v3", "");
    let mut login = kakao(&server);
    login[1] = "keystone".to_owned();
    login[3] = identity;
    let json = run(&with(&["projects", "--format", "json"], &login), account::KAKAO_SECRET).json();
    assert_eq!(json[0]["id"], account::KAKAO_PROJECT, "{json}");
}
