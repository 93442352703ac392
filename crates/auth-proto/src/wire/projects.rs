//! Lists of projects (KakaoCloud, API Preparations, appendix "View project list").

use super::{
    field::{Field, List, Object},
    last_key::last_key_counts,
};
use crate::{
    error::ProtocolError,
    model::token::{Domain, Project},
};

last_key_counts! {
    struct ProjectList {
        links: Field<Object<Links>>,
        projects: Field<List<Object<ProjectShape>>>,
    }
}

last_key_counts! {
    pub(super) struct Links {
        next: Field<String>,
    }
}

impl Links {
    /// The link to the next page.
    pub(super) fn next(links: Field<Object<Self>>) -> Option<String> {
        links.object().and_then(|links| links.next.text())
    }
}

last_key_counts! {
    struct ProjectShape {
        description: Field<String>,
        domain_id: Field<String>,
        enabled: Field<bool>,
        id: Field<String>,
        name: Field<String>,
        parent_id: Field<String>,
    }
}

/// The projects of one page, and the server's link to the next page.
pub(crate) fn read_projects(body: &[u8]) -> Result<(Vec<Project>, Option<String>), ProtocolError> {
    let document: ProjectList = super::read(body)?;
    let projects =
        Field::Given(document.projects.required("projects")?).list("list of projects")?;
    let projects = projects.into_iter().map(|Object(project)| Project {
        description: project.description.text(),
        domain: project.domain_id.text().map(|id| Domain { id: Some(id), name: None }),
        enabled: project.enabled.ok(),
        id: project.id.text(),
        name: project.name.text(),
        parent_id: project.parent_id.text(),
    });
    Ok((projects.collect(), Links::next(document.links)))
}
