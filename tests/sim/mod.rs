//! A simulated world for the upload machine: server, network, browser and page.

macro_rules! check {
    ($holds:expr, $($what:tt)*) => {
        if !$holds {
            return Err(format!($($what)*));
        }
    };
}

pub mod random;
pub mod scenario;
pub mod server;
pub mod world;
