//! Effects on the browser, one place for each; nothing is decided here.
//!
//! What stands further down in this table uses only what stands above it.
//!
//! | purpose | modules |
//! | --- | --- |
//! | the browser and the shell, as they are | `sys` |
//! | values of JavaScript's, and what is thrown | `object`, `thrown`, `convert` |
//! | the page around the engine | `page`, `url` |
//! | tasks, events and time; locks | `task`, `listener`, `time`, `lock` |
//! | files, and their hashing in workers | `blob`, `workers`, `hash` |
//! | requests | `headers`, `fetch`, `inquiry`, `endpoints` |
//! | what is kept for a later visit | `store` |
//! | who may work, and whose turn it is among tabs | `scheduler`, `tab_message` |
//! | transfers | `drive`, `transfer`, `upload`, `download` |

pub mod blob;
pub mod convert;
pub mod download;
pub mod drive;
pub mod endpoints;
pub mod fetch;
pub mod hash;
pub mod headers;
pub mod inquiry;
pub mod listener;
pub mod lock;
pub mod object;
pub mod page;
pub mod scheduler;
pub mod store;
pub mod sys;
pub mod tab_message;
pub mod task;
pub mod thrown;
pub mod time;
pub mod transfer;
pub mod upload;
pub mod url;
pub mod workers;

/// The engine's memory: TLSF, which costs 3 KB of gzip less than the standard library's allocator.
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();
