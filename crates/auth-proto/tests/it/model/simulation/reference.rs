//! The rules of a session in their simplest form. The session picks random pauses; the reference keeps
//! their bounds, in seconds on one axis that never goes back.

/// No login is sent before the first time, a poll sends one after the second. The third is the number
/// of refusals.
pub(crate) type Pause = (f64, f64, u32);
#[derive(Debug, Default)]
pub(crate) struct Scope {
    /// The valid token: its text, the earliest renewal, its end.
    pub(crate) token: Option<(String, f64, f64)>,
    /// When the pending request was sent.
    pub(crate) sent_at: Option<f64>,
    /// The end of the challenge, and whether a factor was submitted.
    pub(crate) challenge: Option<(f64, bool)>,
    granted: bool,
    forced: Option<f64>,
    pub(crate) own: Pause,
}
#[derive(Debug, Default)]
pub(crate) struct Reference {
    pub(crate) now: f64,
    pub(crate) scopes: [Scope; 3],
    verified: bool,
    retry_after: Pause,
    /// The pause after a refused credential, and whether it includes granted scopes.
    lockout: Option<(Pause, bool)>,
}
impl Reference {
    pub(crate) fn tick(&mut self, step: f64) {
        self.now += step.max(0.0);
        let mut ended = false;
        for index in 0..self.scopes.len() {
            let (now, scope) = (self.now, &mut self.scopes[index]);
            ended |= scope.token.take_if(|(.., end)| now >= *end).is_some();
            scope.challenge.take_if(|(until, _)| now >= *until && scope.sent_at.is_none());
            scope
                .sent_at
                .is_some_and(|sent| now >= sent + 60.0)
                .then(|| self.failed(index, 2.5, 0.0));
        }
        self.verified &= !ended || self.scopes.iter().any(|scope| scope.token.is_some());
    }
    /// Whether a poll may send a login, and whether it must.
    pub(crate) fn login(&self, index: usize) -> (bool, bool) {
        let (now, scope) = (self.now, &self.scopes[index]);
        let lockout = self.lockout.filter(|(_, all_scopes)| *all_scopes || !scope.granted);
        let holds = [scope.own, self.retry_after, lockout.unwrap_or_default().0];
        let early = scope.token.as_ref().is_some_and(|(.., end)| now < end - 58.0);
        let busy = (early || !self.verified) && self.scopes.iter().any(|s| s.sent_at.is_some());
        let free =
            !busy && scope.sent_at.is_none() && scope.challenge.is_none_or(|(_, given)| given);
        (free && holds.iter().all(|h| now >= h.0), free && holds.iter().all(|h| now >= h.1))
    }
    pub(crate) fn got(&mut self, index: usize, text: &str, renewal: f64, end: f64) {
        let Scope { token, forced, .. } = std::mem::take(&mut self.scopes[index]);
        let token = match token {
            Some((text, _, old)) if old >= end => Some((text, self.now + 60.0, old)),
            _ => Some((text.to_owned(), renewal, end)),
        };
        self.scopes[index] = Scope { token, forced, granted: true, ..Scope::default() };
        (self.lockout, self.verified) = (None, true);
    }
    /// A failure. The next login follows after `pause`, or after the pause that the service asked for.
    pub(crate) fn failed(&mut self, index: usize, pause: f64, asked: f64) {
        let (now, scope) = (self.now, &mut self.scopes[index]);
        (scope.sent_at, scope.challenge) = (None, None);
        scope.own = (now + asked.max(pause), now + asked.max(300.0), scope.own.2);
        let retry_after = if asked > 0.0 { scope.own } else { self.retry_after };
        self.retry_after =
            (retry_after.0.max(self.retry_after.0), retry_after.1.max(self.retry_after.1), 0);
    }
    pub(crate) fn refused(&mut self, index: usize) {
        let pause = |n| self.now + if n == 0 { 1800.0 } else { 14_400.0 };
        let hold = |(.., n): Pause| (pause(n), pause(n) + 3600.0, n + 1);
        let (old, scope) = (self.lockout.unwrap_or_default(), &mut self.scopes[index]);
        let lockout =
            if scope.sent_at.is_some_and(|at| at < old.0.0) { old.0 } else { hold(old.0) };
        let all_scopes = self.lockout.is_some() && (old.1 || scope.granted);
        self.lockout = if scope.granted || !self.verified {
            Some((lockout, all_scopes))
        } else {
            self.lockout
        };
        let (own, token, forced) = (hold(scope.own), scope.token.take(), scope.forced);
        (*scope, self.verified) = (Scope { own, token, forced, ..Scope::default() }, false);
    }
    pub(crate) fn unauthorized(&mut self, text: &str) {
        let now = self.now;
        for scope in self.scopes.iter_mut().filter(|s| s.forced.is_none_or(|at| now - at >= 60.0)) {
            if scope.token.take_if(|(held, ..)| held == text).is_some() {
                (scope.forced, self.verified) = (Some(now), false);
            }
        }
    }
    pub(crate) fn replaced(&mut self) {
        (self.lockout, self.verified) = (None, false);
        for s in &mut self.scopes {
            *s = Scope { token: s.token.take(), forced: s.forced, ..Scope::default() };
        }
    }
}
