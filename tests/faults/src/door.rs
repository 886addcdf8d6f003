//! A port that can be closed for a time: its connections are reset, and new ones refused.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Small, so that a client whose bytes nobody reads notices, as on a real line.
const RECEIVE_BUFFER: u32 = 64 << 10;

/// The way in.
#[derive(Debug)]
pub(crate) struct Door {
    /// How often it was closed, and for how long the last time.
    closings: watch::Sender<(u64, Duration)>,
}

impl Door {
    /// Closes it for `span`.
    pub fn close(&self, span: Duration) {
        self.closings.send_modify(|(count, last)| {
            *count += 1;
            *last = span;
        });
    }

    /// Waits until it is closed the next time.
    pub fn closed(&self) -> impl Future<Output = Duration> + use<> {
        let mut closings = self.closings.subscribe();
        async move {
            match closings.changed().await {
                Ok(()) => closings.borrow().1,
                Err(_) => std::future::pending().await,
            }
        }
    }
}

/// Opens a port (any free one, if it is 0) and gives every connection to `serve`.
pub(crate) async fn open<S>(
    port: u16,
    serve: impl Fn(TcpStream, Arc<Door>) -> S + Send + 'static,
) -> Result<(SocketAddr, JoinSet<()>)>
where
    S: Future<Output = ()> + Send + 'static,
{
    let mut listener = bind(([127, 0, 0, 1], port).into())?.listen(1024)?;
    let address = listener.local_addr()?;
    let door = Arc::new(Door { closings: watch::Sender::new((0, Duration::ZERO)) });
    let mut task = JoinSet::new();
    task.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let span = {
                let closed = door.closed();
                tokio::pin!(closed);
                loop {
                    tokio::select! {
                        span = &mut closed => break span,
                        Ok((stream, _)) = listener.accept() => {
                            connections.spawn(serve(stream, Arc::clone(&door)));
                            while connections.try_join_next().is_some() {}
                        }
                    }
                }
            };
            drop(listener);
            // Bound and not listening: it refuses, and nobody else can take the port.
            let Ok(socket) = bind(address) else { return };
            tokio::time::sleep(span).await;
            match socket.listen(1024) {
                Ok(again) => listener = again,
                Err(_) => return,
            }
        }
    });
    Ok((address, task))
}

fn bind(address: SocketAddr) -> Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    socket.bind(address)?;
    Ok(socket)
}
