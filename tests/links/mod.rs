//! Uploads over simulated links, in virtual time and without randomness.

pub mod net;
pub mod run;
