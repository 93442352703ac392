//! Configurations in one line, and their errors and warnings.

use auth_config::{Choices, CloudConfig, Config, Error, Files, Variables};
use auth_proto::{Body, Login, Step};
use http::Request;

/// The sole cloud of a `clouds.yaml`.
pub(crate) fn of_file(clouds: &str) -> Result<CloudConfig, Error> {
    of(&Files::in_directory("/here").with("clouds.yaml", clouds), &[])
}

/// The cloud of these variables.
pub(crate) fn of_variables(variables: &[(&str, &str)]) -> Result<CloudConfig, Error> {
    of(&Files::in_directory("/here"), variables)
}

pub(crate) fn of(files: &Files, variables: &[(&str, &str)]) -> Result<CloudConfig, Error> {
    let variables = variables.iter().copied().collect::<Variables>();
    Config::merge(files, &variables)?.cloud(&Choices::default())
}

/// A cloud with the keys `auth` in its section `auth`, after the URL, and `beside` next to it.
pub(crate) fn with(auth: &str, beside: &str) -> Result<CloudConfig, Error> {
    of_file(&format!(
        "clouds: {{c: {{auth: {{auth_url: \"https://k.example/v3\", {auth}}}, {beside}}}}}"
    ))
}

pub(crate) fn said(error: Result<impl std::fmt::Debug, Error>) -> String {
    error.unwrap_err().to_string()
}

pub(crate) fn warned(cloud: &CloudConfig) -> Vec<String> {
    cloud.warnings().iter().map(ToString::to_string).collect()
}

pub(crate) fn login(cloud: &CloudConfig) -> Login {
    let at = cloud.cloud().unwrap();
    Login::new(&at, cloud.credential().unwrap(), cloud.scope().unwrap()).unwrap()
}

/// The first request of a login.
pub(crate) fn request(cloud: &CloudConfig) -> Request<Body> {
    let Step::Send(request) = login(cloud).poll().unwrap() else { panic!("nothing to send") };
    request
}

/// The URL and the body of a login's first request.
pub(crate) fn sent(cloud: &CloudConfig) -> (String, String) {
    let request = request(cloud);
    let body = String::from_utf8(request.body().as_bytes().to_vec()).unwrap();
    (request.uri().to_string(), body)
}
