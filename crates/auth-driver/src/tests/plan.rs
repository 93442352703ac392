//! The events of one schedule, all drawn from its seed.

use std::time::Duration;

use auth_proto::ErrorKind;

use crate::error::NoToken;

/// A stream of numbers from a seed (SplitMix64).
pub(super) struct Rng(u64);

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) as usize % end
    }

    pub(super) fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    pub(super) fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.below(among.len())]
    }
}

/// One step of a caller.
#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    Close,
    /// The wall clock is set, by so many seconds.
    Clock(i64),
    Replace,
    Token(Duration),
    /// A service refuses the caller's last token.
    Unauthorized,
    Yield,
}

/// All that is decided before a schedule begins.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Nothing fails.
    pub(super) calm: bool,
    /// Futures are dropped at any point.
    pub(super) cancels: bool,
    /// The reading of the clock that panics.
    pub(super) clock_panics_at: Option<usize>,
    /// The event whose listener panics.
    pub(super) listener_panics_at: Option<usize>,
    /// `wake` polls the woken task before it returns, as another thread could.
    pub(super) at_once: bool,
    /// The scope that a background task renews.
    pub(super) renewal: Option<usize>,
    /// The scope and the steps of each caller.
    pub(super) callers: Vec<(usize, Vec<Op>)>,
}

/// A caller that waits so long has been forgotten.
pub(super) const LONG: Duration = Duration::from_secs(3600);

impl Plan {
    pub(super) fn draw(rng: &mut Rng) -> Self {
        let calm = rng.one_in(4);
        let scopes = 1 + rng.below(2);
        let caller = |rng: &mut Rng| {
            let ops = (0..1 + rng.below(2)).map(|_| op(rng, calm)).collect();
            (rng.below(scopes), ops)
        };
        Self {
            calm,
            cancels: !calm && rng.one_in(3),
            clock_panics_at: (!calm && rng.one_in(8)).then(|| rng.below(8)),
            listener_panics_at: (!calm && rng.one_in(8)).then(|| rng.below(4)),
            at_once: rng.one_in(2),
            renewal: rng.one_in(4).then(|| rng.below(scopes)),
            callers: (0..rng.pick(&[2, 2, 3, 3, 3, 4, 5])).map(|_| caller(rng)).collect(),
        }
    }

    /// A plan in which nothing happens.
    pub(super) fn quiet() -> Self {
        Self {
            calm: true,
            cancels: false,
            clock_panics_at: None,
            listener_panics_at: None,
            at_once: false,
            renewal: None,
            callers: Vec::new(),
        }
    }

    /// A plan without failures.
    pub(super) fn calm(rng: &mut Rng) -> Self {
        let plans = std::iter::repeat_with(|| Self::draw(rng));
        plans.into_iter().find(|plan| plan.calm).unwrap()
    }

    /// The scopes that callers want a token for.
    pub(super) fn wanted(&self) -> impl Iterator<Item = usize> {
        let asks = |ops: &[Op]| ops.iter().any(|op| matches!(op, Op::Token(_)));
        (0..2).filter(move |scope| {
            let wants = |(own, ops): &(usize, Vec<Op>)| own == scope && asks(ops);
            self.renewal == Some(*scope) || self.callers.iter().any(wants)
        })
    }

    fn has(&self, what: fn(&Op) -> bool) -> bool {
        self.callers.iter().any(|(_, ops)| ops.iter().any(what))
    }

    pub(super) fn sets_clock(&self) -> bool {
        self.has(|op| matches!(op, Op::Clock(_)))
    }

    /// Whether the clock is set so far that requests count as lost.
    pub(super) fn loses_requests(&self) -> bool {
        self.has(|op| matches!(op, Op::Clock(by) if *by > 3600))
    }

    pub(super) fn closes(&self) -> bool {
        self.has(|op| matches!(op, Op::Close))
    }

    /// Whether a caller with so much patience may get this error.
    pub(super) fn allows(&self, error: &NoToken, patience: Duration) -> bool {
        match error {
            NoToken::Deadline { .. } => patience < LONG,
            NoToken::Auth(error) => match error.kind() {
                ErrorKind::Closed => self.closes(),
                ErrorKind::Rejected(_) | ErrorKind::Transport(_) | ErrorKind::Unavailable(_) => {
                    !self.calm
                }
                _ => false,
            },
            NoToken::Ask(_) | NoToken::Proxy(_) => false,
        }
    }
}

fn op(rng: &mut Rng, calm: bool) -> Op {
    let short = Duration::from_millis(1 << rng.below(11));
    match rng.below(24) {
        0 | 1 if !calm => Op::Token(short),
        2 | 3 if !calm => Op::Unauthorized,
        4 if !calm => Op::Replace,
        5 if !calm && rng.one_in(2) => Op::Close,
        6 if !calm => Op::Clock(rng.pick(&[-7200, -1, 30, 7200])),
        7..=10 => Op::Yield,
        _ => Op::Token(LONG),
    }
}
