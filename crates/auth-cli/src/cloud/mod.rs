//! The cloud to log in to: configured, built in, or played by an emulator in this process.

mod choose;
mod emulator;
mod inventory;
mod store;

pub(crate) use choose::{ChosenCloud, CloudArgs, CloudInfo, Clouds, NameArgs, warn_of_plain_http};
pub(crate) use emulator::{Authenticator, EmulatorProfile};
pub(crate) use inventory::{Inventory, Item};
