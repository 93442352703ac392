//! Compares the library with its peers and the floor. `./run` builds the inputs of this program and
//! starts it.

mod answers;
mod clock;
mod floor;
mod keystoneauth;
mod measure;
mod openstack;
mod os_auth;
mod ours;
mod report;
mod rows;
mod server;

use std::{
    env,
    error::Error,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use tokio::runtime::{Builder, Runtime};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["serve"] => Ok(server::serve()?),
        ["table", format, python, folder] => table(format, python, Path::new(folder)),
        _ => Err("usage: peers serve | peers table text|json PYTHON FOLDER".into()),
    }
}

/// Measures and prints all figures. The folder holds the figures of the builds and receives the
/// token responses.
fn table(format: &str, python: &str, folder: &Path) -> Result<(), Box<dyn Error>> {
    let server = ServerProcess::start()?;
    let root = &server.root;
    let mut cells = floor::cells(root);
    cells.extend(ours::cells(root));
    cells.extend(openstack::cells(root));
    cells.extend(os_auth::cells(root));
    cells.extend(keystoneauth::cells(root, python, folder)?);
    cells.extend(report::built(&folder.join("built"))?);
    let figures = measure::measure(cells);
    match format {
        "json" => report::json(&figures),
        _ => report::table(&figures),
    }
    Ok(())
}

/// The runtime of the async clients. It has one thread, as the blocking clients have.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("it is a usual runtime")
}

struct ServerProcess {
    child: Child,
    root: String,
}

impl ServerProcess {
    fn start() -> Result<Self, Box<dyn Error>> {
        let mut child = Command::new(env::current_exe()?)
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or("it has no output")?;
        let mut root = String::new();
        BufReader::new(output).read_line(&mut root)?;
        Ok(Self { child, root: root.trim().to_owned() })
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
