//! The wire: a proxy between browsers and the server that counts every byte, and cuts, stalls and refuses on order.

mod exchange;
mod gate;
mod ledger;
mod link;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub use exchange::{Exchange, Story};
pub use gate::{Cut, Side, Weather};
pub use ledger::Ledger;

use gate::Gate;

/// A running wire on a free port; dropping it stops it.
#[derive(Debug)]
pub struct Wire {
    address: SocketAddr,
    gate: Arc<Gate>,
    ledger: Arc<Ledger>,
    _tasks: JoinSet<()>,
}

impl Wire {
    /// Leads every connection to `upstream`, in clear weather.
    pub async fn start(upstream: SocketAddr) -> Result<Wire> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (gate, ledger) = (Arc::new(Gate::default()), Arc::new(Ledger::default()));
        let (gates, ledgers) = (Arc::clone(&gate), Arc::clone(&ledger));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut links = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                links.spawn(link::serve(client, upstream, Arc::clone(&gates), Arc::clone(&ledgers)));
                while links.try_join_next().is_some() {}
            }
        });
        Ok(Wire { address, gate, ledger, _tasks: tasks })
    }

    /// Returns the URL of `path` through it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Changes the weather, for the connections there are as well.
    pub fn weather(&self, weather: Weather) {
        self.gate.set(weather);
    }

    /// Lets at most `rate` bytes a second through, both ways together; `None` is no limit.
    pub fn rate(&self, rate: Option<u64>) {
        self.gate.limit(rate);
    }

    /// Holds every request back for `delay`.
    pub fn delay(&self, delay: Duration) {
        self.gate.hold(delay);
    }

    /// Cuts the next request that `cut` describes; each cut happens once.
    pub fn cut(&self, cut: Cut) {
        self.gate.arm(cut);
    }

    /// Returns how many cuts have not happened yet.
    pub fn cuts_left(&self) -> usize {
        self.gate.armed()
    }

    /// Returns what went over it.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}
