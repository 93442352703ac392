//! One login through each adapter: the same steps, blocking and asynchronous.
//!
//! Each login gets a token, looks up an endpoint and calls it. Where the document describes them,
//! it then validates the token and lists the user's projects. A login without a catalog calls no
//! service.

use std::{error::Error, sync::Arc};

use auth_emulator::System;
use auth_proto::{ApiVersion, Settings, Token, UserProjects, Validate};
use http::{Request, StatusCode};

use super::logins::DemoLogin;
use crate::output::failure::chain;

/// The outcome of a login. A step after the token may fail.
pub(super) struct Outcome {
    pub(super) token: Option<Arc<Token>>,
    pub(super) error: Option<String>,
}

pub(super) fn ureq(login: &DemoLogin) -> Outcome {
    let mut token = None;
    let error = ureq_steps(login, &mut token).err();
    Outcome { token, error }
}

fn ureq_steps(login: &DemoLogin, token: &mut Option<Arc<Token>>) -> Result<(), String> {
    let (credential, scope) = (login.credential.clone(), login.scope.clone());
    let builder = auth_ureq::Client::builder(login.cloud.clone(), credential, scope);
    // The emulator is on loopback, where no proxy leads.
    let direct = ureq::Agent::config_builder().proxy(None);
    let builder = builder.http(direct).check_proxies(false);
    let client = builder.settings(settings(login)).build().map_err(text)?;
    let token = token.insert(client.token().map_err(text)?);
    match &login.service {
        None => expect_empty_catalog(token)?,
        Some(service) => {
            let url = client.endpoint(service).map_err(text)?;
            let answer = client.call(get(&url)?).map_err(text)?;
            expect_ok(answer.status())?;
        }
    }
    if let Some(validate) = validate(login, token) {
        expect_valid(client.run(&validate).map_err(text)?)?;
    }
    if let Some(projects) = projects(login, token) {
        expect_some(client.run(&projects).map_err(text)?.items.len())?;
    }
    Ok(())
}

pub(super) async fn reqwest(login: &DemoLogin) -> Outcome {
    let mut token = None;
    let error = reqwest_steps(login, &mut token).await.err();
    Outcome { token, error }
}

async fn reqwest_steps(login: &DemoLogin, token: &mut Option<Arc<Token>>) -> Result<(), String> {
    let (credential, scope) = (login.credential.clone(), login.scope.clone());
    let builder = auth_reqwest::Client::builder(login.cloud.clone(), credential, scope);
    let direct = || reqwest::Client::builder().no_proxy();
    let builder = builder.http(direct).check_proxies(false);
    let client = builder.settings(settings(login)).build().map_err(text)?;
    let token = token.insert(client.token().await.map_err(text)?);
    match &login.service {
        None => expect_empty_catalog(token)?,
        Some(service) => {
            let url = client.endpoint(service).await.map_err(text)?;
            let answer = client.call(get(&url)?).await.map_err(text)?;
            expect_ok(answer.status())?;
        }
    }
    if let Some(validate) = validate(login, token) {
        expect_valid(client.run(&validate).await.map_err(text)?)?;
    }
    if let Some(projects) = projects(login, token) {
        expect_some(client.run(&projects).await.map_err(text)?.items.len())?;
    }
    Ok(())
}

fn settings(login: &DemoLogin) -> Settings {
    match login.service {
        Some(_) => Settings::default(),
        None => Settings::default().without_catalog(),
    }
}

fn get(url: &str) -> Result<Request<&'static str>, String> {
    Request::get(url).body("").map_err(text)
}

/// v2.0 has no validation.
fn validate(login: &DemoLogin, token: &Token) -> Option<Validate> {
    let in_v3 = login.cloud.api_version() == Some(ApiVersion::V3);
    in_v3.then(|| Validate::new(&login.cloud, token.expose()))
}

/// Only KakaoCloud documents this list.
fn projects(login: &DemoLogin, token: &Token) -> Option<UserProjects> {
    let user = token.user().id.as_deref().filter(|_| login.system == System::Kakao)?;
    Some(UserProjects::new(&login.cloud, user))
}

/// Document 004 prints `"catalog": []`.
fn expect_empty_catalog(token: &Token) -> Result<(), String> {
    match token.catalog().map(|catalog| catalog.services().count()) {
        None => Err("the token has no catalog, not even an empty one".to_owned()),
        Some(0) => Ok(()),
        Some(services) => {
            Err(format!("the token has a catalog of {services} services; it should be empty"))
        }
    }
}

fn expect_ok(status: StatusCode) -> Result<(), String> {
    match status.is_success() {
        true => Ok(()),
        false => Err(format!("the service answered {status}")),
    }
}

fn expect_valid(token: Option<Token>) -> Result<(), String> {
    token.map(drop).ok_or_else(|| "the token is not valid".to_owned())
}

fn expect_some(projects: usize) -> Result<(), String> {
    match projects {
        0 => Err("the user has no projects".to_owned()),
        _ => Ok(()),
    }
}

fn text(why: impl Error) -> String {
    chain(&why)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failure with a line number")]
mod tests {
    use auth_emulator::Server;

    use super::*;
    use crate::demo::logins;

    #[test]
    fn a_login_without_catalog_expects_an_empty_one() {
        let server = Server::start().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for mut login in logins::all(&server).unwrap() {
            login.service = None;
            testing::configured::login(&login.cloud, &login.credential);
            let want = match login.system {
                // v2.0 always sends the catalog.
                System::NhnIaas | System::NhnCompute => Some("a catalog of"),
                System::Kakao | System::Keystone => Some("not even an empty one"),
                _ => None,
            };
            for outcome in [ureq(&login), runtime.block_on(reqwest(&login))] {
                assert!(outcome.token.is_some());
                match want {
                    None => assert_eq!(outcome.error, None),
                    Some(part) => assert!(outcome.error.unwrap().contains(part), "{part}"),
                }
            }
        }
    }
}
