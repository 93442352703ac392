//! The lockout after a refused credential, and rule 5: requests that may have been refused.

use std::time::Duration;

use super::{Reference, drawn::Span, reach, seconds};

/// The session keeps a credential that was refused for rare attempts.
#[derive(Clone, Debug)]
pub(crate) struct Lockout {
    pub(super) until: Duration,
    refusals: u32,
    /// The scope that was refused last. Scopes that work have the next attempt for an hour.
    pub(super) refused: usize,
    pub(super) others_want_it: bool,
    /// It holds scopes that have worked, too.
    pub(super) all_scopes: bool,
}

/// Requests with an unproven password or code that got no status.
#[derive(Clone, Debug)]
pub(crate) struct Unanswered {
    requests: u32,
    pub(super) first: Duration,
    last: Duration,
}

impl Unanswered {
    /// 0, 1, 30, 450 s, and then every 450 s.
    pub(super) fn next_at(&self) -> Duration {
        match self.requests {
            1 => self.first + seconds(1),
            2 => self.first + seconds(30),
            3 => self.first + seconds(450),
            _ => self.last + seconds(450),
        }
    }
}

fn refused_for(refusals: u32) -> Duration {
    seconds(if refusals == 1 { 1800 } else { 14_400 })
}

impl Reference {
    /// The service refuses the credential.
    pub(super) fn is_refused(&mut self, index: usize, sent_at: Duration, asked: Option<Duration>) {
        if asked.is_some() {
            reach("4: Retry-After of a refused credential");
        }
        let (now, asked) = (self.now, self.now + asked.unwrap_or_default());
        self.lock_out(index, sent_at, |refusals| asked.max(now + refused_for(refusals)));
    }

    /// The credential was refused, so many times in a row: until when it is not sent again.
    pub(super) fn lock_out(
        &mut self,
        index: usize,
        sent_at: Duration,
        until: impl Fn(u32) -> Duration,
    ) {
        let mut streak = self.one_more(index);
        streak.refusals += 1;
        streak.unreadable = 0;
        (streak.is_refused, streak.is_refusal, streak.has_status) = (true, true, true);
        streak.until = Span::exact(until(streak.refusals));
        let was_granted = std::mem::take(&mut self.scopes[index].granted);
        self.scopes[index].streak = Some(streak);
        if self.root_of(index).is_some() {
            return;
        }
        self.gives_up_leases_of(index);
        // A scope that never worked may be wrong itself, if the credential is right.
        if was_granted || !self.verified {
            let lockout = match self.lockout.take() {
                None => Lockout {
                    until: until(1),
                    refusals: 1,
                    refused: index,
                    others_want_it: false,
                    all_scopes: false,
                },
                Some(before) => {
                    let before = Lockout { all_scopes: before.all_scopes || was_granted, ..before };
                    // A request that was under way before is not the attempt that was due.
                    match sent_at < before.until {
                        true => before,
                        false => Lockout {
                            until: until(before.refusals + 1),
                            refusals: before.refusals + 1,
                            refused: index,
                            others_want_it: false,
                            ..before
                        },
                    }
                }
            };
            self.lockout = Some(lockout);
            (self.proven, self.unanswered) = (false, None);
        }
        self.verified = false;
    }

    /// A scope that the lockout holds asks for a token.
    pub(super) fn want_the_next_attempt(&mut self, index: usize) {
        let granted = self.scopes[index].granted;
        if let Some(lockout) = self.lockout.as_mut().filter(|l| l.all_scopes || !granted) {
            lockout.others_want_it |= lockout.refused != index;
        }
    }

    /// A request with a password or code that may have been counted as wrong.
    pub(super) fn count_unanswered(&mut self, sent_at: Duration) {
        if self.proven {
            return;
        }
        let record = self.unanswered.get_or_insert(Unanswered {
            requests: 0,
            first: sent_at,
            last: sent_at,
        });
        record.requests += 1;
        record.last = record.last.max(sent_at);
        reach(match record.requests {
            1 => "5: the second request",
            2 => "5: the third request",
            3 => "5: the fourth request",
            _ => "5: a later request",
        });
    }

    pub(super) fn prove(&mut self) {
        (self.proven, self.unanswered) = (true, None);
    }
}
