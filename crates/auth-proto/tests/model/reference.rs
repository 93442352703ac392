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
        for index in 0..self.scopes.len() {
            let (now, scope) = (self.now, &mut self.scopes[index]);
            scope.token.take_if(|(.., end)| now >= *end);
            scope.asks.take_if(|(until, _)| now >= *until && scope.air.is_none());
            scope.air.is_some_and(|sent| now >= sent + 60.0).then(|| self.failed(index, 2.5, 0.0));
        }
    }
    /// Whether a login may be sent, and whether it must.
    pub(crate) fn login(&self, index: usize) -> (bool, bool) {
        let (now, scope) = (self.now, &self.scopes[index]);
        let latch = self.latch.filter(|(_, firm)| *firm || !scope.granted);
        let holds = [scope.own, self.quiet, latch.unwrap_or_default().0];
        let quiet = scope.air.is_none() && scope.asks.is_none_or(|(_, answered)| answered);
        let free = quiet && (self.proven || self.scopes.iter().all(|scope| scope.air.is_none()));
        (free && holds.iter().all(|h| now >= h.0), free && holds.iter().all(|h| now >= h.1))
    }
    pub(crate) fn got(&mut self, index: usize, text: &str, renewal: f64, end: f64) {
        let Scope { token, forced, .. } = std::mem::take(&mut self.scopes[index]);
        let token = match token {
            Some((text, _, old)) if old >= end => Some((text, self.now + 60.0, old)),
            _ => Some((text.to_owned(), renewal, end)),
        };
        self.scopes[index] = Scope { token, forced, granted: true, ..Scope::default() };
        (self.latch, self.quiet, self.proven) = (None, Hold::default(), true);
    }
    /// A failure; somebody may try again after this pause, or after what the service asks.
    pub(crate) fn failed(&mut self, index: usize, pause: f64, asked: f64) {
        let (now, scope) = (self.now, &mut self.scopes[index]);
        (scope.air, scope.asks) = (None, None);
        scope.own = (now + asked.max(pause), now + asked.max(300.0), scope.own.2);
        self.quiet = if asked > 0.0 { scope.own } else { self.quiet };
    }
    pub(crate) fn refused(&mut self, index: usize) {
        let pause = |n| self.now + if n == 0 { 1800.0 } else { 14_400.0 };
        let hold = |(.., n): Hold| (pause(n), pause(n) + 3600.0, n + 1);
        let (before, scope) = (self.latch.unwrap_or_default(), &mut self.scopes[index]);
        let in_time = scope.air.is_some_and(|sent| sent < before.0.0);
        let latch = if in_time { before.0 } else { hold(before.0) };
        let firm = self.latch.is_some() && (before.1 || scope.granted);
        self.latch = if scope.granted || !self.proven { Some((latch, firm)) } else { self.latch };
        let Scope { token, forced, own, .. } = std::mem::take(scope);
        *scope = Scope { own: hold(own), token, forced, ..Scope::default() };
        self.proven = false;
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
        for scope in &mut self.scopes {
            let Scope { token, forced, .. } = std::mem::take(scope);
            *scope = Scope { token, forced, ..Scope::default() };
        }
    }
}
