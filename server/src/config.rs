//! What the server is told when it starts: where files are kept, and what it accepts.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStore;

/// Everything a [`router`](crate::router) needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where files are kept.
    pub storage: Storage,
    /// What is accepted, and for how long unfinished uploads are kept.
    pub limits: Limits,
    /// The origins whose pages may call the server.
    pub origins: Origins,
    /// What stands before a file's name in the URLs answered; `/files/` unless the router is nested below a path or
    /// the files are reached under another origin.
    pub public_url: String,
}

/// Where files are kept.
#[derive(Debug, Clone)]
pub enum Storage {
    /// A folder of this machine, created if it is missing. Every write is synced before it is acknowledged. Only one
    /// server may use the folder at a time: at its start it removes what another left half written.
    Folder(PathBuf),
    /// Any other store that `object_store` knows, such as one compatible with S3. Its writes must be durable when
    /// they return.
    Objects(Arc<dyn ObjectStore>),
}

/// The origins whose pages may call the server, by CORS.
#[derive(Debug, Clone)]
pub enum Origins {
    /// Every page, without credentials (`Access-Control-Allow-Origin: *`).
    Any,
    /// These origins only, such as `https://example.org`, with credentials (cookies) if the page sends them.
    List(Vec<String>),
}

/// What is accepted. Each refusal names the limit it met.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of one chunk.
    pub chunk_bytes: u64,
    /// Chunks of one file. The handshake's size follows from it.
    pub chunks: usize,
    /// Bytes of one file.
    pub file_bytes: Option<u64>,
    /// Bytes stored in all, counted at each sweep and with every chunk since.
    pub disk_bytes: Option<u64>,
    /// Unfinished uploads at one time.
    pub sessions: usize,
    /// Age at which an unfinished upload that nobody has touched is removed.
    pub session_age: Duration,
    /// How long a handshake waits for a complete file to be verified before it answers 503 with `Retry-After`. The
    /// verification goes on meanwhile. Below the 30 s after which the client takes a silent server for dead.
    pub finish_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            chunk_bytes: 80 << 20,
            chunks: 100_000,
            file_bytes: None,
            disk_bytes: None,
            sessions: 10_000,
            session_age: Duration::from_secs(7 * 24 * 3600),
            finish_wait: Duration::from_secs(20),
        }
    }
}

impl Config {
    /// Describes a server that keeps its files in `folder`, with the default limits, open to pages of all origins.
    pub fn folder(folder: impl Into<PathBuf>) -> Self {
        Self::new(Storage::Folder(folder.into()))
    }

    /// Describes a server that keeps its files in `storage`, with the default limits, open to pages of all origins.
    pub fn new(storage: Storage) -> Self {
        Self { storage, limits: Limits::default(), origins: Origins::Any, public_url: "/files/".into() }
    }
}

/// Why a router could not be set up.
#[derive(Debug)]
pub enum SetupError {
    /// The folder could not be made or cleaned.
    Folder(PathBuf, std::io::Error),
    /// The store could not be read.
    Store(object_store::Error),
    /// An allowed origin is not the value of a header.
    Origin(String),
}

impl std::fmt::Display for SetupError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder(path, _) => write!(f, "can't prepare the data folder {}", path.display()),
            Self::Store(_) => write!(f, "can't read the store"),
            Self::Origin(origin) => {
                write!(f, "`{origin}` is not an origin; write it like https://example.org")
            }
        }
    }
}

impl std::error::Error for SetupError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Folder(_, source) => Some(source),
            Self::Store(source) => Some(source),
            Self::Origin(_) => None,
        }
    }
}
