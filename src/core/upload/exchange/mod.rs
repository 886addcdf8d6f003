//! The exchange with the server about one file: its chunks, the requests in flight, and what each answer, and each
//! missing one, changes. It knows neither when a request may go out again nor how far the upload is; it says by steps
//! what is to happen.

mod answers;
mod errors;
mod index;
mod losses;
mod requests;
mod sending;
mod state;
mod step;
mod table;
#[cfg(test)]
mod tests;

pub use sending::{Limits, Next};
pub use state::{Exchange, File};
pub use step::{Failure, Step};
