//! Carries out the effects of a download.

mod body;
mod buffer;
mod bytes;
mod context;
mod effects;
mod hash_ahead;
mod journal;
mod pieces;
mod request;
mod sink;

pub use bytes::rest_of;
pub use context::DownloadContext;
pub use effects::{DownloadEffects, Downloaded};
pub use journal::DownloadJournal;
pub use sink::{Sink, Target};
