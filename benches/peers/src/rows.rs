//! The rows and columns of the table.

use std::{fmt, hint::black_box, iter::repeat_with};

use crate::clock::{Clock, Taken};

/// A measured piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    ReadS,
    ReadSmall,
    ReadM,
    ReadL,
    /// Reads the large response and finds an endpoint in it.
    ReadAndFind,
    Find,
    Authorize,
    Call,
    LoginSmall,
    LoginL,
    BuildTime,
    Crates,
    Size,
}

impl Row {
    pub const ALL: [Self; 13] = [
        Self::ReadS,
        Self::ReadSmall,
        Self::ReadM,
        Self::ReadL,
        Self::ReadAndFind,
        Self::Find,
        Self::Authorize,
        Self::Call,
        Self::LoginSmall,
        Self::LoginL,
        Self::BuildTime,
        Self::Crates,
        Self::Size,
    ];
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReadS => "read S (v2.0, 3 KB)",
            Self::ReadSmall => "read small (10 services)",
            Self::ReadM => "read M (12 services, 3 interfaces)",
            Self::ReadL => "read L (250 services, 0.8 MB)",
            Self::ReadAndFind => "read L and find one endpoint",
            Self::Find => "look-up in L",
            Self::Authorize => "authorise, with L",
            Self::Call => "warm call, with L",
            Self::LoginSmall => "cold login, small",
            Self::LoginL => "cold login, L",
            Self::BuildTime => "clean release build",
            Self::Crates => "crates",
            Self::Size => "binary",
        })
    }
}

/// A measured library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Floor,
    Ureq,
    Reqwest,
    OpenstackSdk,
    Osauth,
    Keystoneauth,
}

impl Column {
    pub const ALL: [Self; 6] = [
        Self::Floor,
        Self::Ureq,
        Self::Reqwest,
        Self::OpenstackSdk,
        Self::Osauth,
        Self::Keystoneauth,
    ];
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Floor => "floor",
            Self::Ureq => "auth-ureq",
            Self::Reqwest => "auth-reqwest",
            Self::OpenstackSdk => "openstack_sdk",
            Self::Osauth => "osauth",
            Self::Keystoneauth => "keystoneauth1",
        })
    }
}

/// Work that is repeated this number of times.
pub type Work = Box<dyn FnMut(usize) -> Taken>;

/// The content of a cell.
pub enum Content {
    Work(Work),
    /// The reason why there is no measurement, or a figure from another count.
    Text(String),
}

/// A cell of the table. The floor may have two cells in a row, one for each client.
pub struct Cell {
    pub row: Row,
    pub column: Column,
    pub label: &'static str,
    pub content: Content,
}

impl Cell {
    pub fn new(row: Row, column: Column, work: impl FnMut(usize) -> Taken + 'static) -> Self {
        Self { row, column, label: "", content: Content::Work(Box::new(work)) }
    }

    pub fn text(row: Row, column: Column, text: impl Into<String>) -> Self {
        Self { row, column, label: "", content: Content::Text(text.into()) }
    }

    pub fn labelled(mut self, label: &'static str) -> Self {
        self.label = label;
        self
    }
}

/// The cost of `act` for all inputs, with the drop of its results.
pub fn timed<T, R>(inputs: Vec<T>, mut act: impl FnMut(T) -> R) -> Taken {
    let clock = Clock::start();
    for input in inputs {
        drop(black_box(act(input)));
    }
    clock.stop()
}

/// Inputs that are made before the clock starts.
pub fn inputs<T>(count: usize, make: impl FnMut() -> T) -> Vec<T> {
    repeat_with(make).take(count).collect()
}
