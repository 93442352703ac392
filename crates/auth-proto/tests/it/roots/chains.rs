//! Logins that give a token of no use do not follow each other without a pause.

use auth_proto::{
    Action, Credential, ErrorKind, Event, Factor, FailureClass, PendingRequest, Scope, Session,
    Settings, Taken,
};

use super::{
    PASSWORD,
    bed::{Answers, Bed, Kind},
    refuse_all,
    service::{World, projects, served},
    with_scopes,
};
use crate::support::{
    NOW, keystone, password,
    session::{refusal, scope, seconds, sent, unscoped},
    store::ModelStore,
};

const QUESTIONS: [Option<u16>; 7] =
    [Some(200), Some(401), Some(403), Some(404), Some(429), Some(500), None];
const EXCHANGES: [u16; 5] = [201, 401, 403, 404, 500];
/// A service that refuses all tokens matters to scopes that have one.
const SERVICES: [(u16, &[u16]); 2] = [(200, &EXCHANGES), (401, &[201, 401])];

/// A gateway that answers in the place of the identity service.
const GATEWAY: Answers = Answers { question: Some(404), exchange: 401, with_role: 0, service: 200 };

fn cells() -> Vec<(Kind, Answers)> {
    let mut cells = Vec::new();
    for question in QUESTIONS {
        for (service, exchanges) in SERVICES {
            let plain = Answers { question, exchange: 201, with_role: 0, service };
            cells.push((Kind::Plain, plain));
            for &exchange in exchanges {
                for (kind, with_role) in [
                    (Kind::Agency, 0),
                    (Kind::Code(1), 0),
                    (Kind::Code(50), 40),
                    (Kind::Root(1), 0),
                    (Kind::Root(50), 0),
                    (Kind::Root(50), 40),
                ] {
                    cells.push((kind, Answers { question, exchange, with_role, service }));
                }
            }
        }
    }
    cells
}

/// Each login gives a token, and what follows never does what it should: for ten minutes the identity
/// service gives the same answer to each question and exchange, and the service to each call.
///
/// A careful client does no more than in an outage: if the login itself fails, callers who have no
/// token cause one attempt in 10 to 20 seconds, after the first pauses, which are shorter: 45 on
/// average and at most 66 in ten minutes. A person is asked for a code at once if a root token is
/// dead, and then once in five minutes. `-- --nocapture` shows the table.
#[test]
#[expect(clippy::print_stdout, reason = "the numbers are part of the output")]
fn a_useless_login_is_not_repeated_at_once() {
    for (kind, answers) in cells() {
        let mut bed = Bed::new(kind, answers);
        bed.run(seconds(600));
        let counts = bed.counts;
        println!("{kind:?} {answers:?} {counts:?}");
        let most = if let Kind::Code(_) = kind { 4 } else { 66 };
        assert!(counts.logins <= most && counts.codes <= 3, "{kind:?} {answers:?}: {counts:?}");
        // Nobody waits for what does not come.
        let is_served = answers.exchange == 201 || kind == Kind::Plain;
        assert!(is_served || bed.error.is_some(), "{kind:?} {answers:?}");
    }
}

#[test]
fn the_error_names_both_answers() {
    for (status, kind) in [(401, Kind::Root(1)), (404, Kind::Root(3)), (404, Kind::Agency)] {
        let mut bed = Bed::new(kind, Answers { question: Some(status), ..GATEWAY });
        bed.run(seconds(40));
        let error = bed.error.unwrap();
        let text = error.to_string();
        for part in ["401 (no)", &format!("about it was {status}"), "check that every node"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(matches!(error.kind(), ErrorKind::Unavailable(_)) && error.is_retryable());
        assert!(error.retry_at().is_some_and(|at| at > bed.now - seconds(20)), "{text}");
        let told = std::iter::from_fn(|| bed.session.poll_event()).filter(|event| {
            matches!(event, Event::LoginFailed { class: FailureClass::Transient, error, .. }
                if error.to_string().contains("check that every node"))
        });
        assert!(told.count() > 3);
        // It explains why there is no token, after its pause as well.
        let last = bed.session.last_error(&bed.scopes[0]).unwrap();
        assert_eq!(last.kind(), error.kind());
        let _ = bed.session.cached_token(&bed.scopes[0], bed.now + seconds(60));
        let last = bed.session.last_error(&bed.scopes[0]).unwrap();
        assert_eq!((last.kind(), last.retry_at()), (error.kind(), None));
    }
}

#[test]
fn the_pauses_end_with_the_first_exchange() {
    let mut bed = Bed::new(Kind::Root(5), GATEWAY);
    bed.run(seconds(300));
    bed.answers.exchange = 201;
    // A pause of at most 20 seconds, and one login for all.
    let before = bed.counts;
    bed.run(seconds(21));
    assert!(bed.counts.logins <= before.logins + 1, "{:?}", bed.counts);
    for scope in &bed.scopes {
        assert!(bed.session.cached_token(scope, bed.now).is_some());
        assert!(bed.session.last_error(scope).is_none());
    }
}

#[test]
fn a_root_that_has_served_is_replaced_at_once() {
    let (mut world, scopes) = with_scopes(50);
    for _ in 0..20 {
        world.service.valid.clear();
        refuse_all(&mut world, &scopes);
        // No time passes.
        assert_eq!(served(&world.run(&scopes)), 50);
        assert_eq!(world.service.counts(), [1, 51, 1]);
    }
    // The same for scopes without a token, one after the other.
    for number in 50..70 {
        world.service.valid.clear();
        world.token(&scope(&format!("p{number}")));
        assert_eq!(world.service.counts(), [1, 2, 1]);
    }
}

/// All tokens are revoked after so many logins, before the next exchange.
fn revoke_early(world: &mut World, p: &Scope, times: usize) {
    for _ in 0..times {
        while world.service.logins == 0 {
            assert!(world.poll(p).is_none());
            if world.flights.is_empty() {
                world.now += seconds(1);
            }
            world.land();
        }
        world.service.valid.clear();
        world.service.counts();
    }
}

#[test]
fn a_root_may_die_before_its_first_exchange() {
    let mut world = World::with_root(PASSWORD);
    for (number, times) in [1, 2, 3, 3, 3, 3].into_iter().enumerate() {
        let p = scope(&format!("p{number}"));
        world.service.valid.clear();
        revoke_early(&mut world, &p, times);
        let before = world.now;
        while !matches!(world.poll(&p), Some(Ok(_))) {
            if world.flights.is_empty() {
                world.now += seconds(1);
            }
            world.land();
        }
        // The callers wait for that, and it has no effect on later ones.
        assert!(world.now <= before + seconds(1), "{number}: {}", world.now - before);
        assert_eq!(world.service.counts()[0], 1, "{number}");
        world.service.valid.clear();
        refuse_all(&mut world, std::slice::from_ref(&p));
        world.token(&p);
        assert_eq!(world.service.counts()[0], 1, "{number}");
    }
}

#[test]
fn scopes_that_work_hide_no_lost_one() {
    let mut world = World::with_root(PASSWORD);
    world.service.no_answer = Some(404);
    world.service.without_role.insert("lost".to_owned());
    let lost = scope("lost");
    // For ten minutes, a new scope gets its token each second.
    for second in 0..600 {
        let scopes = [lost.clone(), scope(&format!("p{second}"))];
        for _ in 0..4 {
            let _ = scopes.iter().map(|scope| world.poll(scope)).collect::<Vec<_>>();
            world.land();
        }
        world.now += seconds(1);
    }
    let [logins, ..] = world.service.counts();
    assert!(logins <= 66, "{logins}");
}

#[test]
fn a_scope_without_a_role_counts_for_nothing() {
    let mut world = World::with_root(PASSWORD);
    world.service.without_role.insert("p0".to_owned());
    let p = projects(2);
    for _ in 0..10 {
        world.error(&p[0]);
        world.now += seconds(300);
    }
    assert_eq!(world.service.counts(), [1, 10, 10]);
    // The root dies, and is replaced at once for both.
    world.service.valid.clear();
    world.error(&p[0]);
    world.token(&p[1]);
    assert_eq!(world.service.counts(), [1, 3, 2]);
    world.service.valid.clear();
    world.token(&scope("p2"));
    assert_eq!(world.service.counts(), [1, 2, 1]);
    // Later for the scope without a role as well.
    world.now += seconds(300);
    world.service.valid.clear();
    world.error(&p[0]);
    assert_eq!(world.service.counts(), [1, 2, 2]);
}

#[test]
fn callers_of_the_roots_own_scope_do_not_wait() {
    let settings = Settings::default().with_root(scope("home"));
    let mut world = World::new(password(), settings);
    world.service.no_answer = Some(404);
    world.service.without_role.insert("p".to_owned());
    for second in 0..600 {
        for _ in 0..4 {
            let _ = world.poll(&scope("p"));
            world.land();
        }
        world.token(&scope("home"));
        world.now = NOW + seconds(second);
    }
    let [logins, ..] = world.service.counts();
    assert!(logins <= 2 * 66, "{logins}");
}

#[test]
fn a_person_is_not_asked_again_and_again() {
    let mut world = World::new(password().and(Factor::totp("111111")), Settings::default());
    (world.service.no_answer, world.service.without_role) = (Some(404), ["p".to_owned()].into());
    let (p, mut codes) = (scope("p"), Vec::new());
    let mut last = None;
    for second in 0..1000 {
        world.now = NOW + seconds(second);
        for _ in 0..8 {
            last = world.poll(&p).or(last);
            for (taken, _) in std::mem::take(&mut world.questions) {
                let code = Factor::totp(format!("{}", 222_222 + second));
                world.session.handle_reply(taken, code, world.now).unwrap();
                codes.push(second);
            }
            world.land();
        }
    }
    assert_eq!(codes, [0, 300, 600, 900]);
    let error = last.unwrap().unwrap_err();
    assert!(error.to_string().contains("about it was 404") && !error.is_retryable(), "{error}");
    assert_eq!(error.retry_at(), Some(NOW + seconds(1200)));
    // Another credential is another beginning.
    (world.service.no_answer, world.service.without_role) = (None, [].into());
    let credential = password().and(Factor::totp("333333"));
    world.session.replace_credential(credential).unwrap();
    world.token(&p);
}

#[test]
fn without_an_answer_ten_scopes_cost_few_logins() {
    let (mut world, scopes) = (World::with_root(PASSWORD), projects(20));
    world.service.no_answer = Some(403);
    world.service.without_role = (0..10).map(|number| format!("p{number}")).collect();
    let mut logins = Vec::new();
    for second in 0..7200_i64 {
        world.now = NOW + seconds(second.unsigned_abs());
        // One scope after the other gets its first caller.
        let from = (10 - second / 61).max(0) as usize;
        assert_eq!(served(&world.run(&scopes[from..])), 10);
        logins.extend((0..world.service.counts()[0]).map(|_| second));
    }
    let late = logins.iter().filter(|second| **second >= 1800).count();
    assert!(late <= 5400 / 300 + 1, "{logins:?}");
}

/// A process with a store, which answers at once.
struct Process(Session);

impl Process {
    fn start(seed: u64) -> Self {
        let settings = Settings::default().with_root(Scope::unscoped()).with_store();
        Self(Session::new(keystone(), password(), settings.with_seed(seed)).unwrap())
    }

    /// The next request, or the end of the pause before it.
    fn next(&mut self, scope: &Scope, store: &mut ModelStore) -> Action {
        loop {
            while let Some(note) = self.0.poll_note() {
                store.tell(&note);
            }
            match self.0.poll(scope, NOW) {
                Action::Take(pending, want) => {
                    let taken: Taken = store.take(&want);
                    self.0.handle_taken(pending, taken, NOW).unwrap();
                }
                action => return action,
            }
        }
    }

    fn send(&mut self, scope: &Scope, store: &mut ModelStore) -> PendingRequest {
        sent(self.next(scope, store))
    }
}

#[test]
fn a_dead_root_from_the_store_is_forgotten() {
    let mut store = ModelStore::default();
    let (mut first, mut second) = (Process::start(1), Process::start(2));
    let p = scope("p");
    let login = first.send(&Scope::unscoped(), &mut store);
    first.0.handle_response(login, unscoped("dead", NOW), NOW).unwrap();
    assert!(matches!(first.next(&Scope::unscoped(), &mut store), Action::Use(_)));
    // The other process has no login, and finds out that the token was revoked.
    for dead in 1..=3 {
        let exchange = second.send(&p, &mut store);
        second.0.handle_response(exchange, refusal(401), NOW).unwrap();
        let question = second.send(&p, &mut store);
        second.0.handle_response(question, refusal(404), NOW).unwrap();
        if dead == 3 {
            break;
        }
        // Neither that nor the first one of its own is a reason for a pause.
        let login = second.send(&p, &mut store);
        second.0.handle_response(login, unscoped(&format!("dead-{dead}"), NOW), NOW).unwrap();
    }
    let Action::Wait(until) = second.next(&p, &mut store) else { panic!("no pause") };
    assert!(until < NOW + seconds(1), "{until}");
}

#[test]
fn a_given_token_has_no_such_pause() {
    let mut world = World::new(Credential::token("given"), Settings::default());
    for second in [0, 1800] {
        world.now = NOW + seconds(second);
        let error = world.error(&scope("p"));
        assert!(matches!(error.kind(), ErrorKind::Rejected(_)), "{error}");
    }
    assert_eq!(world.service.counts(), [0, 2, 2]);
}
