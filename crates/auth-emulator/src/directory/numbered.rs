//! The projects that a test adds by their number.

use std::sync::LazyLock;

use crate::{
    account::{self, NUMBERED_PREFIX},
    directory::{ALPHA, DEFAULT, Project},
};

/// The projects with the numbers below `count`. Who has a role on `alpha` has it here, too.
pub(crate) fn numbered(count: usize) -> &'static [Project] {
    if count == 0 {
        return &[];
    }
    &NUMBERED[..count.min(MOST_NUMBERED)]
}

/// The project with this id, if its number is below `count`.
pub(crate) fn numbered_by_id(id: &str, count: usize) -> Option<&'static Project> {
    // Not by a search: clients of many scopes ask for each of them.
    let number = usize::from_str_radix(id.strip_prefix(NUMBERED_PREFIX)?, 16).ok()?;
    numbered(count).get(number).filter(|project| project.id == id)
}

/// As many as a client of one account may have scopes.
const MOST_NUMBERED: usize = 10_000;

/// Made once in a process, because tokens refer to their project for as long as they live.
static NUMBERED: LazyLock<Vec<Project>> = LazyLock::new(|| {
    let project = |number| Project {
        id: account::numbered_project_id(number).leak(),
        name: format!("p{number}").leak(),
        domain: &DEFAULT,
        enabled: true,
        roles_of: Some(&ALPHA),
    };
    (0..MOST_NUMBERED).map(project).collect()
});
