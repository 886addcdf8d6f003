//! The names of the messages between the page and the worker that writes a file.

pub const OPEN: &str = "disk.open";
pub const WRITE: &str = "disk.write";
pub const PUT: &str = "disk.put";
pub const READ: &str = "disk.read";
pub const FLUSH: &str = "disk.flush";
pub const CLOSE: &str = "disk.close";
pub const DONE: &str = "disk.done";
pub const FAILED: &str = "disk.failed";
