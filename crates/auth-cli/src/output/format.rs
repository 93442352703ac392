use clap::ValueEnum;

/// The formats that most commands print in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// For programs
    Json,
}

/// The heading of the flags for formats.
pub(crate) const OUTPUT: &str = "Output";
