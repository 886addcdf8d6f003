//! MD5 of a file and of its chunks, from one pass over the bytes, with a state that can be saved.
//!
//! [`FileHasher`] decides which bytes go to which chain; a [`Kernel`] takes them in. [`assembly`] writes the kernel that
//! browsers run, as a module of its own.

pub mod assembly;
mod chain;
mod digest;
mod file;
mod kernel;

pub use chain::Chain;
pub use digest::{Digest, Digests};
pub use file::{FileHasher, Snapshot, WHOLE, unit};
pub use kernel::{BLOCK, Kernel, LANES, LaneKernel, Lanes, Portable, State};
