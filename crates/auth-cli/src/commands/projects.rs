use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use auth_proto::{ErrorKind, IdentityRequest, Page, Project, Projects, UserProjects, limits};
use auth_ureq::Error;
use clap::{Args, value_parser};
use http::StatusCode;

use super::expect_v3;
use crate::{
    cloud::Clouds,
    login::{Context, LoginArgs},
    output::{Failure, Format, OUTPUT, print},
};

#[derive(Args, Debug)]
pub(crate) struct ProjectsArgs {
    #[command(flatten)]
    login: LoginArgs,

    /// Request no further page of the list after this time, in seconds [default: 60, or
    /// api_timeout if that is longer]
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(u32).range(1..))]
    timeout: Option<u32>,

    /// How to print the projects
    #[arg(long, value_enum, default_value_t = Format::Table, help_heading = OUTPUT)]
    format: Format,
}

impl ProjectsArgs {
    pub(crate) fn run(&self, clouds: &Clouds) -> Result<ExitCode, Failure> {
        let chosen = self.login.cloud(clouds)?;
        expect_v3(
            &chosen.cloud,
            "cannot list projects; the console of the cloud shows the tenant's id",
        )?;
        let context = Context::new(&chosen, &self.login)?;
        let timeout = match self.timeout {
            Some(seconds) => Duration::from_secs(seconds.into()),
            None => TIMEOUT.max(context.timeout()),
        };
        let projects = listed(&context, timeout)?;
        if self.format == Format::Json {
            print::json(&auth_inspect::projects(&projects))?;
            return Ok(ExitCode::SUCCESS);
        }
        let rows = projects.iter().map(|project| {
            let domain = project.domain.as_ref().and_then(|domain| domain.id.as_ref());
            let enabled = project.enabled.map(|yes| if yes { "yes" } else { "no" }.to_owned());
            let cells =
                [&project.id, &project.name, &domain.cloned(), &enabled, &project.description];
            cells.map(|cell| cell.clone().unwrap_or_default()).to_vec()
        });
        print::table(&["id", "name", "domain", "enabled", "description"], rows)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The projects that the token may be scoped to. A cloud without that list, such as KakaoCloud, is
/// asked for the user's projects.
fn listed(context: &Context, timeout: Duration) -> Result<Vec<Project>, Failure> {
    let token = context.token()?;
    let until = Instant::now() + timeout;
    // After the login, the client's cloud has the API version.
    let cloud = context.cloud();
    if let Some(projects) = pages(context, Projects::new(&cloud), until)? {
        return Ok(projects);
    }
    let user = token.user().id.as_deref();
    let projects =
        user.map(|user| pages(context, UserProjects::new(&cloud, user), until)).transpose()?;
    projects.flatten().ok_or_else(|| {
        Failure::failed("the cloud does not list projects; ask its operator for the project's id")
    })
}

/// The projects of all pages, up to a limit and a time. An error says how many pages it ends.
/// `None` if the cloud has no such list.
fn pages<E: IdentityRequest<Output = Page<Project, E>>>(
    context: &Context,
    first: E,
    until: Instant,
) -> Result<Option<Vec<Project>>, Failure> {
    let mut projects = Vec::new();
    let mut next = Some(first);
    for read in 0..PAGES {
        let Some(page) = next else { return Ok(Some(projects)) };
        let so_far = format!("{read} pages with {} projects were read", projects.len());
        if read > 0 && Instant::now() >= until {
            return Err(Failure::unavailable(format!(
                "the list of projects takes too long: {so_far}; choose a longer time with --timeout"
            )));
        }
        let page = context.with(|client| none_if_absent(client.run(&page)));
        let page = if read > 0 { page.map_err(|why| why.with(&so_far)) } else { page };
        let Some(page) = page? else { return Ok(None) };
        projects.extend(page.items);
        next = page.next;
        if projects.len() > limits::LIST {
            break;
        }
    }
    match next {
        None => Ok(Some(projects)),
        Some(_) => Err(Failure::failed(
            "the list of projects has too many pages; report this to the operator of the cloud",
        )),
    }
}

const PAGES: usize = 1000;

/// The time for all pages.
const TIMEOUT: Duration = Duration::from_secs(60);

fn none_if_absent<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    let absent = [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED, StatusCode::FORBIDDEN];
    match answer {
        Err(Error::Auth(why))
            if matches!(why.kind(), ErrorKind::Rejected(refusal)
            if absent.contains(&refusal.status)) =>
        {
            Ok(None)
        }
        done => done.map(Some),
    }
}
