//! Python's keystoneauth1, in a process that runs the requested work and measures its time. No
//! figure includes the start of the process.

use std::{
    cell::RefCell,
    error::Error,
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    rc::Rc,
    time::Duration,
};

use benches::bodies::{PROJECT, TOKEN};

use crate::{
    answers,
    clock::Taken,
    rows::{Cell, Column::Keystoneauth, Row},
};

/// The cells of keystoneauth1. Writes the responses into the folder, where the process reads them.
pub fn cells(root: &str, python: &str, folder: &Path) -> Result<Vec<Cell>, Box<dyn Error>> {
    let bodies = [
        ("s", answers::s()),
        ("small", answers::small()),
        ("m", answers::m()),
        ("l", answers::l()),
    ];
    for (name, body) in bodies {
        fs::write(folder.join(format!("{name}.json")), body)?;
    }
    let process = Rc::new(RefCell::new(Process::start(root, python, folder)?));
    let cell = |row, work: &'static str| {
        let process = Rc::clone(&process);
        let work = move |times| process.borrow_mut().work(work, times).expect("it answers");
        Cell::new(row, Keystoneauth, work)
    };
    Ok(vec![
        cell(Row::ReadS, "read-s"),
        cell(Row::ReadSmall, "read-small"),
        cell(Row::ReadM, "read-m"),
        cell(Row::ReadL, "read-l"),
        cell(Row::ReadAndFind, "read-and-find"),
        cell(Row::Find, "find"),
        cell(Row::Authorize, "authorize"),
        cell(Row::Call, "call"),
        cell(Row::LoginSmall, "login-small"),
        cell(Row::LoginL, "login-l"),
    ])
}

struct Process {
    child: Child,
    orders: ChildStdin,
    times: BufReader<ChildStdout>,
}

impl Process {
    fn start(root: &str, python: &str, folder: &Path) -> Result<Self, Box<dyn Error>> {
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/keystoneauth/work.py");
        let [small, l] = ["small", "l"].map(answers::region_of);
        let mut child = Command::new(python)
            .args([program, root])
            .arg(folder)
            .args([answers::SERVICES[1], &small, &l, PROJECT, TOKEN])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let orders = child.stdin.take().ok_or("it has no input")?;
        let times = BufReader::new(child.stdout.take().ok_or("it has no output")?);
        Ok(Self { child, orders, times })
    }

    fn work(&mut self, work: &str, times: usize) -> Result<Taken, Box<dyn Error>> {
        writeln!(self.orders, "{work} {times}")?;
        let mut line = String::new();
        self.times.read_line(&mut line)?;
        Ok(Taken { time: Duration::from_secs_f64(line.trim().parse()?), blocks: 0 })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
