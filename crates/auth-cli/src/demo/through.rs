//! One login through each adapter: the same steps, blocking and asynchronous.
//!
//! A token, an endpoint of its catalog, a call to it; then, where the document or stock Keystone
//! has them, the token's validation and the user's projects. A token without catalog has its
//! validation for a call.

use std::{error::Error, sync::Arc};

use auth_emulator::System;
use auth_proto::{ApiVersion, Settings, Token, UserProjects, Validate};
use http::{Request, StatusCode};

use super::logins::Login;
use crate::failure::chain;

/// What came of a login: a token may be there, and a later step fail all the same.
pub(super) struct Done {
    pub(super) token: Option<Arc<Token>>,
    pub(super) error: Option<String>,
}

pub(super) fn ureq(login: &Login) -> Done {
    let mut token = None;
    let error = ureq_steps(login, &mut token).err();
    Done { token, error }
}

fn ureq_steps(login: &Login, token: &mut Option<Arc<Token>>) -> Result<(), String> {
    let (credential, scope) = (login.credential.clone(), login.scope.clone());
    let builder = auth_ureq::Client::builder(login.cloud.clone(), credential, scope);
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

pub(super) async fn reqwest(login: &Login) -> Done {
    let mut token = None;
    let error = reqwest_steps(login, &mut token).await.err();
    Done { token, error }
}

async fn reqwest_steps(login: &Login, token: &mut Option<Arc<Token>>) -> Result<(), String> {
    let (credential, scope) = (login.credential.clone(), login.scope.clone());
    let builder = auth_reqwest::Client::builder(login.cloud.clone(), credential, scope);
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

fn settings(login: &Login) -> Settings {
    match login.service {
        Some(_) => Settings::default(),
        None => Settings::default().without_catalog(),
    }
}

fn get(url: &str) -> Result<Request<&'static str>, String> {
    Request::get(url).body("").map_err(text)
}

/// Not in v2.0.
fn validate(login: &Login, token: &Token) -> Option<Validate> {
    let in_v3 = login.cloud.api_version() == Some(ApiVersion::V3);
    in_v3.then(|| Validate::new(&login.cloud, token.expose()))
}

/// Only KakaoCloud documents it.
fn projects(login: &Login, token: &Token) -> Option<UserProjects> {
    let user = token.user().id.as_deref().filter(|_| login.system == System::Kakao)?;
    Some(UserProjects::new(&login.cloud, user))
}

/// Document 004 prints `"catalog": []`.
fn expect_empty_catalog(token: &Token) -> Result<(), String> {
    match token.catalog().map(|catalog| catalog.services().count()) {
        None => Err("the token came without the empty catalog".to_owned()),
        Some(0) => Ok(()),
        Some(services) => Err(format!("the token came with a catalog of {services} services")),
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
    fn a_catalog_that_is_there_or_missing_fails_a_login_without() {
        let server = Server::start().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for mut login in logins::all(&server).unwrap() {
            login.service = None;
            let want = match login.system {
                // v2.0 sends it all the same.
                System::NhnIaas | System::NhnCompute => Some("a catalog of"),
                System::Kakao => Some("without the empty catalog"),
                _ => None,
            };
            for done in [ureq(&login), runtime.block_on(reqwest(&login))] {
                assert!(done.token.is_some());
                match want {
                    None => assert_eq!(done.error, None),
                    Some(part) => assert!(done.error.unwrap().contains(part), "{part}"),
                }
            }
        }
    }
}
