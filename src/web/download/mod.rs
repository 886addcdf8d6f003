//! Carries out the effects of a download.

mod buffer;
mod bytes;
mod context;
mod disk;
mod effects;
mod file;
mod filing;
mod hash_ahead;
mod pieces;
mod request;
mod sink;
mod stream;

pub use bytes::rest_of;
pub use context::{DownloadContext, DownloadJournal, Filing, file_of};
pub use disk::{serve as serve_disk, write_all};
pub use effects::{DownloadEffects, Downloaded};
pub use filing::sweep;
pub use sink::{Sink, Target};
pub use stream::StreamSink;
