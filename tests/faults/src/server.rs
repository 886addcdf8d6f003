//! The server: its ports, its runs and its log.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use tokio::task::JoinSet;

use crate::connection;
use crate::door;
use crate::http::{Answer, Asked};
use crate::log::Log;
use crate::run::Run;
use crate::target::Target;

type Site = dyn Fn(&Asked) -> Answer + Send + Sync;

/// What all connections share.
pub(crate) struct Shared {
    pub site: Box<Site>,
    pub log: Arc<Log>,
    runs: Mutex<BTreeMap<String, Arc<Run>>>,
    connections: AtomicU64,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Shared {
    /// Returns the run that a path names, made if it is new; in words, why it can't be.
    pub fn run(&self, target: &Target) -> std::result::Result<Arc<Run>, String> {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(run) = runs.get(&target.run) {
            return if run.text == target.faults {
                Ok(Arc::clone(run))
            } else {
                Err(format!("the run {} has the faults {}", target.run, run.text))
            };
        }
        let run = Arc::new(Run::new(&target.faults).map_err(|why| why.to_string())?);
        runs.insert(target.run.clone(), Arc::clone(&run));
        Ok(run)
    }

    pub fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed)
    }
}

/// A running fault server; dropping it stops it.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    main: Port,
}

/// One of its ports, an origin of its own for browsers; dropping it closes it.
#[derive(Debug)]
pub struct Port {
    address: SocketAddr,
    _task: JoinSet<()>,
}

impl Port {
    /// Returns the URL of `path` on it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Returns its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Server {
    /// Starts it on `port` (0: any free one). What is below neither `/s/` nor `/log` is answered by `site`.
    pub async fn start(port: u16, site: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Result<Server> {
        let shared = Arc::new(Shared {
            site: Box::new(site),
            log: Arc::default(),
            runs: Mutex::default(),
            connections: AtomicU64::new(1),
        });
        let main = open(&shared, port).await?;
        Ok(Server { shared, main })
    }

    /// Opens another port to the same runs: faults that take a whole port or many connections need one.
    pub async fn open(&self) -> Result<Port> {
        open(&self.shared, 0).await
    }

    /// Returns its first port.
    pub fn main(&self) -> &Port {
        &self.main
    }

    /// Returns its log.
    pub fn log(&self) -> &Log {
        &self.shared.log
    }

    /// Returns the run of this name, if a request named it.
    pub fn run(&self, name: &str) -> Option<Arc<Run>> {
        self.shared.runs.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}

async fn open(shared: &Arc<Shared>, port: u16) -> Result<Port> {
    let shared = Arc::clone(shared);
    let serve = move |stream, door| connection::serve(stream, door, Arc::clone(&shared));
    let (address, task) = door::open(port, serve).await?;
    Ok(Port { address, _task: task })
}
