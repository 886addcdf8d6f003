//! What must be there before the project's tools are compiled, and what they share with it: steps that say how far they
//! are, cargo's progress, the wasm target, a free port.

pub mod compile;
pub mod port;
pub mod step;
pub mod wasm_target;

/// What went wrong, in words for whoever typed the command.
pub type Result<T> = std::result::Result<T, String>;
