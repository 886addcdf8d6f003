//! A simulated world for the upload machine: server, network, browser and page.

pub mod random;
pub mod scenario;
pub mod server;
pub mod world;
