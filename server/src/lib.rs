//! The reference server of the xuchuan upload protocol.
//!
//! [`router`] gives an [`axum::Router`] with the upload endpoints under `/api/upload` and the stored files under
//! `/files/`, to serve as it is or to nest in an application:
//!
//! ```no_run
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! let uploads = xuchuan_server::router(xuchuan_server::Config::folder("data")).await?;
//! let app = axum::Router::new().merge(uploads);
//! axum::serve(tokio::net::TcpListener::bind("127.0.0.1:8000").await?, app).await?;
//! # Ok(())
//! # }
//! ```
//!
//! A request comes in through `routes`, which has a handler for each path; all of them ask the `store`, which knows
//! what is stored. Files are kept as their chunks and a manifest: `store/mod.rs` says why.

mod access;
mod body;
mod conditional;
mod config;
mod cors;
mod digest;
mod disposition;
mod failure;
mod paced;
mod range;
mod routes;
mod store;

pub use config::{Config, Limits, Origins, SetupError, Storage};
pub use routes::{log_requests, router};

/// The README's examples, compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
