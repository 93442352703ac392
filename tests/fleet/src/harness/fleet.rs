//! The processes of a fleet, as the controlling process sees them.

use std::{
    env,
    io::{self, BufRead, BufReader, PipeWriter, Write},
    process::{Child, ChildStdin, Command as Program, Stdio},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::job::{Command, Event, Job, Line};

/// Processes, and what they have said. They are killed when it is dropped.
pub(crate) struct Fleet {
    processes: Vec<Process>,
    said: Arc<Said>,
    output: PipeWriter,
    pub(crate) started: Instant,
}

struct Process {
    child: Child,
    input: Option<ChildStdin>,
}

/// An event of a process.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) process: usize,
    pub(crate) at: Instant,
    pub(crate) event: Event,
}

#[derive(Default)]
struct Said {
    events: Mutex<Vec<Seen>>,
    more: Condvar,
}

impl Fleet {
    pub(crate) fn new() -> io::Result<Self> {
        let (input, output) = io::pipe()?;
        let said = Arc::<Said>::default();
        let shared = Arc::clone(&said);
        // Ends with the last process.
        thread::spawn(move || {
            for line in BufReader::new(input).lines().map_while(Result::ok) {
                match serde_json::from_str(&line) {
                    Ok(Line { process, event }) => {
                        let seen = Seen { process, at: Instant::now(), event };
                        lock(&shared.events).push(seen);
                        shared.more.notify_all();
                    }
                    Err(_) => eprintln!("a process says: {line}"),
                }
            }
        });
        Ok(Self { processes: Vec::new(), said, output, started: Instant::now() })
    }

    /// Starts a process, behind the words of another program that runs it. Returns its number.
    pub(crate) fn start(&mut self, before: &[String], job: &Job) -> io::Result<usize> {
        let own = env::current_exe()?;
        let own = own.to_str().ok_or_else(|| io::Error::other("a path that is no text"))?;
        let mut words = before.iter().map(String::as_str).chain([own, "worker"]);
        let mut program = Program::new(words.next().unwrap_or(own));
        program.args(words).stdin(Stdio::piped()).stdout(self.output.try_clone()?);
        let mut child = program.spawn()?;
        let process = self.processes.len();
        let input = child.stdin.take();
        self.processes.push(Process { child, input });
        self.write(process, &serde_json::to_string(&Job { process, ..job.clone() })?);
        Ok(process)
    }

    /// Starts this many processes, and waits until each has its client.
    pub(crate) fn start_all(&mut self, count: usize, job: &Job) -> io::Result<()> {
        let wanted = self.processes.len() + count;
        for _ in 0..count {
            self.start(&[], job)?;
        }
        let is_ready = |seen: &&Seen| matches!(seen.event, Event::Ready);
        let all_are = |seen: &[Seen]| seen.iter().filter(is_ready).count() >= wanted;
        let until = Instant::now() + Duration::from_secs(60);
        while !self.wait(Duration::from_millis(200), all_are) {
            let has_ended =
                |process: &mut Process| process.child.try_wait().is_ok_and(|end| end.is_some());
            if Instant::now() > until || self.processes.iter_mut().any(has_ended) {
                return Err(io::Error::other("a process has no client"));
            }
        }
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.processes.len()
    }

    /// Tells a process what to do next. One that has ended hears nothing.
    pub(crate) fn send(&mut self, process: usize, command: Command) {
        if let Ok(line) = serde_json::to_string(&command) {
            self.write(process, &line);
        }
    }

    /// Tells it to all processes.
    pub(crate) fn send_all(&mut self, command: Command) {
        (0..self.len()).for_each(|process| self.send(process, command));
    }

    fn write(&mut self, process: usize, line: &str) {
        if let Some(input) = &mut self.processes[process].input {
            let _ = input.write_all(format!("{line}\n").as_bytes());
        }
    }

    pub(crate) fn signal(&self, process: usize, signal: Signal) {
        let _ = kill_process(Pid::from_child(&self.processes[process].child), signal);
    }

    /// Lets a process end by itself, and waits for that.
    pub(crate) fn end(&mut self, process: usize) {
        self.processes[process].input = None;
        let _ = self.processes[process].child.wait();
    }

    /// All events so far, in the order of their arrival.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        lock(&self.said.events).clone()
    }

    /// Waits until the events so far meet the condition. `false`: they have not, for so long.
    pub(crate) fn wait(&self, patience: Duration, mut is_so: impl FnMut(&[Seen]) -> bool) -> bool {
        let (events, until) = (lock(&self.said.events), Instant::now() + patience);
        let left = until.saturating_duration_since(Instant::now());
        let waited = self.said.more.wait_timeout_while(events, left, |events| !is_so(events));
        waited.is_ok_and(|(_, timeout)| !timeout.timed_out())
    }

    /// Waits until there are this many results of [`Command::Token`] in all.
    pub(crate) fn wait_for_tokens(&self, count: usize, patience: Duration) -> bool {
        self.wait(patience, |seen| token_results(seen).count() >= count)
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.child.kill();
        }
        for process in &mut self.processes {
            let _ = process.child.wait();
        }
    }
}

/// The results of [`Command::Token`]: when they came, how long they took, and the token's print.
pub(crate) fn token_results(
    seen: &[Seen],
) -> impl Iterator<Item = (&Seen, Duration, &Result<String, String>)> {
    seen.iter().filter_map(|seen| match &seen.event {
        Event::Token { ms, result, .. } => Some((seen, Duration::from_millis(*ms), result)),
        _ => None,
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
