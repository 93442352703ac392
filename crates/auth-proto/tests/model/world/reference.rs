//! What must be true of an account, kept in the simplest way: with bounds where the account draws
//! lots, in seconds on one axis that never goes back.

/// Nothing is sent before the first, somebody may send after the second, after so many refusals.
pub(crate) type Hold = (f64, f64, u32);
#[derive(Debug, Default)]
pub(crate) struct Scope {
    /// The living token: its text, the first moment of a renewal, its end.
    pub(crate) token: Option<(String, f64, f64)>,
    /// When the request in the air was sent.
    pub(crate) air: Option<f64>,
    /// Until when a person is asked, and whether they have answered.
    pub(crate) asks: Option<(f64, bool)>,
    granted: bool,
    forced: Option<f64>,
    pub(crate) own: Hold,
}
#[derive(Debug, Default)]
pub(crate) struct Reference {
    pub(crate) now: f64,
    pub(crate) scopes: [Scope; 3],
    proven: bool,
    quiet: Hold,
    /// Of the refused credential, and whether it holds granted scopes.
    latch: Option<(Hold, bool)>,
}
impl Reference {
    pub(crate) fn tick(&mut self, step: f64) {
        self.now += step.max(0.0);
        let mut ended = false;
        for index in 0..self.scopes.len() {
            let (now, scope) = (self.now, &mut self.scopes[index]);
            ended |= scope.token.take_if(|(.., end)| now >= *end).is_some();
            scope.asks.take_if(|(until, _)| now >= *until && scope.air.is_none());
            scope.air.is_some_and(|sent| now >= sent + 60.0).then(|| self.failed(index, 2.5, 0.0));
        }
        self.proven &= !ended || self.scopes.iter().any(|scope| scope.token.is_some());
    }
    /// Whether a login may be sent, and whether it must.
    pub(crate) fn login(&self, index: usize) -> (bool, bool) {
        let (now, scope) = (self.now, &self.scopes[index]);
        let latch = self.latch.filter(|(_, firm)| *firm || !scope.granted);
        let holds = [scope.own, self.quiet, latch.unwrap_or_default().0];
        let early = scope.token.as_ref().is_some_and(|(.., end)| now < end - 58.0);
        let busy = (early || !self.proven) && self.scopes.iter().any(|s| s.air.is_some());
        let free = !busy && scope.air.is_none() && scope.asks.is_none_or(|(_, given)| given);
        (free && holds.iter().all(|h| now >= h.0), free && holds.iter().all(|h| now >= h.1))
    }
    pub(crate) fn got(&mut self, index: usize, text: &str, renewal: f64, end: f64) {
        let Scope { token, forced, .. } = std::mem::take(&mut self.scopes[index]);
        let token = match token {
            Some((text, _, old)) if old >= end => Some((text, self.now + 60.0, old)),
            _ => Some((text.to_owned(), renewal, end)),
        };
        self.scopes[index] = Scope { token, forced, granted: true, ..Scope::default() };
        (self.latch, self.proven) = (None, true);
    }
    /// A failure; somebody may try again after this pause, or after what the service asks.
    pub(crate) fn failed(&mut self, index: usize, pause: f64, asked: f64) {
        let (now, scope) = (self.now, &mut self.scopes[index]);
        (scope.air, scope.asks) = (None, None);
        scope.own = (now + asked.max(pause), now + asked.max(300.0), scope.own.2);
        let quiet = if asked > 0.0 { scope.own } else { self.quiet };
        self.quiet = (quiet.0.max(self.quiet.0), quiet.1.max(self.quiet.1), 0);
    }
    pub(crate) fn refused(&mut self, index: usize) {
        let pause = |n| self.now + if n == 0 { 1800.0 } else { 14_400.0 };
        let hold = |(.., n): Hold| (pause(n), pause(n) + 3600.0, n + 1);
        let (old, scope) = (self.latch.unwrap_or_default(), &mut self.scopes[index]);
        let latch = if scope.air.is_some_and(|at| at < old.0.0) { old.0 } else { hold(old.0) };
        let firm = self.latch.is_some() && (old.1 || scope.granted);
        self.latch = if scope.granted || !self.proven { Some((latch, firm)) } else { self.latch };
        let (own, token, forced) = (hold(scope.own), scope.token.take(), scope.forced);
        (*scope, self.proven) = (Scope { own, token, forced, ..Scope::default() }, false);
    }
    pub(crate) fn unauthorized(&mut self, text: &str) {
        let now = self.now;
        for scope in self.scopes.iter_mut().filter(|s| s.forced.is_none_or(|at| now - at >= 60.0)) {
            if scope.token.take_if(|(held, ..)| held == text).is_some() {
                (scope.forced, self.proven) = (Some(now), false);
            }
        }
    }
    pub(crate) fn replaced(&mut self) {
        (self.latch, self.proven) = (None, false);
        for s in &mut self.scopes {
            *s = Scope { token: s.token.take(), forced: s.forced, ..Scope::default() };
        }
    }
}
