//! The commands, but for the demonstration.

use std::{
    fs::File,
    io::{self, Read},
    process::ExitCode,
};

use auth_proto::{Project, Select, Token, UserProjects, limits, timestamp};
use serde::Serialize;

use crate::{
    args::{CatalogArgs, EndpointArgs, Format, InspectArgs, ProjectsArgs, TokenArgs, TokenFormat},
    failure::Failure,
    inspect, print, raw,
    session::Session,
    shapes::{self, DetailsShape},
};

pub(crate) fn inspect(args: &InspectArgs) -> Result<ExitCode, Failure> {
    let text = match &args.file {
        Some(file) if file.as_os_str() != "-" => File::open(file).and_then(read),
        _ => read(io::stdin().lock()),
    };
    let text = text.map_err(|why| Failure::failed(format!("cannot read the response: {why}")))?;
    let report = inspect::inspect(&text, args.dialect());
    print::json(&report)?;
    Ok(if report.is_understood() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reads one byte more than fits at most, which is enough to tell that it is too long.
fn read(input: impl Read) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    input.take(raw::TEXT as u64 + 1).read_to_end(&mut text)?;
    Ok(text)
}

pub(crate) fn token(args: &TokenArgs) -> Result<ExitCode, Failure> {
    #[derive(Serialize)]
    struct TokenJson<'a> {
        token: &'a str,
        #[serde(flatten)]
        details: DetailsShape<'a>,
    }
    let session = match args.no_catalog {
        false => Session::new(&args.login, &args.secret)?,
        true => Session::without_catalog(&args.login, &args.secret)?,
    };
    let token = session.token()?;
    let text = token.expose();
    match args.format {
        TokenFormat::Plain => print::text(&format!("{text}\n"))?,
        TokenFormat::Table => {
            print::text(&format!("{text}\n\n"))?;
            print::table(&["token", ""], details(&token))?;
        }
        TokenFormat::Json => {
            print::json(&TokenJson { token: text, details: DetailsShape::of(&token) })?;
        }
        TokenFormat::Shell => print::text(&format!("export OS_TOKEN={}\n", quoted(text)))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn details(token: &Token) -> Vec<Vec<String>> {
    let named = |name: &Option<String>, id: &Option<String>| match (name, id) {
        (Some(name), Some(id)) => format!("{name} ({id})"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => String::new(),
    };
    let mut rows = vec![("expires at", timestamp::format(token.expires_at()))];
    rows.extend(token.issued_at().map(|at| ("issued at", timestamp::format(at))));
    rows.push(("user", named(&token.user().name, &token.user().id)));
    rows.extend(token.project().map(|it| ("project", named(&it.name, &it.id))));
    rows.extend(token.domain().map(|it| ("domain", named(&it.name, &it.id))));
    rows.extend(token.trust_id().map(|id| ("trust", id.to_owned())));
    rows.extend(token.is_system().then(|| ("system", "all".to_owned())));
    let roles: Vec<_> = token.roles().iter().filter_map(|role| role.name.as_deref()).collect();
    rows.push(("roles", roles.join(", ")));
    rows.into_iter().map(|(key, value)| vec![key.to_owned(), value]).collect()
}

/// One word of a shell, whatever is in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

pub(crate) fn catalog(args: &CatalogArgs) -> Result<ExitCode, Failure> {
    let session = Session::new(&args.login, &args.secret)?;
    let token = session.token()?;
    let Some(catalog) = token.catalog() else {
        return Err(Failure::failed(
            "the token came without a catalog; ask for the scope of a project or domain",
        ));
    };
    if args.format == Format::Json {
        print::json(&shapes::services(catalog))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut rows = Vec::new();
    for service in catalog.services() {
        let row = |interface: &str, region: &str, url: &str| {
            let name = service.name().unwrap_or_default();
            [service.service_type(), name, interface, region, url].map(str::to_owned).to_vec()
        };
        if service.endpoints().len() == 0 {
            rows.push(row("", "", ""));
        }
        for endpoint in service.endpoints() {
            let region = endpoint.region().unwrap_or_default();
            rows.push(row(endpoint.interface(), region, endpoint.url()));
        }
    }
    print::table(&["type", "name", "interface", "region", "url"], rows)?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn endpoint(args: &EndpointArgs) -> Result<ExitCode, Failure> {
    let mut want = Select::new(&args.service).interfaces(&args.interfaces());
    if let Some(region) = &args.region {
        want = want.region(region);
    }
    let session = Session::new(&args.login, &args.secret)?;
    let url = session.with(|client| client.endpoint(&want))?;
    print::text(&format!("{}\n", print::clean(&url)))?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn projects(args: &ProjectsArgs) -> Result<ExitCode, Failure> {
    let session = Session::new(&args.login, &args.secret)?;
    let token = session.token()?;
    let user = token.user().id.as_deref();
    let user = user.ok_or_else(|| Failure::failed("the token does not say whose it is"))?;
    // The client's own cloud knows the protocol's version, now that a login has asked for it.
    let first = session.with(|client| Ok(UserProjects::new(&client.cloud(), user)))?;
    let projects = all_projects(&session, first)?;
    if args.format == Format::Json {
        print::json(&shapes::projects(&projects))?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows = projects.iter().map(|project| {
        let domain = project.domain.as_ref().and_then(|domain| domain.id.as_ref());
        let enabled = project.enabled.map(|yes| if yes { "yes" } else { "no" }.to_owned());
        let cells = [&project.id, &project.name, &domain.cloned(), &enabled, &project.description];
        cells.map(|cell| cell.clone().unwrap_or_default()).to_vec()
    });
    print::table(&["id", "name", "domain", "enabled", "description"], rows)?;
    Ok(ExitCode::SUCCESS)
}

/// Follows the pages, but not for ever.
fn all_projects(session: &Session, first: UserProjects) -> Result<Vec<Project>, Failure> {
    let mut projects = Vec::new();
    let mut next = Some(first);
    for _ in 0..PAGES {
        let Some(page) = next else { return Ok(projects) };
        let page = session.with(|client| client.run(&page))?;
        projects.extend(page.items);
        next = page.next;
        if projects.len() > limits::LIST {
            break;
        }
    }
    match next {
        None => Ok(projects),
        Some(_) => Err(Failure::failed(
            "the list of projects does not end; tell the operator of the cloud",
        )),
    }
}

const PAGES: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_read_one_word() {
        assert_eq!(quoted("abc=="), "'abc=='");
        assert_eq!(quoted("a'b$(c)"), r"'a'\''b$(c)'");
    }
}
