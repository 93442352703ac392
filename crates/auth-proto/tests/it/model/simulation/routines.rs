//! Steps that are several calls of the session.

use super::{
    SCOPES, Simulation,
    ops::{Call, Op, Reply, Said, Shared, Stamps, Which},
    reference::{Destination, UNSCOPED},
    scope,
};

impl Simulation {
    /// A step that is several steps. Returns whether it is one.
    pub(super) fn take_several(&mut self, op: &Op) -> bool {
        match *op {
            Op::Doubt(index, is_replaced, ref reply) => {
                // The next root tokens may be of no use, too.
                for _ in 0..if is_replaced { 1 } else { 3 } {
                    self.doubt(index, is_replaced, reply);
                }
            }
            Op::Factors(index) => {
                let scopes = [index, (index + 1) % SCOPES];
                for index in scopes.into_iter().chain(scopes) {
                    self.poll_with_lease(index, Destination::Unknown);
                    if self.model.in_flight(index).is_some() {
                        self.take(&Op::Respond(index, Reply::Receipt(3000)));
                    }
                }
            }
            Op::Insist(index, ref said, times, millis) => {
                for _ in 0..times {
                    self.insist(index, said);
                    self.take(&Op::Clock(millis));
                }
            }
            Op::LogIn(index, tens, stamps) => {
                // A login, and an exchange.
                for _ in 0..2 {
                    self.poll_with_lease(index, Destination::Unknown);
                    if let Some(holder) = self.holder(index) {
                        self.take(&Op::Respond(holder, Reply::Token(tens, stamps)));
                    }
                }
            }
            Op::Outage(index, kind, times) => self.outage(index, kind, times),
            Op::Renewal(index, millis) => {
                let at = self.session.renew_at(&scope(index)).unwrap_or(self.now);
                self.move_clock(at, millis);
            }
            Op::Reread(index, number, is_same) => {
                self.poll_with_lease(index, Destination::Unknown);
                self.take(&Op::Secret(index, number));
                self.poll_with_lease(index, Destination::Unknown);
                if let Some(holder) = self.holder(index) {
                    self.take(&Op::Respond(holder, Reply::Refused(401, 0)));
                }
                self.poll_with_lease(index, Destination::Unknown);
                self.take(&Op::Secret(index, if is_same { number } else { number + 1 }));
            }
            Op::Stale(index, origin, is_own) => self.stale(index, origin, is_own),
            Op::Storm(index, origin, accept, times, ref reply) => {
                for _ in 0..times {
                    self.storm(index, origin, accept, reply);
                }
            }
            _ => return false,
        }
        true
    }

    /// A poll. The store gives each lease that it wants.
    fn poll_with_lease(&mut self, index: usize, destination: Destination) {
        self.take(&Op::Poll(index, destination));
        for _ in 0..2 {
            let Some(holder) = self.holder(index).filter(|at| self.model.is_taking(*at)) else {
                return;
            };
            self.take(&Op::Taken(holder, Said::Led));
            self.take(&Op::Poll(index, destination));
        }
    }

    fn insist(&mut self, index: usize, said: &Said) {
        self.take(&Op::Poll(index, Destination::Unknown));
        let Some(holder) = self.holder(index) else { return };
        match self.model.is_taking(holder) {
            true => self.take(&Op::Taken(holder, said.clone())),
            false => self.take(&Op::Drop(holder)),
        }
    }

    fn outage(&mut self, index: usize, kind: usize, times: u8) {
        for _ in 0..times {
            self.poll_with_lease(index, Destination::Unknown);
            match self.holder(index) {
                Some(holder) => self.take(&Op::Fail(holder, kind)),
                None => self.take(&Op::Until(0)),
            }
        }
    }

    fn storm(&mut self, index: usize, origin: usize, accept: bool, reply: &Reply) {
        if accept {
            self.take(&Op::Accept(Which::Current(index), origin, 0));
        }
        self.take(&Op::Refuse(Which::Current(index), origin, Call::Replayable));
        for _ in 0..2 {
            self.poll_with_lease(index, Destination::At(origin));
            let Some(holder) = self.holder(index) else { continue };
            match self.model.is_checking(holder) {
                true => self.take(&Op::Respond(holder, reply.clone())),
                false => self.take(&Op::Respond(holder, Reply::Token(360, Stamps::AllRight))),
            }
        }
    }

    fn stale(&mut self, index: usize, origin: usize, is_own: bool) {
        // Issued 3,000 seconds ago.
        let old = Said::Token { generation: 1, which: Shared::Fits, rest: 300, life: 600, age: 0 };
        if is_own {
            self.insist(index, &Said::Silent);
            self.take(&Op::LogIn(index, 900, Stamps::AllRight));
            self.take(&Op::Clock(31_000));
        }
        for _ in 0..4 {
            self.take(&Op::Refuse(Which::Current(index), origin, Call::Replayable));
            for _ in 0..2 {
                self.take(&Op::Poll(index, Destination::At(origin)));
                match self.holder(index) {
                    Some(holder) if self.model.is_taking(holder) => {
                        self.take(&Op::Taken(holder, old.clone()));
                    }
                    Some(holder) if self.model.is_checking(holder) => {
                        self.take(&Op::Respond(holder, Reply::Refused(404, 0)));
                    }
                    _ => {}
                }
            }
        }
    }

    fn doubt(&mut self, index: usize, is_replaced: bool, reply: &Reply) {
        let Some(root) = self.model.root.filter(|root| *root != index) else { return };
        let token = || Reply::Token(3000, Stamps::AllRight);
        for _ in 0..4 {
            self.poll_with_lease(index, Destination::Unknown);
            if self.model.in_flight(root).is_some() {
                self.take(&Op::Respond(root, token()));
            } else if self.model.one_time {
                self.take(&Op::Factor(index));
            }
        }
        if self.model.exchanged(index).is_none() {
            return;
        }
        if is_replaced && root == UNSCOPED {
            self.take(&Op::Accept(Which::Current(root), 0, 0));
            self.take(&Op::Refuse(Which::Current(root), 0, Call::Replayable));
            self.poll_with_lease(root, Destination::At(0));
            self.take(&Op::Respond(root, token()));
        }
        self.take(&Op::Respond(index, Reply::Refused(401, 0)));
        self.poll_with_lease(index, Destination::Unknown);
        if self.model.is_checking(root) {
            self.take(&Op::Respond(root, reply.clone()));
        }
    }
}
