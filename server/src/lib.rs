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
//! A request comes in through [`handshake`], [`chunk`] or [`download`]; all three ask the [`vault`], which knows
//! what is stored. The vault keeps files as their chunks and a manifest: `vault/mod.rs` says why.

mod access;
mod chunk;
mod conditional;
mod config;
mod cors;
mod digest;
mod disposition;
mod download;
mod failure;
mod handshake;
mod intake;
mod md5;
mod paced;
mod range;
mod routes;
mod vault;

pub use config::{Config, Limits, Origins, SetupError, Storage};
pub use routes::{log_requests, router};

/// The README's examples, compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
