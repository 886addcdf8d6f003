//! The upload protocol: its two requests, their answers, and how a file and its chunks are named in them.
//!
//! All that another protocol would do otherwise stands here: [`Protocol`] makes the requests that open an upload, send a
//! part and complete it, [`Response::meaning`] reads the answers. [`wire`] is shared with the server.

mod answer;
pub mod json;
mod naming;
mod request;
pub mod wire;

pub use answer::{Body, Meaning, Problem, Response};
pub use naming::Naming;
pub use request::{Part, Protocol, Request, RequestId, handshake_url};
