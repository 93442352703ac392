//! The rows and columns of the table.

use std::{fmt, hint::black_box, iter::repeat_with};

use tokio::runtime::Runtime;

use crate::clock::{Stopwatch, Taken};

/// An enum with the list of its variants and the text of each.
macro_rules! labels {
    ($(#[$doc:meta])* $name:ident { $($variant:ident: $label:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($variant,)*
        }

        impl $name {
            pub const ALL: [Self; [$(stringify!($variant),)*].len()] = [$(Self::$variant,)*];
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $label,)*
                })
            }
        }
    };
}

labels! {
    /// A measured piece of work.
    Row {
        ReadS: "read S (v2.0, 3 KB)",
        ReadSmall: "read small (10 services)",
        ReadM: "read M (12 services, 3 interfaces)",
        ReadL: "read L (250 services, 0.8 MB)",
        ReadAndFind: "read L and find one endpoint",
        Find: "look-up in L",
        Authorize: "authorise, with L",
        Call: "warm call, with L",
        LoginSmall: "cold login, small",
        LoginL: "cold login, L",
        BuildTime: "clean release build",
        Crates: "crates",
        Size: "binary",
    }
}

labels! {
    /// A measured library.
    Column {
        Floor: "floor",
        Ureq: "auth-ureq",
        Reqwest: "auth-reqwest",
        OpenstackSdk: "openstack_sdk",
        Osauth: "osauth",
        Keystoneauth: "keystoneauth1",
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
    let clock = Stopwatch::start();
    for input in inputs {
        drop(black_box(act(input)));
    }
    clock.stop()
}

/// As [`timed`], for work that waits on `runtime`, which is entered once.
pub fn timed_on<T, R>(
    runtime: &Runtime,
    inputs: Vec<T>,
    mut act: impl AsyncFnMut(T) -> R,
) -> Taken {
    runtime.block_on(async {
        let clock = Stopwatch::start();
        for input in inputs {
            drop(black_box(act(input).await));
        }
        clock.stop()
    })
}

/// Inputs that are made before the clock starts.
pub fn inputs<T>(count: usize, make: impl FnMut() -> T) -> Vec<T> {
    repeat_with(make).take(count).collect()
}
