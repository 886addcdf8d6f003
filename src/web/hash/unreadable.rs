//! A file that could not be read.

use crate::core::error::{Error, Kind};
use crate::core::thrown::Thrown;

/// Where and why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Where it stopped, in bytes from the start; what lies there can be read up to 1 MiB further.
    pub at: u64,
    /// What the browser says.
    pub why: Thrown,
}

impl Unreadable {
    /// Makes the error of what could not be done without the file, of which this is the part that begins at `offset`.
    pub fn into_error(self, doing: impl Into<String>, offset: u64) -> Error {
        let detail = format!("the bytes from {} on could not be read ({})", offset + self.at, self.why);
        Error::new(Kind::FileUnreadable, doing, detail).with_source(self.why)
    }
}
