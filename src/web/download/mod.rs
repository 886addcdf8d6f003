//! Carries out the effects of a download.

mod buffer;
mod bytes;
mod context;
mod effects;
mod hash_ahead;
mod pieces;
mod request;
mod sink;

pub use bytes::rest_of;
pub use context::{DownloadContext, DownloadJournal};
pub use effects::{DownloadEffects, Downloaded};
pub use sink::{Sink, Target};
