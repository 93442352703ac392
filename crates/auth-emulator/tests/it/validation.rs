//! Inspecting, checking and revoking tokens, and version documents, on the v3 systems.

use auth_emulator::{Emulator, System};
use http::{Method, Request, Response, request::Builder};
use serde_json::json;
use time::Duration;

use crate::support::{ask, ask_at, get, json, login, login_body, now, post, token, token_url};

const SYSTEMS: [System; 4] = [System::Otc, System::Kakao, System::Huawei, System::Keystone];

fn request(method: Method, url: &str, own: &str, subject: &str) -> Builder {
    Request::builder()
        .method(method)
        .uri(url)
        .header("X-Auth-Token", own)
        .header("X-Subject-Token", subject)
}

#[test]
fn a_token_is_shown_as_issued() {
    for system in SYSTEMS {
        let (mut emulator, url) = (Emulator::new(), token_url(system));
        let issued = ask(&mut emulator, post(&url), login_body(system));
        let token = token(&issued);
        let later = now() + Duration::minutes(59);

        let shown = ask_at(&mut emulator, request(Method::GET, &url, &token, &token), "", later);
        assert_eq!(shown.status(), 200);
        assert_eq!(shown.headers()["x-subject-token"], token.as_str());
        assert_eq!(json(&shown), json(&issued));

        let head = ask_at(&mut emulator, request(Method::HEAD, &url, &token, &token), "", later);
        assert_eq!((head.status().as_u16(), head.body().len()), (200, 0));
        assert_eq!(head.headers()["x-subject-token"], token.as_str());

        let url = url + "?nocatalog";
        let bare = ask(&mut emulator, request(Method::GET, &url, &token, &token), "");
        let catalog = json(&bare)["token"].get("catalog").cloned();
        assert_eq!(catalog, matches!(system, System::Otc | System::Huawei).then(|| json!([])));
    }
}

#[test]
fn invalid_tokens_are_not_found() {
    for system in SYSTEMS {
        let (mut emulator, url) = (Emulator::new(), token_url(system));
        let [own, subject] = [(); 2].map(|()| login(&mut emulator, system));
        let status = |answer: Response<Vec<u8>>| answer.status().as_u16();
        let mut inspect = |method, own: &str, subject: &str| {
            status(ask(&mut emulator, request(method, &url, own, subject), ""))
        };
        assert_eq!(inspect(Method::GET, &own, "unknown"), 404);
        assert_eq!(inspect(Method::GET, "unknown", &subject), 401);
        assert_eq!(inspect(Method::GET, &own, &subject[..subject.len() - 1]), 404);
        assert_eq!(inspect(Method::DELETE, "unknown", &subject), 401);
        assert_eq!(inspect(Method::DELETE, &own, &subject), 204);
        assert_eq!(inspect(Method::DELETE, &own, &subject), 404);
        assert_eq!(inspect(Method::GET, &own, &subject), 404);
        assert_eq!(
            inspect(Method::GET, &subject, &subject),
            401,
            "a revoked token as its own subject"
        );
        assert_eq!(inspect(Method::HEAD, &own, &own), 200);

        emulator.token_lifetime(system, Duration::seconds(1));
        let short = login(&mut emulator, system);
        let after = now() + Duration::seconds(1);
        let check = request(Method::HEAD, &url, &own, &short);
        assert_eq!(status(ask_at(&mut emulator, check, "", after)), 404);

        let no_subject = get(&url).header("X-Auth-Token", &own);
        assert_eq!(status(ask(&mut emulator, no_subject, "")), 403);
    }
}

#[test]
fn tokens_are_valid_at_one_system_only() {
    let mut emulator = Emulator::new();
    let otc = login(&mut emulator, System::Otc);
    let url = token_url(System::Huawei);
    assert_eq!(ask(&mut emulator, request(Method::GET, &url, &otc, &otc), "").status(), 401);
}

#[test]
fn versions_link_to_the_requested_host() {
    for system in SYSTEMS {
        let mut emulator = Emulator::new();
        let prefix = if system == System::Kakao { "/identity" } else { "" };
        let local = format!("http://127.0.0.1:99{}{prefix}", system.path());
        let remote = system.identity_url().strip_suffix("/v3").unwrap().to_owned();
        for root in [local, remote] {
            let link = format!("{root}/v3/");
            let list = ask(&mut emulator, get(format!("{root}/")), "");
            assert_eq!(list.status(), 300);
            assert_eq!(list.headers()["location"], link.as_str());
            let version = json(&list)["versions"]["values"][0].clone();
            assert_eq!((&version["id"], &version["status"]), (&json!("v3.14"), &json!("stable")));
            assert_eq!(version["links"][0]["href"], link.as_str());
            for url in [format!("{root}/v3"), link] {
                let one = ask(&mut emulator, get(url), "");
                assert_eq!(one.status(), 200);
                assert_eq!(json(&one), json!({ "version": version }));
            }
            assert_eq!(ask(&mut emulator, post(format!("{root}/v3")), "").status(), 405);
        }
    }
}
