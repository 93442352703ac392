//! auth-emulator
