//! Just enough HTTP/1.1 to stand between a browser and a server, and to be an odd server.

pub mod framing;
pub mod head;
pub mod host;
pub mod source;

pub use host::{Answer, Asked, Host};
