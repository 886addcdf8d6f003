//! Carries out the effects of an upload.

mod context;
mod form;
mod hands;
mod request;

pub use context::UploadContext;
pub use hands::UploadHands;
