//! One login through each adapter: the same steps, blocking and asynchronous.
//!
//! A token, an endpoint of its catalog, a call to it; then, where the document or stock Keystone
//! has them, the token's validation and the user's projects.

use std::{error::Error, sync::Arc};

use auth_emulator::System;
use auth_proto::{Dialect, Token, UserProjects, Validate};
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
    let client = auth_ureq::Client::new(login.cloud.clone(), credential, scope).map_err(text)?;
    let token = token.insert(client.token().map_err(text)?);
    let url = client.endpoint(&login.service).map_err(text)?;
    let answer = client.call(get(&url)?).map_err(text)?;
    expect_ok(answer.status())?;
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
    let client = auth_reqwest::Client::new(login.cloud.clone(), credential, scope).map_err(text)?;
    let token = token.insert(client.token().await.map_err(text)?);
    let url = client.endpoint(&login.service).await.map_err(text)?;
    let answer = client.call(get(&url)?).await.map_err(text)?;
    expect_ok(answer.status())?;
    if let Some(validate) = validate(login, token) {
        expect_valid(client.run(&validate).await.map_err(text)?)?;
    }
    if let Some(projects) = projects(login, token) {
        expect_some(client.run(&projects).await.map_err(text)?.items.len())?;
    }
    Ok(())
}

fn get(url: &str) -> Result<Request<&'static str>, String> {
    Request::get(url).body("").map_err(text)
}

/// Not in v2.0.
fn validate(login: &Login, token: &Token) -> Option<Validate> {
    let in_v3 = login.cloud.dialect() == Some(Dialect::V3);
    in_v3.then(|| Validate::new(&login.cloud, token.expose()))
}

/// Only KakaoCloud documents it.
fn projects(login: &Login, token: &Token) -> Option<UserProjects> {
    let user = token.user().id.as_deref().filter(|_| login.system == System::Kakao)?;
    Some(UserProjects::new(&login.cloud, user))
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
