//! The harness of the end-to-end tests: browsers, the server, the wire between them, and the files that cross it.
//!
//! A scenario (`tests/*.rs`) gets a [`Stage`](stage::Stage), puts a server, a [`wire`] and a [`browser`] on it, injects
//! faults, and judges by what the wire counted. Everything a scenario starts ends with it, whatever happens.

pub mod api_page;
pub mod browser;
pub mod built;
pub mod demo;
pub mod engine;
pub mod fake;
pub mod fault_matrix;
pub mod files;
pub mod nginx;
pub mod process;
pub mod project;
pub mod server;
pub mod setting;
pub mod soak;
pub mod stage;
pub mod wait;
pub mod watch;
pub mod wild_server;
pub mod wire;

/// Just enough HTTP/1.1, shared with the fault server.
pub use faults::http;
