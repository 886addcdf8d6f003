//! The upload protocol: what its two requests and their answers look like, shared with the server, and what an answer
//! means.

pub mod answer;
pub mod json;
pub mod wire;
