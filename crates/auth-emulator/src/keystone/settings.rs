//! The settings of the emulator that do not concern tokens.

/// See the methods of [`Emulator`](crate::Emulator).
#[derive(Clone, Copy, Default)]
pub(crate) struct Settings {
    pub(crate) access_key_deleted: bool,
    pub(crate) enabled_as_string: bool,
    pub(crate) page_size: Option<usize>,
    pub(crate) tenant_disabled: bool,
}
