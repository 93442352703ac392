use std::process::ExitCode;

use auth_proto::{ErrorKind, IdentityRequest, Page, Project, Projects, UserProjects, limits};
use auth_ureq::Error;
use clap::Args;
use http::StatusCode;

use super::expect_v3;
use crate::{
    account::AccountArgs,
    args::{Format, OUTPUT},
    clouds::Clouds,
    failure::Failure,
    print,
    session::Session,
    shapes,
};

#[derive(Args, Debug)]
pub(crate) struct ProjectsArgs {
    #[command(flatten)]
    account: AccountArgs,

    /// How to print the projects
    #[arg(long, value_enum, default_value_t = Format::Table, help_heading = OUTPUT)]
    format: Format,
}

impl ProjectsArgs {
    pub(crate) fn run(&self, clouds: &Clouds) -> Result<ExitCode, Failure> {
        let place = self.account.place(clouds)?;
        expect_v3(&place.cloud, "lists no projects; the cloud's console shows the tenant's id")?;
        let session = Session::new(&place, &self.account)?;
        let projects = listed(&session)?;
        if self.format == Format::Json {
            print::json(&shapes::projects(&projects))?;
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

/// What the token may be scoped to; or, where the cloud has no such list, the projects of the user,
/// which is what KakaoCloud documents.
fn listed(session: &Session) -> Result<Vec<Project>, Failure> {
    let token = session.token()?;
    // The client's own cloud knows the protocol's version, now that a login has asked for it.
    let cloud = session.cloud();
    if let Some(projects) = pages(session, Projects::new(&cloud))? {
        return Ok(projects);
    }
    let user = token.user().id.as_deref();
    let projects = user.map(|user| pages(session, UserProjects::new(&cloud, user))).transpose()?;
    projects.flatten().ok_or_else(|| {
        Failure::failed("the cloud has no list of projects; ask its operator for the project's id")
    })
}

/// All pages, but not for ever. `None` if there is no such list.
fn pages<E: IdentityRequest<Output = Page<Project, E>>>(
    session: &Session,
    first: E,
) -> Result<Option<Vec<Project>>, Failure> {
    let mut projects = Vec::new();
    let mut next = Some(first);
    for _ in 0..PAGES {
        let Some(page) = next else { return Ok(Some(projects)) };
        let Some(page) = session.with(|client| unless_absent(client.run(&page)))? else {
            return Ok(None);
        };
        projects.extend(page.items);
        next = page.next;
        if projects.len() > limits::LIST {
            break;
        }
    }
    match next {
        None => Ok(Some(projects)),
        Some(_) => Err(Failure::failed(
            "the list of projects does not end; tell the operator of the cloud",
        )),
    }
}

const PAGES: usize = 1000;

fn unless_absent<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
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
