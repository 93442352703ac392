//! The thread that speaks with the server. It sends all waiting jobs together, and the server answers
//! them in order.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use auth_proto::{Entry, Lease, Name, Note, Taken, Want};
use redis::{Cmd, Value};

use super::{
    Listener,
    address::Address,
    link::Link,
    refusal::refusal,
    script::{self, Found, Reply},
    tls,
};
use crate::{
    answer::{Promise, give_back},
    error::Problem,
    event::StoreEvent,
    key::{Key, Subkeys},
    seal::{self, Kind},
};

/// What a caller asks for.
pub(super) struct Job {
    deadline: Instant,
    patience: Duration,
    listener: Option<Arc<Listener>>,
    task: Task,
}

pub(super) enum Task {
    /// With the generation of an entry that did not open, or 0.
    Take(Want, u64, Promise<Taken>),
    /// The promise is kept when the server has got the note.
    Tell(Note, Option<Promise<()>>),
}

/// Who answers.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) address: Arc<Address>,
    pub(super) tls: Option<tls::Client>,
    pub(super) key: Key,
}

/// The state of the thread.
pub(super) struct Engine {
    server: Server,
    link: Option<Link>,
}

impl Engine {
    pub(super) fn new(server: Server) -> Self {
        Self { server, link: None }
    }

    /// Closes the connection until the next use.
    pub(super) fn rest(&mut self) {
        self.link = None;
    }

    /// Does all of these, and what follows from them.
    pub(super) fn run(&mut self, mut jobs: Vec<Job>) {
        while !jobs.is_empty() {
            jobs = self.round(jobs);
        }
    }

    /// One round trip. Returns the jobs that follow from the answers.
    fn round(&mut self, jobs: Vec<Job>) -> Vec<Job> {
        let (mut planned, mut commands) = (Vec::new(), Vec::new());
        for job in jobs {
            match self.server.commands(&job) {
                Ok(own) => {
                    planned.push((job, own.len()));
                    commands.extend(own);
                }
                Err(problem) => self.server.fail(job, problem),
            }
        }
        let Some(deadline) = planned.iter().map(|(job, _)| job.deadline).max() else {
            return Vec::new();
        };
        let mut following = Vec::new();
        let mut link = self.send(&commands, deadline);
        let mut is_refused = false;
        for (job, count) in planned {
            let answers = match &mut link {
                Ok(link) => (0..count).map(|_| link.receive(job.deadline)).collect(),
                Err(problem) => Err(again(problem)),
            };
            match answers.and_then(|answers| self.server.read(&job, answers)) {
                Ok(Landed::Refused(problem)) => {
                    is_refused = true;
                    self.server.fail(job, problem);
                }
                Ok(landed) => following.extend(job.finish(landed)),
                Err(problem) => {
                    self.server.fail(job, again(&problem));
                    // The answers that follow may be those to other questions.
                    link = Err(problem);
                }
            }
        }
        // A server that refuses may be a replica now, and its name lead to another one.
        self.link = link.ok().filter(|_| !is_refused);
        following
    }

    /// Sends to the server, and connects if there is no connection.
    fn send(&mut self, commands: &[Cmd], deadline: Instant) -> Result<Link, Problem> {
        let server = &self.server;
        let idle = self.link.take().and_then(|mut link| link.is_idle().then_some(link));
        let mut link = match idle {
            Some(link) => link,
            None => Link::open(&server.address, server.tls.as_ref(), deadline)?,
        };
        link.send(commands, deadline)?;
        Ok(link)
    }
}

/// What has come of a job.
#[expect(clippy::large_enum_variant, reason = "it lives for a moment, on the stack")]
enum Landed {
    /// The entry of this generation does not open: the job is to be done again without it.
    Damaged(u64, StoreEvent),
    Refused(Problem),
    Taken(Taken, Vec<StoreEvent>, Option<Note>),
    Told(Vec<StoreEvent>),
}

/// An entry that opens.
struct Opened {
    entry: Entry,
    generation: u64,
    age: Duration,
}

impl Server {
    /// The commands of a job that a caller waits for. Each gives one answer.
    fn commands(&self, job: &Job) -> Result<Vec<Cmd>, Problem> {
        if job.is_over() {
            return Err(Problem::TimedOut);
        }
        let hash = |keys: &Subkeys, name: &Name| keys.hash(name.as_bytes());
        let current = self.key.current();
        Ok(match &job.task {
            Task::Take(want, damaged, _) => {
                let look = |keys| script::look(&hash(keys, want.name()), want.newer_than(), 0);
                let hash = hash(current, want.name());
                let take = script::take(&hash, want.newer_than(), *damaged, want.lease());
                self.key.old().map(look).into_iter().chain([take]).collect()
            }
            Task::Tell(Note::Forget { name, generation }, _) => {
                let forget = |keys| script::forget(&hash(keys, name), *generation);
                self.key.all().map(forget).collect()
            }
            Task::Tell(Note::Keep { name, generation, lease }, _) => {
                vec![script::keep(&hash(current, name), *generation, *lease)]
            }
            Task::Tell(Note::Put { lease, entry }, _) => {
                let (hash, generation) = (hash(current, lease.name()), lease.generation());
                let life = entry.as_ref().map_or(Duration::ZERO, Entry::life);
                let seal = |entry: &Entry| {
                    seal::seal(current, Kind::Timed, &hash, generation, [&entry.to_bytes(), &[]])
                };
                let sealed = entry.as_ref().map(seal).transpose()?.unwrap_or_default();
                vec![script::put(&hash, generation, &sealed, life)]
            }
        })
    }

    /// Reads the answers to the commands of a job.
    fn read(&self, job: &Job, answers: Vec<Value>) -> Result<Landed, Problem> {
        if let Some(refusal) = answers.iter().find_map(refusal) {
            return Ok(Landed::Refused(refusal));
        }
        let note = match &job.task {
            Task::Take(want, damaged, _) => return self.read_taken(want, *damaged, answers),
            Task::Tell(note, _) => note,
        };
        let mut events = Vec::new();
        for answer in &answers {
            if let (Some(newer), Note::Put { lease, .. }) = (script::told(answer)?, note) {
                events.push(StoreEvent::LeaseOver { generation: lease.generation(), newer });
            }
        }
        Ok(Landed::Told(events))
    }

    fn read_taken(
        &self,
        want: &Want,
        damaged: u64,
        answers: Vec<Value>,
    ) -> Result<Landed, Problem> {
        let mut answers = answers.into_iter().map(script::taken);
        let mut next = || answers.next().unwrap_or(Err(Problem::BadAnswer));
        let mut events = Vec::new();
        let pass_over = || StoreEvent::PassedOver(self.address.error(Problem::Damaged));
        let mut old = None;
        if let Some(keys) = self.key.old()
            && let Reply::Found(found) = next()?
        {
            old = open(keys, want, found);
            events.extend(old.is_none().then(pass_over));
        }
        let mut note = None;
        let taken = match (next()?, old) {
            (Reply::Found(found), old) => {
                let generation = found.generation;
                match (open(self.key.current(), want, found), old) {
                    (Some(one), Some(other)) if one.generation < other.generation => other.into(),
                    (Some(opened), _) => opened.into(),
                    (None, None) if damaged == 0 => {
                        return Ok(Landed::Damaged(generation, pass_over()));
                    }
                    (None, None) => return Err(Problem::BadAnswer),
                    (None, Some(old)) => {
                        events.push(pass_over());
                        old.into()
                    }
                }
            }
            (Reply::Led(generation), _) if generation <= want.newer_than() => {
                return Err(Problem::BadAnswer);
            }
            (Reply::Led(generation), old) => {
                let lease = Lease::new(want.name().clone(), generation);
                match old {
                    Some(old) => {
                        note = Some(Note::Put { lease, entry: None });
                        old.into()
                    }
                    None => Taken::Led(lease),
                }
            }
            (Reply::Busy(_), Some(old)) => old.into(),
            (Reply::Busy(generation), None) => Taken::Busy { generation },
            (Reply::Nothing, _) => return Err(Problem::BadAnswer),
        };
        Ok(Landed::Taken(taken, events, note))
    }

    pub(super) fn fail(&self, job: Job, problem: Problem) {
        let error = self.address.error(problem);
        match job.task {
            // A caller that has gone has reported that it got no answer.
            Task::Take(_, _, promise) => {
                if promise.give(Taken::Silent).is_none() {
                    emit(job.listener.as_ref(), &[StoreEvent::Silent(error)]);
                }
            }
            Task::Tell(_, promise) => {
                emit(job.listener.as_ref(), &[StoreEvent::NotTold(error)]);
                promise.map(|promise| promise.give(()));
            }
        }
    }
}

/// Opens an entry, unless it is of another place or another time than the server says.
fn open(keys: &Subkeys, want: &Want, found: Found) -> Option<Opened> {
    let Found { generation, age, sealed } = found;
    let hash = keys.hash(want.name().as_bytes());
    let (sealed_generation, text) = seal::open(keys, Kind::Timed, &hash, sealed)?;
    let entry = Entry::from_bytes(&text)?;
    let fits = sealed_generation == generation && generation > want.newer_than();
    (fits && age < entry.life()).then_some(Opened { entry, generation, age })
}

impl From<Opened> for Taken {
    fn from(Opened { entry, generation, age }: Opened) -> Self {
        Self::Found { entry, generation, age }
    }
}

impl Job {
    /// A job of a caller who waits this long. It has to be done a little earlier.
    pub(super) fn new(task: Task, listener: Option<Arc<Listener>>, patience: Duration) -> Self {
        let deadline = Instant::now() + patience - patience / 25;
        Self { deadline, patience, listener, task }
    }

    /// Whether the time for an answer is over, or its caller has gone.
    fn is_over(&self) -> bool {
        let is_abandoned = match &self.task {
            Task::Take(_, _, promise) => promise.is_abandoned(),
            Task::Tell(..) => false,
        };
        is_abandoned || self.deadline <= Instant::now()
    }

    /// Reports what has come of the job. Returns the job that follows.
    fn finish(self, landed: Landed) -> Option<Self> {
        let Self { deadline, patience, listener, task } = self;
        match (task, landed) {
            (Task::Take(want, _, promise), Landed::Damaged(generation, event)) => {
                emit(listener.as_ref(), &[event]);
                let task = Task::Take(want, generation, promise);
                Some(Self { deadline, patience, listener, task })
            }
            (Task::Take(_, _, promise), Landed::Taken(taken, mut events, note)) => {
                let given = match &taken {
                    Taken::Led(lease) => Some(lease.generation()),
                    _ => None,
                };
                let unwanted = promise.give(taken);
                let given = given.filter(|_| unwanted.is_none());
                events.extend(given.map(|generation| StoreEvent::LeaseGiven { generation }));
                emit(listener.as_ref(), &events);
                let note = note.or_else(|| unwanted.and_then(give_back))?;
                Some(Self::new(Task::Tell(note, None), listener, patience))
            }
            (Task::Tell(_, promise), Landed::Told(events)) => {
                emit(listener.as_ref(), &events);
                promise.map(|promise| promise.give(()));
                None
            }
            _ => None,
        }
    }
}

pub(super) fn emit(listener: Option<&Arc<Listener>>, events: &[StoreEvent]) {
    if let Some(listener) = listener {
        events.iter().for_each(|event| listener(event));
    }
}

/// The problem of a connection, for each of those who use it.
fn again(problem: &Problem) -> Problem {
    match problem {
        Problem::BadAnswer => Problem::BadAnswer,
        Problem::Refused { code, meaning } => Problem::Refused { code: code.clone(), meaning },
        Problem::TimedOut => Problem::TimedOut,
        Problem::TooLarge { limit } => Problem::TooLarge { limit: *limit },
        Problem::Unresolved => Problem::Unresolved,
        problem => {
            let Problem::Io(error) = problem else { return Problem::BadAnswer };
            Problem::Io(std::io::Error::new(error.kind(), error.to_string()))
        }
    }
}
