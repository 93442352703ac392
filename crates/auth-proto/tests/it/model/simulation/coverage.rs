//! How often a walk has reached each branch of the rules: a branch that is never reached is not
//! tested.

use std::{cell::RefCell, collections::BTreeMap};

thread_local! {
    static REACHED: RefCell<BTreeMap<&'static str, u64>> = const { RefCell::new(BTreeMap::new()) };
}

/// Every branch that a walk is expected to reach.
pub(crate) const BRANCHES: [&str; 78] = [
    "0: all steps",
    "0: a walk that ends early",
    "1: a refusal after an acceptance",
    "1: the first unaccepted token",
    "1: the next unaccepted token",
    "1: a refusal that is known",
    "1: a refusal by an origin at odds",
    "1: a refusal of an old token",
    "1: an acceptance ends a doubt",
    "1: a question is sent",
    "1: valid",
    "1: invalid",
    "1: no statement, and a login",
    "1: no statement, and at odds",
    "1: no question can be asked",
    "1: a login makes a question pointless",
    "1: the budget is used up",
    "1: delivered, at odds",
    "1: delivered, no other token",
    "1: delivered, not replayable",
    "1: delivered, repeated",
    "2: another origin uses a suspected token",
    "2: the refusing origin waits",
    "2: an unknown destination waits",
    "2: an unknown destination gets the token",
    "2: a broken request holds all",
    "3: a dropped request",
    "3: an abandoned request",
    "3: a lost request",
    "3: one login of an unverified credential",
    "3: left to the background task",
    "3: the background task has stopped",
    "4: a fast pause",
    "4: a slow pause",
    "4: callers wait",
    "4: callers fail",
    "4: Retry-After",
    "4: Retry-After of another scope",
    "4: a permanent failure",
    "4: the second unreadable answer",
    "5: the second request",
    "5: the third request",
    "5: the fourth request",
    "5: a later request",
    "5: another scope waits for the schedule",
    "5: a head without a body",
    "7: an old token that lives longer",
    "7: an early renewal",
    "7: a contradicted witness",
    "7: no agreement",
    "4: Retry-After of a refused credential",
    "4: Retry-After of another status",
    "4: Retry-After of a question",
    "7: a caller needs a longer life",
    "8: a dead root",
    "8: a doubt without an answer",
    "8: a person's root tokens of no use",
    "8: root tokens of no use",
    "8: a lost question",
    "8: a person has a question",
    "8: a person is asked",
    "8: a question is handed back",
    "8: a reply after its question has come back",
    "8: a refused secret is read again",
    "8: a root is replaced without an answer",
    "8: a scope without a role",
    "8: a secret is read",
    "8: a token is due with its root",
    "8: an exchange",
    "8: another root may do",
    "8: another secret",
    "8: a source was read in vain",
    "8: a token that ends before its root",
    "8: nobody to ask",
    "8: one exchange of an untrusted root",
    "8: the root ends at once",
    "8: the root is no longer than the token",
    "8: the same secret",
];

pub(crate) fn reach(branch: &'static str) {
    debug_assert!(BRANCHES.contains(&branch), "{branch}");
    REACHED.with_borrow_mut(|reached| *reached.entry(branch).or_default() += 1);
}

/// All branches, and how often this thread has reached them.
#[allow(dead_code, reason = "the fuzz target does not ask")]
pub(crate) fn reached() -> Vec<(&'static str, u64)> {
    let count = |branch: &str| REACHED.with_borrow(|reached| reached.get(branch).copied());
    BRANCHES.iter().map(|branch| (*branch, count(branch).unwrap_or(0))).collect()
}
