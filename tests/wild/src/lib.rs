//! Servers of the upload protocol as people write them, to be tried against a client that does not know them.
//!
//! ```text
//! POST /api/upload/handshake    what of the file is needed, or where it is
//! POST /api/upload              takes a chunk
//! GET  /files/<fileId><ext>     a finished file
//! ```
//!
//! Each [`Manner`] is a server that one meets. None of them verifies a digest, and none says `accepts`. They have one
//! thread, as Node has: what is done between two awaits is done at once. What arrived is told by the [`account`].

pub mod account;
mod chunks;
mod envelope;
mod limit;
mod manner;
pub mod program;
mod record;
mod records;
mod routes;
mod upload;

pub use manner::Manner;
pub use routes::{Setup, router};
