//! The commands that log in, with the emulator.

use std::{io::ErrorKind, process::Command, thread, time::Duration};

use auth_emulator::{Fault, Server, account};
use http::StatusCode;

use testing::{Loopback, Reply};

use crate::{kakao, nhn, otc, run, stock, with};

#[test]
fn tokens() {
    let server = Server::start().unwrap();
    let login = nhn(&server);
    let plain = login.run(&["token"]).ok();
    assert_eq!(plain.trim_end().len(), 32, "{plain}");

    let shell = login.run(&["token", "--format", "shell"]).ok();
    let token = shell.strip_prefix("export OS_TOKEN='").and_then(|rest| rest.strip_suffix("'\n"));
    assert_eq!(token.map(str::len), Some(32), "{shell}");

    let json = login.run(&["token", "--format", "json"]).json();
    assert_eq!(json["token"].as_str().unwrap().len(), 32, "{json}");
    assert_eq!(json["project"]["id"], account::NHN_TENANT, "{json}");
    assert_eq!(json["user"]["id"], account::NHN_USER_ID, "{json}");

    let table = login.run(&["token", "--format", "table"]).ok();
    assert_eq!(table.lines().next().map(str::len), Some(32), "{table}");
    assert!(table.contains("expires at") && table.contains(account::NHN_TENANT), "{table}");
}

#[test]
fn tokens_without_a_catalog() {
    let server = Server::start().unwrap();
    let login = otc(&server);
    let arguments = ["token", "--no-catalog", "--project-id", account::OTC_PROJECT];
    let token = login.run(&arguments).ok();
    assert_eq!(token.trim_end().len(), 4000, "{token}");
    // v2.0 always sends the catalog.
    let login = nhn(&server);
    login.run(&["token", "--no-catalog"]).ok();

    let body = r#"{"token":{"expires_at":"2999-01-01T00:00:00Z"}}"#;
    let stock_server = Loopback::start(move |_| Reply::new(201, "X-Subject-Token: t\r\n", body));
    let url = format!("{}/v3", stock_server.url());
    let token = [&stock("token", &url)[..], &["--no-catalog"]].concat();
    assert_eq!(run(&token, "pw").ok(), "t\n");
    let request = stock_server.last();
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
        let token = login.run(&arguments).json();
        assert_eq!(token[key]["id"], id, "{token}");
    }
    // A user id needs no domain.
    let login =
        ["--cloud", "otc", "--identity-url", &login.flags[3], "--user-id", account::OTC_USER_ID]
            .map(str::to_owned);
    run(&with(&["token"], &login), account::OTC_PASSWORD).ok();
}

#[test]
fn catalogs() {
    let server = Server::start().unwrap();
    let login = nhn(&server);
    let json = login.run(&["catalog", "--format", "json"]).json();
    assert_eq!(json[0]["type"], "compute", "{json}");
    assert_eq!(json[0]["endpoints"][1]["region"], "KR1", "{json}");
    let table = login.run(&["catalog"]).ok();
    assert_eq!(table.lines().count(), 12, "{table}");
    assert!(table.lines().nth(1).unwrap().starts_with("compute   "), "{table}");
}

#[test]
fn endpoints() {
    let server = Server::start().unwrap();
    let login = nhn(&server);
    let find = |wish: &[&str]| {
        let arguments = [&["endpoint"], wish].concat();
        login.run(&arguments)
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
    let list = |format| login.run(&["projects", "--format", format]);
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
    nhn.run(&["projects"]).failed(2, "v2.0");
}

#[test]
fn a_list_of_projects_has_a_total_time() {
    // Twenty pages; the fifth fails if the pages are quick.
    let list = |pause: u64, timeout: &str| {
        let server = Loopback::start(move |request| {
            if request.method() == "POST" {
                let body = r#"{"token":{"expires_at":"2999-01-01T00:00:00Z"}}"#;
                return Reply::new(201, "X-Subject-Token: t\r\n", body);
            }
            if pause == 0 && request.number == 5 {
                return Reply::new(500, "", "");
            }
            thread::sleep(Duration::from_millis(pause));
            let next = format!("https://k.example/v3/auth/projects?marker={}", request.number);
            let next = Some(next).filter(|_| request.number < 20);
            let page = serde_json::json!({"projects": [{"id": "p"}], "links": {"next": next}});
            Reply::new(200, "", page.to_string())
        });
        let url = format!("{}/v3", server.url());
        let arguments = [&stock("projects", &url)[..], &["--timeout", timeout]].concat();
        (run(&arguments, "pw"), server.requests().len())
    };
    let (slow, requests) = list(300, "1");
    let said = slow.failed(5, "takes too long: ");
    let pages = requests - 1;
    assert!((1..=5).contains(&pages), "{pages}");
    let read = format!("{pages} pages with {pages} projects were read");
    assert!(said.contains(&read) && said.contains("--timeout"), "{said}");

    let said = list(0, "60").0.failed(5, "4 pages with 4 projects were read");
    assert!(said.contains("500"), "{said}");
    run(&["projects", "--timeout", "0"], "").failed(2, "--timeout");
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
        let json = login.run(&["projects", "--format", "json"]);
        assert_eq!(json.json()[0]["id"], account::KAKAO_PROJECT);
    }
    server.script(|arrival| {
        let is_list = arrival.path.ends_with("/projects");
        is_list.then(|| Fault::new().status(StatusCode::NOT_FOUND))
    });
    login.run(&["projects"]).failed(1, "ask its operator for the project's id");
}

#[test]
fn the_api_version_is_discovered() {
    let server = Server::start().unwrap();
    let identity = kakao(&server).flags[3].replace("/v3", "");
    let mut login = kakao(&server);
    login.flags[1] = "keystone".to_owned();
    login.flags[3] = identity;
    let json = login.run(&["projects", "--format", "json"]).json();
    assert_eq!(json[0]["id"], account::KAKAO_PROJECT, "{json}");
}

#[cfg(unix)]
#[test]
fn bash_completes_the_flags_of_a_command() {
    let script = run(&["completions", "bash"], "").ok();
    for (words, want) in [
        ("to", "token"),
        ("token --for", "--format"),
        ("token --format sh", "shell"),
        ("projects --time", "--timeout"),
        ("curl /servers --ser", "--service"),
        ("help end", "endpoint"),
        ("log", "logout"),
        ("logout --al", "--all --allow-plain-http"),
        ("store --for", "--format"),
        ("token --fr", "--fresh"),
        ("curl /servers --no-s", "--no-store"),
    ] {
        let call = format!(
            "{script}\nCOMP_WORDS=(cloud-auth {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n\
             _cloud__auth cloud-auth \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"\n\
             echo \"${{COMPREPLY[*]}}\""
        );
        let mut bash = Command::new("bash");
        match bash.args(["--norc", "-c", &call]).output() {
            Err(why) if why.kind() == ErrorKind::NotFound => {
                eprintln!("bash: not installed, so not tested");
            }
            output => {
                let said = String::from_utf8(output.unwrap().stdout).unwrap();
                assert_eq!(said.trim_end(), want, "{words}");
            }
        }
    }
}
