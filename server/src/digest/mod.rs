//! MD5: of one stream or of two side by side, and off the asynchronous threads.

mod md5;
mod running;

pub use md5::{Md5, of, update_both};
pub use running::Digest;
