//! Carries out the effects of an upload.

mod context;
mod effects;
mod form;
mod request;

pub use context::UploadContext;
pub use effects::UploadEffects;
